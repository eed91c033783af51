//! The verdict on a secret. Each file asks one question, has the rule for the states that answer it, and the tests of that rule.
//! They are asked in this order; the first that knows the answer decides.
//!
//! | question | file | states |
//! |---|---|---|
//! | Is it here? | `not_here` | not-answered, not-found |
//! | Can it be rotated here at all? | `not_rotatable` | marked-for-deletion, replica, managed, no-value |
//! | Is a rotation half done? | `unfinished` | running, pending-…, cancelled-midway, switched-off |
//! | If none is: what keeps the next one from going well? | `at_rest` | all others |
//!
//! Each of them needs to know whether applications can log in: `logins`.

mod asked;
mod at_rest;
#[cfg(test)]
mod every_combination;
mod logins;
mod not_here;
mod not_rotatable;
mod unfinished;

use jiff::Timestamp;

use super::actions::Names;
use super::answers::{Answer, Answers};
use super::finding::Diagnosis;
use super::function::network::judge;
use super::reasons;
use super::story::Story;
use asked::Asked;

/// The diagnosis of these answers.
pub(crate) fn diagnose(answers: &Answers, names: Names<'_>, now: Timestamp) -> Diagnosis {
    let secret = match &answers.secret {
        Answer::NotAsked(why) => return not_here::not_answered(why, names),
        Answer::Said(None) => return not_here::not_found(answers, names),
        Answer::Said(Some(secret)) => secret,
    };
    let story = answers.log.said().map(|entries| Story::new(entries.clone()));
    let network = answers
        .network
        .said()
        .map(|network| judge(network, answers.database.said()))
        .unwrap_or_default();
    let asked = Asked {
        answers,
        secret,
        story: story.as_ref(),
        network: &network,
        names,
        now,
    };
    let verdict = not_rotatable::verdict(&asked)
        .or_else(|| unfinished::verdict(&asked))
        .unwrap_or_else(|| at_rest::verdict(&asked));
    Diagnosis {
        reasons: reasons::all(answers, secret, story.as_ref(), &network, now),
        ..verdict
    }
}
