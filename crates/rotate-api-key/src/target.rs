//! The target of the function: each class's part in each step.

use std::cell::RefCell;

use rotation::secrets::KeyDocument;
use rotation::{Cause, Context, Target};
use secrecy::SecretString;

use crate::description::Class;
use crate::fault::ProviderFault;
use crate::provider::any::Issuer;
use crate::client::Job;
use crate::key::Key;
use crate::class::overlap::Overlap;
use crate::settings::Settings;

/// The target of `rotate-api-key`.
///
/// | class | createSecret | setSecret | testSecret | finishSecret |
/// |---|---|---|---|---|
/// | overlap | revokes what was displaced, makes a key | | uses it | uses it; revokes what it displaced, if asked |
/// | in-place | replaces the key | | uses it | uses it |
/// | staged | makes a second key | promotes it, if asked | uses it | uses it; promotes it |
/// | chosen | chooses a value | uploads it | uses it | uses it |
#[derive(Debug)]
pub struct ApiKey {
    settings: Settings,
    /// The key that was made last, until it is known to be stored: whoever made it in vain must know its id.
    made: RefCell<Option<Key>>,
}

impl ApiKey {
    /// Reads the settings from the environment, which `get` looks up by name. See [`Settings`].
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Cause> {
        Ok(Self::new(Settings::from_env(get)?))
    }

    /// A target with these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            made: RefCell::default(),
        }
    }

    async fn open<'a>(&'a self, current: &KeyDocument, context: &'a Context<'a>) -> Result<Job<'a>, Cause> {
        // A job is large, and lives in every step's future.
        Box::pin(Job::open(&self.settings, &self.made, current, context)).await
    }

    /// Opens the pair: the pending version must name the same provider, with the same parameters.
    async fn open_pair<'a>(
        &'a self,
        current: &KeyDocument,
        pending: &KeyDocument,
        context: &'a Context<'a>,
    ) -> Result<Job<'a>, Cause> {
        let job = self.open(current, context).await?;
        let other = self.open(pending, context).await?;
        let what = if job.description.provider != other.description.provider {
            "the provider".to_owned()
        } else if job.members != other.members {
            "the member that is the key".to_owned()
        } else if let Some((name, _)) = job
            .parameters
            .iter()
            .find(|(name, value)| other.parameters.get(*name) != Some(value))
        {
            format!("the parameter `{name}`")
        } else if let Some(name) = current.difference(pending, &job.members.of_the_key())? {
            format!("`{name}`")
        } else {
            return Ok(job);
        };
        Err(ProviderFault::Mismatch { what }.into())
    }
}

impl Target for ApiKey {
    type Secret = KeyDocument;

    fn read(&self, text: &SecretString) -> Result<KeyDocument, Cause> {
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
        Err(ProviderFault::Mismatch {
            what: what.to_owned(),
        }
        .into())
    }

    async fn propose(&self, current: &KeyDocument, context: &Context<'_>) -> Result<KeyDocument, Cause> {
        let job = self.open(current, context).await?;
        match job.description.class {
            Class::Overlap => {
                let provider = &Issuer::of(&job)?;
                Overlap { job: &job, provider }.propose(current).await
            }
            Class::InPlace => job.replace(current).await,
            Class::Staged => job.stage(current).await,
            Class::Chosen => job.choose(current).await,
            Class::None => unreachable!("a class without calls has a reason, by which no job is opened"),
        }
    }

    async fn discard(
        &self,
        current: &KeyDocument,
        proposal: &KeyDocument,
        staged: Option<&KeyDocument>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let job = self.open(current, context).await?;
        match job.description.class {
            Class::Overlap => {
                let provider = &Issuer::of(&job)?;
                Overlap { job: &job, provider }.discard(proposal, staged).await
            }
            Class::InPlace | Class::Staged => job.check_survivor(staged).await,
            Class::Chosen | Class::None => Ok(()),
        }
    }

    async fn apply(
        &self,
        current: &KeyDocument,
        pending: &KeyDocument,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let job = self.open_pair(current, pending, context).await?;
        match job.description.class {
            Class::Staged => job.promote_pending(pending).await,
            Class::Chosen => job.upload(pending).await,
            Class::Overlap | Class::InPlace | Class::None => Ok(()),
        }
    }

    async fn verify(
        &self,
        current: &KeyDocument,
        pending: &KeyDocument,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let job = self.open_pair(current, pending, context).await?;
        match job.description.class {
            Class::Overlap => {
                let provider = &Issuer::of(&job)?;
                Overlap { job: &job, provider }.verify(pending).await
            }
            Class::InPlace => job.verify_replaced(&job.key_of(pending)?).await,
            Class::Staged => job.verify_staged(&job.key_of(pending)?).await,
            Class::Chosen | Class::None => job.check_settled(&job.key_of(pending)?).await,
        }
    }

    async fn finished(&self, current: &SecretString, context: &Context<'_>) -> Result<(), Cause> {
        let job = self.open(&KeyDocument::parse(current)?, context).await?;
        match job.description.class {
            Class::Overlap => {
                let provider = &Issuer::of(&job)?;
                Overlap { job: &job, provider }.finished().await
            }
            Class::Staged => job.promote_current().await,
            Class::InPlace | Class::Chosen | Class::None => Ok(()),
        }
    }
}
