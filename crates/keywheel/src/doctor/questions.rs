//! The questions about a secret, as many at the same time as can be.

use futures_util::future::{join, join4};
use jiff::{SignedDuration, Timestamp};
use rotation::CallError;
use staging_labels::{Label, VersionId};

use super::login::{self, Which};
use crate::aws::{self, Session};
use crate::diagnosis::{
    Answer, Answers, Due, Function, FunctionState, Logins, Secret, Story, Unasked, Version, abandoned,
};
use crate::exit::Trouble;
use crate::log::Entry;
use crate::words::time;

/// The log is asked for lines from this long before a version was made: two clocks may differ.
const EARLIER: SignedDuration = SignedDuration::from_secs(30);
/// How far back the log is asked about a secret without a rotation under way.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Asks all that the answers so far make worth asking.
pub(crate) async fn ask(session: &Session, id: &str, login: Option<Which>) -> Result<Answers, Trouble> {
    let (secret, versions) = join(aws::describe(session, id), aws::versions(session, id)).await;
    let secret = match secret {
        Ok(secret) => Answer::Said(secret),
        Err(
            error @ (CallError::NotSent(_) | CallError::CredentialsRefused(_) | CallError::Unreachable(_)),
        ) => {
            let trouble = Trouble::of_call("DescribeSecret", &error, "secretsmanager:DescribeSecret");
            return Err(trouble);
        }
        Err(CallError::Denied(_)) => Answer::NotAsked(Unasked::Needs("secretsmanager:DescribeSecret")),
        Err(error) => Answer::NotAsked(Unasked::Failed(
            Trouble::of_call("DescribeSecret", &error, "").problem,
        )),
    };
    let mut answers = Answers {
        secret,
        versions,
        function: Answer::NotAsked(Unasked::NotNeeded),
        permission: Answer::NotAsked(Unasked::NotNeeded),
        concurrency: Answer::NotAsked(Unasked::NotNeeded),
        log: Answer::NotAsked(Unasked::NotNeeded),
        logins: Logins::none(&Unasked::Flag("--login")),
        region: session.region.clone(),
    };
    let Answer::Said(Some(secret)) = answers.secret.clone() else {
        return Ok(answers);
    };
    if ends_at_once(&secret) {
        answers.logins = Logins::none(&Unasked::NotNeeded);
        return Ok(answers);
    }
    if let Some(function) = &secret.function {
        ask_function(session, &secret, function, &mut answers).await;
    }
    if let Some(which) = login {
        let story = answers.log.said().map(|entries| Story::new(entries.clone()));
        let other = other_version(&answers, &secret);
        answers.logins = login::ask(session, &secret, other.as_ref(), story.as_ref(), which).await;
    }
    Ok(answers)
}

/// No other answer would change what is to be said.
fn ends_at_once(secret: &Secret) -> bool {
    let replica = secret
        .primary_region
        .as_deref()
        .is_some_and(|region| region != secret.region());
    secret.deleted.is_some() || replica || secret.owning_service.is_some() || secret.current().is_none()
}

async fn ask_function(session: &Session, secret: &Secret, function: &str, answers: &mut Answers) {
    let usual = usual_group(function);
    let (configuration, permission, concurrency, log) = join4(
        aws::configuration(session, function),
        aws::permission(session, function, secret),
        aws::concurrency(session, function),
        ask_log(session, &usual, secret, answers),
    )
    .await;
    let other_group = match configuration.said() {
        Some(Function::There(FunctionState {
            log_group: Some(group),
            ..
        })) if *group != usual => Some(group.clone()),
        _ => None,
    };
    answers.log = match other_group {
        Some(group) => ask_log(session, &group, secret, answers).await,
        None => log,
    };
    answers.function = configuration;
    // Of a function that does not exist, nothing else is of interest.
    if answers.function != Answer::Said(Function::Gone) {
        answers.permission = permission;
        answers.concurrency = concurrency;
    }
}

/// `/aws/lambda/NAME` of an ARN, without its alias.
fn usual_group(function: &str) -> String {
    let name = crate::words::names::name_of(function);
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    format!("/aws/lambda/{name}")
}

/// What the log says of the version that carries AWSPENDING; of a secret without one, if its rotation is late.
async fn ask_log(session: &Session, group: &str, secret: &Secret, answers: &Answers) -> Answer<Vec<Entry>> {
    let made = |id| {
        let versions = answers.versions.said()?;
        let version = versions.iter().find(|version: &&Version| version.id == id)?;
        version.created
    };
    let earlier = |at: Timestamp| at.checked_sub(EARLIER).ok();
    if let Some(version) = secret.labels.carrier(&Label::Pending) {
        // An empty version is in no list. Nothing has happened to it before the secret's last change.
        let since = made(version.clone()).or(secret.changed).and_then(earlier);
        return aws::entries(session, group, &secret.arn, Some(version.as_str()), since).await;
    }
    if let Some(version) = abandoned(answers, secret, time::now()) {
        let since = version.created.and_then(earlier);
        return aws::entries(session, group, &secret.arn, Some(version.id.as_str()), since).await;
    }
    if Due::of(secret, time::now()).overdue.is_some() {
        let since = time::now().checked_sub(LOOK_BACK).ok();
        return aws::entries(session, group, &secret.arn, None, since).await;
    }
    Answer::NotAsked(Unasked::NotNeeded)
}

/// The version beside AWSCURRENT's that may have the password.
fn other_version(answers: &Answers, secret: &Secret) -> Option<VersionId> {
    let has_value = |id: &VersionId| {
        answers
            .versions
            .said()
            .is_none_or(|versions| versions.iter().any(|version| version.id == *id))
    };
    secret
        .pending()
        .filter(|id| has_value(id))
        .cloned()
        .or_else(|| abandoned(answers, secret, time::now()).map(|version| version.id.clone()))
}
