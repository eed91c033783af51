//! Somebody is in the way: you lack a permission of your own, or another program writes the secret, too. And nothing is there at all.

use secrets_manager_local::Fault;
use staging_labels::{Label, Step};

use super::bad_input::two_lines;
use super::desk::Desk;

#[tokio::test]
async fn who_may_not_rotate_is_told_what_to_ask_for() {
    let desk = Desk::rotated(false).await;
    let secret = desk.world.secret.clone();
    for action in ["secretsmanager:RotateSecret", "lambda:InvokeFunction"] {
        let words =
            format!("User: arn:aws:iam::000000000000:user/jane is not authorized to perform: {action}");
        let denied = Fault::error("AccessDeniedException", &words)
            .on("RotateSecret")
            .every();
        let fault = desk.world.aws.faults().inject(denied);
        let refused = desk.types(&format!("keywheel rotate '{secret}'")).await;
        two_lines(
            &refused,
            1,
            &[
                &words,
                "secretsmanager:RotateSecret",
                "lambda:InvokeFunction on arn:aws:lambda:",
            ],
        );
        let command = refused.err.lines().last().and_then(|line| line.split_once("; "));
        let (_, command) = command.expect("a command stands at its end");
        let page = desk.types(command).await;
        assert!(page.out.starts_with("# you-may-not"), "{command}: {}", page.out);
        // No rotation began, and doctor says that nothing is to be done.
        desk.is_well().await;
        desk.world.aws.faults().remove(fault);
    }
    let done = desk.types(&format!("keywheel rotate '{secret}'")).await;
    assert_eq!(done.code, 0, "{}", done.err);
    desk.is_well().await;
}

/// A pipeline writes a value of its own while a rotation is under way.
#[tokio::test]
async fn another_writer_is_named_and_to_be_stopped() {
    let desk = Desk::rotated(false).await;
    let world = &desk.world;
    let token = world.stage();
    world
        .step(&token, Step::Create)
        .await
        .expect("it stores a password");
    let text = world.text(&Label::Current).await.expect("there is a value");
    let mut document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    document["note"] = "by a pipeline".into();
    world.put(&document.to_string(), &[Label::Current]).await;
    world
        .step(&token, Step::Set)
        .await
        .expect_err("the rotation was abandoned");
    desk.minutes(5);
    let screen = desk.doctor("").await;
    screen.says(&["STUCK", "[abandoned, two-writers]", "work: not known"]);
    for words in [
        "written by arn:aws:iam::000000000000:user/local (PutSecretValue)",
        "Stop arn:aws:iam::000000000000:user/local (PutSecretValue), or it happens again",
        "ignore_changes = [secret_string]",
    ] {
        assert!(screen.out.contains(words), "{words}: {}", screen.out);
    }
    let asked = desk.types(screen.command("keywheel doctor", "--login")).await;
    assert!(asked.first().contains("work: yes (tried"), "{}", asked.out);
    let done = desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    desk.is_well().await;
}

#[tokio::test]
async fn an_account_without_secrets_says_where_it_looked() {
    let desk = Desk::untouched(false).await;
    let delete = format!(
        "aws secretsmanager delete-secret --force-delete-without-recovery --secret-id '{}'",
        desk.world.secret
    );
    let desk_is_empty = desk.types(&delete).await;
    assert_eq!(desk_is_empty.code, 0, "{}", desk_is_empty.err);
    let directory = tempfile::tempdir().expect("there is room");
    let page = directory.path().join("page.html");
    let page_flag = format!("--html {}", page.display());
    for (flags, out) in [
        ("", "secrets: 0"),
        ("--json", r#"{"secrets":[],"version":1}"#),
        ("--csv", "verdict,state,name"),
        (page_flag.as_str(), ""),
        ("nothing/", "secrets: 0"),
    ] {
        let screen = desk.types(&format!("keywheel status {flags}")).await;
        assert_eq!(screen.code, 0, "{flags}: {}", screen.err);
        let shown = format!("{}{}", screen.out, screen.err);
        assert!(shown.contains(out), "{flags}: {shown}");
        let hint = "no secret of us-east-1 fits: check --region, --profile and the filters";
        assert!(screen.err.contains(hint), "{flags}: {}", screen.err);
    }
    let page = std::fs::read_to_string(page).expect("it was written");
    assert!(
        page.contains("Secrets: 0.") && page.contains("Nothing needs a person."),
        "{page}"
    );
}
