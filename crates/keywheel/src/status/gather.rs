//! The list, and a closer look at the secrets that it makes suspicious.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;

use super::options::Options;
use crate::aws::{self, Session};
use crate::diagnosis::{Answer, Answers, Diagnosis, Due, Function, Names, Secret, Unasked, Word, diagnose};
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

/// All that the options ask for, the newest trouble first.
pub(super) async fn gather(session: &Session, options: &Options) -> Result<Vec<Row>, Trouble> {
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
    look_closer(session, &mut rows).await?;
    if options.trouble {
        rows.retain(|row| row.diagnosis.word.needs_a_person());
    }
    rows.sort_by(|one, other| rank(one).cmp(&rank(other)).then(since(other).cmp(&since(one))));
    Ok(rows)
}

fn is_wanted(secret: &Secret, options: &Options) -> bool {
    let configured = secret.enabled.is_some() || secret.function.is_some() || secret.owning_service.is_some();
    (configured || options.all) && options.filter.matches(secret)
}

/// Each function once.
async fn functions(session: &Session, secrets: &[Secret]) -> BTreeMap<String, Answer<Function>> {
    let mut arns: Vec<&String> = secrets
        .iter()
        .filter_map(|secret| secret.function.as_ref())
        .collect();
    arns.sort();
    arns.dedup();
    stream::iter(arns)
        .map(|arn| async move { (arn.clone(), aws::configuration(session, arn).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

fn row(
    session: &Session,
    secret: Secret,
    functions: &BTreeMap<String, Answer<Function>>,
    now: Timestamp,
) -> Row {
    let function = secret.function.as_ref().and_then(|arn| functions.get(arn));
    let answers = Answers {
        secret: Answer::Said(Some(secret.clone())),
        function: function.cloned().unwrap_or(Answer::NotAsked(Unasked::NotNeeded)),
        ..Answers::none(&session.region)
    };
    let names = Names {
        secret: &secret.name,
        flags: &[],
    };
    let diagnosis = diagnose(&answers, names, now);
    let due = Due::of(&secret, now);
    Row {
        secret,
        diagnosis,
        due,
    }
}

/// Asks about the suspicious ones as doctor does.
async fn look_closer(session: &Session, rows: &mut [Row]) -> Result<(), Trouble> {
    let shows = |row: &Row| matches!(row.diagnosis.word, Word::Stuck | Word::Overdue | Word::Running);
    let (first, second): (Vec<_>, Vec<_>) = rows
        .iter_mut()
        .filter(|row| shows(row) || row.secret.may_be_unconfirmed())
        .partition(|row| shows(row));
    let suspects = first.into_iter().chain(second).take(LOOKS);
    let looked: Vec<Result<(), Trouble>> = stream::iter(suspects)
        .map(|row| async move {
            let answers = Box::pin(doctor::ask(session, &row.secret.arn, None)).await?;
            let names = Names {
                secret: &row.secret.name,
                flags: &[],
            };
            row.diagnosis = diagnose(&answers, names, time::now());
            Ok(())
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    looked.into_iter().collect()
}

fn rank(row: &Row) -> Word {
    row.diagnosis.word
}

fn since(row: &Row) -> Option<Timestamp> {
    row.secret.changed
}
