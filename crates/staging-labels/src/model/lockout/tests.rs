//! The built variants find no violation, each idea that does not work finds its own.

use std::cell::RefCell;
use std::fmt::Write as _;

use stateright::Model;

use super::faults::{
    self, BY_HAND, CALM, CRASH, Cause, ELSEWHERE, EXPIRY, IN_FLIGHT, PERSON, Profile, REPAIR, SETTING, STALE,
    TEMPLATE_HANGS, TEMPLATES, TWIN, UNKNOWN,
};
use super::protocol::{BLOCKED, BROKEN, Event, KEPT, LOCKED_OUT, NEXT, Protocol};
use super::search::{Found, search};
use super::variant::*;
use super::world::PendingRemoval;

const PROPERTIES: [(&str, &str); 5] = [
    (LOCKED_OUT, "R"),
    (BROKEN, "D"),
    (KEPT, "K"),
    (NEXT, "N"),
    (BLOCKED, "S"),
];

/// `-` no cause that lasts, `T` the test says no, `U` the label may not be moved, `M` a key's provider
/// stores another value.
fn protocol(variant: &Variant, profile: &Profile, causes: &str) -> Protocol {
    protocol_with(PendingRemoval::Never, variant, profile, causes)
}

fn protocol_with(removal: PendingRemoval, variant: &Variant, profile: &Profile, causes: &str) -> Protocol {
    let causes = causes.chars().filter_map(|letter| match letter {
        'T' => Some(Cause::TestSaysNo),
        'U' => Some(Cause::MoveDenied),
        'M' => Some(Cause::Mangled),
        _ => None,
    });
    Protocol {
        variant: *variant,
        faults: profile.faults,
        causes: causes.collect(),
        decided_elsewhere: profile.decided_elsewhere,
        pending_removal: removal,
        recoveries: RefCell::default(),
    }
}

/// The properties that are violated, each with the number of events of the shortest trace.
fn violations(found: &Found) -> String {
    let letters = PROPERTIES.iter().filter_map(|(property, letter)| {
        let trace = found.traces.get(property)?;
        Some(format!("{letter}{}", trace.len()))
    });
    let all = letters.collect::<Vec<_>>().join(" ");
    if all.is_empty() { "ok".to_owned() } else { all }
}

/// The calls and faults of a trace, one a line.
fn told(protocol: &Protocol, trace: &[Event]) -> String {
    let mut text = String::new();
    let mut world = protocol.init_states().remove(0);
    for event in trace {
        let labels = world.labels;
        let who = match event {
            Event::Go { number, .. } | Event::Crash { number, .. } => world.at_work.get(*number),
            Event::TimeOut(number) | Event::Expire(number) | Event::LoseAnswer(number) => {
                world.at_work.get(*number)
            }
            _ => None,
        };
        let who = who.map_or_else(String::new, |at| {
            format!("{} {:?} {:?}", at.step, at.actor, at.phase)
        });
        writeln!(
            text,
            "database {} labels {labels:?}: {event:?} {who}",
            world.database
        )
        .expect("a string takes all");
        world = protocol.next_state(&world, *event).expect("the trace was found");
    }
    text
}

/// Prints what is found of every variant, without a cause and with each: with every set of faults if `TABLE=all` (minutes),
/// else without a fault. No search may be cut off, and no variant may lose a password.
#[test]
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn the_whole_table() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let whole = std::env::var("TABLE").is_ok_and(|wanted| wanted == "all");
    let profiles = if whole {
        &faults::ALL[..]
    } else {
        &faults::ALL[..1]
    };
    for variant in ALL.iter().filter(|variant| variant.name.contains(&only)) {
        let mut all = 0;
        println!("{}", variant.name);
        for profile in profiles {
            let mut line = String::new();
            let causes = if variant.locks {
                &["-", "T", "U"][..]
            } else {
                &["-", "T", "U", "M"]
            };
            for causes in causes {
                let protocol = protocol(variant, profile, causes);
                let found = search(&protocol, None);
                all += found.states;
                assert!(
                    !violations(&found).contains('K'),
                    "{}: a password is lost",
                    variant.name
                );
                write!(line, " {causes} {:<12}", violations(&found)).expect("a string takes all");
                if std::env::var("TRACES").is_ok_and(|wanted| wanted == format!("{} {causes}", profile.name))
                {
                    for (property, trace) in &found.traces {
                        println!("{property}\n{}", told(&protocol, trace));
                    }
                }
            }
            println!("    {:<10}{line}", profile.name);
        }
        println!("    {all} states");
    }
}

/// Every property holds in every state, whenever AWSPENDING leaves.
#[track_caller]
fn holds(variant: &Variant, profile: &Profile, causes: &str) {
    for removal in PendingRemoval::ALL {
        let protocol = protocol_with(removal, variant, profile, causes);
        let found = search(&protocol, None);
        never_violates(&found, &protocol, profile, causes);
    }
}

/// The same, but for moments at which AWSCURRENT fails until the next step mends it.
#[track_caller]
fn mends_itself(variant: &Variant, profile: &Profile, causes: &str) {
    for removal in PendingRemoval::ALL {
        let protocol = protocol_with(removal, variant, profile, causes);
        let mut found = search(&protocol, None);
        found.traces.remove(BROKEN);
        never_violates(&found, &protocol, profile, causes);
    }
}

#[track_caller]
fn never_violates(found: &Found, protocol: &Protocol, profile: &Profile, causes: &str) {
    let traces = found.traces.values().map(|trace| told(protocol, trace));
    assert_eq!(
        violations(found),
        "ok",
        "{} / {} / {causes} / {:?}\n{}",
        protocol.variant.name,
        profile.name,
        protocol.pending_removal,
        traces.collect::<String>()
    );
}

/// The property is violated, and the shortest trace has so many events.
#[track_caller]
fn finds(variant: &Variant, profile: &Profile, causes: &str, property: &str, events: usize) {
    let protocol = protocol(variant, profile, causes);
    let found = search(&protocol, Some(property));
    let trace = found.traces.get(property);
    let length = trace.map(Vec::len);
    let text = trace.map_or_else(String::new, |trace| told(&protocol, trace));
    assert_eq!(
        length,
        Some(events),
        "{} / {} / {causes}\n{text}",
        variant.name,
        profile.name
    );
}

// What is built.

#[test]
fn the_switch_locks_nobody_out_whatever_fails_for_good() {
    for profile in [&CALM, &TWIN, &STALE, &REPAIR, &BY_HAND, &PERSON] {
        holds(&SWITCH, profile, "TU");
    }
}

#[test]
fn the_switch_survives_crashes_unknown_answers_and_a_server_that_fails() {
    for profile in [&IN_FLIGHT, &CRASH, &UNKNOWN, &EXPIRY] {
        mends_itself(&SWITCH, profile, "");
    }
}

#[test]
fn the_switch_hands_over_to_the_templates_of_aws_and_back_at_every_step() {
    holds(&SWITCH, &TEMPLATES, "T");
    holds(&SWITCH, &TEMPLATE_HANGS, "");
}

#[test]
fn the_setting_may_change_in_the_middle_of_a_rotation() {
    holds(&SWITCH, &SETTING, "");
    holds(&TODAY, &SETTING, "");
}

#[test]
fn a_password_that_the_server_takes_over_and_refuses_is_given_back() {
    holds(&SWITCH, &ELSEWHERE, "T");
}

#[test]
fn the_fence_gives_back_what_worked_if_the_test_fails_for_good() {
    for profile in [&CALM, &TWIN, &IN_FLIGHT, &CRASH, &STALE] {
        holds(&FENCE, profile, "T");
    }
}

#[test]
fn the_fence_of_a_key_gives_back_what_worked_if_nothing_else_happens() {
    for causes in ["T", ""] {
        holds(&KEY_FENCE, &CALM, causes);
    }
    mends_itself(&KEY_FENCE, &TWIN, "T");
}

#[test]
fn a_key_that_the_provider_takes_and_refuses_is_given_back() {
    holds(&KEY_RETURN, &CALM, "M");
    for profile in [&TWIN, &IN_FLIGHT, &CRASH, &STALE, &UNKNOWN, &REPAIR, &PERSON] {
        mends_itself(&KEY_RETURN, profile, "");
    }
}

#[test]
fn a_rotation_that_is_fenced_never_blocks_the_next_one() {
    for variant in [&FENCE, &KEY_FENCE] {
        let found = search(&protocol(variant, &BY_HAND, "T"), None);
        assert!(!found.traces.contains_key(NEXT), "{}", variant.name);
    }
}

#[test]
fn a_look_under_the_lock_never_overwrites_a_repair_by_hand() {
    finds(&TODAY, &REPAIR, "", LOCKED_OUT, 8);
    holds(&TODAY_LOOKS, &REPAIR, "");
}

// What remains, and cannot be helped.

#[test]
fn what_remains_of_the_switch() {
    finds(&SWITCH, &IN_FLIGHT, "T", LOCKED_OUT, 17);
    finds(&SWITCH, &CRASH, "T", LOCKED_OUT, 20);
    finds(&SWITCH, &UNKNOWN, "T", LOCKED_OUT, 18);
    finds(&SWITCH, &TEMPLATES, "U", LOCKED_OUT, 19);
    finds(&SWITCH, &TEMPLATE_HANGS, "T", LOCKED_OUT, 19);
    finds(&SWITCH, &ELSEWHERE, "U", LOCKED_OUT, 24);
}

#[test]
fn what_remains_of_the_fence() {
    finds(&FENCE, &CALM, "U", LOCKED_OUT, 25);
    finds(&FENCE, &PERSON, "T", LOCKED_OUT, 23);
}

#[test]
fn what_remains_of_a_key() {
    finds(&KEY_RETURN, &CALM, "U", LOCKED_OUT, 25);
    finds(&KEY_RETURN, &TWIN, "M", LOCKED_OUT, 20);
    finds(&KEY_RETURN, &BY_HAND, "", LOCKED_OUT, 19);
}

// What does not work. The numbers are events in the shortest trace.

#[test]
fn the_classic_order_locks_out_if_a_test_or_the_move_fails_for_good() {
    finds(&TODAY, &CALM, "T", LOCKED_OUT, 17);
    finds(&TODAY, &CALM, "U", LOCKED_OUT, 23);
}

#[test]
fn a_key_that_is_only_tried_in_test_secret_locks_out() {
    finds(&KEY, &CALM, "M", LOCKED_OUT, 18);
    finds(&KEY, &REPAIR, "", LOCKED_OUT, 8);
    // The fence needs a new value that works.
    finds(&KEY_FENCE, &CALM, "M", LOCKED_OUT, 22);
}

#[test]
fn a_key_that_is_given_back_without_a_look_goes_over_a_repair_by_hand() {
    finds(&KEY_RETURN_BLIND, &REPAIR, "", LOCKED_OUT, 11);
}

#[test]
fn a_rollback_after_the_commit_races_with_a_promotion() {
    finds(&BARE, &TWIN, "T", LOCKED_OUT, 16);
    finds(&LOOK, &TWIN, "T", LOCKED_OUT, 17);
    finds(&LOOK_TWICE, &TWIN, "T", LOCKED_OUT, 18);
    finds(&LOOK_TWICE, &CRASH, "T", LOCKED_OUT, 24);
}

#[test]
fn a_rollback_that_releases_awspending_first_races_or_dies_in_between() {
    finds(&RELEASE, &TWIN, "T", LOCKED_OUT, 19);
    finds(&RELEASE, &CRASH, "T", LOCKED_OUT, 17);
}

#[test]
fn locks_do_not_hold_a_promotion_in_flight_nor_a_stale_read() {
    finds(&RELEASE_LOCKED, &IN_FLIGHT, "T", LOCKED_OUT, 19);
    finds(&RELEASE_LOCKED, &STALE, "T", LOCKED_OUT, 19);
}

#[test]
fn a_set_secret_that_hangs_sets_the_password_after_the_last_rollback() {
    finds(&LOOK_KNOWN, &TWIN, "T", LOCKED_OUT, 35);
    finds(&LOOK_TWICE_LOCKED, &TWIN, "T", LOCKED_OUT, 37);
}

#[test]
fn a_probe_does_not_cover_a_cause_that_begins_after_it() {
    finds(&FORWARD, &TWIN, "T", LOCKED_OUT, 15);
    finds(&FORWARD, &TWIN, "U", LOCKED_OUT, 15);
}

#[test]
fn a_password_set_in_finish_secret_is_promoted_unset_by_a_template_of_aws() {
    finds(&SET_IN_FINISH, &TEMPLATES, "", LOCKED_OUT, 11);
}

#[test]
fn without_confirm_a_crash_between_the_move_and_commit_locks_out() {
    finds(&SWITCH_NO_CONFIRM, &CRASH, "", LOCKED_OUT, 17);
}

#[test]
fn without_the_lock_the_switch_goes_over_a_repair_by_hand() {
    finds(&SWITCH_NO_LOCK, &BY_HAND, "", BROKEN, 10);
    finds(&SWITCH_NO_LOCK, &BY_HAND, "", LOCKED_OUT, 11);
}

#[test]
fn one_stale_reading_is_not_enough_to_confirm() {
    finds(&SWITCH_ONE_READING, &UNKNOWN, "", LOCKED_OUT, 19);
}

#[test]
fn a_refused_move_is_not_proof_that_the_label_did_not_move() {
    finds(&SWITCH_NO_READING, &UNKNOWN, "", LOCKED_OUT, 16);
}

#[test]
fn without_a_login_after_commit_a_password_that_is_refused_stays() {
    finds(&SWITCH_NO_WAY_BACK, &ELSEWHERE, "", LOCKED_OUT, 21);
}

#[test]
fn each_guard_of_the_fence_is_needed() {
    finds(&FENCE_NO_LOCK, &TWIN, "T", BROKEN, 20);
    finds(&FENCE_NO_PAUSE, &STALE, "T", BROKEN, 23);
    finds(&FENCE_MOVES_PENDING, &IN_FLIGHT, "T", BLOCKED, 19);
}
