//! Who issues the keys of class `overlap`: a provider that is described, or one that is programmed.

use rotation::Cause;

use super::iam::Iam;
use super::{Listed, Provider};
use crate::client::Client;
use crate::description::Native;
use crate::fault::ProviderFault;
use crate::health::Health;
use crate::key::Key;

/// A provider of either kind.
pub(crate) enum AnyProvider<'a> {
    /// By its description.
    Described(&'a Client<'a>),
    /// AWS IAM.
    Iam(Iam<'a>),
}

/// The same of both kinds.
macro_rules! either {
    ($either:expr, $provider:ident => $what:expr) => {
        match $either {
            AnyProvider::Described($provider) => $what,
            AnyProvider::Iam($provider) => $what,
        }
    };
}

impl<'a> AnyProvider<'a> {
    /// That of the client.
    ///
    /// # Errors
    /// `ConfigurationInvalid`: the function has no credentials of its own, as it has in Lambda.
    pub(crate) fn of(client: &'a Client<'a>) -> Result<Self, ProviderFault> {
        Ok(match client.description.native {
            Some(Native::AwsIam) => Self::Iam(Iam::of(client)?),
            None => Self::Described(client),
        })
    }
}

impl Provider for AnyProvider<'_> {
    async fn prove(&self) -> Result<Health, Cause> {
        either!(self, it => it.prove().await)
    }

    async fn check_settled(&self, key: &Key) -> Result<(), Cause> {
        either!(self, it => it.check_settled(key).await)
    }

    async fn list(&self) -> Result<Option<Vec<Listed>>, Cause> {
        either!(self, it => it.list().await)
    }

    async fn create(&self, name: &str) -> Result<Key, Cause> {
        either!(self, it => it.create(name).await)
    }

    async fn revoke(&self, key: &Key) -> Result<(), Cause> {
        either!(self, it => it.revoke(key).await)
    }

    async fn is_dead(&self, key: &Key) -> Result<bool, Cause> {
        either!(self, it => it.is_dead(key).await)
    }

    fn lists_names(&self) -> bool {
        either!(self, it => it.lists_names())
    }

    async fn can_be_used(&self, key: &Key) -> Result<(), Cause> {
        either!(self, it => it.can_be_used(key).await)
    }

    fn makes_the_same_again(&self) -> bool {
        either!(self, it => it.makes_the_same_again())
    }
}
