//! IAM access keys, against moto's IAM: at most two keys a user, a displaced one first inactive and then deleted.

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::{FUNCTION, Keys, Secret};
use keywheel_tests::moto::Moto;
use secrets_manager_local::Effect;
use serde_json::{Value, json};
use staging_labels::Step;

use super::{REST, assert_silence, dies_in_create, kill_at_the_store, refuses};

const USER: &str = "deploy";

/// moto's IAM, a user, and a Secrets Manager whose function goes there.
struct World {
    moto: Moto,
    keys: Keys,
}

impl World {
    async fn start() -> Self {
        let moto = Moto::start().expect("moto starts");
        moto.iam("CreateUser", &[("UserName", USER)]);
        let keys = Keys::start().await;
        keys.host(&[
            ("PROVIDER", "aws-iam"),
            ("AWS_ENDPOINT_URL_IAM", &moto.url()),
            ("AWS_ENDPOINT_URL_STS", &moto.url()),
        ]);
        Self { moto, keys }
    }

    /// Makes a key, as a person would; answers with its id and itself.
    fn create_key(&self) -> (String, String) {
        let answer = self.moto.iam("CreateAccessKey", &[("UserName", USER)]);
        (
            element(&answer, "AccessKeyId"),
            element(&answer, "SecretAccessKey"),
        )
    }

    /// The ids of the user's keys, and whether they are active.
    fn key_ids(&self) -> Vec<(String, bool)> {
        let answer = self.moto.iam("ListAccessKeys", &[("UserName", USER)]);
        let members = answer.split("<member>").skip(1);
        members
            .map(|member| {
                (
                    element(member, "AccessKeyId"),
                    element(member, "Status") == "Active",
                )
            })
            .collect()
    }

    fn has(&self, id: &str) -> bool {
        self.key_ids().iter().any(|(key, _)| key == id)
    }

    async fn secret(&self, (id, key): &(String, String)) -> Secret<'_> {
        let document =
            json!({"username": USER, "accessKeyId": id, "secretAccessKey": key, "region": "eu-central-1"});
        self.keys.secret("deploy/key", &document.to_string(), &[]).await
    }
}

fn element(xml: &str, name: &str) -> String {
    let rest = xml
        .split_once(&format!("<{name}>"))
        .expect("the element is there")
        .1;
    rest.split_once('<').expect("it ends").0.to_owned()
}

fn text(document: &Value, member: &str) -> String {
    document[member].as_str().expect("the member is there").to_owned()
}

#[tokio::test]
async fn access_keys_follow_one_another_and_never_are_more_than_two() {
    let world = World::start().await;
    let by_hand = world.create_key();
    let secret = world.secret(&by_hand).await;
    let mut ids = vec![by_hand.0];
    for _ in 0..3 {
        world.moto.forget_calls();
        secret.rotate().await.expect("the rotation succeeds");
        let calls = world.moto.calls();
        let document = secret.document().await;
        assert_eq!(text(&document, "region"), "eu-central-1");
        ids.push(text(&document, "accessKeyId"));
        let last_two: Vec<_> = ids
            .iter()
            .rev()
            .take(2)
            .rev()
            .map(|id| (id.clone(), true))
            .collect();
        let mut live = world.key_ids();
        live.sort_by_key(|(id, _)| ids.iter().position(|known| known == id));
        assert_eq!(live, last_two, "the current key and the displaced one");
        if ids.len() > 2 {
            let at = |operation: &str| calls.iter().position(|call| call == operation);
            let order = [
                at("UpdateAccessKey"),
                at("DeleteAccessKey"),
                at("CreateAccessKey"),
            ];
            assert!(
                order.iter().all(Option::is_some) && order.is_sorted(),
                "{calls:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_access_key_that_a_crash_lost_is_found_and_removed() {
    let world = World::start().await;
    let by_hand = world.create_key();
    let secret = world.secret(&by_hand).await;
    let token = secret.stage();
    kill_at_the_store(&world.keys, Effect::KillBefore);
    dies_in_create(&secret, &token).await;
    let orphan = world.key_ids().into_iter().find(|(id, _)| *id != by_hand.0);
    let (orphan, _) = orphan.expect("one key, whose value nobody has");

    secret
        .step(&token, Step::Create)
        .await
        .expect("the retry succeeds");
    assert!(!world.has(&orphan), "the orphan is gone");
    secret
        .steps(&token, &REST)
        .await
        .expect("and so do the other steps");
    let current = text(&secret.document().await, "accessKeyId");
    assert_eq!(world.key_ids().len(), 2);
    assert!(
        world.has(&current) && world.has(&by_hand.0),
        "nothing else was touched"
    );
}

/// IAM may send fewer keys in an answer than there are, and even none, and then says so.
#[tokio::test]
async fn keys_that_iam_lists_in_a_further_answer_are_found() {
    let world = World::start().await;
    let by_hand = world.create_key();
    let secret = world.secret(&by_hand).await;
    let truncated = "<ListAccessKeysResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListAccessKeysResult>\
                     <AccessKeyMetadata/><IsTruncated>true</IsTruncated><Marker>EXAMPLE/marker==</Marker>\
                     </ListAccessKeysResult></ListAccessKeysResponse>";
    for _ in 0..2 {
        let token = secret.stage();
        for step in [Step::Create, Step::Set] {
            world
                .moto
                .inject(&json!({"action": "ListAccessKeys", "times": 1, "body": truncated}));
            let outcome = secret.step(&token, step).await;
            outcome.expect("the further answer has the keys");
        }
        let rest = secret.steps(&token, &[Step::Test, Step::Finish]).await;
        rest.expect("the other steps ask for no list");
    }
    assert!(!world.has(&by_hand.0), "the displaced key was found, and deleted");
    assert_eq!(world.key_ids().len(), 2);
}

#[tokio::test]
async fn a_second_key_that_is_not_known_is_not_deleted() {
    let world = World::start().await;
    let (by_hand, somebodys) = (world.create_key(), world.create_key());
    let secret = world.secret(&by_hand).await;
    let token = secret.stage();
    let words = ["2 keys", "accessKeyId"];
    refuses(
        &world.keys,
        &secret,
        (&token, Step::Create),
        "KeyLimitReached",
        &words,
    )
    .await;
    assert!(world.has(&somebodys.0) && world.has(&by_hand.0));
    assert!(world.key_ids().iter().all(|(_, active)| *active));
}

#[tokio::test]
async fn nobody_reads_along_while_an_access_key_is_rotated() {
    let world = World::start().await;
    let by_hand = world.create_key();
    let secret = world.secret(&by_hand).await;
    let mut canaries = Canaries::default().and("first key", &by_hand.1);
    for _ in 0..2 {
        secret.rotate().await.expect("the rotation succeeds");
        canaries = canaries.and("new key", &text(&secret.document().await, "secretAccessKey"));
    }
    assert_silence(&world.keys, &secret, &canaries);
    assert!(!world.keys.aws.logs(FUNCTION).is_empty());
}

/// `GetCallerIdentity` refuses the next key, as AWS does one that was deleted.
fn refuse_a_key(world: &World) {
    world.moto.inject(
        &json!({"action": "GetCallerIdentity", "code": "InvalidClientTokenId", "times": 1, "status": 403}),
    );
}

/// Somebody deleted the current key. The displaced one, which still works, shows whose it was.
#[tokio::test]
async fn a_deleted_access_key_is_replaced_if_an_older_one_shows_whose_it_was() {
    let world = World::start().await;
    let secret = world.secret(&world.create_key()).await;
    let token = secret.stage();
    refuse_a_key(&world);
    let words = [
        "user",
        "neither the current key nor an older one works",
        "aws-iam.user=",
    ];
    refuses(
        &world.keys,
        &secret,
        (&token, Step::Create),
        "KeyUnproven",
        &words,
    )
    .await;
    assert_eq!(world.key_ids().len(), 1);
    secret
        .steps(&token, &Step::ALL)
        .await
        .expect("it works after all");
    let current = text(&secret.document().await, "accessKeyId");
    world.moto.iam(
        "DeleteAccessKey",
        &[("UserName", USER), ("AccessKeyId", &current)],
    );
    let token = secret.stage();
    for steps in [&Step::ALL[..1], &Step::ALL[1..]] {
        // createSecret asks, and setSecret asks again.
        refuse_a_key(&world);
        secret.steps(&token, steps).await.expect("the older key shows it");
    }
    let now = text(&secret.document().await, "accessKeyId");
    assert!(now != current && world.has(&now));
}
