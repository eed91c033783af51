//! What the version that this rotation makes has already.

use std::time::Duration;

use rotation::Cause;
use rotation::secrets::KeyDocument;
use tokio::time::sleep;

use super::Client;
use crate::clock;

/// How long what another createSecret stored may stay unseen (fact 10 of Secrets Manager: reads may be a moment behind).
const UNSEEN: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

impl Client<'_> {
    /// The value that this version has already, if it has one.
    ///
    /// # Errors
    /// Secrets Manager's, or the document's.
    pub(crate) async fn stored(&self) -> Result<Option<KeyDocument>, Cause> {
        let text = self.context.version(self.context.token()).await?;
        Ok(text.map(|text| KeyDocument::parse(&text)).transpose()?)
    }

    /// The same, for one that a concurrent invocation may be about to store, or has stored a moment ago.
    ///
    /// # Errors
    /// Secrets Manager's, or the document's.
    pub(crate) async fn stored_by_now(&self) -> Result<Option<KeyDocument>, Cause> {
        for pause in UNSEEN {
            sleep(pause).await;
            if let Some(stored) = self.stored().await? {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    /// Whether the pending version was made longer than `age` ago. If nobody knows, it is young.
    ///
    /// # Errors
    /// Secrets Manager's.
    pub(crate) async fn is_pending_older_than(&self, age: Duration) -> Result<bool, Cause> {
        let made = self.context.pending_made().await?;
        let passed = made.and_then(|made| clock::now().duration_since(made).ok());
        Ok(passed.is_some_and(|passed| passed >= age))
    }
}
