//! Can the secret be rotated here at all? What says no decides, whatever else is the matter.

use super::asked::Asked;
use crate::diagnosis::actions::{Action, Fix};
use crate::diagnosis::finding::{Diagnosis, State, Word};

pub(super) fn verdict(asked: &Asked<'_>) -> Option<Diagnosis> {
    marked_for_deletion(asked)
        .or_else(|| replica(asked))
        .or_else(|| managed(asked))
        .or_else(|| no_value(asked))
}

fn marked_for_deletion(asked: &Asked<'_>) -> Option<Diagnosis> {
    asked.secret.deleted?;
    Some(Diagnosis {
        actions: vec![Action::fix("Take it back.", Fix::Restore, asked.names)],
        ..Diagnosis::new(
            Word::Off,
            State::MarkedForDeletion,
            "the secret is marked for deletion, and cannot be read",
        )
    })
}

fn replica(asked: &Asked<'_>) -> Option<Diagnosis> {
    let region = asked.secret.primary_region.as_deref();
    let region = region.filter(|region| *region != asked.secret.region())?;
    Some(Diagnosis {
        actions: vec![Action::run("Ask the primary.", asked.names.in_region(region))],
        ..Diagnosis::new(
            Word::NotOurs,
            State::Replica,
            format!("this is a replica; the primary in {region} is rotated"),
        )
    })
}

fn managed(asked: &Asked<'_>) -> Option<Diagnosis> {
    let service = asked.secret.owning_service.as_ref()?;
    Some(Diagnosis {
        never: vec!["write a value: the service would not know it"],
        ..Diagnosis::new(
            Word::NotOurs,
            State::Managed,
            format!("{service} manages and rotates this secret"),
        )
    })
}

fn no_value(asked: &Asked<'_>) -> Option<Diagnosis> {
    asked.secret.current().is_none().then(|| Diagnosis {
        actions: vec![
            Action::run("Store a value that logs in, from a file.", asked.names.put()),
            Action::run("Then rotate.", asked.names.command(&Fix::Nudge)),
        ],
        ..Diagnosis::new(
            Word::Broken,
            State::NoValue,
            "no version carries AWSCURRENT: the secret has no value yet",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::notation::{Given, now};

    #[test]
    fn what_cannot_be_rotated_is_said_first() {
        Given::of("v1:C v2:P")
            .secret(|secret| secret.deleted = Some(now()))
            .check(State::MarkedForDeletion, "not known");
        Given::of("v1:C")
            .secret(|secret| secret.primary_region = Some("eu-west-1".to_owned()))
            .check(State::Replica, "not known");
        let own = Given::of("v1:CP").secret(|secret| secret.primary_region = Some("us-east-1".to_owned()));
        own.check(State::Finished, "yes");
        Given::of("v1:C")
            .secret(|secret| secret.owning_service = Some("rds".to_owned()))
            .check(State::Managed, "not known");
        Given::of("v1:P").check(State::NoValue, "not known");
    }
}
