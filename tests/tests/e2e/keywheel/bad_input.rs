//! What cannot be asked is two lines: what is the matter, and what to do.

use secrets_manager_local::{Effect, Fault};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::desk::{Desk, Screen};

/// Two lines on stderr, and nothing on stdout.
#[track_caller]
pub(super) fn two_lines(screen: &Screen, code: i32, words: &[&str]) {
    assert_eq!(screen.code, code, "{}{}", screen.out, screen.err);
    assert_eq!(screen.err.lines().count(), 2, "{}", screen.err);
    assert!(screen.out.is_empty(), "{}", screen.out);
    for word in words {
        assert!(screen.err.contains(word), "{word}: {}", screen.err);
    }
}

/// The answer of every DescribeSecret.
async fn with(desk: &Desk, effect: Effect) -> Screen {
    let fault = Fault::new(effect).on("DescribeSecret").every();
    let id = desk.world.aws.faults().inject(fault);
    let screen = desk.doctor("").await;
    desk.world.aws.faults().remove(id);
    screen
}

/// A service that answers each request with this status and body; its address.
pub(super) async fn answering(answer: impl Fn(&str) -> (u16, &'static str) + Send + 'static) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("it has one");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap_or_default();
            let (status, body) = answer(&String::from_utf8_lossy(&request[..read]));
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn an_expired_session_is_no_diagnosis() {
    let desk = Desk::untouched(false).await;
    let expired = Effect::Error {
        code: "ExpiredTokenException".to_owned(),
        message: "The security token included in the request is expired".to_owned(),
    };
    let screen = with(&desk, expired).await;
    two_lines(&screen, 4, &["expired", "sign in again"]);
}

#[tokio::test]
async fn throttling_and_a_lacking_permission_are_named() {
    let desk = Desk::untouched(false).await;
    let throttled = with(&desk, Effect::Throttle).await;
    throttled.says(&["UNKNOWN", "[not-answered]"]);
    assert!(throttled.out.contains("throttled"), "{}", throttled.out);
    assert_eq!(throttled.code, 3);
    let again = desk.types(throttled.command("keywheel doctor", "")).await;
    assert!(!again.first().contains("[not-answered]"), "{}", again.out);
    let denied = Effect::Error {
        code: "AccessDeniedException".to_owned(),
        message: "User: u is not authorized".to_owned(),
    };
    let denied = with(&desk, denied).await;
    assert!(
        denied.out.contains("needs secretsmanager:DescribeSecret"),
        "{}",
        denied.out
    );
    assert_eq!(denied.code, 3);
    let policy = desk.types(denied.command("keywheel doctor", "--policy")).await;
    assert!(
        policy.out.contains("secretsmanager:DescribeSecret"),
        "{}",
        policy.out
    );
}

/// Every command that asks AWS says in two lines what is the matter and what to do.
#[tokio::test]
async fn each_command_says_what_is_the_matter() {
    let desk = Desk::untouched(false).await;
    let expired = Effect::Error {
        code: "ExpiredTokenException".to_owned(),
        message: "The security token included in the request is expired".to_owned(),
    };
    for command in [
        "doctor x",
        "doctor x --json",
        "doctor x --fix --yes",
        "rotate x",
        "rotate x --local rotate-postgres-single-user --yes",
        "rotate-all --overdue --yes",
        "status",
        "pause --function other --save /nonexistent/state.json --yes",
        "migrate",
        "password --like x",
    ] {
        let strangers = format!("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; keywheel {command}");
        two_lines(&desk.types(&strangers).await, 4, &["credentials", "sign in"]);
        let nowhere = format!("keywheel {command} --endpoint-url http://127.0.0.1:1");
        two_lines(
            &desk.types(&nowhere).await,
            3,
            &["no answer", "check the network"],
        );
        let nothing = format!("unset AWS_REGION AWS_DEFAULT_REGION; keywheel {command}");
        two_lines(&desk.types(&nothing).await, 2, &["region"]);
        let faults = desk.world.aws.faults();
        let fault = faults.inject(Fault::new(expired.clone()).every());
        let screen = desk.types(&format!("keywheel {command}")).await;
        desk.world.aws.faults().remove(fault);
        two_lines(&screen, 4, &["expired", "sign in again"]);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_said() {
    let desk = Desk::untouched(false).await;
    let url = answering(|_| (200, "hello")).await;
    let line = format!("keywheel doctor x --endpoint-url {url}");
    let screen = desk.types(&line).await;
    screen.says(&["UNKNOWN", "[not-answered]"]);
    assert!(screen.out.contains("cannot be read"), "{}", screen.out);
    assert_eq!(screen.code, 3);
}

#[tokio::test]
async fn a_part_of_a_name_finds_the_names_that_have_it() {
    let desk = Desk::untouched(false).await;
    let names = desk
        .types("aws secretsmanager list-secrets --query 'SecretList[0].Name' --output text")
        .await;
    let name = names.out.trim();
    let part = &name[..name.len() - 1];
    let screen = desk.types(&format!("keywheel doctor '{part}'")).await;
    screen.says(&["UNKNOWN", "[not-found]"]);
    let there = desk.types(screen.command("keywheel doctor", name)).await;
    assert!(!there.first().contains("[not-found]"), "{}", there.out);
}

#[tokio::test]
async fn an_arn_of_another_region_says_where_it_is() {
    let desk = Desk::untouched(false).await;
    let arn = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:orders/db-AbCdEf";
    let screen = desk
        .types(&format!("keywheel doctor {arn} --region us-east-1"))
        .await;
    screen.says(&["UNKNOWN", "[not-found]"]);
    assert!(
        screen.commands().iter().any(|line| line.contains("eu-west-1")),
        "{}",
        screen.out
    );
}

#[tokio::test]
async fn a_name_of_another_region_says_where_it_is() {
    let desk = Desk::untouched(false).await;
    // The region that a request is for is in its signature.
    let url = answering(|request| {
        if request.contains("/eu-north-1/secretsmanager/") && request.contains("DescribeSecret") {
            (200, r#"{"Name":"orders/db"}"#)
        } else {
            let words = r#"{"__type":"ResourceNotFoundException","message":"there is no such secret"}"#;
            (400, words)
        }
    })
    .await;
    let screen = desk
        .types(&format!("keywheel doctor orders/db --endpoint-url {url}"))
        .await;
    screen.says(&["UNKNOWN", "[not-found]"]);
    assert!(screen.out.contains("is in eu-north-1"), "{}", screen.out);
    screen.command("keywheel doctor orders/db --region eu-north-1", "");
}

#[tokio::test]
async fn ctrl_c_says_that_nothing_was_changed() {
    let desk = Desk::untouched(false).await;
    let slow = Fault::new(Effect::DelayMs(30_000)).on("DescribeSecret").every();
    desk.world.aws.faults().inject(slow);
    let screen = desk
        .types(&format!(
            "timeout --preserve-status -s INT 2 keywheel doctor '{}'",
            desk.world.secret
        ))
        .await;
    two_lines(&screen, 130, &["interrupted", "nothing was changed"]);
}
