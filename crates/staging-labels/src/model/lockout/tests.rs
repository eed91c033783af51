//! The built variants find no violation, each idea that does not work finds its own.

use std::cell::RefCell;
use std::fmt::Write as _;

use stateright::Model;

use super::faults::{self, Cause, Profile};
use super::protocol::{BLOCKED, BROKEN, Event, KEPT, LOCKED_OUT, NEXT, Protocol};
use super::search::{Found, search};
use super::variant::{self, Variant};

const PROPERTIES: [(&str, &str); 5] = [
    (LOCKED_OUT, "R"),
    (BROKEN, "D"),
    (KEPT, "K"),
    (NEXT, "N"),
    (BLOCKED, "S"),
];

/// `-` no cause that lasts, `T` the test says no, `U` the label may not be moved.
fn protocol(variant: &Variant, profile: &Profile, causes: &str) -> Protocol {
    let causes = causes.chars().filter_map(|letter| match letter {
        'T' => Some(Cause::TestSaysNo),
        'U' => Some(Cause::MoveDenied),
        _ => None,
    });
    Protocol {
        variant: *variant,
        faults: profile.faults,
        causes: causes.collect(),
        decided_elsewhere: profile.decided_elsewhere,
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

/// Prints everything: every variant, with every set of faults, without a cause and with each.
#[test]
#[ignore = "takes minutes"]
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn the_whole_table() {
    let only = std::env::var("ONLY").unwrap_or_default();
    for variant in variant::ALL.iter().filter(|variant| variant.name.contains(&only)) {
        let mut all = 0;
        println!("{}", variant.name);
        for profile in faults::ALL {
            let mut line = String::new();
            for causes in ["-", "T", "U"] {
                let protocol = protocol(variant, profile, causes);
                let found = search(&protocol, None);
                all += found.states;
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
