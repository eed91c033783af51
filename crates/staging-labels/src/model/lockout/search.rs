//! A breadth-first search that finds the shortest trace to each violation. (stateright's own keeps the last one it meets.)

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

use stateright::Model;

use super::protocol::{Event, Protocol};

/// What a search has found.
#[derive(Default)]
pub(super) struct Found {
    /// For each property that is violated, the shortest trace to a violation.
    pub(super) traces: BTreeMap<&'static str, Vec<Event>>,
    pub(super) states: usize,
}

/// Visits every state, or stops at the first violation of `enough`.
pub(super) fn search(protocol: &Protocol, enough: Option<&str>) -> Found {
    let properties = protocol.properties();
    let mut found = Found::default();
    // The fingerprints of 64 bits: of ten million states, two are taken for one with a probability of 1 in 400,000.
    let fingerprints = RandomState::new();
    let mut seen = HashSet::new();
    // Of each state, by number: the state it was reached from, and the event.
    let mut origins: Vec<Option<(usize, Event)>> = Vec::new();
    let mut queue = VecDeque::new();
    let mut reach = |state, origin, queue: &mut VecDeque<_>, origins: &mut Vec<_>| {
        if seen.insert(fingerprints.hash_one(&state)) {
            queue.push_back((state, origins.len()));
            origins.push(origin);
        }
    };
    for state in protocol.init_states() {
        reach(state, None, &mut queue, &mut origins);
    }
    let mut events = Vec::new();
    while let Some((state, number)) = queue.pop_front() {
        for property in &properties {
            if !found.traces.contains_key(property.name) && !(property.condition)(protocol, &state) {
                found.traces.insert(property.name, trace(&origins, number));
            }
        }
        if enough.is_some_and(|property| found.traces.contains_key(property)) {
            break;
        }
        protocol.actions(&state, &mut events);
        for event in events.drain(..) {
            if let Some(next) = protocol.next_state(&state, event) {
                reach(next, Some((number, event)), &mut queue, &mut origins);
            }
        }
    }
    found.states = origins.len();
    found
}

fn trace(origins: &[Option<(usize, Event)>], mut number: usize) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some((before, event)) = origins[number] {
        events.push(event);
        number = before;
    }
    events.reverse();
    events
}
