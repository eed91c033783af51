//! Replicas of a secret in other regions: a rotation waits for them before it changes anything.

use std::time::Duration;

use aws_sdk_secretsmanager::types::ReplicaRegionType;
use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use staging_labels::{Label, Step};

const HOME: &str = "us-east-1";
const AWAY: &str = "eu-west-1";

fn setup() -> Setup {
    Setup::on(Server::Main).regions(&[HOME, AWAY])
}

/// Makes a replica, which is behind for two seconds.
async fn replicate(world: &World) {
    let call = world
        .client
        .replicate_secret_to_regions()
        .secret_id(&world.secret);
    let replica = ReplicaRegionType::builder().region(AWAY).build();
    call.add_replica_regions(replica)
        .send()
        .await
        .expect("it is replicated");
}

/// `InSync`, `InProgress` or `Failed`.
async fn status(world: &World) -> String {
    let answer = world
        .client
        .describe_secret()
        .secret_id(&world.secret)
        .send()
        .await;
    let answer = answer.expect("the secret is there");
    let replica = answer.replication_status().first().expect("it has a replica");
    replica.status().expect("with a status").to_string()
}

/// What the replica has, once it has followed.
async fn replicated(world: &World) -> String {
    for _ in 0..100 {
        if status(world).await != "InProgress" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let secret = world.secret.replace(HOME, AWAY);
    let config = world.client.config().to_builder();
    let there = config
        .region(aws_sdk_secretsmanager::config::Region::new(AWAY))
        .build();
    let there = aws_sdk_secretsmanager::Client::from_conf(there);
    let answer = there.get_secret_value().secret_id(secret).send().await;
    answer
        .expect("the replica is there")
        .secret_string
        .expect("it has a value")
}

fn described(world: &World) -> usize {
    let calls = world.aws.calls().into_iter();
    calls
        .filter(|call| call.function.is_some() && call.operation == "DescribeSecret")
        .count()
}

/// Two moves of AWSCURRENT that are close together leave a replica behind for good.
#[tokio::test]
async fn two_rotations_close_together_leave_no_replica_behind() {
    let classic = async || setup().env("AWSCURRENT_MOVES", "finishSecret").start().await;
    for world in [setup().start().await, classic().await] {
        replicate(&world).await;
        for _ in 0..2 {
            world.rotate().await.expect("it rotates");
        }
        assert_eq!(Some(replicated(&world).await), world.text(&Label::Current).await);
        assert_eq!(status(&world).await, "InSync");
        assert!(!world.log().contains("Replica"), "nothing is to be warned of");
    }
}

/// The replica is made between createSecret and setSecret, so that setSecret has to wait. Nothing is open in the database meanwhile.
async fn set_secret_waits(world: &World) {
    let token = world.proposed().await;
    replicate(world).await;
    let before = described(world);
    let query = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = '{}'",
        world.database.name()
    );
    let open = async {
        // The first question shows that the replica is behind. From the second on it waits.
        while described(world) < before + 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut open = Vec::new();
        loop {
            let count = world.database.cluster().value(&query).await;
            if status(world).await != "InProgress" {
                return open;
            }
            open.push(count);
        }
    };
    let (set, open) = tokio::join!(world.step(&token, Step::Set), open);
    set.expect("setSecret goes through");
    assert!(
        open.iter().all(|count| count == "0"),
        "it waits with nothing open: {open:?}"
    );
    world
        .steps(&token, &[Step::Test, Step::Finish])
        .await
        .expect("it rotates");
    assert_eq!(Some(replicated(world).await), world.text(&Label::Current).await);
    assert_eq!(status(world).await, "InSync");
}

#[tokio::test]
async fn set_secret_waits_for_a_replica_with_nothing_open() {
    set_secret_waits(&setup().start().await).await;
    let classic = setup().env("AWSCURRENT_MOVES", "finishSecret").start().await;
    set_secret_waits(&classic).await;
}

#[tokio::test]
async fn alternating_users_wait_for_a_replica_with_nothing_open() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let pair = Pair::of(setup(), database, Power::CreateRole).await;
    set_secret_waits(&pair).await;
}

/// A region that is out of order must not stop the rotation of all others.
#[tokio::test]
async fn after_the_wait_the_rotation_goes_on_and_says_so() {
    let world = setup().env("REPLICA_WAIT", "0").start().await;
    replicate(&world).await;
    world.rotate().await.expect("it rotates");
    assert!(world.current_logs_in().await);
    let log = world.log();
    assert!(
        log.contains("the replicas in eu-west-1 have not followed"),
        "{log}"
    );
    assert!(
        log.contains(r#""Code":"ReplicaBehind""#) && log.contains(r#""Warnings":1"#),
        "{log}"
    );
}

#[tokio::test]
async fn a_replica_that_failed_is_a_warning_and_a_metric() {
    let world = setup().env("REPLICA_WAIT", "0").start().await;
    let name = world.secret.rsplit_once('-').expect("a suffix").0;
    let name = name.rsplit_once(":secret:").expect("a name").1.to_owned();
    let config = world.client.config().to_builder();
    let there = config
        .region(aws_sdk_secretsmanager::config::Region::new(AWAY))
        .build();
    let there = aws_sdk_secretsmanager::Client::from_conf(there);
    let taken = there.create_secret().name(name).secret_string("another").send();
    taken.await.expect("the name is taken there");
    replicate(&world).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(status(&world).await, "Failed");
    world.rotate().await.expect("it rotates");
    let log = world.log();
    assert!(log.contains("the replica in eu-west-1 has failed"), "{log}");
    assert_eq!(
        log.matches(r#""Code":"ReplicaFailed""#).count(),
        1,
        "one for each rotation: {log}"
    );
    assert!(!log.contains("ReplicaBehind"), "{log}");
}

/// The tag restricts and allows nothing: who may set it can stop the rotation, as who may write the secret can.
#[tokio::test]
async fn a_copy_of_another_secret_is_not_rotated() {
    let world = Setup::on(Server::Main).start().await;
    let tag = |key: &str, value: &str| {
        aws_sdk_secretsmanager::types::Tag::builder()
            .key(key)
            .value(value)
            .build()
    };
    let leader = "arn:aws:secretsmanager:us-east-1:000000000000:secret:leader-AbCdEf";
    let call = world.client.tag_resource().secret_id(&world.secret);
    call.tags(tag("keywheel:leader", leader))
        .send()
        .await
        .expect("it is tagged");
    let token = world.stage();
    world
        .refuses(
            &token,
            Step::Create,
            "SecretFollows",
            &[leader, "cancel-rotate-secret"],
        )
        .await;
}
