//! An API key of a real server, and an application that is never refused.

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::{FUNCTION, Keys, Secret};
use keywheel_tests::peers::{Token, Unleash};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use serde_json::Value;
use staging_labels::Label;

use crate::client::Client;
use crate::screen::{self, claim, heading, say};

/// Rotations in a row: the first key becomes the previous one in the first, and is revoked by the second.
const ROTATIONS: usize = 3;
/// The token that a person made, before there was a rotation.
const BY_HAND: &str = "made-by-hand";

/// Rotates a token of Unleash while an application uses it; whether everything held. `number` is the part's in the story.
pub(crate) async fn tell(number: usize) -> bool {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    heading(&format!("{number}. An API key: {FUNCTION}"));
    say(
        "Unleash, a real server that issues keys, starts now. This takes some seconds. An application asks for its \
         feature flags with a token that is up to one rotation old.",
    );
    let started = Unleash::start(&database, database.password(), &Unleash::new_admin_token());
    let unleash = match started {
        Ok(unleash) => unleash,
        Err(error) => {
            say(&error.to_string());
            return false;
        }
    };
    let keys = keys_of(&unleash).await;
    screen::page(&keys.aws.url());
    let document = serde_json::json!({"token": unleash.create_token(BY_HAND).secret, "url": unleash.url()});
    let tags = [("keywheel:key", "token")];
    let secret = keys.secret("demo-flags", &document.to_string(), &tags).await;
    anstream::println!("      {}", hidden(&secret).await);
    screen::keys(&labelled(&unleash, &secret).await);

    let Some(revoked) = rotate(&unleash, &keys, &secret).await else {
        return false;
    };
    let held = [
        all_honoured(&database, &unleash, &revoked),
        silent(&unleash, &keys, &revoked),
    ];
    held.into_iter().all(|held| held)
}

/// A Secrets Manager with the function, which is told of Unleash.
async fn keys_of(unleash: &Unleash) -> Keys {
    let keys = Keys::start().await;
    let admin = keys.admin("demo-unleash-admin", unleash.admin_token()).await;
    let settings = Unleash::settings(&unleash.url(), &admin);
    keys.host(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    keys
}

/// The rotations, while the application goes on; the tokens that they revoked, or nothing if a claim did not hold.
async fn rotate(unleash: &Unleash, keys: &Keys, secret: &Secret<'_>) -> Option<Vec<Token>> {
    let application = application(unleash, secret).await;
    let mut ever = unleash_tokens(unleash);
    let mut two = true;
    for rotation in 1..=ROTATIONS {
        say(&format!("rotation {rotation}"));
        let outcome = secret.rotate().await;
        if let (1, Some(run)) = (rotation, keys.aws.rotations(secret.arn()).last()) {
            screen::steps(run);
        }
        if let Err(error) = outcome {
            say(&error.to_string());
            return None;
        }
        let now = labelled(unleash, secret).await;
        screen::keys(&now);
        two &= carries(&now, &Label::Current) && carries(&now, &Label::Previous) && now.len() == 2;
        ever.extend(unleash_tokens(unleash));
        // What the application had is one rotation old now. It works, and only then the application reads the secret again.
        application.goes_on().await;
        application.reads(token(secret, &Label::Current).await).await;
    }
    let (requests, failed) = application.stop().await;
    let live = unleash_tokens(unleash);
    let revoked: Vec<_> = ever.into_iter().filter(|token| !live.contains(token)).collect();
    heading("   Checked by requests, and by what Unleash lists");
    let held = [
        claim(
            &format!("{requests} requests of the application during {ROTATIONS} rotations, {failed} failed"),
            requests > 0 && failed == 0,
        ),
        claim(
            "after each rotation there were two tokens: the new one, and the one before it",
            two,
        ),
    ];
    held.into_iter().all(|held| held).then_some(revoked)
}

/// A second Unleash on the same database knows what is there, and has nothing in its memory.
fn all_honoured(database: &TestDatabase<'_>, unleash: &Unleash, revoked: &[Token]) -> bool {
    let live = unleash_tokens(unleash);
    let second = match Unleash::start(database, database.password(), unleash.admin_token()) {
        Ok(second) => second,
        Err(error) => {
            say(&error.to_string());
            return false;
        }
    };
    let by_hand = revoked.iter().any(|token| token.name == BY_HAND);
    claim(
        "the one before those was revoked: a second Unleash, with an empty cache, takes the two and refuses the others",
        by_hand
            && live.iter().all(|token| second.serves(&token.secret))
            && !revoked.iter().any(|token| second.serves(&token.secret)),
    )
}

/// No log has a token, or the admin's.
fn silent(unleash: &Unleash, keys: &Keys, revoked: &[Token]) -> bool {
    let canaries = unleash_tokens(unleash).iter().chain(revoked).fold(
        Canaries::default().and("admin token", Unleash::telling(unleash.admin_token())),
        |canaries, token| canaries.and("token", Unleash::telling(&token.secret)),
    );
    claim(
        "the function's log, at its most verbose, holds no token, and not the admin's either",
        canaries.found_in(&keys.log()).is_empty(),
    )
}

/// The application, with what the secret says now.
async fn application(unleash: &Unleash, secret: &Secret<'_>) -> Client<String> {
    let url = unleash.url();
    Client::start(token(secret, &Label::Current).await, move |token| {
        let url = url.clone();
        let asked = tokio::task::spawn_blocking(move || Unleash::flags(&url, &token));
        async {
            match asked.await.map_err(std::io::Error::other).flatten() {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(format!("Unleash answered {}", answer.status)),
                Err(error) => Err(format!("Unleash did not answer: {error}")),
            }
        }
    })
}

/// The tokens of applications: all but the admin's.
fn unleash_tokens(unleash: &Unleash) -> Vec<Token> {
    let mut tokens = unleash.tokens();
    tokens.retain(|token| token.secret != unleash.admin_token());
    tokens
}

/// The names of the tokens that Unleash has, with the labels of the version that each stands in.
async fn labelled(unleash: &Unleash, secret: &Secret<'_>) -> Vec<(String, Vec<Label>)> {
    let mut found = Vec::new();
    for has in unleash_tokens(unleash) {
        let mut labels = Vec::new();
        for label in [Label::Current, Label::Previous] {
            if secret.text(&label).await.is_some() && token(secret, &label).await == has.secret {
                labels.push(label);
            }
        }
        found.push((has.name, labels));
    }
    found
}

fn carries(tokens: &[(String, Vec<Label>)], label: &Label) -> bool {
    tokens.iter().any(|(_, labels)| labels.contains(label))
}

/// The token in the version that carries `label`.
async fn token(secret: &Secret<'_>, label: &Label) -> String {
    let text = secret.text(label).await.unwrap_or_default();
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    document["token"].as_str().unwrap_or_default().to_owned()
}

/// The document with its token covered.
async fn hidden(secret: &Secret<'_>) -> String {
    let token = token(secret, &Label::Current).await;
    secret.current().await.replace(&token, "(hidden)")
}
