//! How an answer is shown: with colours or without, and in a file for a colleague.

use super::desk::Desk;

#[tokio::test]
async fn a_bundle_has_all_answers_and_no_secret() {
    let desk = Desk::stuck(true).await;
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("bundle.json");
    let flags = format!("--login --bundle {}", path.display());
    let written = desk.doctor(&flags).await;
    assert_eq!(written.code, 1, "{}", written.err);
    // The desk looks for values and variables on every screen.
    let shown = desk
        .types(&format!("stat -c %a {0} && cat {0}", path.display()))
        .await;
    let (mode, text) = shown
        .out
        .split_once('\n')
        .expect("there is a mode and a document");
    assert_eq!(mode, "600");
    let document: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    let secret = &document["secrets"][0];
    assert_eq!(secret["diagnosis"]["state"], "pending-after-set");
    let answers = &secret["answers"];
    assert_eq!(
        answers["DescribeSecret"]["answer"]["arn"],
        secret["diagnosis"]["arn"]
    );
    assert_eq!(
        answers["login"]["AWSPENDING"]["answer"]["login"], "accepted",
        "{answers:#}"
    );
    let lines = answers["FilterLogEvents"]["answer"]
        .as_array()
        .expect("the log is there");
    assert!(
        lines.iter().any(|line| line["code"] == "PermissionDenied"),
        "{lines:?}"
    );

    let before = std::fs::read_to_string(&path).expect("it is there");
    let refused = desk.doctor(&flags).await;
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("another file"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(&path).expect("it is still there"), before);
}

#[tokio::test]
async fn colours_go_by_the_flag_then_the_environment_then_the_terminal() {
    let desk = Desk::rotated(false).await;
    for (environment, flag, coloured) in [
        ("", "", false),
        ("CLICOLOR_FORCE=1", "", true),
        ("NO_COLOR=1 CLICOLOR_FORCE=1", "", false),
        ("CLICOLOR_FORCE=1", "--color never", false),
        ("NO_COLOR=1", "--color always", true),
    ] {
        let line = format!("{environment} keywheel doctor '{}' {flag}", desk.world.secret);
        let screen = desk.types(&line).await;
        assert_eq!(screen.out.contains('\u{1b}'), coloured, "{line}: {}", screen.out);
    }
}
