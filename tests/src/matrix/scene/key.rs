//! A key of a provider that is told when to fail.

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::keys::{FUNCTION, Keys, Secret, function_called};
use crate::matrix::cell::Subject;
use crate::scripted::{ADMIN, Issued, Kind, Provider};

use super::part::{CONCURRENT, QUIET};

/// The key that somebody made by hand.
const FIRST: &str = "first-key-made-by-hand-3c1f";
/// The check shows that an id is the key's own, and the previous key is revoked at the end.
const OVERLAP: &str = "[check.same]\nid = \"/id\"\n[retire]\nwhen = \"finish\"";

pub(super) struct Key {
    pub(super) keys: Keys,
    pub(super) provider: Provider,
    pub(super) arn: String,
    kind: Kind,
}

impl Key {
    pub(super) async fn start(subject: Subject) -> Self {
        let kind = match subject {
            Subject::Overlap => Kind::Overlap,
            Subject::InPlace => Kind::InPlace,
            Subject::Staged => Kind::Staged,
            _ => Kind::Chosen,
        };
        let keys = Keys::start().await;
        let provider = Provider::start(kind, FIRST).expect("a provider starts");
        let admin = keys.admin("scripted/admin", ADMIN).await;
        let secret = keys.secret("scripted/key", &value(kind, FIRST, "k0"), &[]).await;
        let arn = secret.arn().to_owned();
        let sections = if kind == Kind::Overlap { OVERLAP } else { "" };
        let description = kind.description("", sections);
        let (parameters, admins) = (
            format!("url={}", provider.url()),
            format!("scripted-admin={admin}"),
        );
        let mut environment = vec![
            ("PROVIDER", "scripted"),
            ("PROVIDER_DESCRIPTION", description.as_str()),
            ("PROVIDER_PARAMETERS", &parameters),
            ("ADMIN_SECRETS", &admins),
        ];
        environment.extend(QUIET);
        for name in [FUNCTION, CONCURRENT] {
            let function = function_called(name, &environment);
            keys.aws.add_function(function.timeout(Duration::from_secs(20)));
        }
        let key = Self {
            keys,
            provider,
            arn,
            kind,
        };
        // From then on there is a previous key, and a rotation has brought the current one.
        let secret = Secret::of(&key.keys.aws, &key.keys.client, key.arn.clone());
        secret.rotate().await.expect("the first rotation succeeds");
        key
    }

    /// Whether the key in this secret value works.
    pub(super) fn accepts(&self, text: &str) -> bool {
        let document: Option<Value> = serde_json::from_str(text).ok();
        let key = document.as_ref().and_then(|document| document["apiKey"].as_str());
        self.provider.accepts(key.unwrap_or(text))
    }

    /// Makes a key by hand; answers with the value to store.
    pub(super) fn make_by_hand(&self) -> String {
        let id = Uuid::new_v4().simple().to_string();
        let key = format!("made-by-hand-{id}");
        self.provider.state(|state| {
            if self.kind != Kind::Overlap {
                state.live.clear();
            }
            state.live.push(Issued {
                id: id.clone(),
                name: "made by hand".to_owned(),
                value: key.clone(),
                made: 0,
            });
        });
        value(self.kind, &key, &id)
    }
}

fn value(kind: Kind, key: &str, id: &str) -> String {
    if kind == Kind::Overlap {
        format!("{{\"apiKey\": \"{key}\", \"apiKeyId\": \"{id}\", \"keywheel\": {{\"id\": \"apiKeyId\"}}}}")
    } else {
        key.to_owned()
    }
}
