//! AWSCURRENT is on the rotation's version: has a step shown that its value logs in? With the switch AWSCURRENT moves right before the
//! password changes.

use staging_labels::Label;

use super::facts::AtRest;
use crate::diagnosis::finding::{Diagnosis, State, Word};
use crate::diagnosis::verdict::asked::Asked;

pub(super) fn unconfirmed(rest: &AtRest<'_>) -> Option<Diagnosis> {
    if !rest.unconfirmed || rest.current_works() {
        return None;
    }
    let asked = rest.asked;
    let pending = asked.secret.labels.carrier(&Label::Pending);
    if rest.failure.is_none() && pending.is_some_and(|pending| asked.runs(pending)) {
        return Some(Asked::running(rest.logins));
    }
    let mut actions = rest.repairs();
    actions.push(
        asked.rotate("Rotate: the function sets AWSCURRENT's password, if the database has not got it."),
    );
    Some(Diagnosis {
        never: vec!["write a value before a login has shown which password works"],
        ..rest.found_after_the_failure(
            Word::Stuck,
            State::SwitchUnconfirmed,
            "AWSCURRENT has moved, and Secrets Manager has not recorded the rotation's end",
            actions,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::LoginAnswer;
    use crate::diagnosis::notation::{Given, first_command, hours_ago};

    #[test]
    fn a_switch_that_died_between_the_move_and_the_commit_is_no_success() {
        let stale = |given: Given| given.secret(|secret| secret.last_rotated = Some(hours_ago(700)));
        let diagnosis = stale(Given::of("v1:O v2:CP"))
            .log("create ok")
            .check(State::SwitchUnconfirmed, "not known");
        assert_eq!(first_command(&diagnosis), "keywheel rotate orders/db");
        let refused = stale(Given::of("v1:O v2:CP"))
            .log("create ok, set switched, create ok, set CurrentRefused")
            .check(State::SwitchUnconfirmed, "no");
        assert_eq!(refused.code.as_deref(), Some("CurrentRefused"));
        stale(Given::of("v1:O v2:CP"))
            .logins(LoginAnswer::Accepted, LoginAnswer::Outdated)
            .check(State::Finished, "yes");
    }
}
