//! What was found out, a line each.

use jiff::Timestamp;
use rotation::Strategy;
use staging_labels::Label;

use super::answers::{Answer, Answers, Function, FunctionState, LoginAnswer, Secret, Unasked};
use super::finding::{Mark, Reason};
use super::function::network::{Found, Obstacle};
use super::function::permission::Permission;
use super::function::state::LEAST_CONCURRENCY;
use super::story::Story;
use super::trail;
use crate::log::{Did, End, Event, in_few_words};
use crate::words::names::{name_of, short};
use crate::words::time;

/// All lines, in the order in which a rotation needs what they are about.
/// `found` is what the network's answers come to.
pub(super) fn all(
    answers: &Answers,
    secret: &Secret,
    story: Option<&Story>,
    found: &[Found],
    now: Timestamp,
) -> Vec<Reason> {
    let mut lines = vec![rotation(secret), labels(answers, secret, now)];
    lines.extend(function(answers));
    lines.extend(permission(answers));
    lines.extend(concurrency(answers));
    lines.extend(role(answers));
    lines.extend(key(answers));
    lines.extend(network(answers, found));
    lines.extend(strategy(answers, story));
    lines.extend(log(answers, story));
    lines.extend(events(answers, story));
    lines.extend(logins(answers, secret));
    lines
}

/// A question without an answer.
pub(super) fn not_asked(topic: &'static str, why: &Unasked) -> Reason {
    let text = match why {
        Unasked::NotNeeded => "not asked: not needed".to_owned(),
        Unasked::Because(why) => format!("not asked: {why}"),
        Unasked::Flag(flag) => format!("not asked: {flag} does"),
        Unasked::OneRefused => {
            "not tried: a run has one refused login at most, as some servers lock a role".to_owned()
        }
        Unasked::Needs(permission) => format!("not asked: needs {permission}"),
        Unasked::Failed(problem) => format!("no answer: {problem}"),
    };
    line(Mark::NotAsked, topic, text)
}

fn line(mark: Mark, topic: &'static str, text: impl Into<String>) -> Reason {
    Reason {
        mark,
        topic,
        name: None,
        text: text.into(),
    }
}

fn rotation(secret: &Secret) -> Reason {
    let function = secret.function.as_deref().map(name_of);
    match (secret.enabled, function) {
        (Some(true), Some(name)) => line(Mark::Ok, "rotation", format!("on, by {name}")),
        (Some(true), None) => line(Mark::Ok, "rotation", "on, without a function"),
        (Some(false), Some(name)) => line(Mark::Failed, "rotation", format!("off; it was by {name}")),
        (Some(false), None) => line(Mark::Failed, "rotation", "off"),
        (None, _) => line(Mark::Failed, "rotation", "never switched on"),
    }
}

fn labels(answers: &Answers, secret: &Secret, now: Timestamp) -> Reason {
    let on = |label: &Label| secret.labels.carrier(label);
    let named = |label: Label| on(&label).map(|version| format!("{label} {}", short(version)));
    let Some(pending) = secret.pending() else {
        let also = on(&Label::Pending).map(|_| " (AWSPENDING too)");
        let current = named(Label::Current).unwrap_or_else(|| "no AWSCURRENT".to_owned());
        let previous = named(Label::Previous).map(|text| format!(", {text}"));
        let mark = if on(&Label::Current).is_some() {
            Mark::Ok
        } else {
            Mark::Failed
        };
        return line(
            mark,
            "labels",
            format!(
                "{current}{}{}",
                also.unwrap_or_default(),
                previous.unwrap_or_default()
            ),
        );
    };
    let made = answers.made(Some(pending));
    let value = match answers.has_value(pending) {
        Some(true) => "has a value",
        Some(false) => "has no value",
        None => "whether it has a value is not known",
    };
    let since = made.map(|made| format!(", made {}", time::ago(made, now)));
    let current = named(Label::Current).unwrap_or_default();
    line(
        Mark::Failed,
        "labels",
        format!(
            "{current}; AWSPENDING {} {value}{}",
            short(pending),
            since.unwrap_or_default()
        ),
    )
}

fn function(answers: &Answers) -> Option<Reason> {
    Some(match &answers.function {
        Answer::NotAsked(Unasked::NotNeeded) => return None,
        Answer::NotAsked(why) => not_asked("function", why),
        Answer::Said(Function::Gone) => line(Mark::Failed, "function", "does not exist"),
        Answer::Said(Function::There(state)) => of_state(state),
    })
}

fn of_state(state: &FunctionState) -> Reason {
    let reason = state.reason.as_deref().map(|reason| format!(": {reason}"));
    let reason = reason.unwrap_or_default();
    if state.update_failed {
        return line(
            Mark::Failed,
            "function",
            format!("its last update failed{reason}"),
        );
    }
    let mark = match state.state.as_str() {
        "Active" => Mark::Ok,
        "Inactive" | "Pending" => Mark::Note,
        _ => Mark::Failed,
    };
    line(
        mark,
        "function",
        format!("{}{reason}, time limit {} s", state.state, state.timeout),
    )
}

fn permission(answers: &Answers) -> Option<Reason> {
    Some(match &answers.permission {
        Answer::NotAsked(Unasked::NotNeeded) => return None,
        Answer::NotAsked(why) => not_asked("permission", why),
        Answer::Said(Permission::Granted) => line(Mark::Ok, "permission", "Secrets Manager may invoke it"),
        Answer::Said(Permission::Missing) => line(
            Mark::Failed,
            "permission",
            "its policy has no statement for secretsmanager.amazonaws.com",
        ),
        Answer::Said(Permission::OtherAccount(account)) => line(
            Mark::Failed,
            "permission",
            format!("its policy allows Secrets Manager only for secrets of account {account}"),
        ),
        Answer::Said(Permission::OtherSecret(pattern)) => line(
            Mark::Failed,
            "permission",
            format!("its policy allows Secrets Manager only for {pattern}"),
        ),
    })
}

fn concurrency(answers: &Answers) -> Option<Reason> {
    match &answers.concurrency {
        Answer::Said(Some(reserved)) => {
            let mark = if *reserved < LEAST_CONCURRENCY {
                Mark::Failed
            } else {
                Mark::Ok
            };
            let text = format!("{reserved} invocations at once are reserved");
            Some(line(mark, "concurrency", text))
        }
        Answer::Said(None) | Answer::NotAsked(Unasked::NotNeeded) => None,
        Answer::NotAsked(why) => Some(not_asked("concurrency", why)),
    }
}

/// Said of alternating users only: there a rotation that stands locks nobody out.
fn strategy(answers: &Answers, story: Option<&Story>) -> Option<Reason> {
    let alternates = super::story::strategy(answers, story) == Some(Strategy::AlternatingUsers);
    let text = "two users alternate: a rotation leaves the password of AWSCURRENT's user alone";
    alternates.then(|| line(Mark::Ok, "strategy", text))
}

fn log(answers: &Answers, story: Option<&Story>) -> Vec<Reason> {
    let story = match (&answers.log, story) {
        (Answer::NotAsked(Unasked::NotNeeded), _) | (Answer::Said(_), None) => return Vec::new(),
        (Answer::NotAsked(why), _) => return vec![not_asked("log", why)],
        (Answer::Said(_), Some(story)) => story,
    };
    if story.is_empty() {
        return vec![line(Mark::Note, "log", "no line of this rotation was found")];
    }
    let mut lines: Vec<Reason> = story
        .steps()
        .into_iter()
        .map(|(step, last, failed)| {
            let at = time::moment(last.at);
            match &last.event {
                Event::Step {
                    end: End::Failed { code, message },
                    ..
                } => {
                    let times = if failed > 1 {
                        format!(", {failed} times")
                    } else {
                        String::new()
                    };
                    let words = message.as_deref().map(|text| format!(": {}", in_few_words(text)));
                    line(
                        Mark::Failed,
                        step.name(),
                        format!("{at}  {code}{times}{}", words.unwrap_or_default()),
                    )
                }
                Event::Step {
                    end: End::Succeeded(did),
                    ..
                } => line(
                    Mark::Ok,
                    step.name(),
                    format!("{at}{}", did_text(*did, story.strategy())),
                ),
                Event::TimedOut | Event::ModuleMissing(_) => line(Mark::Note, step.name(), at),
            }
        })
        .collect();
    if let Some(failure) = story.last_failure().filter(|failure| failure.step.is_none()) {
        let text = match failure.code {
            "TimeLimit" => "a step of this function ran into its time limit",
            _ => "Lambda could not start the function's code",
        };
        let why = failure.message.map(|why| format!(": {why}")).unwrap_or_default();
        lines.push(line(
            Mark::Failed,
            "log",
            format!("{}  {text}{why}", time::moment(failure.at)),
        ));
    }
    if story.is_of_a_template() {
        let text = "written by AWS's rotation template, not by Keywheel";
        lines.push(line(Mark::Note, "log", text));
    }
    lines
}

fn role(answers: &Answers) -> Vec<Reason> {
    let check = match &answers.role {
        Answer::NotAsked(Unasked::NotNeeded) => return Vec::new(),
        Answer::NotAsked(why) => return vec![not_asked("role", why)],
        Answer::Said(check) => check,
    };
    let mut lines = vec![match check.denied.as_slice() {
        [] => line(Mark::Ok, "role", "its policies allow what a rotation calls"),
        denied => line(
            Mark::Failed,
            "role",
            format!("its policies do not allow {}", denied.join(", ")),
        ),
    }];
    match check.secret_denies {
        Some(true) => lines.push(line(
            Mark::Note,
            "role",
            "the secret's own policy denies something",
        )),
        Some(false) => {}
        None => lines.push(line(
            Mark::NotAsked,
            "role",
            "the secret's own policy: needs secretsmanager:GetResourcePolicy",
        )),
    }
    lines
}

fn key(answers: &Answers) -> Option<Reason> {
    Some(match &answers.key {
        Answer::NotAsked(Unasked::NotNeeded) => return None,
        Answer::NotAsked(why) => not_asked("key", why),
        Answer::Said(state) if state == "Enabled" => line(Mark::Ok, "key", "the secret's KMS key is enabled"),
        Answer::Said(state) => line(Mark::Failed, "key", format!("the secret's KMS key is {state}")),
    })
}

fn network(answers: &Answers, found: &[Found]) -> Vec<Reason> {
    let mut lines = match &answers.network {
        Answer::NotAsked(Unasked::NotNeeded) => Vec::new(),
        Answer::NotAsked(why) => vec![not_asked("network", why)],
        Answer::Said(_) => found
            .iter()
            .map(|found| Reason {
                name: found.obstacle.map(Obstacle::name),
                ..line(found.mark, "network", found.text.as_str())
            })
            .collect(),
    };
    match &answers.database {
        Answer::NotAsked(Unasked::NotNeeded) | Answer::Said(_) => {}
        Answer::NotAsked(why) => lines.push(not_asked("database", why)),
    }
    lines
}

fn events(answers: &Answers, story: Option<&Story>) -> Vec<Reason> {
    if let Answer::NotAsked(why) = &answers.events {
        return match why {
            Unasked::NotNeeded => Vec::new(),
            why => vec![not_asked("events", why)],
        };
    }
    let mut lines = Vec::new();
    if let Some(event) = trail::gave_up(answers, story.and_then(Story::last_at)) {
        let words = event.message.as_deref().map(|words| format!(": {words}"));
        lines.push(line(
            Mark::Failed,
            "events",
            format!(
                "{}  Secrets Manager has given up{}",
                time::moment(event.at),
                words.unwrap_or_default()
            ),
        ));
    }
    for (found, what) in [
        (trail::last(answers, "CancelRotateSecret"), "switched off"),
        (trail::other_writer(answers), "written"),
    ] {
        let Some(event) = found else { continue };
        let by = event.by.as_deref().unwrap_or("somebody");
        lines.push(line(
            Mark::Note,
            "events",
            format!("{}  {what} by {by} ({})", time::moment(event.at), event.name),
        ));
    }
    lines
}

const fn did_text(did: Did, strategy: Option<Strategy>) -> &'static str {
    match (did, strategy) {
        (Did::Applied, Some(Strategy::AlternatingUsers)) => "  the other user has the new password",
        (Did::Applied, Some(Strategy::ApiKey)) => "  the new key is in use",
        (Did::Applied, Some(Strategy::SingleUser) | None) => "  the database has the new password",
        (Did::Switched, _) => "  AWSCURRENT moved",
        (Did::Other, _) => "",
    }
}

const CURRENT: &str = "AWSCURRENT";

fn logins(answers: &Answers, secret: &Secret) -> Vec<Reason> {
    let other = if secret.pending().is_some() {
        "AWSPENDING"
    } else {
        "the version that lost AWSPENDING"
    };
    let named = |label: &str, answer: &Answer<LoginAnswer>| match answer {
        Answer::Said(LoginAnswer::Accepted) => (Mark::Ok, format!("{label} logs in")),
        Answer::Said(LoginAnswer::Refused(state)) => (Mark::Failed, format!("{label} is refused ({state})")),
        Answer::Said(LoginAnswer::Outdated) => (
            if label == CURRENT {
                Mark::Failed
            } else {
                Mark::Note
            },
            format!("{label} cannot log in: the role has one password, and it is the other one"),
        ),
        Answer::NotAsked(why) => (Mark::NotAsked, format!("{label} {}", not_asked("", why).text)),
    };
    let logins = &answers.logins;
    if let (Answer::NotAsked(current), Answer::NotAsked(_)) = (&logins.current, &logins.pending) {
        return match current {
            Unasked::NotNeeded => Vec::new(),
            why => vec![not_asked("login", why)],
        };
    }
    let mut lines = vec![named(CURRENT, &logins.current)];
    if logins.pending != Answer::NotAsked(Unasked::NotNeeded) {
        lines.push(named(other, &logins.pending));
    }
    lines
        .into_iter()
        .map(|(mark, text)| line(mark, "login", text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::RoleCheck;
    use crate::diagnosis::notation::Given;

    #[test]
    fn rights_and_keys_are_reasons() {
        let mut given = Given::pending().log("create ok, set PermissionDenied");
        given.0.role = Answer::Said(RoleCheck {
            denied: vec!["secretsmanager:PutSecretValue".to_owned()],
            secret_denies: Some(true),
        });
        given.0.key = Answer::Said("PendingDeletion".to_owned());
        let text = format!("{:?}", given.diagnosis().reasons);
        for words in [
            "do not allow secretsmanager:PutSecretValue",
            "own policy denies",
            "key is PendingDeletion",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
}
