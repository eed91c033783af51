//! `keywheel doctor --fix`: what is safe is carried out, and all else leaves the secret as it was.

use secrets_manager_local::{Effect, Fault};
use staging_labels::Label;

use super::desk::{Desk, MOVE, Screen, still_to_do};

/// What the labels and values of a secret were.
async fn labels(desk: &Desk) -> Vec<Option<String>> {
    let mut all = Vec::new();
    for label in [Label::Current, Label::Pending, Label::Previous] {
        all.push(desk.world.carrier(&label).await);
    }
    all
}

async fn fixes(desk: &Desk, flags: &str) -> Screen {
    desk.doctor(&format!("--fix {flags}")).await
}

/// Types `typed` into a terminal once it is asked for, after the command `meanwhile`.
async fn types_in_a_terminal(desk: &Desk, flags: &str, meanwhile: &str, typed: &str) -> Screen {
    let secret = &desk.world.secret;
    desk.types(&format!(
        "dir=$(mktemp -d) && mkfifo $dir/in && touch $dir/out && \
         {{ script -qefc \"keywheel doctor '{secret}' --fix {flags}\" /dev/null <$dir/in >$dir/out 2>&1 & }} && exec 3>$dir/in && \
         until grep -q Type $dir/out; do sleep 0.05; done; {meanwhile} (echo '{typed}' >&3) 2>/dev/null; wait $!; code=$?; cat $dir/out; exit $code"
    ))
    .await
}

#[tokio::test]
async fn applications_are_let_in_and_a_second_run_has_nothing_to_do() {
    let desk = Desk::stuck(true).await;
    assert!(!desk.world.current_logs_in().await);
    let shown = fixes(&desk, "promote --dry-run").await;
    assert!(
        shown.err.contains("--version-stage AWSCURRENT") && !desk.world.current_logs_in().await,
        "{}",
        shown.err
    );
    let before = labels(&desk).await;
    let unasked = fixes(&desk, "promote </dev/null").await;
    assert_eq!(unasked.code, 2, "{}", unasked.err);
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);
    assert_eq!(labels(&desk).await, before);
    let promoted = fixes(&desk, "promote --yes").await;
    assert_eq!(promoted.code, still_to_do(), "{}{}", promoted.out, promoted.err);
    assert!(
        promoted.err.contains("done: AWSCURRENT moved from"),
        "{}",
        promoted.err
    );
    assert!(desk.world.current_logs_in().await);
    let after = labels(&desk).await;
    let again = fixes(&desk, "promote --yes").await;
    assert!(again.err.contains("does not offer promote"), "{}", again.err);
    assert_eq!(labels(&desk).await, after);
    desk.is_let_in().await;
}

#[tokio::test]
async fn without_a_name_the_first_is_carried_out() {
    let desk = Desk::stuck(true).await;
    let fixed = fixes(&desk, "--yes --json").await;
    assert_eq!(fixed.code, still_to_do(), "{}{}", fixed.out, fixed.err);
    let last = fixed.out.lines().last().unwrap_or_default();
    let document: serde_json::Value = serde_json::from_str(last).expect("it is JSON");
    assert_eq!(document["fix"]["changed"], true);
    assert_eq!(document["secrets"][0]["state"], "finished");
    desk.is_let_in().await;
}

#[tokio::test]
async fn a_label_whose_answer_was_lost_has_moved() {
    let desk = Desk::stuck(true).await;
    let lost = Fault::new(Effect::DropAnswer).on(MOVE);
    desk.world.aws.faults().inject(lost);
    let promoted = fixes(&desk, "promote --yes").await;
    assert_eq!(promoted.code, still_to_do(), "{}{}", promoted.out, promoted.err);
    desk.is_let_in().await;
}

#[tokio::test]
async fn awspending_comes_off_only_while_awscurrent_logs_in() {
    let desk = Desk::stuck(false).await;
    let taken = fixes(&desk, "unpend --yes").await;
    assert!(taken.err.contains("done: AWSPENDING is off"), "{}", taken.err);
    let rotated = fixes(&desk, "nudge --yes").await;
    assert_eq!(rotated.code, 0, "{}{}", rotated.out, rotated.err);
    desk.is_well().await;

    let desk = Desk::stuck(false).await;
    desk.world.database.set_password("changed-by-hand").await;
    let before = labels(&desk).await;
    let refused = fixes(&desk, "unpend --yes").await;
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains("the only password"), "{}", refused.err);
    assert_eq!(labels(&desk).await, before);
}

#[tokio::test]
async fn what_the_diagnosis_does_not_offer_is_not_done() {
    let desk = Desk::stuck(true).await;
    let before = labels(&desk).await;
    let refused = fixes(&desk, "unpend --yes").await;
    assert!(refused.err.contains("does not offer unpend"), "{}", refused.err);
    assert!(
        refused.err.contains("--login shows which value works"),
        "{}",
        refused.err
    );
    assert_eq!(refused.code, 1);
    assert_eq!(labels(&desk).await, before);
}

#[tokio::test]
async fn without_a_way_to_the_database_the_command_is_printed() {
    let desk = Desk::stuck(true).await;
    let before = labels(&desk).await;
    // The public authorities have not signed this server; without a setting here, the function's own would do.
    let line = format!(
        "PGSSLROOTCERT=system keywheel doctor '{}' --fix promote --yes",
        desk.world.secret
    );
    let screen = desk.types(&line).await;
    assert_eq!(screen.code, 3, "{}", screen.err);
    let command = screen.err.lines().last().unwrap_or_default();
    assert!(
        command.contains("aws secretsmanager update-secret-version-stage"),
        "{}",
        screen.err
    );
    assert_eq!(labels(&desk).await, before);
}

#[tokio::test]
async fn what_has_changed_since_the_diagnosis_is_not_touched() {
    let desk = Desk::stuck(true).await;
    let before = labels(&desk).await;
    let secret = &desk.world.secret;
    let cancel = format!("aws secretsmanager cancel-rotate-secret --secret-id '{secret}' >/dev/null;");
    let screen = types_in_a_terminal(&desk, "promote", &cancel, secret).await;
    assert!(screen.out.contains("something has changed"), "{}", screen.out);
    assert_eq!(screen.code, 1, "{}", screen.out);
    assert_eq!(labels(&desk).await, before);
}

#[tokio::test]
async fn a_person_types_the_name_of_the_secret() {
    let desk = Desk::stuck(true).await;
    let before = labels(&desk).await;
    let wrong = types_in_a_terminal(&desk, "promote", "", "yes").await;
    assert!(wrong.out.contains("not agreed"), "{}", wrong.out);
    assert_eq!(labels(&desk).await, before);
    let right = types_in_a_terminal(&desk, "promote", "", &desk.world.secret).await;
    assert!(right.out.contains("done: AWSCURRENT moved"), "{}", right.out);
    desk.is_let_in().await;
}

#[tokio::test]
async fn ctrl_c_at_the_question_leaves_everything_as_it_was() {
    let desk = Desk::stuck(true).await;
    let before = labels(&desk).await;
    // A terminal makes an interrupt of this character.
    let interrupted = types_in_a_terminal(&desk, "promote", "printf '\\003' >&3; sleep 1;", "").await;
    assert!(
        interrupted.out.contains("interrupted") && interrupted.out.contains("nothing was changed"),
        "{}",
        interrupted.out
    );
    assert_eq!(interrupted.code, 130, "{}", interrupted.out);
    assert_eq!(labels(&desk).await, before);
}

#[tokio::test]
async fn a_secret_is_taken_back_from_deletion() {
    let desk = Desk::rotated(false).await;
    let line = format!(
        "aws secretsmanager delete-secret --secret-id '{}'",
        desk.world.secret
    );
    assert_eq!(desk.types(&line).await.code, 0);
    desk.doctor("").await.says(&["OFF", "[marked-for-deletion]"]);
    let restored = fixes(&desk, "restore --yes").await;
    assert!(restored.err.contains("done: "), "{}", restored.err);
    let screen = desk.doctor("").await;
    // Deletion switches nothing off but the secret: what is left to do is printed.
    for command in screen.commands() {
        let done = desk.types(command).await;
        assert_eq!(done.code, 0, "{command}: {}", done.err);
    }
    desk.is_well().await;
}
