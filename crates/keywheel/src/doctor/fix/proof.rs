//! Logins right before a label changes.

use rotation::Verified;
use staging_labels::{Evidence, Labels, Objection, Repair, VersionId};

use super::super::login;
use crate::aws::Session;
use crate::diagnosis::{Answer, Answers, LoginAnswer, Secret, Unasked};

/// What allows the change.
pub(super) enum Proof {
    /// A login with the value that gets AWSCURRENT.
    Login(Verified),
    /// AWSPENDING may come off.
    NotInUse,
}

/// Why there is none.
pub(super) enum Doubt {
    /// It is not safe, or a label has moved.
    Objection(Objection),
    /// Nobody could log in from here, so nothing is known.
    NoAccess(String),
}

/// Logs in as the repair needs it, and asks whether it is safe. `answers` are those of the last look.
pub(super) async fn prove(
    session: &Session,
    secret: &Secret,
    answers: &Answers,
    repair: &Repair<'_>,
    refused_before: bool,
) -> Result<Proof, Doubt> {
    let log_in = async |version: Option<&VersionId>| {
        if refused_before {
            return Answer::NotAsked(Unasked::OneRefused);
        }
        login::once(session, secret, version).await
    };
    match repair {
        Repair::Promote { to, .. } => {
            let answer = log_in(Some(to)).await;
            let evidence = Evidence {
                named_logs_in: works(&answer),
                ..Evidence::default()
            };
            judge(repair, &secret.labels, evidence, &answer)?;
            // The login above is the proof: nothing else reaches this line.
            let verified = Verified::by(async { accepted(&answer) }).await?;
            Ok(Proof::Login(verified))
        }
        Repair::Release { pending } => {
            let versions = answers.versions.said();
            let named_has_value =
                versions.map(|versions| versions.iter().any(|version| version.id == **pending));
            let answer = if named_has_value == Some(false) {
                Answer::NotAsked(Unasked::NotNeeded)
            } else {
                log_in(secret.current()).await
            };
            let evidence = Evidence {
                current_logs_in: works(&answer),
                named_has_value,
                ..Evidence::default()
            };
            judge(repair, &secret.labels, evidence, &answer)?;
            Ok(Proof::NotInUse)
        }
    }
}

fn works(answer: &Answer<LoginAnswer>) -> Option<bool> {
    answer.said().map(LoginAnswer::works)
}

fn accepted(answer: &Answer<LoginAnswer>) -> Result<(), Doubt> {
    match answer {
        Answer::Said(LoginAnswer::Accepted) => Ok(()),
        Answer::Said(_) | Answer::NotAsked(_) => Err(Doubt::Objection(Objection::Unproven)),
    }
}

fn judge(
    repair: &Repair<'_>,
    labels: &Labels,
    evidence: Evidence,
    answer: &Answer<LoginAnswer>,
) -> Result<(), Doubt> {
    repair
        .is_safe(labels, evidence)
        .map_err(|objection| match (objection, answer) {
            (Objection::LabelsMoved, _) | (_, Answer::Said(_)) => Doubt::Objection(objection),
            (_, Answer::NotAsked(why)) => Doubt::NoAccess(login::why(why)),
        })
}
