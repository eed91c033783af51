//! Unleash, end to end: its tokens are rotated, and so is the password of its database.

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::{FUNCTION, Keys, Secret, function};
use keywheel_tests::net::Https;
use keywheel_tests::peers::Unleash;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use secrets_manager_local::Effect;
use serde_json::json;
use staging_labels::{Label, Step};

use super::{REST, assert_silence, dies_in_create, kill_at_the_store, refuses};

/// A Secrets Manager with the function, for `unleash`.
async fn keys_of(unleash: &Unleash) -> Keys {
    let keys = Keys::start().await;
    let admin = keys.admin("unleash/admin", unleash.admin_token()).await;
    let told = Unleash::settings(&unleash.url(), &admin);
    keys.host(&told.each_ref().map(|(name, value)| (*name, value.as_str())));
    keys
}

/// The tokens that were made for `secret`, by the name that every token of one rotation begins with.
fn made_for(unleash: &Unleash, name: &str) -> Vec<String> {
    let tokens = unleash.tokens().into_iter();
    let made = tokens.filter(|token| token.name.contains("keywheel-") && token.name.contains(name));
    made.map(|token| token.secret).collect()
}

#[tokio::test]
async fn a_token_is_replaced_and_the_displaced_one_is_revoked_a_rotation_later() {
    let unleash = Unleash::shared().await;
    let keys = keys_of(unleash).await;
    let by_hand = unleash.create_token("flags-by-hand");
    let secret = keys.secret("flags-in-turn", &by_hand.secret, &[]).await;
    let mut displaced = by_hand.secret;
    for _ in 0..3 {
        let before = secret.current().await;
        secret.rotate().await.expect("the rotation succeeds");
        let current = secret.current().await;
        assert_ne!(current, before);
        assert!(unleash.serves(&current), "AWSCURRENT works");
        assert!(
            unleash.has(&before),
            "applications have an interval to read the new one"
        );
        assert!(made_for(unleash, "flags-in-turn").len() <= 2, "at most two live");
        if displaced != before {
            // Unleash may still serve it from memory, for up to a minute: that is no error of the rotation's.
            assert!(!unleash.has(&displaced), "the one before is revoked");
        }
        displaced = before;
    }
}

#[tokio::test]
async fn a_token_that_a_crash_lost_is_found_by_its_name_and_removed() {
    let unleash = Unleash::shared().await;
    let keys = keys_of(unleash).await;
    let by_hand = unleash.create_token("flags-lost-by-hand");
    let secret = keys.secret("flags-lost", &by_hand.secret, &[]).await;
    let token = secret.stage();
    kill_at_the_store(&keys, Effect::KillBefore);
    dies_in_create(&secret, &token).await;
    let orphans = made_for(unleash, "flags-lost");
    assert_eq!(orphans.len(), 1, "one token, whose value nobody has");

    secret
        .step(&token, Step::Create)
        .await
        .expect("the retry succeeds");
    assert!(!unleash.has(&orphans[0]), "the orphan is gone");
    secret
        .steps(&token, &REST)
        .await
        .expect("and so do the other steps");
    let current = secret.current().await;
    assert_eq!(made_for(unleash, "flags-lost"), [current.as_str()]);
    assert!(unleash.serves(&current) && unleash.has(&by_hand.secret));
}

#[tokio::test]
async fn a_token_that_was_stored_before_the_crash_is_kept() {
    let unleash = Unleash::shared().await;
    let keys = keys_of(unleash).await;
    let by_hand = unleash.create_token("flags-kept-by-hand");
    let secret = keys.secret("flags-kept", &by_hand.secret, &[]).await;
    let token = secret.stage();
    kill_at_the_store(&keys, Effect::KillAfter);
    dies_in_create(&secret, &token).await;
    let stored = secret.text(&Label::Pending).await.expect("it was stored");
    for _ in 0..2 {
        secret
            .step(&token, Step::Create)
            .await
            .expect("the retry succeeds");
        assert_eq!(secret.text(&Label::Pending).await.as_deref(), Some(&*stored));
        assert_eq!(made_for(unleash, "flags-kept"), [stored.as_str()]);
    }
    secret
        .steps(&token, &REST)
        .await
        .expect("and so do the other steps");
    assert_eq!(secret.current().await, stored);
}

#[tokio::test]
async fn a_rotation_that_was_abandoned_leaves_nothing_alive_after_the_next() {
    let unleash = Unleash::shared().await;
    let keys = keys_of(unleash).await;
    let by_hand = unleash.create_token("flags-abandoned-by-hand");
    let secret = keys.secret("flags-abandoned", &by_hand.secret, &[]).await;
    let token = secret.stage();
    secret
        .steps(&token, &[Step::Create, Step::Set])
        .await
        .expect("both go through");
    let abandoned = secret.text(&Label::Pending).await.expect("it was stored");
    let call = keys.client.update_secret_version_stage().secret_id(secret.arn());
    let call = call
        .version_stage(Label::Pending.as_str())
        .remove_from_version_id(&token);
    call.send().await.expect("the label is removed");

    secret.rotate().await.expect("the next rotation succeeds");
    secret.rotate().await.expect("and the one after");
    assert!(!unleash.has(&abandoned), "nobody uses it");
    assert!(
        made_for(unleash, "flags-abandoned").len() <= 2,
        "at most two live"
    );
    assert!(unleash.serves(&secret.current().await));
}

#[tokio::test]
async fn a_token_that_stands_in_a_document_leaves_the_rest_to_the_byte() {
    let unleash = Unleash::shared().await;
    let keys = keys_of(unleash).await;
    let by_hand = unleash.create_token("flags-document-by-hand");
    let document = |token: &str| {
        format!(
            "{{ \"url\":\"{}\",\n  \"flags\" : \"{token}\", \"n\": 1.50 }}",
            unleash.url()
        )
    };
    let tags = [("keywheel:key", "flags")];
    let secret = keys
        .secret("flags-document", &document(&by_hand.secret), &tags)
        .await;
    for _ in 0..2 {
        secret.rotate().await.expect("the rotation succeeds");
        let current = secret.document().await["flags"]
            .as_str()
            .expect("the token is there")
            .to_owned();
        assert!(unleash.serves(&current) && current != by_hand.secret);
        assert_eq!(secret.current().await, document(&current));
    }
    assert!(!unleash.has(&by_hand.secret));
}

#[tokio::test]
async fn an_admin_token_that_is_refused_is_named_and_nothing_is_lost() {
    let unleash = Unleash::shared().await;
    let keys = Keys::start().await;
    let wrong = Unleash::new_admin_token();
    let admin = keys.admin("unleash/admin", &wrong).await;
    let told = Unleash::settings(&unleash.url(), &admin);
    keys.host(&told.each_ref().map(|(name, value)| (*name, value.as_str())));
    let by_hand = unleash.create_token("flags-refused");
    let secret = keys.secret("flags-refused", &by_hand.secret, &[]).await;
    let token = secret.stage();
    refuses(
        &keys,
        &secret,
        (&token, Step::Create),
        "ProviderCredentialRefused",
        &["401", "unleash"],
    )
    .await;
    assert!(unleash.serves(&by_hand.secret));
    let canaries = Canaries::default()
        .and("admin token", Unleash::telling(&wrong))
        .and("token", Unleash::telling(&by_hand.secret));
    assert_silence(&keys, &secret, &canaries);
}

#[tokio::test]
async fn nobody_reads_along_while_tokens_are_rotated() {
    let unleash = Unleash::shared().await;
    let keys = keys_of(unleash).await;
    let by_hand = unleash.create_token("flags-silent-by-hand");
    let secret = keys.secret("flags-silent", &by_hand.secret, &[]).await;
    let mut canaries = Canaries::default()
        .and("admin token", Unleash::telling(unleash.admin_token()))
        .and("first token", Unleash::telling(&by_hand.secret));
    for _ in 0..2 {
        secret.rotate().await.expect("the rotation succeeds");
        canaries = canaries.and("new token", Unleash::telling(&secret.current().await));
    }
    assert_silence(&keys, &secret, &canaries);
}

/// One Unleash, its token and its database's password, rotated by two functions in one Secrets Manager.
#[tokio::test]
async fn the_password_of_unleashs_database_and_its_token_are_rotated_in_one_run() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let world = Setup::on(Server::Main).start_with(database).await;
    let admin_token = Unleash::new_admin_token();
    let first =
        Unleash::start(&world.database, world.database.password(), &admin_token).expect("Unleash starts");
    let by_hand = first.create_token("flags-both");
    let admin = world.other_secret("unleash-admin", &admin_token).await;
    let flags = world.other_secret("flags", &by_hand.secret).await;
    let secret = Secret::of(&world.aws, &world.client, flags);

    rotate_token(&world, &first, &admin, &secret).await;
    let current = secret.current().await;
    world.rotate().await.expect("the database's password is rotated");
    assert!(!world.database.accepts(world.database.password()).await);
    drop(first);
    let refused = Unleash::start(&world.database, world.database.password(), &admin_token);
    assert!(
        refused
            .expect_err("the old password is refused")
            .to_string()
            .contains("28P01")
    );

    let password = world.password(&Label::Current).await;
    let second = Unleash::start(&world.database, &password, &admin_token).expect("the new one starts it");
    assert!(second.serves(&current), "the token is in the database");
    rotate_token(&world, &second, &admin, &secret).await;
    assert!(second.serves(&secret.current().await) && second.has(&current));
    assert!(!second.has(&by_hand.secret), "the displaced token is revoked");
    let canaries = Canaries::default()
        .and("password", &password)
        .and("admin token", Unleash::telling(&admin_token))
        .and("token", Unleash::telling(&secret.current().await));
    canaries.absent_from(
        "both functions' output",
        &(world.log() + &world.aws.logs(FUNCTION).join("\n")),
    );
}

async fn rotate_token(world: &World, unleash: &Unleash, admin: &str, secret: &Secret<'_>) {
    let told = Unleash::settings(&unleash.url(), admin);
    let environment = told.each_ref().map(|(name, value)| (*name, value.as_str()));
    world.aws.add_function(function(&environment));
    secret.rotate().await.expect("the token is rotated");
}

#[tokio::test]
async fn while_unleash_is_down_nothing_is_lost_and_when_it_is_back_the_rotation_goes_on() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let admin_token = Unleash::new_admin_token();
    let start = || Unleash::start(&database, database.password(), &admin_token).expect("Unleash starts");
    let first = start();
    let keys = keys_of(&first).await;
    let by_hand = first.create_token("flags-down");
    let secret = keys.secret("flags-down", &by_hand.secret, &[]).await;
    drop(first);
    let token = secret.stage();
    refuses(
        &keys,
        &secret,
        (&token, Step::Create),
        "ProviderUnreachable",
        &["127.0.0.1"],
    )
    .await;

    let second = start();
    let admin = keys.admin("unleash/admin-2", &admin_token).await;
    let told = Unleash::settings(&second.url(), &admin);
    keys.host(&told.each_ref().map(|(name, value)| (*name, value.as_str())));
    secret
        .steps(&token, &[Step::Create, Step::Set, Step::Test, Step::Finish])
        .await
        .expect("it goes on");
    assert!(second.serves(&secret.current().await));
}

#[tokio::test]
async fn over_tls_only_an_authority_that_the_function_is_told_of_is_trusted() {
    let unleash = Unleash::shared().await;
    let https = Https::start(unleash.port()).expect("there is a port for it");
    let keys = Keys::start().await;
    let admin = keys.admin("unleash/admin", unleash.admin_token()).await;
    let settings = Unleash::settings(&https.url(), &admin);
    let mut settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    keys.host(&settings);
    let by_hand = unleash.create_token("flags-tls-by-hand");
    let secret = keys.secret("flags-tls", &by_hand.secret, &[]).await;
    let token = secret.stage();
    let words = ["unleash", "localhost", "PROVIDER_CA_BUNDLE"];
    refuses(
        &keys,
        &secret,
        (&token, Step::Create),
        "ProviderTlsFailed",
        &words,
    )
    .await;
    assert_eq!(made_for(unleash, "flags-tls"), [""; 0]);

    settings.push(("PROVIDER_CA_BUNDLE", https.authority()));
    keys.host(&settings);
    secret
        .step(&token, Step::Create)
        .await
        .expect("the authority is trusted");
    secret
        .steps(&token, &REST)
        .await
        .expect("and so it is by the other steps");
    let current = secret.current().await;
    assert_eq!(made_for(unleash, "flags-tls"), [current.as_str()]);
    assert!(unleash.serves(&current));
}

#[tokio::test]
async fn a_trial_uses_the_token_and_changes_nothing() {
    let unleash = Unleash::shared().await;
    let keys = keys_of(unleash).await;
    let by_hand = unleash.create_token("flags-trial");
    for (value, works) in [
        (by_hand.secret.as_str(), true),
        ("default:development.nobody", false),
    ] {
        let name = format!("flags-trial-{works}");
        let secret = keys.secret(&name, value, &[]).await;
        let token = secret.stage();
        let call = keys
            .client
            .put_secret_value()
            .secret_id(secret.arn())
            .client_request_token(&token);
        let call = call.version_stages(Label::Pending.as_str()).secret_string(value);
        call.send().await.expect("Secrets Manager copies the value");
        if works {
            secret.step(&token, Step::Test).await.expect("the token works");
        } else {
            refuses(&keys, &secret, (&token, Step::Test), "KeyRefused", &["401"]).await;
        }
        assert_eq!(made_for(unleash, &name), [""; 0]);
    }
    assert_eq!(json!(unleash.has(&by_hand.secret)), json!(true));
}
