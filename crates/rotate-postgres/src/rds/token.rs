//! A token that logs a role of the group `rds_iam` in: a signature of the function's own credentials, good for one host,
//! port and role, and for a quarter of an hour.

use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config};
use aws_sdk_rds::config::Region;
use rotation::password::Password;
use rotation::{Cause, Context};

use super::{RdsFault, RdsName};
use crate::endpoint::Endpoint;

/// Longest wait for the function's credentials, which Lambda hands over in its environment.
const CREDENTIALS: Duration = Duration::from_secs(5);

/// A token for `role` at `endpoint`, made anew each time: nothing that could expire is kept.
///
/// # Errors
/// `ConfigurationInvalid` if the function has no credentials.
pub async fn token(endpoint: &Endpoint, role: &str, context: &Context<'_>) -> Result<Password, Cause> {
    let server = endpoint.server();
    let failed = |error: &dyn std::fmt::Display| RdsFault::NoToken {
        what: server.clone(),
        message: error.to_string(),
    };
    let mut config = Config::builder()
        .hostname(&endpoint.host)
        .port(endpoint.port.into())
        .username(outbound::encoded(role));
    if let Some(name) = RdsName::parse(&endpoint.host) {
        config = config.region(Region::new(name.region));
    }
    let generator = AuthTokenGenerator::new(config.build().map_err(|error| failed(&error))?);
    let signed = generator.auth_token(context.aws());
    let waiting_for = format!("signing a login token for {server}");
    let token = context.budget().wait(waiting_for, CREDENTIALS, signed).await?;
    let token = token.map_err(|error| failed(&error))?;
    Ok(Password::from(token.as_str().to_owned()))
}
