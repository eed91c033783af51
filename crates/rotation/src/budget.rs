//! What is tried again within the time that a step has.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use outbound::{Budget, TimedOut};

use crate::fault::{Advice, Cause, Fault, Kind, Prospect};

/// First pause before something is tried again; each further one is twice as long, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Pauses in all: about 9 s, if the budget allows.
const PAUSES: usize = 8;
/// Pause before something that is waking up is asked again.
const WAKING: Duration = Duration::from_secs(1);
/// Pauses before a read is believed: about a second in all.
const STALE_PAUSES: usize = 3;

/// Runs `attempt` again while its cause is [`Prospect::Transient`] or [`Prospect::Resuming`]: until it succeeds, fails
/// for good, or the next pause would not fit into half of what is left. What is transient is tried a limited number of
/// times, what is resuming is not.
///
/// # Errors
/// The last attempt's cause.
pub async fn retry<T>(budget: Budget, attempt: impl AsyncFnMut() -> Result<T, Cause>) -> Result<T, Cause> {
    again(budget, Prospect::Transient, PAUSES, attempt).await
}

/// The same for [`Prospect::Stale`], for about a second.
///
/// # Errors
/// The last attempt's cause.
pub(crate) async fn settle<T>(
    budget: Budget,
    attempt: impl AsyncFnMut() -> Result<T, Cause>,
) -> Result<T, Cause> {
    again(budget, Prospect::Stale, STALE_PAUSES, attempt).await
}

async fn again<T>(
    budget: Budget,
    prospect: Prospect,
    times: usize,
    mut attempt: impl AsyncFnMut() -> Result<T, Cause>,
) -> Result<T, Cause> {
    let mut pauses = ExponentialBuilder::new()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(times)
        .with_jitter()
        .build();
    loop {
        let cause = match attempt().await {
            Ok(value) => return Ok(value),
            Err(cause) => cause,
        };
        let pause = match cause.prospect() {
            Prospect::Resuming if prospect == Prospect::Transient => Some(WAKING),
            same if same == prospect => pauses.next(),
            _ => None,
        };
        match pause.filter(|&pause| pause < budget.remaining() / 2) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(cause),
        }
    }
}

/// The code of [`TimedOut`].
pub(crate) const TIMED_OUT: &str = "DeadlineExceeded";

impl Fault for TimedOut {
    fn code(&self) -> &'static str {
        TIMED_OUT
    }

    fn advice(&self) -> Advice<'_> {
        Advice::new(
            Kind::Network,
            "check the network path from the function (subnets, security groups, endpoints), or raise the function's time limit",
        )
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("busy")]
    struct Busy(Prospect);

    impl Fault for Busy {
        fn code(&self) -> &'static str {
            "Busy"
        }
        fn advice(&self) -> Advice<'_> {
            Advice::new(Kind::Server, "wait").with(self.0)
        }
    }

    async fn attempts_until(success: u32, prospect: Prospect, budget: Duration) -> (bool, u32) {
        let mut attempts = 0;
        let answer = retry(Budget::lasting(budget), async || {
            attempts += 1;
            if attempts >= success {
                Ok(())
            } else {
                Err(Cause::from(Busy(prospect)))
            }
        })
        .await;
        (answer.is_ok(), attempts)
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_by_itself_is_tried_again() {
        let outcome = attempts_until(4, Prospect::Transient, Duration::from_secs(30)).await;
        assert_eq!(outcome, (true, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn what_wakes_up_is_waited_for_as_long_as_there_is_time() {
        let outcome = attempts_until(40, Prospect::Resuming, Duration::from_secs(45)).await;
        assert_eq!(outcome, (true, 40));
        let start = Instant::now();
        let (succeeded, _) = attempts_until(u32::MAX, Prospect::Resuming, Duration::from_secs(30)).await;
        assert!(!succeeded && start.elapsed() < Duration::from_secs(30));
        assert!(start.elapsed() > Duration::from_secs(25));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_tried_once() {
        for prospect in [Prospect::Permanent, Prospect::Stale, Prospect::PoisonedPending] {
            assert_eq!(
                attempts_until(2, prospect, Duration::from_secs(30)).await,
                (false, 1)
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn retries_end_before_the_budget_does() {
        let start = Instant::now();
        let (succeeded, attempts) =
            attempts_until(u32::MAX, Prospect::Transient, Duration::from_secs(3)).await;
        assert!(!succeeded && attempts > 1);
        assert!(start.elapsed() < Duration::from_secs(3));
    }
}
