//! What a person may do to the labels of a rotation that does not go on.

use crate::label::{Label, Labels};
use crate::version::VersionId;

/// A change of labels by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair<'a> {
    /// AWSCURRENT moves, as finishSecret would move it.
    Promote {
        /// The version that has AWSCURRENT.
        from: &'a VersionId,
        /// The version that gets it: AWSPENDING's, or one that lost AWSPENDING.
        to: &'a VersionId,
    },
    /// AWSPENDING comes off, so that the next rotation makes a new value.
    Release {
        /// The version that has AWSPENDING.
        pending: &'a VersionId,
    },
}

/// What is known of the values at this moment. Unknown is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Whether AWSCURRENT's value logs in.
    pub current_logs_in: Option<bool>,
    /// Whether the value of the version that the repair names logs in.
    pub named_logs_in: Option<bool>,
    /// Whether that version has a value.
    pub named_has_value: Option<bool>,
}

/// Why a repair must not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// A label is not where the repair expects it.
    #[error("the labels have moved")]
    LabelsMoved,
    /// Nothing shows that the version's value logs in.
    #[error("no login shows that the version's value works")]
    Unproven,
    /// The version may have the only working value.
    #[error("the version may have the only password that works")]
    OnlyPassword,
}

impl Repair<'_> {
    /// Whether the repair is safe: a value that works is not taken away.
    ///
    /// A promotion needs a login with the value that it makes current. AWSPENDING comes off a version without a value, or if AWSCURRENT
    /// logs in.
    ///
    /// # Errors
    /// The reason why it is not.
    pub fn is_safe(&self, labels: &Labels, evidence: Evidence) -> Result<(), Objection> {
        let is_on = |label: Label, version: &VersionId| labels.carrier(&label) == Some(version);
        match self {
            Self::Promote { from, to } => {
                if !is_on(Label::Current, from) || from == to {
                    return Err(Objection::LabelsMoved);
                }
                match evidence.named_logs_in {
                    Some(true) => Ok(()),
                    Some(false) | None => Err(Objection::Unproven),
                }
            }
            Self::Release { pending } => {
                if !is_on(Label::Pending, pending) || is_on(Label::Current, pending) {
                    return Err(Objection::LabelsMoved);
                }
                match (evidence.named_has_value, evidence.current_logs_in) {
                    (Some(false), _) | (_, Some(true)) => Ok(()),
                    (Some(true) | None, Some(false) | None) => Err(Objection::OnlyPassword),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Evidence = Evidence {
        current_logs_in: None,
        named_logs_in: None,
        named_has_value: None,
    };

    fn labels() -> Labels {
        [("v1", ["AWSCURRENT"]), ("v2", ["AWSPENDING"])]
            .into_iter()
            .collect()
    }

    #[test]
    fn awscurrent_moves_only_to_what_logs_in() {
        let (from, to) = (VersionId::stored("v1"), VersionId::stored("v2"));
        let promote = Repair::Promote { from: &from, to: &to };
        let with = |named_logs_in| {
            promote.is_safe(
                &labels(),
                Evidence {
                    named_logs_in,
                    ..NOTHING
                },
            )
        };
        assert_eq!(with(Some(true)), Ok(()));
        assert_eq!(with(Some(false)), Err(Objection::Unproven));
        assert_eq!(with(None), Err(Objection::Unproven));
    }

    #[test]
    fn awspending_comes_off_only_if_another_value_works_or_it_has_none() {
        let pending = VersionId::stored("v2");
        let release = Repair::Release { pending: &pending };
        let with = |current_logs_in, named_has_value| {
            release.is_safe(
                &labels(),
                Evidence {
                    current_logs_in,
                    named_has_value,
                    named_logs_in: None,
                },
            )
        };
        assert_eq!(with(Some(true), Some(true)), Ok(()));
        assert_eq!(with(None, Some(false)), Ok(()));
        assert_eq!(with(Some(false), Some(false)), Ok(()));
        for current in [Some(false), None] {
            for value in [Some(true), None] {
                assert_eq!(with(current, value), Err(Objection::OnlyPassword));
            }
        }
    }

    #[test]
    fn a_label_that_has_moved_ends_it() {
        let (one, two, three) = (
            VersionId::stored("v1"),
            VersionId::stored("v2"),
            VersionId::stored("v3"),
        );
        let all = Evidence {
            current_logs_in: Some(true),
            named_logs_in: Some(true),
            named_has_value: Some(false),
        };
        for repair in [
            Repair::Promote {
                from: &three,
                to: &two,
            },
            Repair::Promote { from: &one, to: &one },
            Repair::Release { pending: &three },
            Repair::Release { pending: &one },
        ] {
            assert_eq!(
                repair.is_safe(&labels(), all),
                Err(Objection::LabelsMoved),
                "{repair:?}"
            );
        }
    }
}
