//! Does the database refuse AWSCURRENT? Only a login shows it here: no rotation is under way that would tell.

use super::facts::AtRest;
use crate::diagnosis::answers::LoginAnswer;
use crate::diagnosis::finding::{Diagnosis, State, Word};
use crate::diagnosis::repairs;

pub(super) fn verdict(rest: &AtRest<'_>) -> Option<Diagnosis> {
    let tried = rest.asked.answers.logins.current.said();
    if tried.is_none_or(LoginAnswer::works) {
        return None;
    }
    let by_hand = repairs::set_by_hand(rest.asked.names);
    let rotate = "Rotate: the function finds a lost password among the old versions, if there is one.";
    let mut actions = vec![by_hand.clone(), rest.asked.rotate(rotate).otherwise()];
    // A cause that is a refused login has the same first action.
    actions.extend(rest.repairs().into_iter().filter(|repair| *repair != by_hand));
    Some(rest.found_after_the_failure(
        Word::Broken,
        State::CurrentRefused,
        "the database refuses AWSCURRENT's password, and no rotation is under way",
        actions,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Answer;
    use crate::diagnosis::notation::{Given, refused};

    #[test]
    fn a_login_shows_it() {
        let mut given = Given::of("v1:CP");
        given.0.logins.current = Answer::Said(refused());
        let diagnosis = given.check(State::CurrentRefused, "no");
        assert!(diagnosis.actions[0].text.contains("\\password"));
    }
}
