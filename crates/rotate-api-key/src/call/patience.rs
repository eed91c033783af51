//! Sends requests with patience: throttling and passing failures are waited for inside the step's budget.

use std::time::Duration;

use rotation::retry;
use rotation::{Budget, Cause, Prospect};
use secrecy::SecretString;

use crate::call::answer::{Judge, Reply};
use crate::description::Call;
use crate::fault::ProviderFault;
use crate::http::{self, Answer, Outgoing};
use crate::notation::status::Statuses;
use crate::settings::roots::Roots;

/// Sends `request` until it is answered for good.
///
/// # Errors
/// What [`http::send`] and [`Judge::judge`] say.
pub(crate) async fn call(
    request: &Outgoing,
    call: &Call<'_>,
    (also, mints): (Option<&Statuses>, bool),
    secrets: &[SecretString],
    roots: &Roots,
    budget: Budget,
) -> Result<Reply, Cause> {
    let judge = Judge {
        name: &request.call,
        secrets,
        also,
        mints,
    };
    retry(budget, async || {
        let answer = http::send(request, || roots.client(), budget).await?;
        let pause = pause_asked_for(&answer);
        let reply = judge.judge(call, answer).map_err(Cause::from);
        match reply {
            Err(cause) => Err(after(pause, budget, cause).await),
            reply => reply,
        }
    })
    .await
}

/// What the provider asks for before the next request.
pub(crate) fn pause_asked_for(answer: &Answer) -> Option<Duration> {
    answer.retry_after.filter(|_| matches!(answer.status, 429 | 503))
}

/// Waits for as long as the provider asks, if it is then asked again. If there is no time for that, there is none for
/// another try either.
pub(crate) async fn after(pause: Option<Duration>, budget: Budget, cause: Cause) -> Cause {
    let Some(pause) = pause.filter(|_| cause.prospect() == Prospect::Transient) else {
        return cause;
    };
    if pause < budget.remaining() / 2 {
        tokio::time::sleep(pause).await;
        return cause;
    }
    Cause::from(ProviderFault::NoTime {
        problem: cause.problem().to_string(),
        seconds: pause.as_secs(),
    })
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    /// How long is waited, and with what error one is left, after a 503 that asks for a pause of `seconds`.
    async fn waited(seconds: u64, again: bool) -> (u64, &'static str) {
        let fault = ProviderFault::ProviderFailed {
            call: "create at p (h)".to_owned(),
            status: 503,
            words: String::new(),
            again,
        };
        let (start, budget) = (Instant::now(), Budget::lasting(Duration::from_mins(1)));
        let cause = after(Some(Duration::from_secs(seconds)), budget, fault.into()).await;
        (start.elapsed().as_secs(), cause.code())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_sent_again_is_not_waited_for() {
        assert_eq!(waited(5, true).await, (5, "ProviderFailed"));
        assert_eq!(waited(5, false).await, (0, "ProviderFailed"));
        assert_eq!(waited(50, true).await, (0, "ProviderThrottled"));
        assert_eq!(waited(u64::MAX, true).await, (0, "ProviderThrottled"));
        assert_eq!(waited(u64::MAX, false).await, (0, "ProviderFailed"));
    }
}
