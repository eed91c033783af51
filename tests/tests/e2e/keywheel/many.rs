//! `keywheel rotate-all`, `pause` and `resume`: many secrets, one of which cannot be rotated.

use keywheel_tests::postgres::TestDatabase;
use keywheel_tests::world::FUNCTION;
use secrets_manager_local::{Effect, Fault, Function};
use serde_json::Value;

use super::desk::{Desk, Screen};

/// The secret of the desk, and more of the same kind: all with rotation, each with a role of its own.
async fn fleet(more: usize) -> (Desk, Vec<String>, Vec<TestDatabase<'static>>) {
    let desk = Desk::rotated(false).await;
    desk.later();
    let mut names = vec![name(&desk.world.secret)];
    let mut databases = Vec::new();
    for _ in 0..more {
        let database = TestDatabase::new(desk.world.database.cluster()).await;
        let call = desk
            .world
            .client
            .create_secret()
            .name(format!("keywheel/{}", database.name()));
        let made = call.secret_string(database.document().to_string()).send().await;
        let arn = made.expect("a secret is created").arn.expect("it has an ARN");
        let attach = format!(
            "aws secretsmanager rotate-secret --secret-id {arn} --rotation-lambda-arn {} --rotation-rules \
             '{{\"ScheduleExpression\": \"cron(0 8 ? * MON *)\", \"Duration\": \"3h\"}}' --no-rotate-immediately",
            secrets_manager_local::function_arn(FUNCTION)
        );
        assert_eq!(desk.types(&attach).await.code, 0);
        names.push(name(&arn));
        databases.push(database);
    }
    // The test rotations have ended.
    for _ in 0..100 {
        let status = desk.types("keywheel status keywheel/ --json").await;
        if !status.out.contains("pending") && !status.out.contains("running") {
            return (desk, names, databases);
        }
    }
    panic!("the test rotations do not end");
}

fn name(arn: &str) -> String {
    let name = arn.split(':').nth(6).expect("it is an ARN");
    name[..name.len() - 7].to_owned()
}

fn lists(screen: &Screen) -> Value {
    serde_json::from_str(&screen.out).unwrap_or_else(|_| panic!("{}{}", screen.out, screen.err))
}

fn names_in(document: &Value, list: &str) -> Vec<String> {
    let all = document[list]
        .as_array()
        .unwrap_or_else(|| panic!("{document}"))
        .iter();
    let mut names: Vec<_> = all
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect();
    names.sort();
    names
}

async fn versions(desk: &Desk, names: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for name in names {
        let answer = desk.world.client.get_secret_value().secret_id(name).send().await;
        all.push(answer.expect("it has a value").version_id.expect("it has an ID"));
    }
    all
}

#[tokio::test]
async fn those_that_can_be_rotated_are_and_the_others_say_why() {
    let (desk, names, databases) = fleet(3).await;
    let before = versions(&desk, &names).await;
    let dry = desk.types("keywheel rotate-all keywheel/ --dry-run --json").await;
    assert_eq!(names_in(&lists(&dry), "would_rotate").len(), 4, "{}", dry.out);
    let unasked = desk.types("keywheel rotate-all keywheel/ </dev/null").await;
    assert_eq!(unasked.code, 2);
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);
    assert_eq!(
        desk.types("keywheel rotate-all --yes").await.code,
        2,
        "which secrets?"
    );
    assert_eq!(versions(&desk, &names).await, before, "nothing was rotated");

    databases[0]
        .sql(&format!("ALTER ROLE \"{}\" NOLOGIN", databases[0].user()))
        .await;
    let all = desk
        .types(
            "keywheel rotate-all keywheel/ --yes --json --per-database 2 --max-failures 50% --retry-within 3",
        )
        .await;
    assert_eq!(all.code, 1, "{}{}", all.out, all.err);
    let document = lists(&all);
    assert_eq!(names_in(&document, "failed"), [names[1].clone()], "{document}");
    assert_eq!(document["failed"][0]["why"], "LoginRefused");
    assert_eq!(names_in(&document, "rotated").len(), 3, "{document}");
    let after = versions(&desk, &names).await;
    let changed = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after);
    assert_eq!(changed.count(), 3);

    // Once more: the one that has not finished is left out, and so are those that were rotated since.
    let since = "2020-01-01T00:00:00Z";
    let again = desk
        .types(&format!(
            "keywheel rotate-all keywheel/ --yes --not-rotated-since {since}"
        ))
        .await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    assert!(
        again.out.contains("an earlier rotation has not finished"),
        "{}",
        again.out
    );
    assert!(again.out.contains("rotated at "), "{}", again.out);
    assert_eq!(versions(&desk, &names).await, after);
}

#[tokio::test]
async fn nothing_begins_after_too_many_failures_and_a_file_with_a_wrong_name_is_refused() {
    let (desk, names, databases) = fleet(2).await;
    for database in &databases {
        database
            .sql(&format!("ALTER ROLE \"{}\" NOLOGIN", database.user()))
            .await;
    }
    let denied = Fault::new(Effect::Error {
        code: "AccessDeniedException".to_owned(),
        message: "User: u is not authorized".to_owned(),
    });
    desk.world
        .aws
        .faults()
        .inject(denied.on("GetSecretValue").by_function(FUNCTION).every());
    let lines = names.join("\\n");
    let stopped = desk
        .types(&format!(
            "printf '{lines}\\n' | keywheel rotate-all --file - --yes --json --at-once 1 --max-failures 2 --retry-within 3"
        ))
        .await;
    let document = lists(&stopped);
    assert_eq!(names_in(&document, "failed").len(), 2, "{document}");
    assert_eq!(names_in(&document, "not_begun"), [names[2].clone()], "{document}");
    let wrong = desk
        .types("echo nothing/here | keywheel rotate-all --file - --yes")
        .await;
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("nothing/here"), "{}", wrong.err);
}

#[tokio::test]
async fn a_pause_is_undone_with_the_schedules_as_they_were() {
    let (desk, names, _databases) = fleet(2).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("paused.json").display().to_string();
    let rules = async || {
        let mut all = Vec::new();
        for name in &names {
            let shown = desk
                .types(&format!(
                    "aws secretsmanager describe-secret --secret-id {name} --output json"
                ))
                .await;
            let shown: Value = serde_json::from_str(&shown.out).expect("it is JSON");
            all.push((shown["RotationEnabled"].clone(), shown["RotationRules"].clone()));
        }
        all
    };
    let before = rules().await;
    let pause = format!("keywheel pause keywheel/ --save {file} --yes");
    let paused = desk.types(&pause).await;
    assert_eq!(paused.code, 0, "{}{}", paused.out, paused.err);
    assert!(paused.out.contains("paused: 3"), "{}", paused.out);
    assert!(rules().await.iter().all(|(enabled, _)| enabled == false));
    let saved = std::fs::read(&file).expect("the file is there");
    // Again, as after a kill: nothing is left to do, and the file keeps what it has.
    assert_eq!(desk.types(&pause).await.code, 0);
    assert_eq!(std::fs::read(&file).expect("the file is there"), saved);

    let resumed = desk.types(&format!("keywheel resume {file} --yes")).await;
    assert_eq!(resumed.code, 0, "{}{}", resumed.out, resumed.err);
    assert!(resumed.out.contains("resumed: 3"), "{}", resumed.out);
    let after = rules().await;
    assert!(after.iter().all(|(enabled, _)| enabled == true), "{after:?}");
    for ((_, before), (_, after)) in before.iter().zip(&after) {
        for member in ["ScheduleExpression", "Duration"] {
            assert_eq!(before[member], after[member]);
        }
    }
    let again = desk.types(&format!("keywheel resume {file} --yes")).await;
    assert!(again.out.contains("is on already"), "{}", again.out);
}

#[tokio::test]
async fn what_a_template_of_aws_rotates_is_listed_with_its_way_to_keywheel() {
    let desk = Desk::rotated(false).await;
    desk.later();
    let nothing = desk.types("keywheel migrate").await;
    assert_eq!(
        (nothing.code, nothing.out.lines().count()),
        (0, 1),
        "{}",
        nothing.out
    );

    // Only its configuration is asked for.
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("lambda_function.py");
    std::fs::write(&program, "").expect("it is written");
    let template = "SecretsManagerRDSPostgreSQLRotationMultiUser";
    let canary = "canary-7f1c";
    let function = Function::new(template, &program)
        .env("PASSWORD_LENGTH", "40")
        .env("MINE", canary);
    desk.world.aws.add_function(function);
    let arn = secrets_manager_local::function_arn(template);
    for name in ["moving/one", "moving/two"] {
        let made = desk
            .world
            .client
            .create_secret()
            .name(name)
            .secret_string("{}")
            .send()
            .await;
        made.expect("a secret is created");
        let attach =
            format!("aws secretsmanager rotate-secret --secret-id {name} --rotation-lambda-arn {arn}");
        assert_eq!(desk.types(&attach).await.code, 0);
    }
    // The template has no code here, so that both rotations are unfinished. One is cleaned up.
    let one = desk
        .world
        .client
        .describe_secret()
        .secret_id("moving/one")
        .send()
        .await;
    let stages = one
        .expect("it is there")
        .version_ids_to_stages
        .expect("it has versions");
    let unfinished = stages
        .iter()
        .find(|(_, stages)| stages.contains(&"AWSPENDING".to_owned()));
    let off = format!(
        "aws secretsmanager update-secret-version-stage --secret-id moving/one --version-stage AWSPENDING --remove-from-version-id {}",
        unfinished.expect("a version").0
    );
    assert_eq!(desk.types(&off).await.code, 0);

    let new = secrets_manager_local::function_arn(FUNCTION);
    let screen = desk.types(&format!("keywheel migrate moving/ --to {new}")).await;
    assert_eq!(screen.code, 1, "{}", screen.err);
    for words in [
        template,
        "becomes rotate-postgres-alternating-users",
        "SUPERUSER_SECRETS",
        "same values of PASSWORD_LENGTH",
        "not read by Keywheel: MINE",
        "moving/two  first: an earlier rotation has not finished; keywheel doctor moving/two",
    ] {
        assert!(screen.out.contains(words), "{words}: {}", screen.out);
    }
    assert!(!format!("{}{}", screen.out, screen.err).contains(canary));
    // The command moves the secret, and the way back moves it back.
    let owner = async || {
        let secret = desk
            .world
            .client
            .describe_secret()
            .secret_id("moving/one")
            .send()
            .await;
        secret.expect("it is there").rotation_lambda_arn
    };
    let commands: Vec<String> = screen.commands().iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(desk.types(&commands[0]).await.code, 0, "{}", commands[0]);
    assert_eq!(owner().await, Some(new));
    let document = lists(&desk.types("keywheel migrate --json").await);
    assert_eq!(
        document["functions"][0]["secrets"]
            .as_array()
            .expect("a list")
            .len(),
        1,
        "{document}"
    );
}
