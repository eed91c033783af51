//! The process dies before and after every call to the provider, and every call to Secrets Manager, for every class: no key
//! is lost, none is left alive after the next run, and AWSCURRENT works throughout.
//!
//! The matrix is made from a rotation that was recorded: each request that the provider got is one row.

use std::sync::Arc;
use std::time::Duration;

use keywheel_tests::keys::FUNCTION;
use keywheel_tests::scripted::{Kind, Trick};
use secrets_manager_local::{Effect, Fault};
use staging_labels::{Label, Step};

use super::{FIRST, SHOWS_ID, Setup, World, document_with_id};

/// What happens after the process died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aftermath {
    /// Secrets Manager repeats the whole rotation with the same token.
    Retried,
    /// Somebody cancels, cleans up, and starts a new rotation.
    Abandoned,
}

/// Before or after the provider carried the request out.
#[derive(Clone, Copy, Debug)]
enum When {
    Before,
    After,
}

/// What dies: a rotation of a class, and of class overlap one that revokes when it is to.
#[derive(Clone, Copy)]
struct Case {
    kind: Kind,
    when: &'static str,
}

impl Case {
    /// Class overlap revokes at finish.
    fn of(kind: Kind) -> Self {
        Self { kind, when: "finish" }
    }

    /// Class overlap as it is by default: the key before the current one is revoked in setSecret.
    const NEXT_ROTATION: Self = Self {
        kind: Kind::Overlap,
        when: "next-rotation",
    };
}

/// A world in which one rotation was made: there is a current and a displaced key.
async fn rotated(case: Case, retries: usize) -> World {
    let kind = case.kind;
    let document = document_with_id(FIRST, "k0");
    let setup = Setup::of(kind).retries(retries).timeout(Duration::from_secs(20));
    let setup = match kind {
        // The other forms, too: a bare string, of which only the names of the keys tell.
        Kind::Overlap => setup
            .secret(&document)
            .sections(&format!("{SHOWS_ID}when = \"{}\"", case.when)),
        _ => setup,
    };
    let world = setup.start().await;
    world.rotate().await;
    world
}

/// The requests of one rotation, in their order: which, and the how-manieth of its kind.
async fn recorded(case: Case) -> Vec<(String, usize)> {
    let kind = case.kind;
    let world = rotated(case, 0).await;
    world.provider.forget();
    world.rotate().await;
    let mut rows: Vec<(String, usize)> = Vec::new();
    for shape in world.provider.calls() {
        let nth = rows.iter().filter(|(known, _)| *known == shape).count();
        rows.push((shape, nth));
    }
    assert!(rows.len() >= 3, "{kind:?}: {rows:?}");
    rows
}

/// No more keys than the class may have between two rotations.
fn check_no_orphan(world: &World, what: Case, case: &str) {
    let live = world.provider.state(|state| state.values());
    // With `when = "finish"`: the current key alone.
    let most = if what.when == "finish" { 1 } else { 2 };
    assert_eq!(live.len(), most, "{case}: {live:?}");
}

async fn goes_on(world: &World, what: Case, aftermath: Aftermath, case: &str, arm: impl FnOnce()) {
    match aftermath {
        Aftermath::Retried => {
            arm();
            world.rotate().await;
        }
        Aftermath::Abandoned => {
            arm();
            let token = world.secret().stage();
            let died = world.secret().steps(&token, &Step::ALL).await.expect_err(case);
            assert_eq!(died.error_type, "Runtime.ExitError", "{case}: {died}");
            check_survivor(world, what.kind, case).await;
            world.cancel_and_clean_up().await;
            world.rotate().await;
        }
    }
    world.invariant_current_works(case).await;
    // The run after the one that died has removed whatever that left behind.
    world.rotate().await;
    world.invariant_current_works(&format!("{case}, the next")).await;
    check_no_orphan(world, what, case);
}

/// Where the process has just died: AWSCURRENT works with an overlap, and else a labelled key does, but for the class in
/// which one call replaces the key.
async fn check_survivor(world: &World, kind: Kind, case: &str) {
    match kind {
        Kind::Overlap | Kind::Staged => world.invariant_current_works(case).await,
        Kind::Chosen => world.invariant_a_labelled_key_works(case).await,
        Kind::InPlace => {}
    }
}

async fn killed_at_every_request(what: Case, aftermath: Aftermath) {
    let kind = what.kind;
    let retries = if aftermath == Aftermath::Retried { 2 } else { 0 };
    let world = rotated(what, retries).await;
    for (shape, nth) in recorded(what).await {
        for when in [When::Before, When::After] {
            let case = format!("{kind:?}: killed {when:?} {shape} {nth}, {aftermath:?}");
            let kill: Arc<dyn Fn() + Send + Sync> = Arc::new(world.keys.aws.kill_switch(FUNCTION));
            let trick = match when {
                When::Before => Trick::Before(kill),
                When::After => Trick::After(kill),
            };
            goes_on(&world, what, aftermath, &case, || {
                world.provider.play(&shape, nth, 1, trick);
            })
            .await;
            assert_eq!(world.provider.left(), 0, "{case}: it came to that");
        }
    }
}

#[tokio::test]
async fn killed_at_any_request_an_overlap_is_finished_by_secrets_managers_retries() {
    killed_at_every_request(Case::of(Kind::Overlap), Aftermath::Retried).await;
}

#[tokio::test]
async fn killed_at_any_request_an_overlap_that_is_abandoned_leaves_nothing_behind() {
    killed_at_every_request(Case::of(Kind::Overlap), Aftermath::Abandoned).await;
}

#[tokio::test]
async fn killed_at_any_request_an_overlap_that_revokes_in_set_secret_goes_on() {
    killed_at_every_request(Case::NEXT_ROTATION, Aftermath::Retried).await;
    killed_at_every_request(Case::NEXT_ROTATION, Aftermath::Abandoned).await;
}

#[tokio::test]
async fn killed_at_any_request_a_key_that_is_replaced_in_place_comes_back() {
    killed_at_every_request(Case::of(Kind::InPlace), Aftermath::Retried).await;
    killed_at_every_request(Case::of(Kind::InPlace), Aftermath::Abandoned).await;
}

#[tokio::test]
async fn killed_at_any_request_a_staged_key_is_promoted_once() {
    killed_at_every_request(Case::of(Kind::Staged), Aftermath::Retried).await;
    killed_at_every_request(Case::of(Kind::Staged), Aftermath::Abandoned).await;
}

#[tokio::test]
async fn killed_at_any_request_a_chosen_key_is_uploaded() {
    killed_at_every_request(Case::of(Kind::Chosen), Aftermath::Retried).await;
    killed_at_every_request(Case::of(Kind::Chosen), Aftermath::Abandoned).await;
}

/// The calls to Secrets Manager after which the provider has done something that is not stored.
#[tokio::test]
async fn killed_at_the_storing_or_the_promotion_every_class_goes_on() {
    for kind in Kind::ALL {
        let world = rotated(Case::of(kind), 2).await;
        for operation in ["PutSecretValue", "UpdateSecretVersionStage"] {
            for effect in [Effect::KillBefore, Effect::KillAfter] {
                let case = format!("{kind:?}: {effect:?} {operation}");
                let fault = Fault::new(effect).by_function(FUNCTION).on(operation);
                let mut id = None;
                let arm = || id = Some(world.keys.aws.faults().inject(fault));
                goes_on(&world, Case::of(kind), Aftermath::Retried, &case, arm).await;
                let id = id.expect("the fault was injected");
                assert_eq!(world.keys.aws.faults().hits(id), 1, "{case}: it came to that");
            }
        }
    }
}

/// A bare string has no room for an id: the names alone tell.
#[tokio::test]
async fn killed_around_the_making_of_a_key_a_bare_string_goes_on_as_well() {
    let world = Setup::of(Kind::Overlap).retries(2).start().await;
    world.rotate().await;
    for when in [When::Before, When::After] {
        let kill: Arc<dyn Fn() + Send + Sync> = Arc::new(world.keys.aws.kill_switch(FUNCTION));
        let trick = match when {
            When::Before => Trick::Before(kill),
            When::After => Trick::After(kill),
        };
        world.provider.play("POST /keys", 0, 1, trick);
        world.rotate().await;
        world.invariant_current_works(&format!("{when:?}")).await;
        assert_eq!(world.provider.left(), 0, "{when:?}: it came to that");
        let live = world.provider.state(|state| state.values());
        assert_eq!(
            live.len(),
            3,
            "{when:?}: made by hand, displaced, current: {live:?}"
        );
    }
}

/// PutSecretValue is refused for good: what was made for it is revoked at once.
#[tokio::test]
async fn a_key_that_may_not_be_stored_is_revoked_at_once() {
    let world = World::new(Kind::Overlap).await;
    let refused = Fault::error("AccessDeniedException", "no")
        .by_function(FUNCTION)
        .on("PutSecretValue");
    world.keys.aws.faults().inject(refused.every());
    let token = world.secret().stage();
    world
        .refuses(&token, Step::Create, "PermissionDenied", &["PutSecretValue"])
        .await;
    assert_eq!(world.provider.state(|state| state.values()), [FIRST]);
    world.keys.aws.faults().clear();
    world
        .secret()
        .steps(&token, &Step::ALL)
        .await
        .expect("it may be stored now");
    assert_eq!(world.secret().carrier(&Label::Current).await, Some(token));
}
