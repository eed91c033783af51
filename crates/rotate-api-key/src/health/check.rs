//! Uses a key as an application would.

use std::time::Duration;

use rotation::secrets::KeyDocument;
use rotation::{Budget, Cause, retry};
use tokio::time::{Instant, sleep};

use crate::call::answer::{Judge, tells_of_an_error};
use crate::call::client_credentials;
use crate::call::patience::{after, pause_asked_for};
use crate::client::Client;
use crate::description::{Check, Expect, ID};
use crate::fault::{ProviderFault, is_key_refused, shows_nothing};
use crate::http::{self, Answer, Outgoing};
use crate::key::Key;
use crate::notation::json::Json;
use crate::notation::pointer::Pointer;
use crate::notation::status::Statuses;

/// First pause before it is looked again whether a key is honoured, listed or dead; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How old a pending version must be before its key is given up where no list tells: young ones may only be slow, or refused for
/// another reason.
pub(crate) const HOPELESS: Duration = Duration::from_hours(1);

/// What a check came to, if it came to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// The key works.
    Healthy,
    /// It is refused.
    Dead,
}

/// Runs `check` until the key is honoured, or `settle` is over: a provider may need a while for a new key.
///
/// # Errors
/// The last check's.
pub(crate) async fn settled(
    settle: Duration,
    budget: Budget,
    mut check: impl AsyncFnMut() -> Result<(), Cause>,
) -> Result<(), Cause> {
    let (start, mut pauses) = (Instant::now(), Pauses::default());
    loop {
        match check().await {
            Err(cause) if is_key_refused(&cause) && pauses.wait(start, settle, budget).await => {}
            outcome => return outcome,
        }
    }
}

/// The pauses between two looks at what a provider may need a while for.
pub(crate) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pauses {
    /// Waits, unless the time `within` which it is to be seen would be over, or half of what the step has left. Says whether
    /// it has waited.
    pub(crate) async fn wait(&mut self, start: Instant, within: Duration, budget: Budget) -> bool {
        let pause = self.0;
        let young = start.elapsed() + pause < within && pause < budget.remaining() / 2;
        if young {
            sleep(pause).await;
            self.0 = (pause * 2).min(LONGEST_PAUSE);
        }
        young
    }
}

impl Client<'_> {
    /// Checks a key of this rotation, which the provider may need a while to honour.
    ///
    /// # Errors
    /// `KeyRefused`, `KeyCheckUnclear`, or what the call itself came to.
    pub(crate) async fn check_settled(&self, key: &Key) -> Result<(), Cause> {
        let settle = Duration::from_secs(self.description.settle_seconds);
        settled(settle, self.context.budget(), async || {
            self.check(key, "pending").await
        })
        .await
    }

    /// Whether a key works, now.
    ///
    /// # Errors
    /// `KeyCheckUnclear`, or what the call itself came to.
    pub(crate) async fn health(&self, key: &Key, whose: &'static str) -> Result<Health, Cause> {
        match self.check(key, whose).await {
            Ok(()) => Ok(Health::Healthy),
            Err(cause) if is_key_refused(&cause) => Ok(Health::Dead),
            Err(cause) => Err(cause),
        }
    }

    /// Whether a key works that is not the current one, for what the secret says now. One of another account, or of which the
    /// answer says neither yes nor no, shows nothing, and keeps nobody from going on.
    ///
    /// # Errors
    /// What passes: the provider cannot be asked at the moment.
    pub(crate) async fn works(&self, key: &Key, whose: &'static str) -> Result<bool, Cause> {
        match self.health(key, whose).await {
            Ok(health) => Ok(health == Health::Healthy),
            Err(cause) if shows_nothing(&cause) => Ok(false),
            Err(cause) => Err(cause),
        }
    }

    /// Another value was stored first, and there is room for one only: whichever was made last is alive.
    ///
    /// # Errors
    /// `KeyLost`, which takes AWSPENDING off, if the stored one is dead.
    pub(crate) async fn check_survivor(&self, staged: Option<&KeyDocument>) -> Result<(), Cause> {
        let Some(staged) = staged else {
            return Ok(());
        };
        let key: Key = self.key_of(staged)?;
        match self.health(&key, "stored").await? {
            Health::Healthy => Ok(()),
            Health::Dead => Err(ProviderFault::KeyLost.into()),
        }
    }

    /// Whether the check could be sent at all with this key: one with a line break fits into no header.
    ///
    /// # Errors
    /// `RequestUnfit`.
    pub(crate) async fn check_can_be_sent(&self, key: &Key) -> Result<(), Cause> {
        self.check_request(key).await.map(drop)
    }

    async fn check_request(
        &self,
        key: &Key,
    ) -> Result<(Outgoing, crate::client::variables::Variables), Cause> {
        let check = self.described_check();
        let variables = self.check_variables(key).await?;
        if let Some(grant) = &check.client_credentials {
            let request = client_credentials::request(&self.description, grant, key, &variables.value())?;
            return Ok((request, variables));
        }
        let call = check.call();
        let none = crate::description::Auth::default();
        let auth = call.auth.unwrap_or(&none);
        let mut request = self.request("check", &call, auth, &variables, None)?;
        request.repeatable = call.repeatable.unwrap_or(true);
        Ok((request, variables))
    }

    /// # Errors
    /// `KeyRefused`, `KeyCheckUnclear`, or what the call itself came to.
    pub(crate) async fn check(&self, key: &Key, whose: &'static str) -> Result<(), Cause> {
        let (request, variables) = self.check_request(key).await?;
        let (budget, roots) = (self.context.budget(), &self.settings.roots);
        let check = self.described_check();
        retry(budget, async || {
            let answer = http::send(&request, || roots.client(), budget).await?;
            let pause = pause_asked_for(&answer);
            let verdict = Verdict {
                check,
                whose,
                provider: &self.description.provider,
                expected: &|name| self.expected(name, key),
                judge: Judge {
                    name: &request.call,
                    secrets: &variables.secrets(),
                    also: None,
                    mints: false,
                },
            };
            match verdict.of(&answer) {
                Ok(()) => Ok(()),
                Err(fault) => Err(after(pause, budget, fault.into()).await),
            }
        })
        .await
    }

    /// What the provider must say of a key: a parameter's value, or its id, if that is known.
    fn expected<'k>(&'k self, name: &str, key: &'k Key) -> Option<&'k str> {
        match name {
            ID => key.id.as_deref(),
            name => self.parameters.get(name).map(String::as_str),
        }
    }

    fn described_check(&self) -> &Check {
        self.description
            .check
            .as_ref()
            .expect("a description of this class has a check: it was loaded")
    }
}

/// What an answer to a check means: pure.
struct Verdict<'a> {
    check: &'a Check,
    whose: &'static str,
    provider: &'a str,
    expected: &'a dyn Fn(&str) -> Option<&'a str>,
    judge: Judge<'a>,
}

impl Verdict<'_> {
    fn of(&self, answer: &Answer) -> Result<(), ProviderFault> {
        let (status, call) = (answer.status, self.judge.name.to_owned());
        let words = || self.judge.words(self.check.message.as_ref(), &answer.body);
        if let (300..=399, false) = (status, self.is_healthy(status)) {
            return Err(self.judge.redirected(status, answer.leads_to.as_ref()));
        }
        if self.is_dead(answer) {
            return Err(ProviderFault::KeyRefused {
                call,
                whose: self.whose,
                status,
                words: words(),
            });
        }
        if self.is_healthy(status) {
            return self.look_inside(answer);
        }
        let again = self
            .check
            .again
            .as_ref()
            .map_or_else(|| Statuses::passing().has(status), |again| again.has(status));
        Err(match status {
            429 if again => ProviderFault::ProviderThrottled { call, status },
            408 | 425 | 500.. if again => ProviderFault::ProviderFailed {
                call,
                status,
                words: words(),
                again,
            },
            _ => ProviderFault::KeyCheckUnclear {
                call,
                status,
                words: words(),
                again,
            },
        })
    }

    fn is_healthy(&self, status: u16) -> bool {
        let healthy = self.check.healthy.as_ref();
        healthy.map_or_else(|| Statuses::success().has(status), |healthy| healthy.has(status))
    }

    fn is_dead(&self, answer: &Answer) -> bool {
        if self.check.client_credentials.is_some() && self.check.dead.is_none() {
            return client_credentials::is_dead(answer.status, &answer.body);
        }
        let dead = self.check.dead.as_ref();
        let is = dead.map_or_else(
            || Statuses::unauthorized().has(answer.status),
            |dead| dead.has(answer.status),
        );
        // What the description calls healthy by name, such as 403 for a narrow key, is not dead by default.
        is && !(dead.is_none() && self.check.healthy.is_some() && self.is_healthy(answer.status))
    }

    /// A healthy status with an error inside, or without what only a key that works is told.
    fn look_inside(&self, answer: &Answer) -> Result<(), ProviderFault> {
        let (status, call) = (answer.status, self.judge.name.to_owned());
        self.judge.refuse_a_web_page(&answer.body)?;
        let token = Pointer::parse("/access_token").ok().map(Expect::Something);
        let of_a_grant = token.as_ref().filter(|_| self.check.client_credentials.is_some());
        let expected = self.check.expect.as_ref().or(of_a_grant);
        let refused = match (Json::parse(&answer.body), expected) {
            (None, Some(_)) => {
                return Err(ProviderFault::unusable(call, "is not JSON"));
            }
            (None, None) => false,
            (Some(inside), expected) => {
                tells_of_an_error(&self.check.call(), inside)
                    || expected.is_some_and(|expected| !expected.is_in(inside))
            }
        };
        if refused {
            let words = self.judge.words(self.check.message.as_ref(), &answer.body);
            return Err(ProviderFault::KeyRefused {
                call,
                whose: self.whose,
                status,
                words,
            });
        }
        self.compare(Json::parse(&answer.body))
    }

    /// A key that works, and that is another's than the secret says.
    fn compare(&self, inside: Option<Json<'_>>) -> Result<(), ProviderFault> {
        for (name, place) in &self.check.same {
            let Some(expected) = (self.expected)(name) else {
                continue;
            };
            if inside.is_none() {
                return Err(ProviderFault::unusable(self.judge.name, "is not JSON"));
            }
            if inside.and_then(|inside| inside.at(place)?.text()).as_deref() != Some(expected) {
                return Err(ProviderFault::KeyOfAnotherAccount {
                    provider: self.provider.to_owned(),
                    member: name.clone(),
                    expected: format!("what the provider says of the {} key at {place:?}", self.whose),
                });
            }
        }
        Ok(())
    }
}

/// The same cause, for a key that is given up: as `listed` shows, or time.
pub(crate) fn gone(cause: Cause, listed: bool) -> Cause {
    if is_key_refused(&cause) {
        ProviderFault::KeyGone {
            problem: cause.problem().to_string(),
            listed,
        }
        .into()
    } else {
        cause
    }
}
