//! The four steps of a rotation, under their names on the wire.

use std::fmt;
use std::str::FromStr;

/// A step of a rotation, in the order in which Secrets Manager sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// `createSecret`: a new value is made and labelled AWSPENDING.
    Create,
    /// `setSecret`: the database or provider is made to accept the pending value.
    Set,
    /// `testSecret`: the pending value is tried.
    Test,
    /// `finishSecret`: AWSCURRENT moves to the pending version.
    Finish,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 4] = [Self::Create, Self::Set, Self::Test, Self::Finish];

    /// The name on the wire, such as `createSecret`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "createSecret",
            Self::Set => "setSecret",
            Self::Test => "testSecret",
            Self::Finish => "finishSecret",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(name: &str) -> Result<Self, UnknownStep> {
        Self::ALL
            .into_iter()
            .find(|step| step.name() == name)
            .ok_or(UnknownStep)
    }
}

/// The event names a step that no rotation has. The name itself is not repeated: it is a stranger's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the step is none of createSecret, setSecret, testSecret, finishSecret")]
pub struct UnknownStep;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_step_is_read_back_from_its_name() {
        for step in Step::ALL {
            assert_eq!(step.name().parse(), Ok(step));
        }
    }

    #[test]
    fn a_step_in_other_letters_is_unknown() {
        for name in ["CreateSecret", "createsecret", "create", "", " createSecret"] {
            assert_eq!(name.parse::<Step>(), Err(UnknownStep), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn any_other_text_is_unknown(name in ".*") {
            prop_assume!(Step::ALL.iter().all(|step| step.name() != name));
            prop_assert_eq!(name.parse::<Step>(), Err(UnknownStep));
        }
    }
}
