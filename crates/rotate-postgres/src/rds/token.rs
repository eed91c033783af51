//! A token that logs a role of the group `rds_iam` in: a signature of the function's own credentials, good for one host,
//! port and role, and for a quarter of an hour.

use std::time::Duration;

use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config};
use aws_sdk_rds::config::Region;
use rotation::password::Password;
use rotation::{Cause, Context};

use super::fault::RdsFault;
use super::name::RdsName;

/// Longest wait for the function's credentials, which Lambda hands over in its environment.
const CREDENTIALS: Duration = Duration::from_secs(5);

/// A new token for `role` at this host and port each time: nothing that could expire is kept. Errors name the server as
/// `server`.
///
/// # Errors
/// `ConfigurationInvalid` if the function has no credentials.
pub(crate) async fn token(
    (host, port): (&str, u16),
    server: &str,
    role: &str,
    context: &Context<'_>,
) -> Result<Password, Cause> {
    let failed = |error: &dyn std::fmt::Display| RdsFault::NoToken {
        what: server.to_owned(),
        message: error.to_string(),
    };
    let mut config = Config::builder()
        .hostname(host)
        .port(port.into())
        .username(outbound::encoded(role));
    if let Some(name) = RdsName::parse(host) {
        config = config.region(Region::new(name.region));
    }
    let generator = AuthTokenGenerator::new(config.build().map_err(|error| failed(&error))?);
    let signed = generator.auth_token(context.aws());
    let waiting_for = format!("signing a login token for {server}");
    let token = context.budget().wait(waiting_for, CREDENTIALS, signed).await?;
    let token = token.map_err(|error| failed(&error))?;
    Ok(Password::from(token.as_str().to_owned()))
}
