//! `--bundle`: all that was asked and answered, in one file for a colleague or an issue.
//!
//! It is made of the answers as `diagnosis` has them: no value, no environment and no RotationToken is among them.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use staging_labels::{Labels, VersionId};

use crate::diagnosis::{
    Answer, Answers, Function, FunctionState, Group, LoginAnswer, Network, Permission, Route, Rule, Secret,
    Subnet, TrailEvent, Unasked, Version,
};
use crate::exit::{Exit, Trouble};
use crate::log::{End, Entry, Event};

/// One document over all secrets of the run; `diagnoses` are as `--json` has them.
pub(super) fn document(asked: &[(Value, &Answers)], now: Timestamp) -> Value {
    let secrets = asked.iter().map(|(diagnosis, answers)| {
        json!({ "diagnosis": diagnosis, "region": answers.region, "answers": all(answers) })
    });
    json!({
        "bundle": 1,
        "keywheel": env!("CARGO_PKG_VERSION"),
        "made_at": now.to_string(),
        "left_out": "secret values, environment variables, RotationTokens",
        "secrets": secrets.collect::<Vec<_>>(),
    })
}

/// Writes it for the person alone. A file that is there stays as it is.
pub(super) fn write(path: &Path, document: &Value) -> Result<(), Trouble> {
    let trouble = |error: &io::Error| {
        let there = error.kind() == io::ErrorKind::AlreadyExists;
        Trouble {
            problem: format!("--bundle {}: {error}", path.display()),
            remedy: if there {
                "name another file, or remove this one"
            } else {
                "name a file in a directory that you may write"
            }
            .to_owned(),
            exit: Exit::Usage,
        }
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| trouble(&error))?;
    writeln!(file, "{document:#}").map_err(|error| trouble(&error))
}

fn all(answers: &Answers) -> Value {
    json!({
        "DescribeSecret": of(&answers.secret, |secret| secret.as_ref().map_or(Value::Null, of_secret)),
        "ListSecretVersionIds": of(&answers.versions, |versions| versions.iter().map(of_version).collect()),
        "GetFunctionConfiguration": of(&answers.function, of_function),
        "GetPolicy": of(&answers.permission, of_permission),
        "GetFunctionConcurrency": of(&answers.concurrency, |reserved| json!({ "reserved": reserved })),
        "FilterLogEvents": of(&answers.log, |entries| entries.iter().map(of_entry).collect()),
        "LookupEvents": of(&answers.events, |events| events.iter().map(of_event).collect()),
        "SimulatePrincipalPolicy": of(&answers.role, |role| json!({
            "denied": role.denied,
            "secret_policy_denies": role.secret_denies,
        })),
        "DescribeKey": of(&answers.key, |state| json!({ "state": state })),
        "network": of(&answers.network, of_network),
        "DescribeDBInstances": of(&answers.database, |database| json!({
            "id": database.id,
            "port": database.port,
            "groups": database.groups,
            "subnets": database.subnets,
        })),
        "login": {
            "AWSCURRENT": of(&answers.logins.current, of_login),
            "AWSPENDING": of(&answers.logins.pending, of_login),
            "same_place": answers.logins.same_place,
            "strategy": answers.logins.strategy.map(<&str>::from),
        },
    })
}

fn of<T>(answer: &Answer<T>, value: impl FnOnce(&T) -> Value) -> Value {
    match answer {
        Answer::Said(said) => json!({ "answer": value(said) }),
        Answer::NotAsked(why) => json!({ "not_asked": reason(why) }),
    }
}

fn reason(why: &Unasked) -> String {
    match why {
        Unasked::NotNeeded => "not needed".to_owned(),
        Unasked::Because(why) => (*why).to_owned(),
        Unasked::Flag(flag) => format!("{flag} was not given"),
        Unasked::OneRefused => "a run has one refused login at most".to_owned(),
        Unasked::Needs(permission) => format!("needs {permission}"),
        Unasked::Failed(problem) => format!("no answer: {problem}"),
    }
}

fn of_secret(secret: &Secret) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "name": secret.name,
        "arn": secret.arn,
        "rotation_enabled": secret.enabled,
        "function": secret.function,
        "interval_hours": secret.interval.map(|interval| interval.as_hours()),
        "next_rotation": time(secret.next),
        "last_rotated": time(secret.last_rotated),
        "created": time(secret.created),
        "last_changed": time(secret.changed),
        "deleted": time(secret.deleted),
        "primary_region": secret.primary_region,
        "owning_service": secret.owning_service,
        "kms_key": secret.key,
        "labels": Labels::to_string(&secret.labels),
    })
}

fn of_version(version: &Version) -> Value {
    json!({
        "id": VersionId::as_str(&version.id),
        "created": version.created.map(|at| at.to_string()),
        "labelled": version.labelled,
    })
}

fn of_function(function: &Function) -> Value {
    match function {
        Function::Gone => json!({ "state": "does not exist" }),
        Function::There(FunctionState {
            state,
            reason,
            update_failed,
            timeout,
            moves,
            role,
            log_group,
            vpc,
        }) => json!({
            "state": state,
            "reason": reason,
            "update_failed": update_failed,
            "timeout": timeout,
            "awscurrent_moves": moves.map(|moves| format!("{moves:?}")),
            "role": role,
            "log_group": log_group,
            "vpc": vpc.as_ref().map(|vpc| json!({
                "id": vpc.id,
                "subnets": vpc.subnets,
                "groups": vpc.groups,
                "ipv6": vpc.ipv6,
            })),
        }),
    }
}

fn of_permission(permission: &Permission) -> Value {
    match permission {
        Permission::Granted => json!({ "secrets_manager": "allowed" }),
        Permission::Missing => json!({ "secrets_manager": "no statement" }),
        Permission::OtherAccount(account) => {
            json!({ "secrets_manager": "other account", "account": account })
        }
        Permission::OtherSecret(pattern) => json!({ "secrets_manager": "other secret", "pattern": pattern }),
    }
}

fn of_network(network: &Network) -> Value {
    let rules = |rules: &[Rule]| -> Vec<Value> {
        let of = |rule: &Rule| {
            json!({
                "ports": rule.ports,
                "groups": rule.groups,
                "ranges": rule.ranges.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "prefix_lists": rule.prefix_lists,
            })
        };
        rules.iter().map(of).collect()
    };
    let groups = |groups: &[Group]| -> Vec<Value> {
        let of = |group: &Group| json!({ "id": group.id, "in": rules(&group.inward), "out": rules(&group.outward) });
        groups.iter().map(of).collect()
    };
    let route = |subnet: &Subnet| {
        let (kind, target) = match &subnet.route {
            Route::Missing => ("none", None),
            Route::Public(target) => ("internet gateway", Some(target)),
            Route::Blackhole(target) => ("gone", Some(target)),
            Route::Through(target) => ("through", Some(target)),
        };
        json!({
            "id": subnet.id,
            "default_route": { "kind": kind, "target": target },
        })
    };
    json!({
        "subnets": network.subnets.iter().map(route).collect::<Vec<_>>(),
        "endpoint": network.endpoint.as_ref().map(|endpoint| json!({
            "id": endpoint.id,
            "state": endpoint.state,
            "private_dns": endpoint.private_dns,
            "groups": endpoint.groups,
            "subnets": endpoint.subnets,
            "policy": endpoint.policy,
        })),
        "dns_support_and_hostnames": network.dns,
        "groups": groups(&network.groups),
        "open_to_the_function": groups(&network.open),
        "addresses": network.addresses.iter().map(|(id, ranges)| {
            (id.clone(), ranges.iter().map(ToString::to_string).collect())
        }).collect::<BTreeMap<String, Vec<String>>>(),
        "network_acls": network.acls.iter().map(|acl| json!({
            "id": acl.id,
            "subnets": acl.subnets,
            "entries": acl.entries.iter().map(|entry| json!({
                "number": entry.number,
                "egress": entry.egress,
                "allows": entry.allows,
                "ports": entry.ports,
                "range": entry.range.to_string(),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "database_port": network.port,
        "database_address": network.address.map(|address| address.to_string()),
    })
}

fn of_entry(entry: &Entry) -> Value {
    let (event, step, code, message) = match &entry.event {
        Event::Step { step, end, .. } => match end {
            End::Succeeded(did) => (format!("{did:?}"), Some(step.name()), None, None),
            End::Failed { code, message } => (
                "Failed".to_owned(),
                Some(step.name()),
                Some(code),
                message.as_deref(),
            ),
        },
        Event::TimedOut => ("TimedOut".to_owned(), None, None, None),
        Event::ModuleMissing(why) => ("ModuleMissing".to_owned(), None, None, Some(why.as_str())),
    };
    json!({
        "at": entry.at.to_string(),
        "version": entry.version,
        "strategy": entry.strategy.map(<&str>::from),
        "event": event,
        "step": step,
        "code": code,
        "message": message,
    })
}

fn of_event(event: &TrailEvent) -> Value {
    json!({
        "at": event.at.to_string(),
        "event": event.name,
        "by": event.by,
        "error": event.message,
        "version": event.version,
    })
}

fn of_login(login: &LoginAnswer) -> Value {
    match login {
        LoginAnswer::Accepted => json!({ "login": "accepted" }),
        LoginAnswer::Refused(state) => json!({ "login": "refused", "sqlstate": state }),
        LoginAnswer::Outdated => json!({ "login": "the other value is the role's" }),
    }
}
