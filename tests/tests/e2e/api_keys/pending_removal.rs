//! What follows a rotation of a key, whenever AWSPENDING leaves the version that has become AWSCURRENT.

use keywheel_tests::scripted::Kind;
use secrets_manager_local::{Effect, Fault};
use staging_labels::{Label, Step};

use super::Setup;
use crate::pending_removal::ALL;

#[tokio::test]
async fn whatever_the_class() {
    for kind in [Kind::Overlap, Kind::InPlace, Kind::Staged, Kind::Chosen] {
        for removal in ALL {
            let world = Setup::of(kind).pending_removal(removal).retries(2).start().await;
            let after = format!("{kind:?}, {removal:?}");
            world.rotate().await;
            world.invariant_current_works(&after).await;

            let dies = Fault::new(Effect::KillAfter).on("UpdateSecretVersionStage");
            let dies = world.keys.aws.faults().inject(dies);
            let token = world.secret().rotate().await;
            let token = token.unwrap_or_else(|error| panic!("{after}: {error}\n{}", world.keys.log()));
            assert_eq!(world.keys.aws.faults().hits(dies), 1, "{after}");
            let retries = [Step::Create, Step::Set, Step::Test, Step::Finish];
            let again = world.secret().steps(&token, &retries).await;
            again.expect("steps that come again after the rotation is complete");
            world.invariant_current_works(&after).await;

            let by_hand = world.secret().current().await;
            world.put(&by_hand).await;
            assert_eq!(world.secret().carrier(&Label::Pending).await, None, "{after}");
            world.rotate().await;
            world.invariant_current_works(&after).await;
        }
    }
}
