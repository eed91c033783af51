//! The shipped descriptions: each goes through rotations against a server that answers as the provider's documentation
//! shows, and that knows no other request.

use std::fs;

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::{Keys, Secret};
use keywheel_tests::recorded::{Places, Played, Recording};
use secrets_manager_local::Effect;
use serde_json::Value;
use staging_labels::Step;

use super::{REST, assert_silence, dies_in_create, kill_at_the_store, shipped_at};

/// A provider that is played, and a secret of it.
struct Stage {
    keys: Keys,
    played: Played,
    recording: Recording,
}

fn recording(name: &str, base: &str) -> Recording {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/data/providers");
    let text = fs::read_to_string(format!("{directory}/{name}.json"));
    let text = text.unwrap_or_else(|error| panic!("{name} has no recording: {error}"));
    Recording::parse(&text, base).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// As a secret has it: a text as it is, all else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Stage {
    async fn of(name: &str) -> Self {
        let played = Played::start().await;
        let recording = recording(name, played.base());
        let description = shipped_at(name, played.base());
        played.play(&recording, places(&description));
        let keys = Keys::start().await;
        let parameters: Vec<_> = recording
            .parameters
            .iter()
            .map(|(parameter, value)| format!("{parameter}={value}"))
            .collect();
        let admins = match (&recording.admin, admin_of(&description)) {
            (Some(admin), Some(called)) => {
                format!("{called}={}", keys.admin("admin", &text(admin)).await)
            }
            _ => String::new(),
        };
        keys.host(&[
            ("PROVIDER", name),
            ("PROVIDER_DESCRIPTION", &description),
            ("PROVIDER_PARAMETERS", &parameters.join("\n")),
            ("ADMIN_SECRETS", &admins),
        ]);
        Self {
            keys,
            played,
            recording,
        }
    }

    /// Fails unless the secret is what the recording says that it is after its n-th rotation.
    async fn check(&self, secret: &Secret<'_>, rotation: usize) {
        let expected = self.played.filled(&self.recording.rotated[rotation]);
        assert_eq!(
            secret.current().await,
            text(&expected),
            "{:#?}",
            self.played.unexpected()
        );
    }

    /// The texts of all that is secret in `value`.
    fn secrets(value: &Value, found: &mut Vec<String>) {
        match value {
            // What stands before a dot or a colon tells who issued it, not what it is.
            Value::String(text) => {
                let telling = text.rsplit(['.', ':']).next().unwrap_or_default();
                if telling.len() >= 12 && !text.contains("://") {
                    found.push(telling.to_owned());
                }
            }
            Value::Object(members) => {
                let telling = |name: &&String| {
                    let name = name.to_lowercase();
                    ["key", "secret", "token", "password"]
                        .iter()
                        .any(|part| name.ends_with(part))
                };
                for name in members.keys().filter(telling) {
                    Self::secrets(&members[name], found);
                }
            }
            _ => {}
        }
    }

    fn canaries(&self) -> Canaries {
        let mut found = Vec::new();
        for value in self
            .recording
            .admin
            .iter()
            .chain([&self.recording.secret])
            .chain(&self.recording.rotated)
        {
            Self::secrets(&self.played.filled(value), &mut found);
        }
        found.iter().fold(Canaries::default(), |canaries, secret| {
            canaries.and("secret", secret)
        })
    }
}

/// Where the answers have keys, by a description of class overlap.
fn places(description: &str) -> Option<Places> {
    let place = |section: &str, name: &str| {
        let (_, rest) = description.split_once(&format!("\n[{section}]\n"))?;
        let section = rest.split("\n[").next()?;
        let (_, rest) = section.split_once(&format!("{name} = \""))?;
        rest.split_once('"').map(|(place, _)| place.to_owned())
    };
    Some(Places {
        value: place("create", "\nvalue")?,
        id: place("create", "\nid")?,
        keys: place("list", "\nkeys").unwrap_or_default(),
        listed_id: place("list", "\nid")?,
        listed_name: place("list", "\nname"),
        total: place("list", " total"),
    })
}

/// The name that a description has for its admin secret.
fn admin_of(description: &str) -> Option<String> {
    let line = description
        .lines()
        .find_map(|line| line.strip_prefix("admin = \""))?;
    line.split_once('"').map(|(name, _)| name.to_owned())
}

/// Two rotations: one that goes well, and one whose function is killed when it has a new key and has not stored it.
async fn goes_by_the_documentation(name: &str) {
    let stage = Stage::of(name).await;
    let secret = stage
        .keys
        .secret("recorded", &text(&stage.recording.secret), &[])
        .await;
    let first = secret.rotate().await;
    first.unwrap_or_else(|error| panic!("{error}: {:#?}", stage.played.unexpected()));
    stage.check(&secret, 0).await;

    let token = secret.stage();
    kill_at_the_store(&stage.keys, Effect::KillBefore);
    dies_in_create(&secret, &token).await;
    for step in [&[Step::Create][..], &REST].concat() {
        let outcome = secret.step(&token, step).await;
        outcome.unwrap_or_else(|error| panic!("{error}: {:#?}", stage.played.unexpected()));
    }
    stage.check(&secret, 1).await;
    assert_eq!(stage.played.unexpected(), [""; 0]);
    assert_eq!(stage.played.unasked(), [""; 0]);
    assert_silence(&stage.keys, &secret, &stage.canaries());
}

/// A test for each description that has calls, and a list of them.
macro_rules! goes_by_the_documentation {
    ($($test:ident: $name:literal,)*) => {
        const TESTED: &[&str] = &[$($name),*];
        $(
            #[tokio::test]
            async fn $test() {
                goes_by_the_documentation($name).await;
            }
        )*
    };
}

goes_by_the_documentation! {
    auth0_goes_by_its_documentation: "auth0",
    databricks_goes_by_its_documentation: "databricks-service-principal",
    datadog_application_keys_go_by_their_documentation: "datadog-application-key",
    elasticsearch_goes_by_its_documentation: "elasticsearch",
    entra_goes_by_its_documentation: "entra-application",
    gitlab_group_tokens_go_by_their_documentation: "gitlab-group-token",
    gitlab_project_tokens_go_by_their_documentation: "gitlab-project-token",
    openai_service_accounts_go_by_their_documentation: "openai-service-account",
    openrouter_goes_by_its_documentation: "openrouter",
    snowflake_goes_by_its_documentation: "snowflake-pat",
    cloudflare_goes_by_its_documentation: "cloudflare-token",
    confluent_goes_by_its_documentation: "confluent-cloud",
    datadog_goes_by_its_documentation: "datadog",
    gitlab_goes_by_its_documentation: "gitlab",
    grafana_goes_by_its_documentation: "grafana",
    atlas_goes_by_its_documentation: "mongodb-atlas",
    new_relic_goes_by_its_documentation: "new-relic",
    okta_goes_by_its_documentation: "okta",
    openai_goes_by_its_documentation: "openai-admin-key",
    sendgrid_goes_by_its_documentation: "sendgrid",
    twilio_goes_by_its_documentation: "twilio-api-key",
    unleash_goes_by_its_documentation: "unleash",
}

/// The names of the shipped descriptions.
fn shipped() -> Vec<String> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/rotate-api-key/providers");
    let files = fs::read_dir(directory).expect("descriptions are shipped");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    let mut names: Vec<_> = names
        .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[test]
fn every_shipped_description_with_calls_is_tested() {
    for name in shipped() {
        let text = shipped_at(&name, "http://127.0.0.1:1");
        let has_calls = !text.contains("class = \"none\"") && !text.contains("native = ");
        assert_eq!(TESTED.contains(&name.as_str()), has_calls, "{name}");
    }
}

#[test]
fn every_shipped_description_is_in_the_documentation() {
    let page = include_str!("../../../../docs/providers.md");
    for name in shipped() {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[tokio::test]
async fn a_provider_without_an_api_for_keys_is_refused_in_one_sentence() {
    for (name, words) in [
        ("anthropic", "does not make new ones"),
        ("github-pat", "use a GitHub App"),
        ("npm", "trusted publishing"),
    ] {
        let keys = Keys::start().await;
        keys.host(&[("PROVIDER", name)]);
        let secret = keys.secret(name, "a key that a person made", &[]).await;
        let token = secret.stage();
        super::refuses(
            &keys,
            &secret,
            (&token, Step::Create),
            "ProviderCannotRotate",
            &[words],
        )
        .await;
    }
}
