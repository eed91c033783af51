//! The secret that is rotated.

use jiff::Timestamp;

use crate::aws::{self, Session};
use crate::diagnosis::{Answer, Secret, Unasked};
use crate::exit::Trouble;
use crate::log::Entry;
use crate::words::names::name_of;

/// DescribeSecret of a secret that is there.
pub(super) async fn describe(session: &Session, id: &str) -> Result<Secret, Trouble> {
    let answer = aws::describe(session, id).await;
    let answer = answer
        .map_err(|error| Trouble::of_call("DescribeSecret", &error, "secretsmanager:DescribeSecret"))?;
    answer.ok_or_else(|| {
        Trouble::new(
            format!("there is no secret {id} in {}", session.region),
            format!(
                "check the name, --region and --profile; this lists what is there: {}",
                session.names(id).all_secrets()
            ),
        )
    })
}

/// What the log of its function says of a version.
pub(super) async fn steps(
    session: &Session,
    secret: &Secret,
    version: &str,
    since: Option<Timestamp>,
) -> Answer<Vec<Entry>> {
    let Some(function) = &secret.function else {
        return Answer::NotAsked(Unasked::NotNeeded);
    };
    let name = name_of(function);
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    let group = format!("/aws/lambda/{name}");
    aws::entries(session, &group, &secret.arn, Some(version), since).await
}
