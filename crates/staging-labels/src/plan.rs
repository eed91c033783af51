//! The decision: labels in, action out.

use crate::label::{Labels, RotationState};
use crate::order::CurrentMoves;
use crate::step::Step;
use crate::version::VersionId;

/// What one invocation must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// Make a new value and store it as AWSPENDING.
    Stage,
    /// Make the target accept the pending value.
    Apply,
    /// Try the pending value.
    Verify,
    /// Try the pending value once more, then move AWSCURRENT to it.
    Promote {
        /// The version that has AWSCURRENT now: the "compare" of the compare-and-swap.
        from: Option<&'a VersionId>,
    },
    /// Change the password in a transaction, move AWSCURRENT to the pending value, then commit.
    Switch {
        /// The version that has AWSCURRENT now: the "compare" of the compare-and-swap.
        from: Option<&'a VersionId>,
    },
    /// AWSCURRENT has moved: make sure that the change was committed, too.
    Confirm,
    /// The rotation is done: a repeated delivery, and a normal answer.
    Nothing,
}

impl Action<'_> {
    /// One word for logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Apply => "apply",
            Self::Verify => "verify",
            Self::Promote { .. } => "promote",
            Self::Switch { .. } => "switch",
            Self::Confirm => "confirm",
            Self::Nothing => "nothing",
        }
    }
}

/// Why nothing may be done for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The version exists and carries neither AWSPENDING nor AWSCURRENT.
    #[error("the version carries neither AWSPENDING nor AWSCURRENT: this rotation was abandoned")]
    Abandoned,
    /// No version with this id carries a label; DescribeSecret lists no others.
    #[error(
        "the secret has no labelled version with this id: the rotation was not staged, or it was abandoned"
    )]
    Unknown,
}

/// Decides what `step` must do for the rotation that `token` names, if AWSCURRENT moves as `order` says.
///
/// A rotation whose version has AWSCURRENT is done in the classic order, whatever the step: Secrets Manager retries whole
/// rotations. In the order of the switch the database may still lack the change, so each later step confirms it.
/// A rotation that lost AWSPENDING is refused, so that a function stops before it touches the database.
///
/// # Errors
/// A [`Refusal`] if the token's version does not exist or carries neither label.
pub fn plan<'a>(
    step: Step,
    labels: &'a Labels,
    token: &VersionId,
    order: CurrentMoves,
) -> Result<Action<'a>, Refusal> {
    use CurrentMoves::{InFinishSecret, InSetSecret};

    match labels.state_of(token) {
        RotationState::Abandoned => Err(Refusal::Abandoned),
        RotationState::Unknown => Err(Refusal::Unknown),
        RotationState::Finished => Ok(match (order, step) {
            (InFinishSecret, _) | (InSetSecret, Step::Create) => Action::Nothing,
            (InSetSecret, Step::Set | Step::Test | Step::Finish) => Action::Confirm,
        }),
        RotationState::Pending { current } => Ok(match (step, order) {
            (Step::Create, InSetSecret | InFinishSecret) => Action::Stage,
            (Step::Set, InSetSecret) => Action::Switch { from: current },
            (Step::Set, InFinishSecret) => Action::Apply,
            (Step::Test, InSetSecret | InFinishSecret) => Action::Verify,
            // In the order of the switch: one of AWS's templates, or the classic order, ran setSecret.
            (Step::Finish, InSetSecret | InFinishSecret) => Action::Promote { from: current },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Label;
    use proptest::prelude::*;

    /// Reads `v1:C v2:PX`: C current, P pending, O previous, X a label of the user's own.
    fn labels(text: &str) -> Labels {
        let mut all = Labels::default();
        for version in text.split_whitespace() {
            let (id, letters) = version.split_once(':').unwrap();
            let labels = letters.chars().map(|letter| match letter {
                'C' => Label::Current,
                'P' => Label::Pending,
                'O' => Label::Previous,
                _ => Label::Custom("blue".to_owned()),
            });
            all.attach(VersionId::stored(id), labels);
        }
        all
    }

    #[track_caller]
    fn check_in(order: CurrentMoves, versions: &str, step: Step, expected: &str) {
        let labels = labels(versions);
        let answer = match plan(step, &labels, &VersionId::stored("v2"), order) {
            Ok(Action::Promote { from: Some(from) }) => format!("promote from {from}"),
            Ok(Action::Switch { from: Some(from) }) => format!("switch from {from}"),
            Ok(action) => action.name().to_owned(),
            Err(refusal) => format!("{refusal:?}"),
        };
        assert_eq!(answer, expected, "{versions} {step}");
    }

    /// The classic order.
    #[track_caller]
    fn check(versions: &str, step: Step, expected: &str) {
        check_in(CurrentMoves::InFinishSecret, versions, step, expected);
    }

    /// The order of the switch.
    #[track_caller]
    fn check_switch(versions: &str, step: Step, expected: &str) {
        check_in(CurrentMoves::InSetSecret, versions, step, expected);
    }

    #[test]
    fn the_switch_moves_awscurrent_in_set_secret() {
        check_switch("v1:C v2:P", Step::Create, "stage");
        check_switch("v1:C v2:P", Step::Set, "switch from v1");
    }

    #[test]
    fn steps_after_the_switch_confirm_it() {
        for versions in ["v1:O v2:C", "v1:O v2:CP"] {
            check_switch(versions, Step::Create, "nothing");
            check_switch(versions, Step::Set, "confirm");
            check_switch(versions, Step::Test, "confirm");
            check_switch(versions, Step::Finish, "confirm");
        }
    }

    #[test]
    fn the_order_of_the_switch_completes_what_a_template_of_aws_has_set() {
        check_switch("v1:C v2:P", Step::Test, "verify");
        check_switch("v1:C v2:P", Step::Finish, "promote from v1");
    }

    #[test]
    fn both_orders_refuse_the_same() {
        for step in Step::ALL {
            check_switch("v1:C v2:O", step, "Abandoned");
            check_switch("v1:C v3:P", step, "Unknown");
        }
    }

    #[test]
    fn a_pending_version_is_taken_through_the_four_steps() {
        check("v1:C v2:P", Step::Create, "stage");
        check("v1:C v2:P", Step::Set, "apply");
        check("v1:C v2:P", Step::Test, "verify");
        check("v1:C v2:P", Step::Finish, "promote from v1");
    }

    #[test]
    fn finish_without_a_current_version_promotes_from_none() {
        check("v2:P", Step::Finish, "promote");
    }

    #[test]
    fn repeated_delivery_after_finish_does_nothing() {
        for step in Step::ALL {
            check("v1:O v2:C", step, "nothing");
            check("v1:O v2:CP", step, "nothing");
        }
    }

    #[test]
    fn a_version_that_lost_its_label_is_refused_in_every_step() {
        for step in Step::ALL {
            check("v1:C v2:", step, "Abandoned");
            check("v1:C v2:O", step, "Abandoned");
            check("v1:C v2:X v3:P", step, "Abandoned");
        }
    }

    #[test]
    fn a_version_that_does_not_exist_is_refused_in_every_step() {
        for step in Step::ALL {
            check("v1:C v3:P", step, "Unknown");
            check("", step, "Unknown");
        }
    }

    #[test]
    fn labels_of_the_users_own_change_nothing() {
        check("v1:CX v2:PX", Step::Set, "apply");
    }

    fn any_labels() -> impl Strategy<Value = Labels> {
        let version = (0..4u8, proptest::collection::vec(0..4u8, 0..4));
        proptest::collection::vec(version, 0..5).prop_map(|versions| {
            let names = ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS", "blue"];
            versions
                .into_iter()
                .map(|(id, labels)| {
                    let labels: Vec<_> = labels.iter().map(|&label| names[usize::from(label)]).collect();
                    (format!("v{id}"), labels)
                })
                .collect()
        })
    }

    fn any_order() -> impl Strategy<Value = CurrentMoves> {
        proptest::sample::select(&[CurrentMoves::InSetSecret, CurrentMoves::InFinishSecret][..])
    }

    proptest! {
        #[test]
        fn the_database_is_only_touched_for_a_version_that_is_pending_and_not_current(
            labels in any_labels(), step in proptest::sample::select(&Step::ALL[..]),
        ) {
            let token = VersionId::stored("v2");
            let pending = labels.state_of(&token)
                == RotationState::Pending { current: labels.carrier(&Label::Current) };
            let action = plan(step, &labels, &token, CurrentMoves::InFinishSecret);
            let acts = matches!(action, Ok(action) if action != Action::Nothing);
            prop_assert_eq!(acts, pending);
        }

        #[test]
        fn a_switch_is_only_confirmed_for_a_version_that_is_current(
            labels in any_labels(), step in proptest::sample::select(&Step::ALL[..]),
        ) {
            let token = VersionId::stored("v2");
            let action = plan(step, &labels, &token, CurrentMoves::InSetSecret);
            let is_current = labels.state_of(&token) == RotationState::Finished;
            prop_assert_eq!(action == Ok(Action::Confirm), is_current && step != Step::Create);
        }

        #[test]
        fn the_order_never_decides_whether_a_token_is_refused(
            labels in any_labels(), step in proptest::sample::select(&Step::ALL[..]),
        ) {
            let token = VersionId::stored("v2");
            let switch = plan(step, &labels, &token, CurrentMoves::InSetSecret);
            let classic = plan(step, &labels, &token, CurrentMoves::InFinishSecret);
            prop_assert_eq!(switch.err(), classic.err());
        }

        #[test]
        fn awscurrent_never_moves_from_the_version_that_it_moves_to(
            labels in any_labels(), step in proptest::sample::select(&Step::ALL[..]), order in any_order(),
        ) {
            let token = VersionId::stored("v2");
            if let Ok(Action::Promote { from } | Action::Switch { from }) = plan(step, &labels, &token, order) {
                prop_assert_ne!(from, Some(&token));
            }
        }
    }
}
