//! Somebody switched the rotation off.

use super::desk::Desk;

async fn cancel(desk: &Desk) {
    let cancelled = desk
        .types(&format!(
            "aws secretsmanager cancel-rotate-secret --secret-id '{}'",
            desk.world.secret
        ))
        .await;
    assert_eq!(cancelled.code, 0, "{}", cancelled.err);
    desk.later();
}

#[tokio::test]
async fn switched_off_before_set_secret_awspending_comes_off() {
    let desk = Desk::stuck(false).await;
    cancel(&desk).await;
    let screen = desk.doctor("").await;
    screen.says(&["OFF", "[switched-off, role-may-not]", "work: yes"]);
    assert!(
        screen
            .out
            .contains("switched off by arn:aws:iam::000000000000:user/local"),
        "{}",
        screen.out
    );
    for command in [
        screen.command("aws secretsmanager", "AWSPENDING"),
        screen.command("keywheel rotate", ""),
    ] {
        let done = desk.types(command).await;
        assert_eq!(done.code, 0, "{command}: {}{}", done.out, done.err);
    }
    desk.is_well().await;
}

#[tokio::test]
async fn switched_off_after_set_secret_awscurrent_moves_first() {
    let desk = Desk::stuck(true).await;
    cancel(&desk).await;
    let screen = desk.doctor("").await;
    screen.says(&["STUCK", "[cancelled-midway, role-may-not]", "work: no"]);
    assert!(
        !screen.out.contains("--version-stage AWSPENDING"),
        "{}",
        screen.out
    );
    let asked = desk
        .types(screen.command("keywheel doctor", "--login=AWSPENDING"))
        .await;
    asked.says(&["[cancelled-midway", "work: no (AWSPENDING"]);
    for command in [
        asked.command("aws secretsmanager", "AWSCURRENT"),
        asked.command("keywheel rotate", ""),
    ] {
        let done = desk.types(command).await;
        assert_eq!(done.code, 0, "{command}: {}{}", done.out, done.err);
        assert!(desk.world.current_logs_in().await, "{command}");
    }
    desk.is_well().await;
}
