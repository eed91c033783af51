//! The codes of all faults that this crate itself can answer with.

use strum::VariantNames;

use crate::budget::TIMED_OUT;
use crate::event::Malformed;
use crate::progress::OutOfStep;
use crate::store::{ReplicaFault, StoreFault};
use crate::switch::SwitchFault;

/// Every code of this crate's own faults; each has a page in the runbook. Some occur more than once.
pub fn codes() -> Vec<&'static str> {
    [
        Malformed::VARIANTS,
        OutOfStep::VARIANTS,
        StoreFault::VARIANTS,
        ReplicaFault::VARIANTS,
        SwitchFault::VARIANTS,
        &[TIMED_OUT],
        #[cfg(feature = "lambda")]
        &[crate::lambda::PANICKED],
    ]
    .concat()
}
