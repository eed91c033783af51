//! The secret that is rotated.

use crate::aws::{self, Session};
use crate::diagnosis::Secret;
use crate::exit::Trouble;

/// DescribeSecret of a secret that is there.
pub(super) async fn describe(session: &Session, id: &str) -> Result<Secret, Trouble> {
    let answer = aws::describe(session, id).await;
    let answer = answer
        .map_err(|error| Trouble::of_call("DescribeSecret", &error, "secretsmanager:DescribeSecret"))?;
    answer.ok_or_else(|| {
        Trouble::new(
            format!("there is no secret {id} in {}", session.region),
            "check the name, --region and --profile; keywheel status lists what is there",
        )
    })
}
