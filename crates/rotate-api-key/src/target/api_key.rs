//! The target of the function: each class's part in each step.

use std::cell::RefCell;

use rotation::secrets::KeyDocument;
use rotation::{Cause, Context, NoTransaction, Strategy, Tags, Target};
use secrecy::SecretString;

use crate::class::Steps;
use crate::class::chosen::Chosen;
use crate::class::in_place::InPlace;
use crate::class::overlap::Overlap;
use crate::class::staged::Staged;
use crate::client::Client;
use crate::description::Class;
use crate::fault::ProviderFault;
use crate::key::Key;
use crate::settings::Settings;

/// The target of `rotate-api-key`.
///
/// | class | createSecret | setSecret | testSecret | finishSecret |
/// |---|---|---|---|---|
/// | overlap | makes a key | revokes what was displaced | uses it | uses it; revokes what it displaced, if asked |
/// | in-place | replaces the key | | uses it | uses it |
/// | staged | makes a second key | promotes it, if asked | uses it | uses it; promotes it |
/// | chosen | chooses a value | uploads it | uses it | uses it |
#[derive(Debug)]
pub struct ApiKey {
    settings: Settings,
    /// The key that was made last, until it is known to be stored: only with its id can it be revoked if it was made in vain.
    made: RefCell<Option<Key>>,
}

impl ApiKey {
    /// Reads the settings from the environment, which `get` looks up by name.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Cause> {
        Ok(Self {
            settings: Settings::from_env(get)?,
            made: RefCell::default(),
        })
    }

    pub(super) async fn open<'a>(
        &'a self,
        current: &KeyDocument,
        context: &'a Context<'a>,
    ) -> Result<Client<'a>, Cause> {
        // A client is large, and lives in every step's future.
        Box::pin(Client::open(&self.settings, &self.made, current, context)).await
    }

    /// Opens the pair: the pending version must name the same provider, with the same parameters.
    async fn open_pair<'a>(
        &'a self,
        current: &KeyDocument,
        pending: &KeyDocument,
        context: &'a Context<'a>,
    ) -> Result<Client<'a>, Cause> {
        let client = self.open(current, context).await?;
        let other = self.open(pending, context).await?;
        let what = if client.description.provider != other.description.provider {
            "the provider".to_owned()
        } else if client.members != other.members {
            "the member that is the key".to_owned()
        } else if let Some((name, _)) = client
            .parameters
            .iter()
            .find(|(name, value)| other.parameters.get(*name) != Some(value))
        {
            format!("the parameter `{name}`")
        } else if let Some(name) = current.difference(pending, &client.members.of_the_key())? {
            format!("`{name}`")
        } else {
            return Ok(client);
        };
        Err(ProviderFault::PendingNamesAnotherTarget { what }.into())
    }
}

/// The one place that chooses the class of a client's provider.
macro_rules! with_class {
    ($client:ident, $class:ident => $call:expr) => {
        match $client.description.class {
            Class::Overlap => {
                let $class = Overlap::of(&$client)?;
                $call
            }
            Class::InPlace => {
                let $class = InPlace { client: &$client };
                $call
            }
            Class::Staged => {
                let $class = Staged { client: &$client };
                $call
            }
            Class::Chosen => {
                let $class = Chosen { client: &$client };
                $call
            }
            Class::None => {
                unreachable!("a class without calls has a reason, and with that no client is opened")
            }
        }
    };
}

impl Target for ApiKey {
    const STRATEGY: Strategy = Strategy::ApiKey;
    type Secret = KeyDocument;
    type Prepared = NoTransaction;

    fn read(&self, text: &SecretString, _: &Tags) -> Result<KeyDocument, Cause> {
        Ok(KeyDocument::parse(text)?)
    }

    fn text<'a>(&self, secret: &'a KeyDocument) -> &'a SecretString {
        secret.text()
    }

    fn check_pair(&self, current: &KeyDocument, pending: &KeyDocument) -> Result<(), Cause> {
        let what = if current.is_object() != pending.is_object() {
            "its form"
        } else if current.settings()? != pending.settings()? {
            "`keywheel`"
        } else {
            return Ok(());
        };
        Err(ProviderFault::PendingNamesAnotherTarget {
            what: what.to_owned(),
        }
        .into())
    }

    async fn propose(&self, current: &KeyDocument, context: &Context<'_>) -> Result<KeyDocument, Cause> {
        let client = self.open(current, context).await?;
        with_class!(client, class => class.propose(current).await)
    }

    async fn discard(
        &self,
        current: &KeyDocument,
        proposal: &KeyDocument,
        staged: Option<&KeyDocument>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let client = self.open(current, context).await?;
        with_class!(client, class => class.discard(proposal, staged).await)
    }

    async fn apply(
        &self,
        current: &KeyDocument,
        pending: &KeyDocument,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let client = self.open_pair(current, pending, context).await?;
        with_class!(client, class => class.apply(pending).await)
    }

    async fn verify(
        &self,
        current: &KeyDocument,
        pending: &KeyDocument,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let client = self.open_pair(current, pending, context).await?;
        with_class!(client, class => class.verify(pending).await)
    }

    async fn finished(&self, current: &SecretString, context: &Context<'_>) -> Result<(), Cause> {
        let client = self.open(&KeyDocument::parse(current)?, context).await?;
        with_class!(client, class => class.finished().await)
    }
}
