//! What the program's questions need.

use serde_json::{Value, json};

/// The IAM statements for `doctor`, `status`, `rotate`, `doctor --login` and `doctor --fix`. Only the last three let a person see a value or change
/// anything.
pub(crate) fn policy() -> Value {
    let statement = |sid: &str, actions: &[&str]| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*" });
    json!({
        "Version": "2012-10-17",
        "Statement": [
            statement("KeywheelDoctor", &[
                "secretsmanager:DescribeSecret",
                "secretsmanager:ListSecretVersionIds",
                "lambda:GetFunctionConfiguration",
                "lambda:GetPolicy",
                "lambda:GetFunctionConcurrency",
                "logs:FilterLogEvents",
                "cloudtrail:LookupEvents",
                "iam:SimulatePrincipalPolicy",
                "secretsmanager:GetResourcePolicy",
                "kms:DescribeKey",
                "ec2:DescribeNetworkAcls",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcAttribute",
                "ec2:DescribeVpcEndpoints",
                "rds:DescribeDBInstances",
            ]),
            statement("KeywheelStatus", &["secretsmanager:ListSecrets"]),
            statement("KeywheelRotate", &["secretsmanager:RotateSecret", "lambda:InvokeFunction"]),
            statement("KeywheelDoctorLogin", &["secretsmanager:GetSecretValue", "kms:Decrypt"]),
            statement("KeywheelDoctorFix", &[
                "secretsmanager:UpdateSecretVersionStage",
                "secretsmanager:RestoreSecret",
                "lambda:AddPermission",
                "lambda:PutFunctionConcurrency",
                "lambda:UpdateFunctionConfiguration",
            ]),
        ],
    })
}
