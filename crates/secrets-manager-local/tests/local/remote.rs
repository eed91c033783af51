//! A server that other machines can reach asks for a token.

use secrets_manager_local::{LocalSecretsManager, RotationOutcome};
use serde_json::json;

use crate::client::{Answer, function, send, v};

const TOKEN: &str = "canary-0123456789";

async fn start() -> LocalSecretsManager {
    let builder = LocalSecretsManager::builder().token(TOKEN);
    builder.function(function("rotate", "")).start().await.unwrap()
}

fn signed(key: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=00"
    )
}

async fn ask(
    server: &LocalSecretsManager,
    method: &str,
    path: &str,
    header: (&str, &str),
    body: &str,
) -> Answer {
    let target = ("x-amz-target", "secretsmanager.ListSecrets");
    let url = format!("{}/{path}", server.url());
    send(method, &url, &[target, header], body).await.unwrap()
}

#[tokio::test]
async fn nothing_is_answered_without_the_token_but_that_it_serves() {
    let server = start().await;
    let paths = [
        ("POST", "", "{}"),
        ("GET", "_local/calls", ""),
        ("POST", "_local/reset", ""),
        ("POST", "2015-03-31/functions/rotate/invocations", "{}"),
        ("GET", "2015-03-31/functions/rotate", ""),
        ("GET", "no/such/path", ""),
        ("GET", "_local/calls?token=wrong", ""),
    ];
    for wrong in [
        "",
        "Bearer wrong",
        "Bearer ",
        &signed("test"),
        &signed(&TOKEN[1..]),
    ] {
        for (method, path, body) in paths {
            let answer = ask(&server, method, path, ("authorization", wrong), body).await;
            assert_eq!(answer.status, 403, "{wrong} {path}");
            assert_eq!(answer.header("x-amzn-errortype"), "UnrecognizedClientException");
            assert!(!String::from_utf8_lossy(&answer.body).contains("canary"));
        }
    }
    assert_eq!(server.calls().len(), 0);
    let health = ask(&server, "GET", "_local/health", ("accept", "*/*"), "").await;
    assert_eq!(health.status, 200);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let caller = ask(
        &server,
        "POST",
        "",
        form,
        "Action=GetCallerIdentity&Version=2011-06-15",
    )
    .await;
    assert_eq!(
        (caller.status.as_u16(), caller.header("content-type")),
        (403, "text/xml")
    );
}

#[tokio::test]
async fn the_token_is_an_access_key_id_a_bearer_token_or_a_cookie() {
    let server = start().await;
    for (name, value) in [
        ("authorization", signed(TOKEN)),
        ("authorization", format!("Bearer {TOKEN}")),
        ("cookie", format!("other=1; secrets-manager-local={TOKEN}")),
    ] {
        let answer = ask(&server, "POST", "", (name, &value), "{}").await;
        assert_eq!(answer.status, 200, "{value}");
    }
    let accept = ("accept", "*/*");
    let answer = ask(&server, "GET", &format!("_local/calls?token={TOKEN}"), accept, "").await;
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with(&format!("secrets-manager-local={TOKEN};")),
        "{cookie}"
    );
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
}

#[tokio::test]
async fn with_a_token_the_host_may_be_any_name_but_no_page_of_another() {
    let server = start().await;
    let authorization = signed(TOKEN);
    let list = async |headers: &[(&str, &str)]| {
        let all = [
            &[
                ("authorization", authorization.as_str()),
                ("x-amz-target", "secretsmanager.ListSecrets"),
            ],
            headers,
        ]
        .concat();
        send("POST", &server.url(), &all, "{}")
            .await
            .unwrap()
            .status
            .as_u16()
    };
    assert_eq!(list(&[("host", "secrets:4566")]).await, 200);
    assert_eq!(
        list(&[("host", "secrets:4566"), ("origin", "https://evil.example")]).await,
        403
    );
}

#[tokio::test]
async fn hosted_functions_and_assumed_roles_need_no_other_token() {
    let server = start().await;
    server.create_secret("db", "{}").unwrap();
    let authorization = signed(TOKEN);
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-amz-target", "secretsmanager.RotateSecret"),
    ];
    let rotate = json!({ "SecretId": "db", "ClientRequestToken": v(2), "RotationLambdaARN": secrets_manager_local::function_arn("rotate") });
    let answer = send("POST", &server.url(), &headers, &rotate.to_string())
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    let run = server.wait_for_rotation("db", &v(2)).await.unwrap();
    assert_eq!(run.outcome, Some(RotationOutcome::Succeeded), "{run:?}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let form =
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn=arn:aws:iam::123456789012:role/x";
    let role = send("POST", &server.url(), &headers, form).await.unwrap();
    let role = String::from_utf8(role.body.to_vec()).unwrap();
    let (_, key) = role.split_once("<AccessKeyId>").unwrap();
    let (key, _) = key.split_once('<').unwrap();
    let answer = ask(&server, "POST", "", ("authorization", &signed(key)), "{}").await;
    assert_eq!(answer.status, 200);
}
