//! The class of a client's provider, chosen once for a step.

use rotation::Cause;
use rotation::secrets::KeyDocument;

use super::Steps;
use super::chosen::Chosen;
use super::in_place::InPlace;
use super::overlap::Overlap;
use super::staged::Staged;
use crate::client::Client;
use crate::description::Class;
use crate::fault::ProviderFault;

/// Any class that can rotate.
pub(crate) enum AnyClass<'a> {
    Overlap(Overlap<'a>),
    InPlace(InPlace<'a>),
    Staged(Staged<'a>),
    Chosen(Chosen<'a>),
}

/// The same call, for each class.
macro_rules! each {
    ($any:expr, $class:ident => $call:expr) => {
        match $any {
            AnyClass::Overlap($class) => $call,
            AnyClass::InPlace($class) => $call,
            AnyClass::Staged($class) => $call,
            AnyClass::Chosen($class) => $call,
        }
    };
}

impl<'a> AnyClass<'a> {
    /// # Errors
    /// `ConfigurationInvalid`: a native provider needs credentials of the function, and there are none.
    pub(crate) fn of(client: &'a Client<'a>) -> Result<Self, ProviderFault> {
        Ok(match client.description.class {
            Class::Overlap => Self::Overlap(Overlap::of(client)?),
            Class::InPlace => Self::InPlace(InPlace { client }),
            Class::Staged => Self::Staged(Staged { client }),
            Class::Chosen => Self::Chosen(Chosen { client }),
            Class::None => {
                unreachable!("a class without calls has a reason, and with that no client is opened")
            }
        })
    }
}

impl Steps for AnyClass<'_> {
    async fn propose(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        each!(self, class => class.propose(current).await)
    }

    async fn discard(&self, proposal: &KeyDocument, staged: Option<&KeyDocument>) -> Result<(), Cause> {
        each!(self, class => class.discard(proposal, staged).await)
    }

    async fn apply(&self, pending: &KeyDocument) -> Result<(), Cause> {
        each!(self, class => class.apply(pending).await)
    }

    async fn verify(&self, pending: &KeyDocument) -> Result<(), Cause> {
        each!(self, class => class.verify(pending).await)
    }

    async fn finished(&self) -> Result<(), Cause> {
        each!(self, class => class.finished().await)
    }
}
