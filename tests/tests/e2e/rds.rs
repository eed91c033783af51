//! Databases in RDS and Aurora: moto plays the RDS API, real servers stand behind the names that it gives.

mod endpoints;
mod master;
mod paused;
mod refused;
mod restricted;
mod token;
mod turns;

use keywheel_tests::world::World;
use uuid::Uuid;

/// A password that nobody knows.
async fn lose_the_password(world: &World) {
    world.database.set_password(&Uuid::new_v4().to_string()).await;
}

/// The calls that the function made about another secret, such as the admin's.
fn calls_about(world: &World, secret: &str) -> Vec<String> {
    let calls = world.aws.calls().into_iter();
    let about = calls.filter(|call| call.function.is_some() && call.secret_id.as_deref() == Some(secret));
    about.map(|call| call.operation).collect()
}
