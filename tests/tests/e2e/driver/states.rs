//! Every state of a rotation and every step: the documented action, on the real wire.

use staging_labels::{Label, Step};

use super::Bench;

/// How a secret is brought into a state; answers with the token whose steps are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The version carries AWSPENDING and has a value.
    Pending,
    /// It carries AWSPENDING and has none (fact 2).
    PendingEmpty,
    /// It carries AWSCURRENT, and AWSPENDING too (fact 4).
    Finished,
    /// It carries AWSCURRENT alone (fact 4).
    FinishedAlone,
    /// It carries AWSPREVIOUS: a later rotation has succeeded.
    Overtaken,
    /// It carries no label, and has a value (facts 7 and 14).
    Unlabelled,
    /// There is none.
    Unknown,
    /// It carries AWSPENDING and has a value, and `CancelRotateSecret` was called (facts 8 and 9).
    Cancelled,
    /// Nothing carries AWSCURRENT.
    NoCurrent,
}

impl State {
    async fn bring_about(self) -> (Bench, String) {
        let value = Some("old").filter(|_| self != Self::NoCurrent);
        let bench = Bench::with_value(value).await;
        let token = match self {
            Self::Unknown => uuid::Uuid::new_v4().to_string(),
            Self::PendingEmpty | Self::NoCurrent => bench.stage(),
            Self::Pending | Self::Cancelled | Self::Unlabelled => bench.gone_through(&[Step::Create]).await,
            Self::Finished | Self::FinishedAlone | Self::Overtaken => bench.gone_through(&Step::ALL).await,
        };
        match self {
            Self::FinishedAlone | Self::Unlabelled => {
                let call = bench
                    .client
                    .update_secret_version_stage()
                    .secret_id(&bench.secret);
                let call = call.version_stage("AWSPENDING").remove_from_version_id(&token);
                call.send().await.expect("the label is removed");
            }
            Self::Overtaken => {
                bench.gone_through(&Step::ALL).await;
            }
            Self::Cancelled => {
                let call = bench.client.cancel_rotate_secret().secret_id(&bench.secret);
                call.send().await.expect("the rotation is cancelled");
            }
            _ => {}
        }
        bench.aws.clear_calls();
        (bench, token)
    }

    /// What each of the four steps comes to: an action, or a code.
    fn expected(self) -> [&'static str; 4] {
        match self {
            Self::Pending => ["stage", "apply", "verify", "promote"],
            Self::PendingEmpty => ["stage", "PendingMissing", "PendingMissing", "PendingMissing"],
            Self::Finished | Self::FinishedAlone => ["nothing"; 4],
            Self::Overtaken => ["RotationAbandoned"; 4],
            // DescribeSecret, which the first two steps ask, lists no version without a label.
            Self::Unlabelled => [
                "VersionUnknown",
                "VersionUnknown",
                "RotationAbandoned",
                "RotationAbandoned",
            ],
            Self::Unknown => ["VersionUnknown"; 4],
            // By the last two the database may have the new password: finishing keeps AWSCURRENT working.
            Self::Cancelled => ["RotationCancelled", "RotationCancelled", "verify", "promote"],
            Self::NoCurrent => ["CurrentMissing"; 4],
        }
    }
}

/// The target's method that an action is about, if any.
fn asked_for(action: &str) -> Option<&'static str> {
    match action {
        "stage" => Some("propose"),
        "apply" => Some("apply"),
        "verify" | "promote" => Some("verify"),
        _ => None,
    }
}

async fn check(state: State, step: Step, expected: &str) {
    let case = format!("{state:?} {step}");
    let (bench, token) = state.bring_about().await;
    let before = bench.labels().await;
    let outcome = bench.run(&token, step).await;
    let came_to = outcome.unwrap_or_else(|error| {
        let text = error.to_string();
        let named = format!("{step} failed for {}: ", bench.secret);
        assert!(text.starts_with(&named) && text.contains("; "), "{case}: {text}");
        error.cause.code()
    });
    assert_eq!(came_to, expected, "{case}");

    let work: Vec<_> = bench.target.taken();
    let asked = work
        .iter()
        .find(|method| ["propose", "apply", "verify"].contains(method));
    assert_eq!(asked.copied(), asked_for(came_to), "{case}: {work:?}");
    let promoted = came_to == "promote";
    assert_eq!(
        bench.calls("UpdateSecretVersionStage").len(),
        usize::from(promoted),
        "{case}"
    );
    assert_eq!(
        bench.calls("PutSecretValue").len(),
        usize::from(came_to == "stage"),
        "{case}"
    );
    if promoted {
        assert_eq!(bench.carrier(&Label::Current).await, Some(token), "{case}");
    } else {
        assert_eq!(bench.labels().await, before, "{case}: no label moves");
    }
}

#[tokio::test]
async fn every_state_and_step_leads_to_the_documented_action() {
    let (here, mut running) = (tokio::task::LocalSet::new(), tokio::task::JoinSet::new());
    for state in [
        State::Pending,
        State::PendingEmpty,
        State::Finished,
        State::FinishedAlone,
        State::Overtaken,
        State::Unlabelled,
        State::Unknown,
        State::Cancelled,
        State::NoCurrent,
    ] {
        for (step, expected) in Step::ALL.into_iter().zip(state.expected()) {
            running.spawn_local_on(check(state, step, expected), &here);
        }
    }
    here.run_until(running.join_all()).await;
}
