//! What holds after any sequence of calls.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};
use staging_labels::Label;

use super::{FUNCTION, World, v};
use crate::api::Operation::{self, *};
use crate::state::Secret;

const STAGES: [&str; 4] = ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS", "mine"];

/// A call that may or may not be allowed just then.
fn any_call() -> impl Strategy<Value = (Operation, Json)> {
    let version = || (1..6u32).prop_map(v);
    let stage = || select(STAGES.as_slice());
    let put = (version(), 0..3u8, proptest::option::of(stage())).prop_map(|(id, value, stage)| {
        let stages = stage.map(|stage| vec![stage]);
        let value = value.to_string();
        (
            PutSecretValue,
            json!({ "ClientRequestToken": id, "SecretString": value, "VersionStages": stages }),
        )
    });
    let optional = || proptest::option::of(version());
    let update = (stage(), optional(), optional()).prop_map(|(stage, from, to)| {
        let members = json!({ "VersionStage": stage, "RemoveFromVersionId": from, "MoveToVersionId": to });
        (UpdateSecretVersionStage, members)
    });
    let rotate = (version(), any::<bool>()).prop_map(|(id, now)| {
        let members =
            json!({ "ClientRequestToken": id, "RotationLambdaARN": FUNCTION, "RotateImmediately": now });
        (RotateSecret, members)
    });
    let others = select(vec![
        (CancelRotateSecret, json!({})),
        (DeleteSecret, json!({})),
        (RestoreSecret, json!({})),
    ]);
    prop_oneof![3 => put, 4 => update, 2 => rotate, 1 => others]
}

fn invariant_a_label_is_on_one_version_at_most(secret: &Secret) {
    let carried: Vec<&Label> = secret
        .versions
        .iter()
        .flat_map(|version| &version.stages)
        .collect();
    let distinct: BTreeSet<_> = carried.iter().collect();
    assert_eq!(carried.len(), distinct.len(), "{carried:?}");
}

fn invariant_awscurrent_is_never_lost(secret: &Secret) {
    assert!(secret.carrier(&Label::Current).is_some());
}

/// A value is never changed, only a new version is written.
fn invariant_values_stay(before: &Secret, after: &Secret) {
    for version in before.versions.iter().filter(|version| version.value.is_some()) {
        if let Some(now) = after.version(&version.id) {
            assert_eq!(now.value, version.value);
        }
    }
}

fn invariant_an_unfinished_rotation_has_a_version(secret: &Secret) {
    if let Some(run) = &secret.unfinished {
        assert!(secret.version(&run.token).is_some());
    }
}

proptest! {
    #[test]
    fn facts_2_to_12_hold_after_any_sequence_of_calls(calls in proptest::collection::vec(any_call(), 1..40)) {
        let mut world = World::with_secret();
        for (operation, mut parameters) in calls {
            parameters["SecretId"] = "db".into();
            let before = world.state.find("db").unwrap().clone();
            let answer = world.call(operation, parameters);
            let after = world.state.find("db").unwrap();
            if answer.is_err() {
                prop_assert_eq!(&before, after, "a refusal changes nothing");
            }
            invariant_a_label_is_on_one_version_at_most(after);
            invariant_awscurrent_is_never_lost(after);
            invariant_values_stay(&before, after);
            invariant_an_unfinished_rotation_has_a_version(after);
        }
    }
}
