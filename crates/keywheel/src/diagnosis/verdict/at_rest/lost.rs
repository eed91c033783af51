//! Did a version lose AWSPENDING before it became AWSCURRENT? Then the database may have its password. Once a login has shown that
//! AWSCURRENT works, that is history.

use super::facts::AtRest;
use crate::diagnosis::actions::{Action, Fix};
use crate::diagnosis::answers::Version;
use crate::diagnosis::cause::Cause;
use crate::diagnosis::finding::{Diagnosis, State, Word, Works};
use crate::diagnosis::repairs;
use crate::words::names::short;

/// The function looks for a password that logs in among the old versions.
const FINDS: &str = "Rotate: the function finds a lost password among the old versions, if there is one.";

pub(super) fn verdict(rest: &AtRest<'_>) -> Option<Diagnosis> {
    let version = rest.lost.filter(|_| !rest.current_works())?;
    Some(if rest.lost_unset {
        given_up(rest)
    } else {
        abandoned(rest, version)
    })
}

/// AWSPENDING was taken off a value that was never in use: by the function, whose server rejects it, or by a person.
fn given_up(rest: &AtRest<'_>) -> Diagnosis {
    let mut actions = rest.repairs();
    actions.push(rest.asked.rotate("Rotate: the function makes another password."));
    rest.found_after_the_failure(
        Word::Broken,
        State::GivenUp,
        "the last rotation ended before the database changed, and nothing of it is left",
        actions,
    )
}

fn abandoned(rest: &AtRest<'_>, version: &Version) -> Diagnosis {
    let works = matches!(rest.logins, Works::Yes(_));
    let what_it_means = if works {
        "AWSCURRENT is as it was"
    } else {
        "the database may have its password"
    };
    let summary = format!(
        "version {} lost AWSPENDING before its rotation finished; {what_it_means}",
        short(&version.id)
    );
    let mut actions = ways_out(rest, version);
    let another = repairs::stop_other_writer(rest.asked.answers);
    let two_writers = another.is_some();
    actions.extend(another);
    let mut diagnosis = rest.found_after_the_failure(Word::Stuck, State::Abandoned, summary, actions);
    if two_writers {
        diagnosis.cause = Some(Cause::TwoWriters);
    }
    if !works {
        diagnosis.never = vec!["delete versions: one of them may have the only password"];
    }
    diagnosis
}

fn ways_out(rest: &AtRest<'_>, version: &Version) -> Vec<Action> {
    let asked = rest.asked;
    let lost_works = asked.answers.logins.pending_works() == Some(true);
    match (rest.logins, asked.secret.current()) {
        (Works::No(_), Some(current)) if lost_works => {
            let promote = Fix::Promote {
                from: current.clone(),
                to: version.id.clone(),
            };
            let text = "If applications cannot wait: move AWSCURRENT to the version that logs in.";
            vec![
                asked.rotate("Rotate: the function finds the lost password among the old versions."),
                Action::fix(text, promote, asked.names).otherwise(),
            ]
        }
        (Works::No(_), _) => vec![asked.rotate(FINDS)],
        (Works::Yes(_), _) => vec![asked.rotate("Rotate: the function makes another password.")],
        (Works::NotKnown(_), _) => vec![
            asked.rotate(FINDS),
            Action::run("Find out first which password works.", asked.names.login(None)).otherwise(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::LoginAnswer;
    use crate::diagnosis::notation::{Given, commands, first_command, hours_ago, refused};

    #[test]
    fn a_version_that_lost_its_label_may_have_the_password() {
        // v1 was current, v2 was pending, v3 was written by hand.
        let abandoned =
            || Given::of("v1:O v2: v3:C").secret(|secret| secret.last_rotated = Some(hours_ago(700)));
        let diagnosis = abandoned()
            .log("create ok, set applied, create VersionUnknown")
            .check(State::Abandoned, "not known");
        assert_eq!(first_command(&diagnosis), "keywheel rotate orders/db");
        let refused = abandoned()
            .logins(refused(), LoginAnswer::Accepted)
            .check(State::Abandoned, "no");
        assert!(commands(&refused).contains("--move-to-version-id v2 --remove-from-version-id v3"));
        abandoned()
            .logins(LoginAnswer::Accepted, LoginAnswer::Outdated)
            .check(State::Finished, "yes");
        // After a success it is history.
        Given::of("v1: v2:O v3:CP").check(State::Finished, "yes");
    }

    #[test]
    fn a_value_that_was_never_in_use_is_nothing_to_look_for() {
        // v1 is current; v2 lost AWSPENDING.
        let released = || Given::of("v1:C v2:").secret(|secret| secret.last_rotated = Some(hours_ago(700)));
        let diagnosis = released()
            .log("create ok, set PasswordRejected, create VersionUnknown")
            .check(State::GivenUp, "yes");
        assert!(commands(&diagnosis).ends_with("keywheel rotate orders/db"));
        assert!(diagnosis.never.is_empty());
        released()
            .log("create ok, set applied")
            .check(State::Abandoned, "not known");
        released().log("create ok").check(State::Abandoned, "not known");
        // A value that was written by hand meanwhile may be any.
        Given::of("v1:O v2: v3:C")
            .secret(|secret| secret.last_rotated = Some(hours_ago(700)))
            .log("create ok, set PasswordRejected")
            .check(State::Abandoned, "not known");
    }
}
