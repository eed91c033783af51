//! A provider's definition: its types as they are written in TOML, and the rules that make a loaded one sound. Nothing
//! here fills in a template or sends a request.
//!
//! [`Description::load`] reads and checks one. In a loaded definition every template can be parsed and uses names that
//! exist where it stands, every pointer is one, and the class has the calls that it needs.

mod call;
mod check;
mod definition;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod load;
mod locate;
mod pagination;
mod parameter;

pub(crate) use call::{
    Auth, Call, Check, ClientCredentials, Expect, Issue, List, Mint, Promote, PromoteWhen, Revoke, Sent, Set,
    Stage,
};
pub use definition::Description;
pub(crate) use definition::{Adoption, Class, Native, RetireWhen};
pub use error::DescriptionError;
#[cfg(any(test, fuzzing))]
pub(crate) use pagination::Next;
pub(crate) use pagination::{Page, Position};
pub(crate) use parameter::{ID, Parameter, RESERVED, SetBy};

#[cfg(test)]
mod tests;
