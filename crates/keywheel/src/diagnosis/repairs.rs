//! What a person can do about the cause of a failure, beside having the rotation attempted again.

use super::actions::{Action, Fix, Names};
use super::answers::{Answers, Function, FunctionState, Secret};
use super::cause::Cause;
use super::function::network::{Found, Mend, Network};
use super::story::Failure;
use super::trail;
use crate::log::Denied;
use crate::words::time;

/// A function's time limit, where nobody said.
const USUAL_LIMIT: u32 = 30;

/// What removes the cause. `ways` open a way in the network.
pub(super) fn repairs(
    answers: &Answers,
    secret: &Secret,
    names: Names<'_>,
    cause: Option<Cause>,
    failure: Option<Failure<'_>>,
    ways: Vec<Action>,
) -> Vec<Action> {
    let function = || secret.function.clone().unwrap_or_default();
    let works = answers.logins.current_works() == Some(true);
    let mut actions = match cause {
        Some(Cause::NotInvocable) => vec![Action::fix(
            "Let Secrets Manager invoke the function, if nobody took that away on purpose.",
            Fix::Allow {
                function: function(),
                account: secret.account().to_owned(),
            },
            names,
        )],
        Some(Cause::TooLittleConcurrency) => vec![Action::fix(
            "Give the function room, if nobody stopped it on purpose: CloudTrail's PutFunctionConcurrency says who set it.",
            Fix::Concurrency(function()),
            names,
        )],
        Some(Cause::TimeLimit) => vec![match raised(time_limit(answers)) {
            Some(seconds) => {
                let function = function();
                let fix = Fix::TimeLimit { function, seconds };
                Action::fix("Raise the time limit.", fix, names)
            }
            None => Action::by_hand("Find out what takes so long: Lambda has no longer time limit."),
        }],
        Some(Cause::PendingForeign) => vec![Action::run(
            "Ask who stored AWSPENDING's value, and whether they need it.",
            names.explain(Cause::PendingForeign.name()),
        )],
        Some(Cause::ModuleMissing) => vec![Action::run(
            "Deploy the function again, with what its log names as missing. This shows for which runtime, handler and architecture.",
            names.runtime(&function()),
        )],
        Some(Cause::TwoWriters) => {
            vec![stop_other_writer(answers).unwrap_or_else(|| stop("what else writes this secret"))]
        }
        Some(Cause::FunctionBroken) => vec![Action::by_hand(
            "Repair what Lambda names as the reason, or deploy the function again.",
        )],
        Some(Cause::CredentialWrong) if works => return Vec::new(),
        Some(Cause::CredentialWrong) => vec![set_by_hand(names)],
        _ => Vec::new(),
    };
    actions.extend(ways);
    if answers.role.said().and_then(|check| check.secret_denies) == Some(true) {
        actions.push(Action::run(
            "Look whether the secret's own policy denies it to the role. A Deny there wins.",
            names.secret_policy(),
        ));
    }
    if let Some((failure, code)) = failure.map(|failure| (failure, ours(failure.code)))
        && crate::offline::explain::page(code).is_some()
    {
        let since = time::moment(failure.at);
        let text = match failure.denied() {
            Some(Denied { role, permission, .. }) => {
                let role = role.map_or_else(
                    || "the function's role".to_owned(),
                    |role| format!("the role {role}"),
                );
                format!("Let {role} call {permission}, unless somebody has since {since}.")
            }
            None => format!(
                "Remove the cause, unless somebody has since {since}: {}.",
                meaning(code)
            ),
        };
        actions.push(Action::run(text, names.explain(code)));
    }
    actions
}

/// The code of Keywheel's that has the page for one of AWS's templates.
fn ours(code: &str) -> &str {
    match code {
        "TemplateNoLogin" => "LoginRefused",
        "TemplateSuperuserNoLogin" => "SuperuserLoginRefused",
        "TemplateDocument" => "SecretFieldMissing",
        code => code,
    }
}

/// Those who run the other writer can stop it, and nobody else: there is no command.
fn stop(who: &str) -> Action {
    Action::by_hand(format!(
        "Stop {who}, or it happens again. Terraform: ignore_changes = [secret_string] of the secret's version."
    ))
}

/// Who else stored a value, by `CloudTrail`.
pub(super) fn stop_other_writer(answers: &Answers) -> Option<Action> {
    let event = trail::other_value(answers)?;
    Some(stop(&format!("{} ({})", event.by.as_deref()?, event.name)))
}

/// What a code says, where its cause says less.
fn meaning(code: &str) -> &'static str {
    match code {
        "SuperuserLoginRefused" => "the server refuses the superuser's password, as its secret has it",
        code => Cause::of(code).meaning(),
    }
}

/// What opens the function's way, by what was found in its network.
pub(super) fn ways(answers: &Answers, found: &[Found], names: Names<'_>) -> Vec<Action> {
    let Some(network) = answers.network.said() else {
        return Vec::new();
    };
    let mends = found.iter().filter_map(|found| found.mend.as_ref());
    mends.flat_map(|mend| way(mend, network, names)).collect()
}

fn way(mend: &Mend, network: &Network, names: Names<'_>) -> Vec<Action> {
    let run = |text: &str, command| Action::run(text, command);
    match mend {
        Mend::Endpoint => {
            let (Some(service), Some(group)) = (&network.service, network.vpc.groups.first()) else {
                return Vec::new();
            };
            vec![
                run(
                    "Let what has the function's security group reach the endpoint, if nobody closed it on purpose.",
                    names.let_in(group, group, 443),
                ),
                run(
                    "Make the endpoint. AWS charges for it by the hour; a NAT gateway is the other way.",
                    names.endpoint(network, service, group),
                ),
            ]
        }
        Mend::PrivateDns(endpoint) => vec![run(
            "Give the service's usual name to the endpoint.",
            names.private_dns(endpoint),
        )],
        Mend::Dns(attribute) => vec![run(
            "Switch it on: the endpoint's name needs it.",
            names.vpc_attribute(&network.vpc.id, attribute),
        )],
        Mend::LetIn {
            whose,
            into,
            from,
            port,
        } => vec![Action::run(
            format!("Let the function into the {whose}, if nobody closed it on purpose."),
            names.let_in(into, from, *port),
        )],
        Mend::LetOut { group, to, port } => vec![run(
            "Let the function out, if nobody closed it on purpose.",
            names.let_out(group, to.as_deref(), *port),
        )],
        Mend::Acl(rule) => vec![run(
            "Let it through the network ACL, if nobody closed it on purpose.",
            names.network_acl_entry(rule),
        )],
        Mend::Policy { endpoint, document } => vec![run(
            "Add a statement for the function's role to the endpoint's policy, if nobody left it out on purpose. The rest of the policy stays.",
            names.endpoint_policy(endpoint, document),
        )],
    }
}

/// What nobody but a person with a login can do.
pub(super) fn set_by_hand(names: Names<'_>) -> Action {
    Action::run(
        "If nobody locked the role on purpose: read AWSCURRENT's value, and set the role's password to it (\\password in psql). Any login \
         of the role will do, or an administrator's.",
        names.value(),
    )
}

/// The function's time limit, in seconds.
pub(super) fn time_limit(answers: &Answers) -> u32 {
    match answers.function.said() {
        Some(Function::There(FunctionState { timeout, .. })) => *timeout,
        _ => USUAL_LIMIT,
    }
}

/// The next time limit to try, in seconds: twice the present one, within what a rotation needs and Lambda allows.
fn raised(limit: u32) -> Option<u32> {
    const NEEDED: u32 = 60;
    const LONGEST: u32 = 900;
    (limit < LONGEST).then(|| (limit * 2).clamp(NEEDED, LONGEST))
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::State;
    use crate::diagnosis::notation::{Given, commands};

    #[test]
    fn a_time_limit_is_raised_and_never_lowered() {
        for (limit, raised) in [
            (3, Some(60)),
            (30, Some(60)),
            (60, Some(120)),
            (600, Some(900)),
            (900, None),
        ] {
            let given = Given::pending()
                .log("timeout")
                .function(|state| state.timeout = limit);
            let commands = commands(&given.check(State::PendingUnclear, "not known"));
            match raised {
                Some(seconds) => assert!(
                    commands.contains(&format!("--timeout {seconds} ")),
                    "{limit}: {commands}"
                ),
                None => assert!(!commands.contains("--timeout"), "{commands}"),
            }
        }
    }
}
