//! A diagnosis as lines, and as JSON.

use serde_json::{Value, json};
use staging_labels::VersionId;

use crate::diagnosis::{Action, Answers, Cause, Diagnosis, Mark, Names, Reason};
use crate::words::names::name_of;
use crate::words::print;

/// What the labels alone say, while the other questions are on their way.
pub(super) fn first(id: &str, diagnosis: &Diagnosis) -> String {
    format!(
        "{}  {id} [{}] by the labels alone; asking further …",
        print::word(diagnosis.word),
        diagnosis.state.name()
    )
}

/// The verdict, and what it means in a sentence.
pub(super) fn verdict(id: &str, diagnosis: &Diagnosis) -> Vec<String> {
    let name = diagnosis.state.name();
    let cause = diagnosis.cause.map(Cause::name).filter(|cause| *cause != name);
    let state = cause.map_or_else(|| name.to_owned(), |cause| format!("{name}, {cause}"));
    vec![
        format!(
            "{}  {id} [{state}]: new logins with AWSCURRENT work: {} ({})",
            print::word(diagnosis.word),
            diagnosis.logins.word(),
            diagnosis.logins.how()
        ),
        format!("  {}", diagnosis.summary),
    ]
}

/// The verdict comes first; the last lines say what to do.
pub(super) fn screen(names: Names<'_>, diagnosis: &Diagnosis, login: bool) -> Vec<String> {
    let mut lines = verdict(names.secret, diagnosis);
    lines.extend(diagnosis.reasons.iter().map(reason));
    if !diagnosis.actions.is_empty() {
        lines.push("Do".to_owned());
        let mut number = 0;
        for action in &diagnosis.actions {
            lines.extend(step(action, &mut number));
        }
        lines.extend(for_you(names, &diagnosis.actions, login));
    }
    lines.extend(diagnosis.never.iter().map(|text| format!("Never {text}.")));
    lines
}

/// The first numbered step that `--fix` carries out. A way out that is only an alternative is not pressed on anybody.
fn for_you(names: Names<'_>, actions: &[Action], login: bool) -> Option<String> {
    let mut steps = actions.iter().filter(|action| !action.otherwise).zip(1..);
    let (number, fix) = steps.find_map(|(action, number)| Some((number, action.fix.as_ref()?)))?;
    let after = if number == 1 {
        ""
    } else {
        ", after what stands before it"
    };
    let command = names.fix(fix.name().text(), login);
    Some(format!(
        "  keywheel does step {number} for you{after}: {}",
        print::command(&command)
    ))
}

fn reason(reason: &Reason) -> String {
    let name = reason.name.map(|name| format!(" [{name}]"));
    format!(
        "  {} {:<12} {}{}",
        print::mark(reason.mark),
        reason.topic,
        reason.text,
        name.unwrap_or_default()
    )
}

fn step(action: &Action, number: &mut usize) -> Vec<String> {
    let bullet = if action.otherwise {
        "or".to_owned()
    } else {
        *number += 1;
        format!("{number}.")
    };
    let fix = action
        .fix
        .as_ref()
        .map(|fix| format!(" (--fix {})", fix.name().text()));
    let text = format!("  {bullet} {}{}", action.text, fix.unwrap_or_default());
    let command = action
        .command
        .as_deref()
        .map(|command| format!("       {}", print::command(command)));
    std::iter::once(text).chain(command).collect()
}

/// The same for programs. Members are only ever added.
pub(super) fn json(id: &str, answers: &Answers, diagnosis: &Diagnosis) -> Value {
    let secret = answers.secret.said().and_then(Option::as_ref);
    json!({
        "secret": id,
        "arn": secret.map(|secret| &secret.arn),
        "name": secret.map(|secret| &secret.name),
        "function": secret.and_then(|secret| secret.function.as_deref()).map(name_of),
        "verdict": diagnosis.word.text(),
        "state": diagnosis.state.name(),
        "cause": diagnosis.cause.map(Cause::name),
        "code": diagnosis.code,
        "current_works": diagnosis.logins.word(),
        "current_works_because": diagnosis.logins.how(),
        "summary": diagnosis.summary,
        "current_version": secret.and_then(|secret| secret.current()).map(VersionId::as_str),
        "pending_version": secret.and_then(|secret| secret.pending()).map(VersionId::as_str),
        "findings": diagnosis.reasons.iter().map(|reason| json!({
            "topic": reason.topic,
            "result": result(reason.mark),
            "name": reason.name,
            "text": reason.text,
        })).collect::<Vec<_>>(),
        "do": diagnosis.actions.iter().map(|action| json!({
            "text": action.text,
            "command": action.command,
            "alternative": action.otherwise,
            "fix": action.fix.as_ref().map(|fix| fix.name().text()),
        })).collect::<Vec<_>>(),
        "never": diagnosis.never,
    })
}

const fn result(mark: Mark) -> &'static str {
    match mark {
        Mark::Ok => "ok",
        Mark::Note => "note",
        Mark::Failed => "failed",
        Mark::NotAsked => "not_asked",
    }
}
