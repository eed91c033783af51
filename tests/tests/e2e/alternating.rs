//! Two alternating users: AWSCURRENT always logs in, and whichever of the two an application is, it is the same.

mod crash;
mod drain;
mod fleet;
mod healing;
mod history;
mod hostile;
mod load;
mod owner;
mod refusals;
mod rights;
mod roles;
mod trial;
mod turns;
mod twins;

use keywheel_tests::world::World;
use staging_labels::Label;

/// Undoes what the rotations so far have made: the next turn has to make the clone.
///
/// # Panics
/// If the clone is current.
async fn forget_the_clone(world: &World) {
    let clone = world.database.clone_user();
    assert_ne!(world.user(&Label::Current).await, clone, "the clone is in use");
    let Some(previous) = world.carrier(&Label::Previous).await else {
        return;
    };
    let call = world
        .client
        .update_secret_version_stage()
        .secret_id(&world.secret);
    let call = call
        .version_stage(Label::Previous.as_str())
        .remove_from_version_id(previous);
    call.send().await.expect("the label is removed");
    world
        .database
        .sql(&format!("DROP OWNED BY {clone}; DROP ROLE {clone}"))
        .await;
}
