//! Finding a secret by name, full ARN or partial ARN.

use super::State;
use super::error::ApiError;
use super::secret::Secret;

/// Length of `-AbCdEf`, what AWS appends to the name in an ARN.
const SUFFIX: usize = 7;

impl State {
    /// The ARN of the secret that `id` names: its name, its ARN, or its ARN without the last hyphen and six characters.
    pub fn resolve(&self, id: &str) -> Result<&str, ApiError> {
        self.find(id).map(|secret| secret.arn.as_str())
    }

    /// The secret that `id` names.
    pub fn find(&self, id: &str) -> Result<&Secret, ApiError> {
        let found = if id.starts_with("arn:") {
            self.secrets.get(id).or_else(|| self.by_partial_arn(id))
        } else {
            self.secrets.values().find(|secret| secret.name == id)
        };
        found.ok_or_else(ApiError::no_secret)
    }

    fn by_partial_arn(&self, partial: &str) -> Option<&Secret> {
        self.secrets.values().find(|secret| {
            let stem = secret
                .arn
                .len()
                .checked_sub(SUFFIX)
                .and_then(|end| secret.arn.get(..end));
            stem == Some(partial)
        })
    }
}
