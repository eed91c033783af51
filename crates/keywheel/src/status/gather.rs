//! The list, and a closer look at the secrets that it makes suspicious.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::future::join;
use futures_util::stream;
use jiff::Timestamp;

use super::options::Options;
use crate::aws::{self, Session};
use crate::diagnosis::{
    Answer, Answers, Diagnosis, Due, Function, Secret, State, Unasked, Word, Works, diagnose,
};
use crate::doctor;
use crate::exit::Trouble;
use crate::words::time;

/// Closer looks at the same time.
const AT_ONCE: usize = 8;
/// Closer looks at most: their calls have quotas that others need, too.
const LOOKS: usize = 200;

/// A secret and what is known about it.
pub(super) struct Row {
    pub(super) secret: Secret,
    pub(super) diagnosis: Diagnosis,
    pub(super) due: Due,
}

impl Row {
    /// Nobody has asked for its rotation.
    pub(super) fn is_without_rotation(&self) -> bool {
        self.diagnosis.state == State::NeverConfigured
    }

    /// Whether somebody must look at it.
    pub(super) fn needs_a_person(&self) -> bool {
        self.diagnosis.needs_a_person() && !self.is_without_rotation()
    }

    /// Whether new logins with AWSCURRENT are known to be refused.
    pub(super) const fn is_locked_out(&self) -> bool {
        matches!(self.diagnosis.logins, Works::No(_))
    }

    /// The state and its cause; nothing if all is well.
    pub(super) fn why(&self) -> String {
        let state = self.diagnosis.state.name();
        match (&self.diagnosis.code, self.diagnosis.cause, self.diagnosis.word) {
            (None, None, Word::Well) => String::new(),
            (Some(code), ..) => format!("{state}: {code}"),
            (None, Some(cause), _) if cause.name() != state => format!("{state}: {}", cause.name()),
            _ => state.to_owned(),
        }
    }
}

/// What was asked for.
pub(super) struct Found {
    /// The newest trouble first.
    pub(super) rows: Vec<Row>,
    /// Suspicious secrets that were too many for a closer look.
    pub(super) passed_over: usize,
}

impl Found {
    /// What the verdicts lack for the limit of closer looks.
    pub(super) fn not_looked_at(&self) -> Option<String> {
        (self.passed_over > 0).then(|| {
            format!(
                "{LOOKS} suspicious secrets were looked at as doctor does, and {} more were not: choose fewer by \
                 prefix, --tag or --function",
                self.passed_over
            )
        })
    }
}

/// All that the options ask for.
pub(super) async fn gather(session: &Session, options: &Options) -> Result<Found, Trouble> {
    let listed = aws::list(session).await?;
    let wanted: Vec<Secret> = listed
        .into_iter()
        .filter(|secret| is_wanted(secret, options))
        .collect();
    let functions = functions(session, &wanted).await;
    let now = time::now();
    let mut rows: Vec<Row> = wanted
        .into_iter()
        .map(|secret| row(session, secret, &functions, now))
        .collect();
    let passed_over = look_closer(session, &mut rows).await?;
    if options.trouble {
        rows.retain(Row::needs_a_person);
    }
    rows.sort_by(|one, other| rank(one).cmp(&rank(other)).then(since(other).cmp(&since(one))));
    Ok(Found { rows, passed_over })
}

fn is_wanted(secret: &Secret, options: &Options) -> bool {
    let configured = secret.enabled.is_some() || secret.function.is_some() || secret.owning_service.is_some();
    (configured || options.all) && options.filter.matches(secret)
}

/// What is known of a function: its configuration and what is reserved for it.
type OfFunction = (Answer<Function>, Answer<Option<u32>>);

/// Each function once.
async fn functions(session: &Session, secrets: &[Secret]) -> BTreeMap<String, OfFunction> {
    let mut arns: Vec<&String> = secrets
        .iter()
        .filter_map(|secret| secret.function.as_ref())
        .collect();
    arns.sort();
    arns.dedup();
    stream::iter(arns)
        .map(|arn| async move {
            let of_function = join(aws::configuration(session, arn), aws::concurrency(session, arn));
            (arn.clone(), of_function.await)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

fn row(session: &Session, secret: Secret, functions: &BTreeMap<String, OfFunction>, now: Timestamp) -> Row {
    let function = secret.function.as_ref().and_then(|arn| functions.get(arn));
    let not_needed = || {
        (
            Answer::NotAsked(Unasked::NotNeeded),
            Answer::NotAsked(Unasked::NotNeeded),
        )
    };
    let (function, concurrency) = function.cloned().unwrap_or_else(not_needed);
    let answers = Answers {
        secret: Answer::Said(Some(secret.clone())),
        function,
        concurrency,
        ..Answers::none(&session.region)
    };
    let diagnosis = diagnose(&answers, session.names(&secret.name), now);
    let due = Due::of(&secret, now);
    Row {
        secret,
        diagnosis,
        due,
    }
}

/// Asks about the suspicious ones as doctor does. Returns how many were too many for that.
async fn look_closer(session: &Session, rows: &mut [Row]) -> Result<usize, Trouble> {
    let shows = |row: &Row| matches!(row.diagnosis.word, Word::Stuck | Word::Overdue | Word::Running);
    let (first, second): (Vec<_>, Vec<_>) = rows
        .iter_mut()
        .filter(|row| shows(row) || row.secret.may_be_unconfirmed())
        .partition(|row| shows(row));
    let passed_over = (first.len() + second.len()).saturating_sub(LOOKS);
    let suspects = first.into_iter().chain(second).take(LOOKS);
    let looked: Vec<Result<(), Trouble>> = stream::iter(suspects)
        .map(|row| async move {
            let answers = Box::pin(doctor::ask(session, &row.secret.arn, None)).await?;
            let names = session.names(&row.secret.name);
            row.diagnosis = diagnose(&answers, names, time::now());
            Ok(())
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    looked.into_iter().collect::<Result<(), Trouble>>()?;
    Ok(passed_over)
}

/// What needs a person comes first. What nobody wants to be rotated comes last.
fn rank(row: &Row) -> (bool, bool, Word) {
    (
        row.is_without_rotation(),
        !row.needs_a_person(),
        row.diagnosis.word,
    )
}

fn since(row: &Row) -> Option<Timestamp> {
    row.secret.changed
}
