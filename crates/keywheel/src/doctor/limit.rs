//! How long a question may take.

use std::time::Duration;

use crate::diagnosis::{Answer, Unasked};

/// A question that takes too long has no answer.
pub(super) async fn within<T>(limit: Duration, answer: impl Future<Output = Answer<T>>) -> Answer<T> {
    let late = || Answer::NotAsked(Unasked::Failed(format!("none within {} s", limit.as_secs())));
    tokio::time::timeout(limit, answer)
        .await
        .unwrap_or_else(|_| late())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_that_takes_too_long_has_no_answer() {
        let never = std::future::pending::<Answer<()>>();
        let answer = within(Duration::ZERO, never).await;
        assert_eq!(
            answer,
            Answer::NotAsked(Unasked::Failed("none within 0 s".to_owned()))
        );
        assert_eq!(
            within(Duration::from_secs(2), std::future::ready(Answer::Said(1))).await,
            Answer::Said(1)
        );
    }
}
