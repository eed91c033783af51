//! The limits that docs/proof.md names: which cells may break which invariant, and why. Pure.

use staging_labels::Step;

use super::cell::{Aftermath, Cause, Cell, Effect, Family, Recording, Subject};
use super::finding::{Finding, Letter, Moment};

/// Why this is a limit that is documented; `None` if it is a violation.
pub fn known(cell: &Cell, finding: &Finding) -> Option<&'static str> {
    let Finding { letter, moment, .. } = finding;
    let lasts = cell.cause != Cause::NoCause && *moment == Moment::AtRest;
    let subject = cell.row.subject;
    match (letter, subject) {
        (Letter::R, Subject::Classic) if lasts => Some(
            "classic order: setSecret has committed the new password, and AWSCURRENT cannot move while the cause lasts",
        ),
        (Letter::R, Subject::Switch)
            if lasts && cell.aftermath == Aftermath::Cancelled && leaves_the_gap(cell) =>
        {
            Some(
                "switch: killed between the move of AWSCURRENT and the commit, cancelled before a retry could confirm, and every later attempt fails",
            )
        }
        (Letter::R, Subject::InPlace) if lasts => Some(
            "API key, class in-place: createSecret has replaced the key, and AWSCURRENT cannot move while the cause lasts",
        ),
        (Letter::K, Subject::InPlace)
            if *moment == Moment::AfterTheFault && cell.row.step == Step::Create =>
        {
            Some(
                "API key, class in-place: the key was replaced and is not stored yet; the retry makes another with the admin's credential",
            )
        }
        (Letter::R | Letter::K | Letter::N | Letter::S, Subject::InPlace)
            if cell.aftermath == Aftermath::Concurrent
                && cell.row.step == Step::Create
                && (*moment == Moment::AtRest || *letter == Letter::S) =>
        {
            Some(
                "API key, class in-place: two concurrent createSecret each replaced the key, and the one that was stored is dead; the next rotation recovers once AWSPENDING is off",
            )
        }
        (Letter::R, Subject::Chosen) if lasts => Some(
            "API key, class chosen: setSecret has uploaded the new value, and AWSCURRENT cannot move while the cause lasts",
        ),
        _ => None,
    }
}

/// Whether AWSCURRENT has moved, and the process died before the commit reached the server.
fn leaves_the_gap(cell: &Cell) -> bool {
    let row = &cell.row;
    if row.subject.family() != Family::Switch || !cell.effect.kills() {
        return false;
    }
    let before_the_commit = row.at.is_commit() && cell.effect == Effect::KilledBefore;
    match row.recording {
        Recording::Good => before_the_commit || row.at.moves_a_label() && cell.effect == Effect::KilledAfter,
        Recording::Confirmation => match &row.at {
            super::cell::At::Exchange { committed, .. } => {
                !committed && (before_the_commit || !row.at.is_commit())
            }
            _ => true,
        },
    }
}
