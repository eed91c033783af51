//! The account, the region and the ARNs of functions.

/// The region of every ARN.
pub const REGION: &str = "us-east-1";
/// The account of every ARN.
pub const ACCOUNT: &str = "000000000000";

/// The ARN of a secret: AWS puts six characters after its name.
pub(crate) fn secret_arn(name: &str, suffix: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{suffix}")
}

/// The ARN of a hosted function.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}
