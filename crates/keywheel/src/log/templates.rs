//! The lines of AWS's rotation templates (`SecretsManagerRDSPostgreSQLRotationSingleUser` and `…MultiUser`), which name the step first.

use staging_labels::Step;

use super::entry::{Did, End, Event};

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
    (
        Step::Set,
        "Successfully set password for user ",
        Meaning::Did(Did::AppliedToTheOneUser),
    ),
    (
        Step::Set,
        "Successfully set password for ",
        Meaning::Did(Did::AppliedToTheOtherUser),
    ),
    (
        Step::Set,
        "Unable to log into database",
        Meaning::Failed("TemplateNoLogin"),
    ),
    (Step::Test, "Successfully signed into", Meaning::Did(Did::Other)),
    (
        Step::Test,
        "Unable to log into database",
        Meaning::Failed("TemplateTestFailed"),
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
    Failed(&'static str),
}

pub(super) fn read(line: &str) -> Option<(Option<String>, Event)> {
    let (step, meaning) = SENTENCES.iter().find_map(|(step, beginning, meaning)| {
        let sentence = format!("{}: {beginning}", step.name());
        line.contains(&sentence).then_some((*step, *meaning))
    })?;
    let end = match meaning {
        Meaning::Did(did) => End::Succeeded(did),
        Meaning::Failed(code) => End::Failed {
            code: code.to_owned(),
            message: None,
        },
    };
    let event = Event::Step {
        step,
        end,
        milliseconds: None,
    };
    // [INFO] TAB time TAB request TAB text
    let request = line.split('\t').nth(2).filter(|id| id.len() == 36);
    Some((request.map(str::to_owned), event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_templates_are_told_apart_by_the_word_user() {
        let did = |text: &str| match read(text).unwrap().1 {
            Event::Step {
                end: End::Succeeded(did),
                ..
            } => did,
            other => panic!("{other:?}"),
        };
        let single = "[INFO]\t2024-01-01T00:00:00.000Z\t8f507bc1-0a1b-4c2d-8e3f-000000000000\tsetSecret: Successfully set password for user app in PostgreSQL DB for secret arn arn:x.";
        assert_eq!(did(single), Did::AppliedToTheOneUser);
        assert_eq!(
            read(single).unwrap().0.as_deref(),
            Some("8f507bc1-0a1b-4c2d-8e3f-000000000000")
        );
        let multi =
            "setSecret: Successfully set password for app_clone in PostgreSQL DB for secret arn arn:x.";
        assert_eq!(did(multi), Did::AppliedToTheOtherUser);
    }

    #[test]
    fn a_login_that_fails_is_a_step_that_failed() {
        let line = "[ERROR] ValueError: setSecret: Unable to log into database with previous, current, or pending secret of secret arn x";
        assert!(matches!(
            read(line).unwrap().1,
            Event::Step { step: Step::Set, end: End::Failed { ref code, .. }, .. } if code == "TemplateNoLogin"
        ));
        assert_eq!(read("hello"), None);
    }
}
