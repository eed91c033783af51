//! A secret as its consumer's documentation prints it, and what may change in it.

use serde::Deserialize;
use serde_json::Value;

/// The password in every form.
pub(super) const PASSWORD: &str = "secret-password";

/// A consumer's secret, with `{{host}}` and `{{port}}` where the server's go.
#[derive(Deserialize)]
pub(super) struct Form {
    pub(super) name: String,
    string: String,
}

impl Form {
    pub(super) fn named(name: &str) -> Self {
        let forms: Vec<Self> =
            serde_json::from_str(include_str!("../../data/forms.json")).expect("the forms are JSON");
        let form = forms.into_iter().find(|form| form.name == name);
        form.unwrap_or_else(|| panic!("no form is called {name}"))
    }

    /// The text with the server's place in it.
    pub(super) fn at(&self, port: u16) -> String {
        self.string
            .replace("{{host}}", "localhost")
            .replace("{{port}}", &port.to_string())
    }

    pub(super) fn has_host(&self) -> bool {
        self.string.contains("{{host}}")
    }

    /// The role.
    pub(super) fn user(&self) -> String {
        if let Ok(document) = serde_json::from_str::<Value>(&self.at(1)) {
            return document["username"].as_str().expect("a role").to_owned();
        }
        let userinfo = self
            .string
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once(':'));
        userinfo.expect("a URL names its role").0.to_owned()
    }
}

/// Fails unless `after` is `before` to the byte, but for a new password, and the name of one of `users` in the place of the first.
pub(super) fn assert_only_the_credential_changed(before: &str, after: &str, users: &[&str]) {
    let (head, tail) = before.split_once(PASSWORD).expect("the password is in it");
    let changed = users.iter().any(|user| {
        let part = |part: &str| part.replacen(users[0], user, 1);
        let inner = after
            .strip_prefix(part(head).as_str())
            .and_then(|rest| rest.strip_suffix(part(tail).as_str()));
        inner.is_some_and(|password| password.len() >= 32 && !password.contains(PASSWORD))
    });
    assert_eq!(
        before.matches(users[0]).count(),
        1,
        "the form names its user once"
    );
    assert!(changed, "more than the credential has changed in {before}");
}
