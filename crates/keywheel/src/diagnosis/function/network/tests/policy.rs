//! Policies of endpoints.

use serde_json::{Value, json};

use super::*;

fn with(policy: &Value) -> Network {
    let mut network = sound();
    network.endpoint.as_mut().unwrap().policy = Some(policy.to_string());
    network
}

/// What is found of a policy with these statements; the endpoint itself is all right.
fn found(statements: &Value) -> Vec<Found> {
    let mut found = judge(
        &with(&json!({ "Version": "2012-10-17", "Statement": statements })),
        None,
    );
    assert_eq!(
        found.remove(0).text,
        "the endpoint vpce-1 is available, and lets the function in"
    );
    found
}

fn allow(changes: &Value) -> Value {
    let mut statement =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*" });
    for (name, value) in changes.as_object().unwrap() {
        statement[name] = value.clone();
    }
    statement
}

fn deny(changes: &Value) -> Value {
    let mut statement = allow(changes);
    statement["Effect"] = "Deny".into();
    statement
}

fn anybody() -> Value {
    allow(&json!({}))
}

/// `+` all is allowed, `-` something is not, `?` it is not known.
#[track_caller]
fn check(statements: &Value, expected: char) {
    let found = found(statements);
    let actual = match found.as_slice() {
        [] => '+',
        found if found.iter().all(Found::has_failed) => '-',
        found if found.iter().all(|found| !found.has_failed()) => '?',
        _ => '!',
    };
    assert_eq!(actual, expected, "{statements}: {found:?}");
    let obstacles = found.iter().map(|found| found.obstacle);
    assert!(
        obstacles
            .into_iter()
            .all(|one| one == Some(Obstacle::EndpointPolicyDenies))
    );
}

#[test]
fn the_usual_policy_allows_all() {
    check(
        &json!([{ "Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*" }]),
        '+',
    );
    // One statement need not be in a list.
    check(
        &json!({ "Action": "*", "Effect": "Allow", "Principal": { "AWS": "*" }, "Resource": "*" }),
        '+',
    );
    let mut network = with(&json!({}));
    network.endpoint.as_mut().unwrap().policy = None;
    assert_eq!(lines(&network).len(), 1);
}

#[test]
fn calls_and_secrets_are_patterns() {
    for (change, expected) in [
        (
            json!({ "Action": ["secretsmanager:get*", "SECRETSMANAGER:Describe*", "secretsmanager:PutSecretValue", "secretsmanager:Update*"] }),
            '+',
        ),
        (json!({ "Action": "secretsmanager:GetSecretValue" }), '-'),
        (
            json!({ "NotAction": "secretsmanager:DeleteSecret", "Action": null }),
            '-',
        ),
        (
            json!({ "Resource": "arn:aws:secretsmanager:*:123456789012:secret:orders/*" }),
            '+',
        ),
        (
            json!({ "Resource": "arn:aws:secretsmanager:*:123456789012:secret:crm/*" }),
            '-',
        ),
        (
            json!({ "Resource": "arn:aws:secretsmanager:*:123456789012:secret:${aws:PrincipalTag/team}/*" }),
            '?',
        ),
    ] {
        check(&json!([allow(&change)]), expected);
    }
    let mut not =
        allow(&json!({ "NotAction": "secretsmanager:DeleteSecret", "NotResource": "*:secret:crm/*" }));
    let members = not.as_object_mut().unwrap();
    members.remove("Action");
    members.remove("Resource");
    check(&json!([not]), '+');
}

#[test]
fn a_principal_may_be_the_role_or_its_account() {
    for (principal, expected) in [
        (json!(ROLE), '+'),
        (json!("123456789012"), '+'),
        (json!(["arn:aws:iam::123456789012:root"]), '+'),
        (json!("arn:aws:iam::123456789012:role/other"), '-'),
        (json!(["210987654321", "arn:aws:iam::210987654321:root"]), '-'),
        // These may be the role's own session, or its ID.
        (
            json!("arn:aws:sts::123456789012:assumed-role/rotation/rotation"),
            '?',
        ),
        (json!("AROAEXAMPLEID"), '?'),
    ] {
        check(
            &json!([allow(&json!({ "Principal": { "AWS": principal } }))]),
            expected,
        );
    }
    check(
        &json!([allow(&json!({ "Principal": { "Service": "s3.amazonaws.com" } }))]),
        '-',
    );
    let mut not = allow(&json!({ "NotPrincipal": { "AWS": ROLE } }));
    not.as_object_mut().unwrap().remove("Principal");
    check(&json!([not]), '?');
}

#[test]
fn without_the_role_only_what_is_for_all_is_known() {
    let mut network =
        with(&json!({ "Statement": allow(&json!({ "Principal": { "AWS": "210987654321" } })) }));
    network.caller.role = None;
    assert!(lines(&network)[1].ends_with("is not known: it depends on its Principal"));
}

#[test]
fn conditions_hold_do_not_hold_or_are_not_known() {
    for (condition, expected) in [
        (
            json!({ "StringEquals": { "aws:PrincipalAccount": "123456789012" } }),
            '+',
        ),
        (
            json!({ "StringEquals": { "aws:PrincipalAccount": ["210987654321"] } }),
            '-',
        ),
        (
            json!({ "StringEquals": { "AWS:ResourceAccount": "123456789012" } }),
            '+',
        ),
        (
            json!({ "StringNotEquals": { "aws:ResourceAccount": "123456789012" } }),
            '-',
        ),
        (
            json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::123456789012:role/keywheel/*" } }),
            '+',
        ),
        (
            json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/keywheel/*" } }),
            '-',
        ),
        (json!({ "StringLikeIfExists": { "aws:SourceVpc": "vpc-?" } }), '+'),
        (json!({ "StringEquals": { "aws:SourceVpce": "vpce-9" } }), '-'),
        (
            json!({ "StringEquals": { "secretsmanager:resource/AllowRotationLambdaArn": FUNCTION } }),
            '+',
        ),
        (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } }), '?'),
        (
            json!({ "StringEquals": { "aws:PrincipalAccount": "${aws:ResourceAccount}" } }),
            '?',
        ),
        (json!({ "Bool": { "aws:SecureTransport": "true" } }), '?'),
        (
            json!({ "ForAnyValue:StringEquals": { "aws:PrincipalAccount": "123456789012" } }),
            '?',
        ),
        // One that does not hold is enough.
        (
            json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1", "aws:PrincipalAccount": "1" } }),
            '-',
        ),
    ] {
        check(&json!([allow(&json!({ "Condition": condition }))]), expected);
    }
}

#[test]
fn what_one_statement_allows_no_other_makes_unclear() {
    let org = json!({ "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-1" } } });
    check(&json!([allow(&org), anybody()]), '+');
    check(&json!([anybody(), deny(&org)]), '?');
    check(&json!([allow(&org), deny(&json!({}))]), '-');
    check(&json!([deny(&org)]), '-');
    let found = found(&json!([allow(&org)]));
    assert_eq!(
        lines_of(&found),
        [
            "Note whether the policy of the endpoint vpce-1 allows secretsmanager:DescribeSecret, secretsmanager:GetSecretValue, secretsmanager:PutSecretValue, secretsmanager:UpdateSecretVersionStage is not known: it depends on aws:PrincipalOrgID"
        ]
    );
}

#[test]
fn a_statement_that_denies_is_named_and_has_no_command() {
    let put = json!({ "Action": "secretsmanager:PutSecretValue", "Sid": "ReadOnly" });
    let found = found(&json!([anybody(), deny(&put)]));
    assert_eq!(
        lines_of(&found),
        ["Failed the policy of the endpoint vpce-1 denies secretsmanager:PutSecretValue: statement ReadOnly"]
    );
    assert_eq!(found[0].mend, None);
    let second = json!([
        anybody(),
        deny(&json!({ "Action": "secretsmanager:PutSecretValue" }))
    ]);
    assert!(lines_of(&super::policy::found(&second))[0].ends_with("statement 2"));
}

#[test]
fn what_is_missing_is_added_to_the_policy() {
    let read =
        allow(&json!({ "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"] }));
    let found = found(&json!([read]));
    assert_eq!(
        lines_of(&found),
        [
            "Failed the policy of the endpoint vpce-1 does not allow the function secretsmanager:PutSecretValue, secretsmanager:UpdateSecretVersionStage of this secret"
        ]
    );
    let Some(Mend::Policy { endpoint, document }) = &found[0].mend else {
        panic!("{found:?}")
    };
    assert_eq!(endpoint, "vpce-1");
    let policy: Value = serde_json::from_str(document).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    assert_eq!(policy["Statement"][0], read);
    assert_eq!(
        policy["Statement"][1],
        json!({
            "Effect": "Allow",
            "Principal": { "AWS": ROLE },
            "Action": ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"],
            "Resource": SECRET,
        })
    );
    check(&policy["Statement"], '+');
}

#[test]
fn a_policy_that_cannot_be_read_is_not_known() {
    let mut network = sound();
    network.endpoint.as_mut().unwrap().policy = Some("{".to_owned());
    assert_eq!(
        lines(&network)[1],
        "Note the policy of the endpoint vpce-1 cannot be read"
    );
}

#[test]
fn after_a_refusal_the_policy_alone_is_looked_at() {
    let mut network = with(&json!({ "Statement": [] }));
    network.target = Target::EndpointPolicy;
    network.subnets.clear();
    network.groups.clear();
    assert_eq!(failures(&judge(&network, None)), [Obstacle::EndpointPolicyDenies]);
    // The calls go elsewhere.
    network.endpoint.as_mut().unwrap().private_dns = false;
    assert_eq!(judge(&network, None), []);
}
