//! The crash matrix: everything that a function does in a rotation, what can go wrong there, and what happens then.
//!
//! What a cell is, which cells there are and what may come of them (`cell`, `choice`, `limits`) is apart from running it (`run`,
//! `scene`). `make crash-matrix` runs all of it, the end-to-end tests a choice.

mod cell;
mod choice;
mod finding;
mod limits;
mod many;
mod report;
mod run;
mod scene;

pub use cell::{Aftermath, At, Cause, Cell, Effect, Family, Recording, Row, Subject, cells};
pub use choice::{Choice, covering};
pub use finding::{Finding, Letter, Moment};
pub use limits::known;
pub use many::{Outcome, run_all};
pub use report::Report;
pub use run::{rows, run};
