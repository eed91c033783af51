//! Sends requests with patience: throttling and passing failures are waited for inside the step's budget.

use std::time::Duration;

use rotation::{Budget, Cause};
use secrecy::SecretString;

use crate::answer::{Judge, Reply};
use crate::description::Call;
use crate::fault::ProviderFault;
use crate::http::{self, Answer, Outgoing};
use crate::roots::Roots;
use crate::status::Statuses;

/// Sends `request` until it is answered for good.
///
/// # Errors
/// What [`http::send`] and [`Judge::judge`] say.
pub async fn call(
    request: &Outgoing,
    call: &Call<'_>,
    also: Option<&Statuses>,
    secrets: &[SecretString],
    roots: &Roots,
    budget: Budget,
) -> Result<Reply, Cause> {
    let judge = Judge {
        name: &request.call,
        secrets,
        also,
    };
    budget
        .retry(async || {
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
pub fn pause_asked_for(answer: &Answer) -> Option<Duration> {
    answer.retry_after.filter(|_| matches!(answer.status, 429 | 503))
}

/// Waits for as long as the provider asks. If there is no time for that, there is none for another try either.
pub async fn after(pause: Option<Duration>, budget: Budget, cause: Cause) -> Cause {
    let Some(pause) = pause else {
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
