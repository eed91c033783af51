//! Follows a rotation by the secret's labels, and by the function's log if that may be read.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use staging_labels::{Label, RotationState, VersionId};
use tokio::time::Instant;

use super::ending::Ending;
use super::progress::Told;
use super::report::Report;
use super::secret::{describe, steps};
use crate::aws::{self, Session};
use crate::diagnosis::{Answer, Secret};
use crate::exit::Trouble;
use crate::log::{End, Entry, Event};
use crate::words::time;

/// Between two looks at the labels.
const LABELS: Duration = Duration::from_millis(700);
/// Between two looks at the log.
const LOG: Duration = Duration::from_millis(1500);
/// A log that has said nothing for so long says nothing at all: its level leaves out what succeeds.
const SILENCE: Duration = Duration::from_secs(15);
/// The log is asked for lines from this long before now: two clocks may differ.
const EARLIER: SignedDuration = SignedDuration::from_mins(2);

/// One rotation.
pub(super) struct Follow<'a> {
    pub(super) session: &'a Session,
    pub(super) before: &'a Secret,
    pub(super) version: &'a str,
    pub(super) test: bool,
    pub(super) earlier: Vec<Entry>,
    /// Without a line or a moved label for so long, it is taken to be over.
    pub(super) retry_within: Duration,
    pub(super) report: &'a Report<'a>,
}

impl Follow<'_> {
    pub(super) async fn to_the_end(&self) -> Result<Ending, Trouble> {
        let since = time::now().checked_sub(EARLIER).ok();
        let mut told = Told::default();
        // What earlier attempts wrote is no news.
        told.news(self.earlier.clone());
        let mut log = LogWatch::default();
        let mut quiet = Instant::now();
        let version = VersionId::stored(self.version);
        let mut stages = Stages::default();
        loop {
            let secret = describe(self.session, &self.before.arn).await?;

            if log.is_due() {
                match steps(self.session, self.before, self.version, since).await {
                    Answer::Said(entries) => {
                        for entry in told.news(entries) {
                            self.report.step(&entry, told.is_said_again(&entry));
                            quiet = Instant::now();
                        }
                    }
                    Answer::NotAsked(why) => {
                        if log.cannot_be_read() {
                            self.report.without_log(&why);
                        }
                    }
                }
            }
            if log.readable == Some(false) && stages.look(self, &secret, &version).await {
                quiet = Instant::now();
            }
            let failed = told.last().is_some_and(|entry| {
                matches!(
                    entry.event,
                    Event::Step {
                        end: End::Failed { .. },
                        ..
                    }
                )
            });
            let over = self.over(
                secret,
                &version,
                &told,
                failed,
                log.readable == Some(false) || quiet.elapsed() > SILENCE,
            );
            match over {
                // The log may be behind the labels.
                Some(ending) => {
                    if log.readable != Some(false) {
                        self.drain(since, &mut told).await;
                    }
                    return Ok(ending);
                }
                None if quiet.elapsed() > self.retry_within => {
                    return Ok(if failed {
                        Ending::Failed(code(&told))
                    } else {
                        Ending::Silent(self.retry_within)
                    });
                }
                None => tokio::time::sleep(LABELS).await,
            }
        }
    }

    /// Whether the labels say that it is over.
    fn over(
        &self,
        secret: Secret,
        version: &VersionId,
        told: &Told,
        failed: bool,
        log_is_silent: bool,
    ) -> Option<Ending> {
        if self.test {
            let pending = secret.labels.carrier(&Label::Pending);
            let gone = pending != Some(version);
            let ending = if failed {
                Ending::Failed(code(told))
            } else {
                Ending::Tested
            };
            return (gone && (log_is_silent || !told.is_empty())).then_some(ending);
        }
        let recorded = secret.last_rotated > self.before.last_rotated;
        match secret.labels.state_of(version) {
            RotationState::Finished if recorded => return Some(Ending::Rotated(Box::new(secret))),
            RotationState::Pending { .. } if secret.enabled == Some(false) => return Some(Ending::Cancelled),
            RotationState::Finished | RotationState::Pending { .. } => return None,
            RotationState::Abandoned | RotationState::Unknown => {}
        }
        // A rejected password takes AWSPENDING off as well: then the step says so.
        Some(if failed {
            Ending::Failed(code(told))
        } else {
            Ending::TakenOver
        })
    }

    /// The last lines.
    async fn drain(&self, since: Option<Timestamp>, told: &mut Told) {
        if let Answer::Said(entries) = steps(self.session, self.before, self.version, since).await {
            for entry in told.news(entries) {
                self.report.step(&entry, told.is_said_again(&entry));
            }
        }
    }
}

/// Of the last step, if that failed.
fn code(told: &Told) -> Option<String> {
    match &told.last()?.event {
        Event::Step {
            end: End::Failed { code, .. },
            ..
        } => Some(code.clone()),
        _ => None,
    }
}

/// When to look at the log.
#[derive(Default)]
struct LogWatch {
    last: Option<Instant>,
    readable: Option<bool>,
}

impl LogWatch {
    fn is_due(&mut self) -> bool {
        let due = self.readable != Some(false) && self.last.is_none_or(|last| last.elapsed() >= LOG);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }

    /// Whether this is news.
    fn cannot_be_read(&mut self) -> bool {
        self.readable.replace(false) != Some(false)
    }
}

/// The moments that labels show, for those who may not read the log.
#[derive(Default)]
struct Stages {
    stored: bool,
    moved: bool,
}

impl Stages {
    /// Tells what is new; whether anything was.
    async fn look(&mut self, follow: &Follow<'_>, secret: &Secret, version: &VersionId) -> bool {
        let moved = secret.current() == Some(version);
        if !self.stored {
            let versions = aws::versions(follow.session, &secret.arn).await;
            let stored = versions
                .said()
                .is_some_and(|versions| versions.iter().any(|known| known.id == *version));
            if stored {
                self.stored = true;
                follow.report.moment("the new value is stored in AWSPENDING");
                return true;
            }
        }
        if moved && !self.moved {
            self.moved = true;
            follow.report.moment("AWSCURRENT has moved to the new version");
            return true;
        }
        false
    }
}
