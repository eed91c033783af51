//! Decides what one invocation of a rotation function must do.
//!
//! Secrets Manager sends four steps a rotation, any of them possibly twice, and keeps all
//! progress in staging labels. This crate reads the labels and answers with an [`Action`].
//! It performs no I/O, knows no AWS type and never holds a secret value.
//!
//! In the classic order ([`CurrentMoves::InFinishSecret`]):
//!
//! | the token's version carries | createSecret | setSecret | testSecret | finishSecret |
//! |-----------------------------|--------------|-----------|------------|--------------|
//! | `AWSPENDING`                | stage        | apply     | verify     | promote      |
//! | `AWSCURRENT`, or both       | nothing      | nothing   | nothing    | nothing      |
//! | neither                     | refuse       | refuse    | refuse     | refuse       |
//! | there is no such version    | refuse       | refuse    | refuse     | refuse       |
//!
//! With the switch ([`CurrentMoves::InSetSecret`]), what differs:
//!
//! | the token's version carries | createSecret | setSecret | testSecret | finishSecret |
//! |-----------------------------|--------------|-----------|------------|--------------|
//! | `AWSPENDING`                | stage        | switch    | verify     | promote      |
//! | `AWSCURRENT`, or both       | nothing      | confirm   | confirm    | confirm      |
//!
//! What a person may do to the labels by hand is here too: [`Repair`].

mod label;
#[cfg(test)]
mod model;
mod order;
mod plan;
mod repair;
mod step;
mod version;

pub use label::{Label, Labels, RotationState};
pub use order::{CurrentMoves, UnknownOrder};
pub use plan::{Action, Refusal, plan};
pub use repair::{Evidence, Objection, Repair};
pub use step::{Step, UnknownStep};
pub use version::{InvalidVersionId, VersionId};
