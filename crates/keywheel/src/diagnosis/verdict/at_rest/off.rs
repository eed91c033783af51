//! Is rotation on?

use super::facts::AtRest;
use crate::diagnosis::finding::{Diagnosis, State, Word};

pub(super) fn never_configured(rest: &AtRest<'_>) -> Option<Diagnosis> {
    let secret = rest.asked.secret;
    if secret.enabled.is_some() || secret.function.is_some() {
        return None;
    }
    Some(rest.found(
        Word::Off,
        State::NeverConfigured,
        "rotation was never switched on",
        vec![rest.asked.attach()],
    ))
}

pub(super) fn switched_off(rest: &AtRest<'_>) -> Option<Diagnosis> {
    if rest.asked.secret.enabled != Some(false) {
        return None;
    }
    let mut actions = rest.repairs();
    actions.push(rest.asked.rotate("To switch it on again, rotate."));
    Some(rest.found_after_the_failure(
        Word::Off,
        State::SwitchedOff,
        "rotation is switched off; nothing is half done",
        actions,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::notation::{Given, first_command};

    #[test]
    fn no_rotation_begins_by_itself() {
        let never = Given::of("v1:C").secret(|secret| {
            secret.enabled = None;
            secret.function = None;
        });
        never.check(State::NeverConfigured, "not known");
        Given::of("v1:O v2:CP").off().check(State::SwitchedOff, "yes");
    }

    /// AWSCURRENT was moved by hand; whatever made finishSecret fail will lock applications out again.
    #[test]
    fn the_cause_goes_before_rotation_is_on_again() {
        let diagnosis = Given::of("v1:O v2:C")
            .off()
            .log("create ok, set applied, test ok, finish PermissionDenied")
            .diagnosis();
        assert_eq!(diagnosis.state, State::SwitchedOff);
        assert_eq!(first_command(&diagnosis), "keywheel explain PermissionDenied");
    }
}
