//! `doctor --fix`: carries out one thing that the diagnosis offers, after a person agreed and a second look found nothing changed.
//! What is safe for labels is decided in `staging-labels`; a label moves through `rotation`'s store.

mod act;
mod agree;
mod choose;
mod proof;
mod run;

pub(crate) use run::Wanted;
pub(super) use run::{Ended, run};
