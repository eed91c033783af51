//! Who issues the keys of class `overlap`: a provider that is described, or one that is programmed.

use rotation::Cause;

use crate::health::check::Health;
use crate::description::Native;
use crate::fault::ProviderFault;
use super::iam::Iam;
use crate::client::Job;
use crate::key::Key;
use super::{Listed, Provider};

/// A provider of either kind.
pub enum Issuer<'a> {
    /// By its description.
    Described(&'a Job<'a>),
    /// AWS IAM.
    Iam(Iam<'a>),
}

/// The same of both kinds.
macro_rules! either {
    ($issuer:expr, $provider:ident => $what:expr) => {
        match $issuer {
            Issuer::Described($provider) => $what,
            Issuer::Iam($provider) => $what,
        }
    };
}

impl<'a> Issuer<'a> {
    /// That of the job.
    ///
    /// # Errors
    /// `ConfigurationInvalid`: the function has no credentials of its own, as it has in Lambda.
    pub fn of(job: &'a Job<'a>) -> Result<Self, ProviderFault> {
        Ok(match job.description.native {
            Some(Native::AwsIam) => Self::Iam(Iam::of(job)?),
            None => Self::Described(job),
        })
    }
}

impl Provider for Issuer<'_> {
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

    async fn can_be_used(&self, key: &Key) -> Result<(), Cause> {
        either!(self, it => it.can_be_used(key).await)
    }

    fn makes_the_same_again(&self) -> bool {
        either!(self, it => it.makes_the_same_again())
    }
}
