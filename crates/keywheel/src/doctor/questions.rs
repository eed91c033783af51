//! The questions about a secret, as many at the same time as can be.

use futures_util::future::{join, join_all, join4};
use jiff::{SignedDuration, Timestamp};
use rotation::CallError;
use staging_labels::{Label, VersionId};

use super::limit::within;
use super::login::{self, Settings, Which};
use super::network;
use crate::aws::{self, Environment, Session};
use crate::diagnosis::{
    Answer, Answers, Cause, Due, Function, FunctionState, Logins, Secret, Story, TrailEvent, Unasked,
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
    Box::pin(ask_telling(session, id, login, &|_| ())).await
}

/// The same; `first` hears the answers of the first two questions.
pub(super) async fn ask_telling(
    session: &Session,
    id: &str,
    login: Option<Which>,
    first: &(dyn Fn(&Answers) + Sync),
) -> Result<Answers, Trouble> {
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
        logins: Logins::none(&Unasked::Flag("--login")),
        ..Answers::none(&session.region)
    };
    if answers.secret == Answer::Said(None) && !id.starts_with("arn:") {
        let names = tokio::time::timeout(session.patience(), aws::beginning_with(session, id));
        let regions = tokio::time::timeout(session.patience(), aws::regions_of(session, id));
        let (names, regions) = Box::pin(join(names, regions)).await;
        answers.similar = names.unwrap_or_default();
        answers.other_regions = regions.unwrap_or_default();
    }
    let Answer::Said(Some(secret)) = answers.secret.clone() else {
        return Ok(answers);
    };
    if ends_at_once(&secret) {
        answers.logins = Logins::none(&Unasked::NotNeeded);
        return Ok(answers);
    }
    first(&answers);
    let mut settings = Settings(Answer::NotAsked(Unasked::NotNeeded));
    if let Some(function) = &secret.function {
        settings = Settings(Box::pin(ask_function(session, &secret, function, &mut answers)).await);
        let for_login = login.is_some().then_some(&settings);
        Box::pin(network::ask(session, &secret, &mut answers, for_login)).await;
    }
    if let Some(which) = login {
        let story = answers.log.said().map(|entries| Story::new(entries.clone()));
        let other = other_version(&answers, &secret);
        answers.logins = login::ask(session, &settings, &secret, other.as_ref(), story.as_ref(), which).await;
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

/// The function's environment is given back for a login, and is not among the answers.
async fn ask_function(
    session: &Session,
    secret: &Secret,
    function: &str,
    answers: &mut Answers,
) -> Answer<Environment> {
    let usual = usual_group(function);
    let of_function = join4(
        within(
            session.patience(),
            aws::configuration_and_environment(session, function),
        ),
        within(session.patience(), aws::permission(session, function, secret)),
        within(session.patience(), aws::concurrency(session, function)),
        ask_log(session, &usual, secret, answers),
    );
    let events = ask_events(session, secret, answers);
    let ((configuration, permission, concurrency, log), events) =
        join(Box::pin(of_function), Box::pin(events)).await;
    let (configuration, environment) = configuration.unzip();
    answers.events = events;
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
    Box::pin(ask_rights(session, secret, answers)).await;
    environment
}

/// Of the role and the key, if the last failure was a permission, or if a rotation left no line at all.
async fn ask_rights(session: &Session, secret: &Secret, answers: &mut Answers) {
    let Some(entries) = answers.log.said() else { return };
    let story = Story::new(entries.clone());
    let cause = story.last_failure().map(|failure| Cause::of(failure.code));
    let role = match answers.function.said() {
        Some(Function::There(state)) => state.role.clone(),
        Some(Function::Gone) | None => None,
    };
    let silent = entries.is_empty() && secret.pending().is_some();
    if let Some(role) = role.filter(|_| silent || matches!(cause, Some(Cause::RoleMayNot | Cause::KeyDenied)))
    {
        answers.role = within(session.patience(), aws::role(session, &role, secret)).await;
    }
    if let Some(key) = secret.key.as_deref().filter(|_| cause == Some(Cause::KeyDenied)) {
        answers.key = within(session.patience(), aws::key(session, key)).await;
    }
}

/// What `CloudTrail` says of a rotation that does not go on: whether Secrets Manager has given up, and who else changed the secret.
async fn ask_events(session: &Session, secret: &Secret, answers: &Answers) -> Answer<Vec<TrailEvent>> {
    let lost = answers.abandoned(secret, time::now());
    let since = answers
        .made(secret.pending())
        .or(lost.and_then(|version| version.created))
        .or(secret.changed)
        .and_then(|at| at.checked_sub(EARLIER).ok());
    let names: &[&str] = match (secret.enabled, secret.pending(), lost) {
        (Some(false), ..) => &["CancelRotateSecret"],
        (_, Some(_), _) => &["RotationFailed", "PutSecretValue"],
        (_, None, Some(_)) => &["PutSecretValue", "UpdateSecretVersionStage"],
        (_, None, None) => return Answer::NotAsked(Unasked::NotNeeded),
    };
    // Somebody may have switched it off long before the last change.
    let since = since.filter(|_| secret.enabled != Some(false));
    let asked = names.iter().map(|name| aws::events(session, secret, name, since));
    let mut all = Vec::new();
    for answer in join_all(asked).await {
        match answer {
            Answer::Said(events) => all.extend(events),
            Answer::NotAsked(why) => return Answer::NotAsked(why),
        }
    }
    all.sort_by_key(|event| std::cmp::Reverse(event.at));
    Answer::Said(all)
}

/// `/aws/lambda/NAME` of an ARN, without its alias.
fn usual_group(function: &str) -> String {
    let name = crate::words::names::name_of(function);
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    format!("/aws/lambda/{name}")
}

/// What the log says of the version that carries AWSPENDING; of a secret without one, if its rotation is late.
async fn ask_log(session: &Session, group: &str, secret: &Secret, answers: &Answers) -> Answer<Vec<Entry>> {
    let earlier = |at: Timestamp| at.checked_sub(EARLIER).ok();
    if let Some(version) = secret.labels.carrier(&Label::Pending) {
        // An empty version is in no list. Nothing has happened to it before the secret's last change.
        let since = answers.made(Some(version)).or(secret.changed).and_then(earlier);
        return aws::entries(session, group, &secret.arn, Some(version.as_str()), since).await;
    }
    if let Some(version) = answers.abandoned(secret, time::now()) {
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
    let may_have_a_value = |id: &&VersionId| answers.has_value(id) != Some(false);
    secret
        .pending()
        .filter(may_have_a_value)
        .or_else(|| Some(&answers.abandoned(secret, time::now())?.id))
        .cloned()
}
