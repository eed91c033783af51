//! A function's `main`: Lambda's runtime around the driver, one log line and one metric for each invocation.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use lambda_runtime::tower::util::MapRequestLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use outbound::Budget;
use serde_json::Value;
use staging_labels::{Step, VersionId};

use crate::driver::run;
use crate::error::Error;
use crate::event::{Event, SecretId};
use crate::fault::Cause;
use crate::store::Store;
use crate::target::{Strategy, Target};

use super::logging::LogSettings;
use super::metrics::{self, Outcome, now};
use super::panics::{self, Panicked};

/// Kept back of Lambda's own limit, to answer and to log.
const RESERVE: Duration = Duration::from_millis(500);
/// Kept back at most, as a part of the whole: a limit of 3 s, Lambda's default, leaves 2.7.
const RESERVE_PART: u32 = 10;
/// The limit where Lambda names none: what the hosted rotation functions have.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(30);
/// What the runtime cannot start without.
const RUNTIME_VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// A function's `main`. `configure` reads the settings; if they are wrong, every invocation is answered with
/// that cause, so that it is seen where the rotation is seen.
pub fn main<T: Target>(
    configure: impl FnOnce(&dyn Fn(&str) -> Option<String>) -> Result<T, Cause>,
) -> ExitCode {
    let get = |name: &str| std::env::var(name).ok();
    if let Some(missing) = RUNTIME_VARIABLES.into_iter().find(|name| get(name).is_none()) {
        complain(&format!(
            "this is a Lambda function and {missing} is not set; run it by `make demo`, `make invoke`, or secrets-manager-local serve --function NAME=PATH"
        ));
        return ExitCode::from(2);
    }
    panics::silence();
    let subscriber = LogSettings::from_env(&get).subscriber(std::io::stdout);
    // Fails only if a subscriber is set already, as in a test that calls main: that one may stay.
    let _ = tracing::subscriber::set_global_default(subscriber);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else {
        complain("the operating system gave no event queue");
        return ExitCode::FAILURE;
    };
    match runtime.block_on(serve(configure(&get), &get)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("the Lambda runtime ended: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve<T: Target>(
    target: Result<T, Cause>,
    get: &dyn Fn(&str) -> Option<String>,
) -> Result<(), lambda_runtime::Error> {
    let rig = Store::from_env(get).await.and_then(|store| Ok((store, target?)));
    let names = Names::from_env(get);
    let (rig, names) = (&rig, &names);
    let handler = service_fn(move |event: LambdaEvent<Value>| async move {
        let budget = budget(event.context.deadline(), now());
        handle(
            rig.as_ref(),
            names,
            &event.payload,
            &event.context.request_id,
            budget,
        )
        .await
    });
    Runtime::new(handler)
        .layer(MapRequestLayer::new(readable))
        .run()
        .await
}

/// Puts `null` in the place of a payload that is not JSON. Lambda lets none through; the runtime would quote it in
/// an error of its own, and end over one that is not even UTF-8.
fn readable(mut invocation: LambdaInvocation) -> LambdaInvocation {
    if serde_json::from_slice::<Value>(&invocation.body).is_err() {
        invocation.body = b"null".as_slice().into();
    }
    invocation
}

/// What the function is called, and where its errors are explained.
struct Names {
    function: String,
    /// The runbook's address, with `{code}` where the code belongs; without it the code is added as a file's name.
    runbook: Option<String>,
}

impl Names {
    fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            function: get("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
            runbook: get("RUNBOOK_URL").filter(|url| !url.is_empty()),
        }
    }

    /// The page of a code.
    fn page(&self, code: &str) -> Option<String> {
        let base = self.runbook.as_deref()?;
        Some(if base.contains("{code}") {
            base.replace("{code}", code)
        } else {
            format!("{}/{code}.md", base.trim_end_matches('/'))
        })
    }
}

/// Runs one invocation: one log line, one metric, whatever happens.
async fn handle<T: Target>(
    rig: Result<&(Store, T), &Cause>,
    names: &Names,
    payload: &Value,
    request: &str,
    budget: Budget,
) -> Result<(), Error> {
    let start = Instant::now();
    let work = AssertUnwindSafe(step(rig, payload, budget)).catch_unwind();
    let outcome = work
        .await
        .unwrap_or_else(|_| Err(about(payload, Panicked.into())));
    report(&outcome, names, T::STRATEGY, payload, request, start.elapsed());
    outcome.map(drop)
}

async fn step<T: Target>(
    rig: Result<&(Store, T), &Cause>,
    payload: &Value,
    budget: Budget,
) -> Result<&'static str, Error> {
    let event = Event::parse(payload).map_err(|malformed| about(payload, malformed.into()))?;
    let (store, target) = rig.map_err(|cause| about(payload, cause.clone()))?;
    run(store, target, &event, budget).await
}

fn about(payload: &Value, cause: Cause) -> Error {
    let (step, secret, token) = Event::traces(payload);
    Error {
        step,
        secret,
        token,
        cause,
        released: false,
    }
}

fn report(
    outcome: &Result<&'static str, Error>,
    names: &Names,
    strategy: Strategy,
    payload: &Value,
    request: &str,
    duration: Duration,
) {
    let (step, secret, token) = Event::traces(payload);
    let step = step.map_or("unknown", Step::name);
    let secret = secret.as_ref().map(SecretId::as_str);
    let version = token.as_ref().map(VersionId::as_str);
    let ms = metrics::milliseconds(duration);
    let strategy: &str = strategy.into();
    match outcome {
        Ok(action) => tracing::info!(
            requestId = request,
            secret.id = secret,
            version.id = version,
            rotation.strategy = strategy,
            rotation.step = step,
            rotation.action = action,
            step.duration_ms = ms,
            outcome = "succeeded",
            "{step}: {action}"
        ),
        Err(error) => tracing::error!(
            requestId = request,
            secret.id = secret,
            version.id = version,
            rotation.strategy = strategy,
            rotation.step = step,
            step.duration_ms = ms,
            outcome = "failed",
            error.code = error.cause.code(),
            error.kind = error.cause.kind().name(),
            error.page = names.page(error.cause.code()),
            "{error}"
        ),
    }
    let code = outcome.as_ref().err().map(|error| error.cause.code());
    let line = metrics::line(
        &Outcome {
            function: &names.function,
            step,
            code,
            secret,
            version,
            duration,
        },
        now(),
    );
    // A metric that cannot be written is no reason to fail a rotation.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// What is left of Lambda's limit, less the reserve. A deadline that had passed before the invocation began is
/// none: emulators send a constant (cargo-lambda: 600 ms after 1970), Lambda never does.
fn budget(deadline: SystemTime, now: SystemTime) -> Budget {
    let left = deadline.duration_since(now).unwrap_or(WITHOUT_DEADLINE);
    Budget::lasting(left.saturating_sub(RESERVE.min(left / RESERVE_PART)))
}

fn complain(message: &str) {
    // Nothing is left to tell of a stderr that cannot be written.
    let _ = writeln!(std::io::stderr().lock(), "keywheel: {message}");
}

/// Lambda's `errorType` is the cause's code, so that an alarm or a retry rule can name it.
impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self {
            error_type: error.cause.code().to_owned(),
            error_message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;

    #[tokio::test]
    async fn the_variables_that_are_read_are_those_that_are_listed() {
        let asked = RefCell::new(BTreeSet::new());
        let get = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            None
        };
        let _ = (LogSettings::from_env(&get), Names::from_env(&get));
        password::Policy::from_env(get).unwrap();
        Store::from_env(&get).await.unwrap();
        let rows = crate::VARIABLES.iter().flat_map(|(_, rows)| *rows);
        // The SDK reads this one itself.
        let listed = rows
            .map(|row| row.name)
            .filter(|name| *name != "AWS_ENDPOINT_URL_STS");
        let set_by_lambda = ["AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME"];
        let listed = listed.chain(set_by_lambda).map(str::to_owned);
        assert_eq!(asked.into_inner(), listed.collect());
    }

    #[test]
    fn a_tenth_of_a_short_limit_is_kept_back_and_half_a_second_of_a_long_one() {
        let left = |seconds| {
            budget(now() + Duration::from_secs(seconds), now())
                .remaining()
                .as_secs_f64()
        };
        assert!((2.6..=2.71).contains(&left(3)), "{}", left(3));
        assert!((29.3..=29.51).contains(&left(30)), "{}", left(30));
    }

    #[test]
    fn a_code_has_its_page_where_the_runbook_is() {
        let page = |runbook: Option<&str>| {
            let names = Names {
                function: "f".to_owned(),
                runbook: runbook.map(str::to_owned),
            };
            names.page("LoginRefused")
        };
        assert_eq!(page(None), None);
        for (base, expected) in [
            ("https://wiki.test/rb", "https://wiki.test/rb/LoginRefused.md"),
            ("https://wiki.test/rb/", "https://wiki.test/rb/LoginRefused.md"),
            (
                "https://wiki.test/{code}.html",
                "https://wiki.test/LoginRefused.html",
            ),
        ] {
            assert_eq!(page(Some(base)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn an_emulators_constant_is_no_deadline() {
        let constant = SystemTime::UNIX_EPOCH + Duration::from_millis(600);
        assert!(budget(constant, now()).remaining() > Duration::from_secs(29));
    }
}
