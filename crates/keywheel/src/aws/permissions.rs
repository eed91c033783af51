//! What the program's questions need.

use serde_json::{Value, json};

/// The IAM statements for `doctor`, `status` and `rotate`, in this order. Only the last two let a person see a value or change anything.
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
            ]),
            statement("KeywheelStatus", &["secretsmanager:ListSecrets"]),
            statement("KeywheelRotate", &["secretsmanager:RotateSecret", "lambda:InvokeFunction"]),
            statement("KeywheelDoctorLogin", &["secretsmanager:GetSecretValue", "kms:Decrypt"]),
        ],
    })
}
