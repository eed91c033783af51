//! What is to be moved, and the commands for it.

use serde_json::json;

use super::template::Template;
use crate::aws::Session;
use crate::words::names::name_of;
use crate::words::{print, shell::NEW_FUNCTION};

/// A function that is one of AWS's templates, and its secrets, each with what stands in the way.
pub(super) struct Group {
    pub(super) function: String,
    pub(super) template: Template,
    pub(super) secrets: Vec<(String, Option<String>)>,
}

pub(super) fn print(
    session: &Session,
    groups: &[Group],
    unknown: &[(String, String)],
    to: Option<&str>,
    as_json: bool,
) {
    if as_json {
        return print::answer(&document(groups, unknown).to_string());
    }
    for group in groups {
        screen(session, group, to);
    }
    for (function, why) in unknown {
        print::answer(&format!("UNKNOWN {}  {why}", name_of(function)));
    }
    let number: usize = groups.iter().map(|group| group.secrets.len()).sum();
    print::answer(&format!(
        "secrets that AWS's templates rotate: {number}, by functions: {}",
        groups.len()
    ));
}

fn document(groups: &[Group], unknown: &[(String, String)]) -> serde_json::Value {
    let group = |group: &Group| {
        let secret = |(name, first): &(String, Option<String>)| json!({ "name": name, "first": first });
        json!({
            "function": group.function,
            "what": group.template.what,
            "runtime": group.template.runtime,
            "becomes": group.template.becomes,
            "needs": group.template.needs,
            "settings": group.template.settings,
            "other_settings": group.template.other_settings,
            "secrets": group.secrets.iter().map(secret).collect::<Vec<_>>(),
        })
    };
    let unknown = unknown
        .iter()
        .map(|(function, why)| json!({ "function": function, "why": why }));
    json!({
        "version": 1,
        "functions": groups.iter().map(group).collect::<Vec<_>>(),
        "unknown": unknown.collect::<Vec<_>>(),
    })
}

fn screen(session: &Session, group: &Group, to: Option<&str>) {
    let template = &group.template;
    let (name, what, runtime) = (name_of(&group.function), template.what, &template.runtime);
    print::answer(&format!("{name}  {what} ({runtime})"));
    let Some(becomes) = template.becomes else {
        print::answer("  stays: Keywheel rotates PostgreSQL passwords and API keys");
        return;
    };
    print::answer(&format!("  becomes {becomes}"));
    for need in &template.needs {
        print::answer(&format!("  first: {need}"));
    }
    if !template.settings.is_empty() {
        print::answer(&format!(
            "  give it the same values of {}",
            template.settings.join(", ")
        ));
    }
    if !template.other_settings.is_empty() {
        print::answer(&format!(
            "  not read by Keywheel: {}",
            template.other_settings.join(", ")
        ));
    }
    for (secret, first) in &group.secrets {
        match first {
            None => print::answer(&format!("  {secret}")),
            Some(why) => print::answer(&format!(
                "  {secret}  first: {why}; {}",
                session.names(secret).doctor()
            )),
        }
    }
    let Some((first, _)) = group.secrets.iter().find(|(_, first)| first.is_none()) else {
        return;
    };
    let move_to = |arn: &str| {
        session.aws([
            "secretsmanager",
            "rotate-secret",
            "--secret-id",
            first,
            "--rotation-lambda-arn",
            arn,
            "--no-rotate-immediately",
        ])
    };
    print::answer("Do, for each secret:");
    print::answer("  1. A test rotation by the new function, which changes nothing. The schedule stays.");
    print::answer(&format!(
        "       {}",
        print::command(&move_to(to.unwrap_or(NEW_FUNCTION)))
    ));
    print::answer("  2. If its log shows no failure, rotate when it suits you.");
    print::answer(&format!(
        "       {}",
        print::command(&session.names(first).rotate())
    ));
    print::answer("Back:");
    print::answer(&format!("       {}", print::command(&move_to(&group.function))));
}
