//! A provider's definition: its types as they are written in TOML, and the rules that make a loaded one sound. Nothing
//! here fills in a template or sends a request.
//!
//! [`Description::load`] reads and checks one. In a loaded definition every template can be parsed and uses names that
//! exist where it stands, every pointer is one, and the class has the calls that it needs.

mod call;
mod check;
mod definition;
mod error;
mod load;
mod locate;
mod pagination;
mod parameter;

pub use call::{
    Auth, Call, Check, ClientCredentials, Expect, Issue, List, Mint, Promote, PromoteWhen, Sent, Stage,
};
pub use definition::{Adoption, Class, Description, Native, RetireWhen};
pub use error::{DescriptionError, Problem};
pub use pagination::{At, Next, Page};
pub use parameter::{ID, Parameter, RESERVED, SetBy};

#[cfg(test)]
mod tests;
