//! The lines of AWS's rotation templates (`SecretsManagerRDSPostgreSQLRotationSingleUser` and `…MultiUser`), which name the step first.

use rotation::Strategy;
use staging_labels::Step;

use super::entry::{Did, End, Event};

/// What the templates say of a secret value without naming the secret.
pub(crate) const NO_SECRET_NAMED: [&str; 2] = [
    "key is missing from secret JSON",
    "Database engine must be set to",
];

/// How a sentence begins, after the step's name, and what it means.
const SENTENCES: [(Step, &str, Meaning); 10] = [
    (
        Step::Create,
        "Successfully retrieved secret for",
        Meaning::Did(Did::Other),
    ),
    (
        Step::Create,
        "Successfully put secret for ARN",
        Meaning::Did(Did::Other),
    ),
    (
        Step::Set,
        "AWSPENDING secret is already set as password",
        Meaning::Did(Did::Applied),
    ),
    (Step::Set, "Successfully set password for ", Meaning::Set),
    (
        Step::Set,
        "Unable to log into database using credentials in master secret",
        Meaning::Failed("TemplateSuperuserNoLogin", NO_SUPERUSER),
    ),
    (
        Step::Set,
        "Unable to log into database",
        Meaning::Failed("TemplateNoLogin", NO_LOGIN),
    ),
    (Step::Test, "Successfully signed into", Meaning::Did(Did::Other)),
    (
        Step::Test,
        "Unable to log into database",
        Meaning::Failed("TemplateTestFailed", NO_TEST_LOGIN),
    ),
    (
        Step::Finish,
        "Successfully set AWSCURRENT stage",
        Meaning::Did(Did::Switched),
    ),
    (Step::Finish, "Version ", Meaning::Did(Did::Other)),
];

#[derive(Clone, Copy)]
enum Meaning {
    Did(Did),
    Set,
    /// With this code, and in these words.
    Failed(&'static str, &'static str),
}

const NO_LOGIN: &str =
    "AWS's template could not log in; it says the same if the database did not answer or refused TLS";
const NO_SUPERUSER: &str = "AWS's template could not log in with the superuser secret; it says the same if the database did not answer";
const NO_TEST_LOGIN: &str =
    "AWS's template could not log in with the new password; it says the same if the database did not answer";
const NO_KEY: &str =
    "AWS's template misses a key of the secret value, such as engine, host, username or password";

/// What the line says, and whose password it shows to be changed.
pub(super) fn read(line: &str) -> Option<(Event, Option<Strategy>)> {
    if NO_SECRET_NAMED.iter().any(|words| line.contains(words)) {
        let event = Event::Step {
            step: step_of_the_traceback(line),
            end: failed("TemplateDocument", NO_KEY),
            milliseconds: None,
        };
        return Some((event, None));
    }
    let (step, meaning) = SENTENCES.iter().find_map(|(step, beginning, meaning)| {
        let sentence = format!("{}: {beginning}", step.name());
        line.contains(&sentence).then_some((*step, *meaning))
    })?;
    let strategy = match meaning {
        Meaning::Set => whose(line),
        Meaning::Did(_) | Meaning::Failed(..) => None,
    };
    let end = match meaning {
        Meaning::Did(did) => End::Succeeded(did),
        Meaning::Set => End::Succeeded(Did::Applied),
        Meaning::Failed(code, words) => failed(code, words),
    };
    let event = Event::Step {
        step,
        end,
        milliseconds: None,
    };
    Some((event, strategy))
}

fn failed(code: &str, words: &str) -> End {
    End::Failed {
        code: code.to_owned(),
        message: Some(words.to_owned()),
    }
}

/// createSecret reads the value first.
fn step_of_the_traceback(line: &str) -> Step {
    let functions = [
        ("in set_secret", Step::Set),
        ("in test_secret", Step::Test),
        ("in finish_secret", Step::Finish),
    ];
    let found = functions.iter().find(|(name, _)| line.contains(name));
    found.map_or(Step::Create, |(_, step)| *step)
}

/// The single-user template says `for user NAME`. The other names its user alone, and so do templates of other databases: only a clone's
/// name is a sign of alternating users.
fn whose(line: &str) -> Option<Strategy> {
    let (_, rest) = line.split_once("set password for ")?;
    let (name, _) = rest.split_once(" in ")?;
    if name.starts_with("user ") {
        Some(Strategy::SingleUser)
    } else if name.ends_with("_clone") {
        Some(Strategy::AlternatingUsers)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_templates_are_told_apart_where_they_can_be() {
        let strategy = |text: &str| {
            let (event, strategy) = read(text).unwrap();
            assert!(
                matches!(
                    event,
                    Event::Step {
                        end: End::Succeeded(Did::Applied),
                        ..
                    }
                ),
                "{event:?}"
            );
            strategy
        };
        let single = "[INFO]\t2024-01-01T00:00:00.000Z\t8f507bc1-0a1b-4c2d-8e3f-000000000000\tsetSecret: Successfully set password for user app in PostgreSQL DB for secret arn arn:x.";
        assert_eq!(strategy(single), Some(Strategy::SingleUser));
        let multi =
            "setSecret: Successfully set password for app_clone in PostgreSQL DB for secret arn arn:x.";
        assert_eq!(strategy(multi), Some(Strategy::AlternatingUsers));
        let either = "setSecret: Successfully set password for app in PostgreSQL DB for secret arn arn:x.";
        assert_eq!(strategy(either), None);
    }

    #[test]
    fn a_login_that_fails_is_a_step_that_failed() {
        let line = "[ERROR] ValueError: setSecret: Unable to log into database with previous, current, or pending secret of secret arn x";
        assert!(matches!(
            read(line).unwrap().0,
            Event::Step { step: Step::Set, end: End::Failed { ref code, .. }, .. } if code == "TemplateNoLogin"
        ));
        assert_eq!(read("hello"), None);
        for (line, wanted, step) in [
            (
                "setSecret: Unable to log into database using credentials in master secret arn:x",
                "TemplateSuperuserNoLogin",
                Step::Set,
            ),
            (
                "[ERROR] KeyError: 'password key is missing from secret JSON'",
                "TemplateDocument",
                Step::Create,
            ),
            (
                "[ERROR] KeyError: \"Database engine must be set to 'postgres' in order to use this rotation lambda\"\nin set_secret",
                "TemplateDocument",
                Step::Set,
            ),
        ] {
            assert!(
                matches!(
                    read(line).unwrap().0,
                    Event::Step { step: of, end: End::Failed { ref code, .. }, .. } if code == wanted && of == step
                ),
                "{line}"
            );
        }
    }
}
