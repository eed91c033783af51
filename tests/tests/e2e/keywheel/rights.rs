//! A permission is missing: what IAM says of the function's role, and KMS of the secret's key. The key is moto's. moto does not know
//! `SimulatePrincipalPolicy`: it answers as IAM's API reference has it.

use keywheel_tests::moto::Moto;
use keywheel_tests::world::FUNCTION;
use secrets_manager_local::Fault;
use serde_json::json;

use super::desk::Desk;

/// A shell whose IAM and KMS are moto.
struct Rights {
    desk: Desk,
    moto: Moto,
}

impl Rights {
    fn of(desk: Desk) -> Self {
        let moto = Moto::start().expect("moto starts");
        let desk = desk.asking(&moto.url(), &["IAM", "KMS"]);
        Self { desk, moto }
    }

    /// What IAM says of each action of a rotation.
    fn simulates(&self, decisions: &[(&str, &str)]) {
        let member = |(action, decision): &(&str, &str)| {
            format!(
                "<member><EvalActionName>secretsmanager:{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>\
                 <EvalResourceName>*</EvalResourceName><MatchedStatements/></member>"
            )
        };
        let members: String = decisions.iter().map(member).collect();
        let body = format!(
            "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
             <SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults>\
             </SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
        );
        self.moto
            .inject(&json!({ "action": "SimulatePrincipalPolicy", "body": body }));
    }
}

#[tokio::test]
async fn the_action_that_the_role_lacks_is_named() {
    let rights = Rights::of(Desk::stuck(false).await);
    rights.desk.minutes(5);
    rights.simulates(&[
        ("DescribeSecret", "allowed"),
        ("GetSecretValue", "allowed"),
        ("PutSecretValue", "allowed"),
        ("UpdateSecretVersionStage", "implicitDeny"),
    ]);
    let screen = rights.desk.doctor("").await;
    screen.says(&["STUCK", "role-may-not]"]);
    let line = "its policies do not allow secretsmanager:UpdateSecretVersionStage";
    assert!(screen.out.contains(line), "{}", screen.out);

    // Somebody has given the role that action since.
    rights.simulates(&[("UpdateSecretVersionStage", "allowed")]);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let denies = format!(
        "aws secretsmanager put-resource-policy --secret-id '{}' --resource-policy '{policy}'",
        rights.desk.world.secret
    );
    assert_eq!(rights.desk.types(&denies).await.code, 0);
    let screen = rights.desk.doctor("").await;
    for line in [
        "its policies allow what a rotation calls",
        "own policy denies something",
    ] {
        assert!(screen.out.contains(line), "{line}: {}", screen.out);
    }
    let shown = screen.command("aws secretsmanager get-resource-policy", "");
    assert!(rights.desk.does(shown).await.out.contains("Deny"), "{shown}");

    // Without permission to ask, everything else is said all the same.
    rights
        .moto
        .inject(&json!({ "action": "SimulatePrincipalPolicy", "code": "AccessDenied", "status": 403 }));
    let screen = rights.desk.doctor("").await;
    screen.says(&["STUCK", "role-may-not]"]);
    assert!(
        screen
            .out
            .contains("not asked: needs iam:SimulatePrincipalPolicy"),
        "{}",
        screen.out
    );
}

/// A local Secrets Manager answers for Secrets Manager, Lambda and their neighbours alone.
#[tokio::test]
async fn an_endpoint_without_iam_is_not_asked_about_the_role() {
    let screen = Desk::stuck(false).await.doctor("").await;
    screen.says(&["STUCK", "role-may-not]"]);
    for (words, expected) in [
        ("not asked: the endpoint has no IAM", true),
        ("InvalidAction", false),
    ] {
        assert_eq!(screen.out.contains(words), expected, "{words}: {}", screen.out);
    }
}

#[tokio::test]
async fn a_key_that_was_disabled_is_named() {
    let rights = Rights::of(Desk::rotated(false).await);
    let made = rights
        .desk
        .types("aws kms create-key --query KeyMetadata.Arn --output text")
        .await;
    let key = made.out.trim().to_owned();
    let id = key.rsplit('/').next().expect("an ARN ends with the ID");
    let secret = rights.desk.world.secret.clone();
    let uses = format!(
        "aws secretsmanager update-secret --secret-id '{secret}' --kms-key-id {key} && aws kms disable-key --key-id {id}"
    );
    let done = rights.desk.types(&uses).await;
    assert_eq!(done.code, 0, "{}", done.err);
    let denied = Fault::error("AccessDeniedException", "Access to KMS is not allowed");
    let faults = rights.desk.world.aws.faults();
    let fault = faults.inject(denied.on("GetSecretValue").by_function(FUNCTION).every());
    let error = rights
        .desk
        .world
        .rotate()
        .await
        .expect_err("the value cannot be read");
    assert_eq!(error.error_type, "KmsDenied");
    faults.remove(fault);
    rights.desk.minutes(5);
    let screen = rights.desk.doctor("").await;
    screen.says(&["STUCK", "key-denied]", "work: yes"]);
    assert!(
        screen.out.contains("the secret's KMS key is Disabled"),
        "{}",
        screen.out
    );

    let enabled = rights
        .desk
        .types(&format!("aws kms enable-key --key-id {id}"))
        .await;
    assert_eq!(enabled.code, 0, "{}", enabled.err);
    let screen = rights.desk.doctor("").await;
    assert!(
        screen.out.contains("the secret's KMS key is enabled"),
        "{}",
        screen.out
    );
    let again = rights.desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    rights.desk.is_well().await;
}
