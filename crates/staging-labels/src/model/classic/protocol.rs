//! The protocol as a whole, checked exhaustively: every order in which Secrets Manager, two invocations at a time, crashes,
//! lost answers, repetitions, cancellations and a repair by hand can follow each other, up to the numbers in [`Faults`].
//!
//! What is real is [`plan`]: each invocation of the model asks it. The rest is what surrounds it, in steps that each are one
//! call: Secrets Manager's labels (facts 2 to 8, 11 and 12 of what is known of them), and a database with one role, or with
//! two that take turns.

use stateright::{Checker, Model, Property};

use super::world::{ByHand, Credential, Faults, Invocation, Outcome, Phase, World};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Rotate,
    Deliver,
    /// The invocation of this number makes its next call.
    Go(usize),
    Crash(usize),
    LoseAnswer(usize),
    Cancel,
    Repair,
    /// A person looks at labels and logins, for a way out by [`crate::Repair`].
    Look(ByHand),
    /// And acts on what was seen.
    Act,
}

const REPAIRED: &str = "a repair of labels by hand takes no working value away";
const ALWAYS: &str = "AWSCURRENT logs in at every moment";

/// The protocol, for one role or for two in turn.
struct Protocol {
    roles: usize,
    faults: Faults,
}

impl Model for Protocol {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.roles, self.faults.clone())]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        let awaited = world.at_work.iter().any(|invocation| invocation.awaited);
        let left = &world.left;
        if world.run.is_none() && left.rotations > 0 {
            events.push(Event::Rotate);
        }
        if world.run.is_some() && !awaited {
            events.push(Event::Deliver);
        }
        for (number, invocation) in world.at_work.iter().enumerate() {
            events.push(Event::Go(number));
            if left.crashes > 0 {
                events.push(Event::Crash(number));
            }
            if left.lost_answers > 0 && invocation.awaited {
                events.push(Event::LoseAnswer(number));
            }
        }
        if left.cancellations > 0 && world.pending.is_some() {
            events.push(Event::Cancel);
        }
        if left.repairs > 0 {
            events.push(Event::Repair);
        }
        if left.fixes > 0 {
            events.extend([ByHand::Promote, ByHand::Release].map(Event::Look));
        }
        if world.seen.is_some() {
            events.push(Event::Act);
        }
    }

    fn next_state(&self, last: &World, event: Event) -> Option<World> {
        let mut world = last.clone();
        if let Some(seen) = &mut world.seen {
            seen.fresh &= event == Event::Act;
        }
        match event {
            Event::Rotate => {
                world.left.rotations -= 1;
                world.rotate();
            }
            Event::Deliver => {
                let (token, step) = world.run?;
                world.at_work.push(Invocation {
                    step,
                    token,
                    phase: Phase::Begin,
                    awaited: true,
                });
            }
            Event::Go(number) => {
                let mut invocation = world.at_work.remove(number);
                match world.go(&invocation) {
                    Outcome::On(phase) => {
                        invocation.phase = phase;
                        world.at_work.insert(number, invocation);
                    }
                    Outcome::Waits => return None,
                    Outcome::Done if invocation.awaited => world.hear(invocation.step, true),
                    Outcome::Failed if invocation.awaited => world.hear(invocation.step, false),
                    Outcome::Poisoned => {
                        if world.pending == Some(invocation.token) {
                            world.pending = None;
                        }
                        if invocation.awaited {
                            world.hear(invocation.step, false);
                        }
                    }
                    Outcome::Done | Outcome::Failed => {}
                }
            }
            Event::Crash(number) => {
                world.left.crashes -= 1;
                let dead = world.at_work.remove(number);
                if dead.awaited {
                    world.hear(dead.step, false);
                }
            }
            Event::LoseAnswer(number) => {
                world.left.lost_answers -= 1;
                world.at_work[number].awaited = false;
                let step = world.at_work[number].step;
                world.hear(step, false);
            }
            Event::Look(wanted) => {
                world.left.fixes -= 1;
                world.seen = Some(world.look(wanted)?);
            }
            Event::Act => {
                let seen = world.seen.take()?;
                world.act(seen);
            }
            Event::Cancel => {
                world.left.cancellations -= 1;
                world.run = None;
                world.pending = None;
            }
            Event::Repair => {
                world.left.repairs -= 1;
                let role = world.versions[world.current]?.role;
                let password = world.draw();
                world.database[role] = password;
                world.versions.push(Some(Credential { role, password }));
                world.promote(world.versions.len() - 1);
                // Fact 7: the rotation is abandoned.
                world.run = None;
                world.pending = None;
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(
                "every password of the database is in some version of the secret",
                |_, world: &World| {
                    let is_kept = |role: usize| {
                        let mut values = world.versions.iter().flatten();
                        world.database[role] == 0
                            || values.any(|value| value.role == role && world.logs_in(*value))
                    };
                    (0..world.database.len()).all(is_kept)
                },
            ),
            Property::always(
                "whatever happened, the next rotation goes through",
                |_, world: &World| world.run.is_some() || world.recovers(),
            ),
            Property::always(REPAIRED, |_, world: &World| !world.locked_out),
            Property::sometimes(
                "all rotations go through in spite of everything",
                |_, world: &World| {
                    world.left.rotations == 0
                        && world.left.crashes == 0
                        && world.left.repairs == 0
                        && world.left.lost_answers == 0
                        && world.run.is_none()
                        && world.current == world.versions.len() - 1
                },
            ),
        ];
        if self.roles > 1 {
            properties.push(Property::always(ALWAYS, |_, world: &World| {
                world.current_logs_in() || world.moved_late
            }));
        }
        properties
    }
}

fn check(roles: usize, faults: Faults) -> impl Checker<Protocol> {
    Protocol { roles, faults }.checker().threads(2).spawn_bfs().join()
}

/// Some 100,000 states. With three rotations and two repetitions, which makes 4 million and takes minutes, nothing else is found.
const FAULTS: Faults = Faults {
    rotations: 2,
    crashes: 1,
    lost_answers: 2,
    repetitions: 1,
    cancellations: 1,
    repairs: 1,
    fixes: 0,
    blind: false,
    last_look: true,
};

/// A person carries out one repair of labels, at any moment. The rotation that goes on beside it may crash.
const FIXES: Faults = Faults {
    fixes: 1,
    lost_answers: 1,
    repairs: 0,
    ..FAULTS
};

#[test]
fn one_role_is_never_lost() {
    check(1, FAULTS).assert_properties();
}

#[test]
fn of_two_roles_in_turn_the_current_one_always_logs_in() {
    check(2, FAULTS).assert_properties();
}

#[test]
fn a_repair_of_labels_by_hand_loses_no_password() {
    check(1, FIXES).assert_properties();
    check(2, FIXES).assert_properties();
}

/// The model can tell: without a login, the repair of one user's labels locks out.
#[test]
fn a_repair_without_a_login_is_found() {
    let faults = Faults { blind: true, ..FIXES };
    assert!(check(1, faults).discovery(REPAIRED).is_some());
}

/// The model can tell: an invocation that hangs, and then changes the role that meanwhile is AWSCURRENT's.
#[test]
fn without_the_last_look_a_hanging_invocation_locks_the_current_role_out() {
    let faults = Faults {
        last_look: false,
        ..FAULTS
    };
    let found = check(2, faults).discovery(ALWAYS);
    assert!(found.is_some());
}
