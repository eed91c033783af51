//! What every refusal must be: an error of Keywheel's own that names secret, step, cause and remedy, gives nothing
//! away, and leaves everything as it was.

use secrets_manager_local::{CallRecord, FunctionError};
use serde_json::Value;
use staging_labels::{Label, Step};

use crate::world::World;

/// Whether `code` is one that the runbook has a page for.
pub fn is_code(code: &str) -> bool {
    let all = [
        &rotation::codes()[..],
        &rotation::secrets::codes(),
        &rotation::password::codes(),
        rotate_postgres::CODES,
        rotate_postgres::ALTERNATING_CODES,
        rotate_postgres::ADMIN_CODES,
        rotate_postgres::RDS_CODES,
        rotate_api_key::CODES,
    ];
    all.into_iter().flatten().any(|known| *known == code)
}

/// Checks that `error` has this code, names secret and step, says each of `words` in its cause or remedy, and has
/// both.
///
/// # Panics
/// If not.
pub fn check(error: &FunctionError, step: Step, secret: &str, code: &str, words: &[&str]) {
    let FunctionError {
        error_type,
        error_message,
    } = error;
    assert_eq!(error_type, code, "{step}: {error_message}");
    assert!(is_code(code), "{code} is no code");
    let rest = error_message.strip_prefix(&format!("{step} failed for {secret}: "));
    let rest = rest.unwrap_or_else(|| panic!("secret and step come first: {error_message}"));
    let (cause, remedy) = rest
        .split_once("; ")
        .unwrap_or_else(|| panic!("a remedy follows the cause: {rest}"));
    assert!(!cause.is_empty() && remedy.len() > 10, "{rest}");
    for word in words {
        assert!(rest.contains(word), "{step}: {word:?} is not in: {rest}");
    }
}

impl World {
    /// Delivers `step`, which must be refused with `code` and a message that has all of `words`, and must leave labels,
    /// database and values as they were. Answers with the message.
    ///
    /// # Panics
    /// If it is not refused like that.
    pub async fn refuses(&self, token: &str, step: Step, code: &str, words: &[&str]) -> String {
        let (before, written) = (self.snapshot().await, self.writes());
        let error = self
            .step(token, step)
            .await
            .expect_err(&format!("{step} is refused with {code}"));
        check(&error, step, &self.secret, code, words);
        self.check_silence(&error.error_message).await;
        assert_eq!(self.snapshot().await, before, "{step} {code} changes nothing");
        assert_eq!(self.writes(), written, "{step} {code} writes nothing");
        error.error_message
    }

    /// The same for each of `steps`, one after the other.
    ///
    /// # Panics
    /// If one is not refused like that.
    pub async fn refuses_each(&self, token: &str, steps: &[Step], code: &str, words: &[&str]) {
        for &step in steps {
            self.refuses(token, step, code, words).await;
        }
    }

    /// A token whose createSecret went through.
    ///
    /// # Panics
    /// If it did not.
    pub async fn proposed(&self) -> String {
        let token = self.stage();
        let created = self.step(&token, Step::Create).await;
        created.expect("createSecret goes through");
        token
    }

    /// Stores `text` by hand between two rotations. What the last one left of AWSPENDING is taken away first: on a
    /// version that is no longer current it would block the next (fact 3).
    pub async fn write_by_hand(&self, text: &str) {
        if let Some(version) = self.carrier(&Label::Pending).await {
            self.clean_up(&version).await;
        }
        self.put(text, &[Label::Current]).await;
    }

    /// How many writes the function made that Secrets Manager carried out.
    pub fn writes(&self) -> usize {
        let writes = |call: &&CallRecord| {
            call.function.is_some()
                && ["PutSecretValue", "UpdateSecretVersionStage"].contains(&call.operation.as_str())
                && call.outcome.as_deref() == Some("OK")
        };
        self.aws.calls().iter().filter(writes).count()
    }

    /// No password of this world stands in `text`.
    async fn check_silence(&self, text: &str) {
        let (_, admin) = self.database.cluster().superuser();
        let mut passwords = vec![self.database.password().to_owned(), admin.to_owned()];
        for label in [Label::Current, Label::Pending] {
            let value = self.text(&label).await.unwrap_or_default();
            let document: Value = serde_json::from_str(&value).unwrap_or_default();
            passwords.extend(document["password"].as_str().map(str::to_owned));
        }
        for password in passwords.iter().filter(|password| password.len() > 4) {
            assert!(!text.contains(password.as_str()), "a password is given away");
        }
    }
}
