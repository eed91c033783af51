//! AWS's guide, its maintainers and its users disagree on when AWSPENDING leaves a version that has become AWSCURRENT. What
//! follows a rotation goes well whichever it is: a test rotation, a rotation whose process dies after the move, its retries, a
//! value written by hand, and the next rotation. `KEYWHEEL_PENDING_REMOVED` runs every other test with one of the three.

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use secrets_manager_local::{Effect, Fault, PendingRemoval};
use staging_labels::{Label, Step};

pub(crate) const ALL: [PendingRemoval; 3] = [
    PendingRemoval::WhenComplete,
    PendingRemoval::WithMove,
    PendingRemoval::Never,
];

async fn everything_that_follows_a_rotation(world: &World, removal: PendingRemoval) {
    let after = |what: &str| format!("{removal:?}: {what}");
    let token = world.rotate().await.expect("a rotation");
    world.invariant_nobody_is_locked_out(&after("a rotation")).await;
    let pending = world.carrier(&Label::Pending).await;
    assert_eq!(
        pending,
        (removal == PendingRemoval::Never).then_some(token),
        "{removal:?}"
    );
    world.test_rotation().await.expect("a test rotation");

    let dies = Fault::new(Effect::KillAfter).on("UpdateSecretVersionStage");
    let dies = world.aws.faults().inject(dies);
    let token = world.rotate().await.expect("a rotation that died after the move");
    assert_eq!(world.aws.faults().hits(dies), 1, "{removal:?}");
    world.invariant_nobody_is_locked_out(&after("a kill")).await;
    let retries = [Step::Create, Step::Set, Step::Test, Step::Finish];
    let again = world.steps(&token, &retries).await;
    again.expect("steps that come again after the rotation is complete");
    assert_eq!(world.carrier(&Label::Current).await, Some(token), "{removal:?}");

    let by_hand = world.text(&Label::Current).await.expect("a value");
    world.put(&by_hand, &[]).await;
    assert_eq!(world.carrier(&Label::Pending).await, None, "{removal:?}");
    world
        .invariant_the_next_rotation_goes_through(&after("a value written by hand"))
        .await;
}

#[tokio::test]
async fn single_user() {
    for removal in ALL {
        let setup = Setup::on(Server::Main).pending_removal(removal).retries(2);
        everything_that_follows_a_rotation(&setup.start().await, removal).await;
    }
}

#[tokio::test]
async fn single_user_in_the_classic_order() {
    for removal in ALL {
        let setup = Setup::on(Server::Main).pending_removal(removal).retries(2);
        let classic = setup.env("AWSCURRENT_MOVES", "finishSecret");
        everything_that_follows_a_rotation(&classic.start().await, removal).await;
    }
}

#[tokio::test]
async fn alternating_users() {
    for removal in ALL {
        let setup = Setup::on(Server::Main).pending_removal(removal).retries(2);
        let database = TestDatabase::new(cluster(Server::Main)).await;
        let pair = Pair::of(setup, database, Power::CreateRole).await;
        everything_that_follows_a_rotation(&pair, removal).await;
    }
}
