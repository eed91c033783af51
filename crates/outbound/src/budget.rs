//! The time that a step has, and a wait within it.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// The moment by which a step must have answered: Lambda's own limit less a reserve. Because of the reserve the function
/// itself reports what it was waiting for.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    end: Instant,
}

impl Budget {
    /// A budget of `time` from now on.
    pub fn lasting(time: Duration) -> Self {
        Self {
            end: Instant::now() + time,
        }
    }

    /// What is left; zero once it is used up.
    pub fn remaining(self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Waits for `work`, at most for `limit` and for what is left. `waiting_for` completes the sentence
    /// "no answer in 5 s while …".
    ///
    /// # Errors
    /// [`TimedOut`], which names the wait.
    pub fn wait<T>(
        self,
        waiting_for: impl Into<String>,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = Result<T, TimedOut>> {
        let limit = limit.min(self.remaining());
        let waiting_for = waiting_for.into();
        // A call of the SDK is 10 kB: boxed, or every caller's future carries it.
        let work = Box::pin(work);
        async move {
            tokio::time::timeout(limit, work)
                .await
                .map_err(|_| TimedOut { limit, waiting_for })
        }
    }
}

/// A wait that ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer in {:.1} s while {waiting_for}", limit.as_secs_f64())]
pub struct TimedOut {
    limit: Duration,
    waiting_for: String,
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_without_an_answer_says_what_it_waited_for() {
        let budget = Budget::lasting(Duration::from_mins(1));
        let error = budget
            .wait("connecting to db:5432", Duration::from_secs(5), pending::<()>())
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "no answer in 5.0 s while connecting to db:5432"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_the_budget_at_the_latest() {
        let budget = Budget::lasting(Duration::from_secs(2));
        let start = Instant::now();
        let error = budget
            .wait("reading", Duration::from_secs(5), pending::<()>())
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "no answer in 2.0 s while reading");
        assert_eq!(start.elapsed().as_secs(), 2);
        assert_eq!(budget.remaining(), Duration::ZERO);
    }

    #[tokio::test]
    async fn an_answer_in_time_is_passed_on() {
        let budget = Budget::lasting(Duration::from_mins(1));
        let answer = budget
            .wait("adding", Duration::from_secs(5), async { 1 + 1 })
            .await;
        assert_eq!(answer.unwrap(), 2);
    }
}
