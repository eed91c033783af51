//! The protocol as a whole, checked exhaustively: every order in which Secrets Manager, two invocations at a time, crashes,
//! lost answers, repetitions, cancellations and a repair by hand can follow each other, up to the numbers in [`Faults`].
//!
//! What is real is [`plan`]: each invocation of the model asks it. The rest is what surrounds it, in steps that each are one
//! call: Secrets Manager's labels (facts 2 to 8, 11 and 12 of what is known of them), and a database with one role, or with
//! two that take turns.

use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, Model, Property};

use crate::{Action, Label, Labels, Step, VersionId, plan};

/// What may go wrong, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Faults {
    /// Rotations that are started.
    rotations: u8,
    /// An invocation dies, wherever it is.
    crashes: u8,
    /// Secrets Manager takes an invocation for failed that goes on.
    lost_answers: u8,
    /// Secrets Manager repeats a rotation whose step failed; otherwise it gives up.
    repetitions: u8,
    /// A rotation is cancelled, and AWSPENDING taken off by hand.
    cancellations: u8,
    /// Somebody changes the password by hand, and writes it into the secret.
    repairs: u8,
    /// Whether an invocation asks once more, right before it changes a role: the model must find what happens without.
    last_look: bool,
}

/// A password, and whose it is: role 0, or with two in turn 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Credential {
    role: usize,
    password: u8,
}

/// One invocation, between two of its calls. What it knows it has read at its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Invocation {
    step: Step,
    token: usize,
    phase: Phase,
    /// Secrets Manager still waits for its answer.
    awaited: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Nothing was asked yet.
    Begin,
    /// The new value is made, and not stored.
    Put(Credential),
    /// The role is to be changed, through a login that worked. With two roles the lock of the pair is next.
    Change { to: Credential, from: usize },
    /// Two roles: the lock of the pair is held, until the change is committed, or the invocation dies.
    Locked { to: Credential, from: usize },
    /// AWSCURRENT is to move from the version with this number: the pending value has just logged in.
    Promote { from: usize },
}

/// Secrets Manager, the database, and whoever is at work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    /// The versions' values, by number: a version may have none.
    versions: Vec<Option<Credential>>,
    current: usize,
    previous: Option<usize>,
    pending: Option<usize>,
    /// Each role's password.
    database: Vec<u8>,
    /// The rotation that Secrets Manager is at, and the step that comes next.
    run: Option<(usize, Step)>,
    at_work: Vec<Invocation>,
    next_password: u8,
    /// AWSCURRENT was moved by an invocation whose rotation was cancelled after its login: Secrets Manager compares AWSCURRENT
    /// alone.
    moved_late: bool,
    left: Faults,
}

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
}

/// How an invocation ended, or that it goes on.
enum Outcome {
    On(Phase),
    Done,
    Failed,
    /// And AWSPENDING is taken off: it never will go through.
    Poisoned,
    /// Somebody else has the lock.
    Waits,
}

impl World {
    fn new(roles: usize, left: Faults) -> Self {
        let first = Credential { role: 0, password: 0 };
        Self {
            versions: vec![Some(first)],
            current: 0,
            previous: None,
            pending: None,
            database: vec![0; roles],
            run: None,
            at_work: Vec::new(),
            next_password: 1,
            moved_late: false,
            left,
        }
    }

    fn labels(&self) -> Labels {
        let mut labels = Labels::default();
        for (number, _) in self.versions.iter().enumerate() {
            let carried = [
                (Label::Current, Some(self.current)),
                (Label::Previous, self.previous),
                (Label::Pending, self.pending),
            ];
            let carried = carried
                .into_iter()
                .filter(|(_, carrier)| *carrier == Some(number));
            labels.attach(name(number), carried.map(|(label, _)| label));
        }
        labels
    }

    fn logs_in(&self, credential: Credential) -> bool {
        self.database[credential.role] == credential.password
    }

    fn current_logs_in(&self) -> bool {
        self.versions[self.current].is_some_and(|current| self.logs_in(current))
    }

    fn draw(&mut self) -> u8 {
        self.next_password += 1;
        self.next_password - 1
    }

    /// AWSCURRENT moves, and AWSPREVIOUS to where it was (fact 12).
    fn promote(&mut self, to: usize) {
        self.previous = Some(self.current);
        self.current = to;
    }

    /// One call of an invocation.
    fn go(&mut self, invocation: &Invocation) -> Outcome {
        match invocation.phase {
            Phase::Begin => self.begin(invocation),
            Phase::Put(value) => {
                // Fact 11: a token's value is stored once, and AWSPENDING moves to where it was put.
                if self.versions[invocation.token].is_none() {
                    self.versions[invocation.token] = Some(value);
                    self.pending = Some(invocation.token);
                }
                Outcome::Done
            }
            Phase::Change { to, from } if self.database.len() > 1 => {
                let locked = |other: &Invocation| matches!(other.phase, Phase::Locked { .. });
                if self.at_work.iter().any(locked) {
                    return Outcome::Waits;
                }
                Outcome::On(Phase::Locked { to, from })
            }
            // One role: what it rests on is a login that worked, or that the rotation still stands.
            Phase::Change { to, .. } => {
                self.database[to.role] = to.password;
                Outcome::Done
            }
            // The last look and the change count as one: between them lies a round trip in which only a person can act.
            Phase::Locked { to, from } => {
                let stands = self.pending == Some(invocation.token) && self.current == from;
                if self.left.last_look && !stands {
                    return Outcome::Failed;
                }
                self.database[to.role] = to.password;
                Outcome::Done
            }
            Phase::Promote { from } => {
                if self.current == from {
                    self.promote(invocation.token);
                    self.moved_late |= self.pending != Some(invocation.token);
                }
                if self.current == invocation.token {
                    Outcome::Done
                } else {
                    Outcome::Failed
                }
            }
        }
    }

    /// Reads labels and values, and decides.
    fn begin(&mut self, invocation: &Invocation) -> Outcome {
        let labels = self.labels();
        let token = name(invocation.token);
        let Ok(action) = plan(invocation.step, &labels, &token) else {
            return Outcome::Failed;
        };
        match (action, self.versions[invocation.token]) {
            (Action::Nothing, _) => Outcome::Done,
            (Action::Stage, _) => Outcome::On(Phase::Put(self.propose())),
            (Action::Apply, Some(pending)) => self.apply(pending),
            (Action::Verify, Some(pending)) if self.logs_in(pending) => Outcome::Done,
            (Action::Promote { from }, Some(pending)) if self.logs_in(pending) => {
                assert_eq!(from, Some(&name(self.current)), "the compare of the swap");
                Outcome::On(Phase::Promote { from: self.current })
            }
            (Action::Apply | Action::Verify | Action::Promote { .. }, _) => Outcome::Failed,
        }
    }

    /// With two roles, the other one's turn.
    fn propose(&mut self) -> Credential {
        let current = self.versions[self.current].expect("AWSCURRENT has a value");
        Credential {
            role: (current.role + 1) % self.database.len(),
            password: self.draw(),
        }
    }

    /// With two roles the other one is changed, never the one in use. With one, the ways in are tried in their order: current,
    /// pending, previous, and what has no label any more.
    fn apply(&self, to: Credential) -> Outcome {
        let from = self.current;
        let change = Outcome::On(Phase::Change { to, from });
        let in_use = self.versions[from].map(|current| current.role);
        if self.database.len() > 1 && in_use == Some(to.role) {
            return if self.logs_in(to) {
                Outcome::Done
            } else {
                Outcome::Poisoned
            };
        }
        if self.database.len() > 1 || self.current_logs_in() {
            return change;
        }
        if self.logs_in(to) {
            return Outcome::Done;
        }
        if self.versions.iter().flatten().any(|old| self.logs_in(*old)) {
            change
        } else {
            Outcome::Failed
        }
    }

    /// Secrets Manager hears how a step ended.
    fn hear(&mut self, step: Step, succeeded: bool) {
        let Some((token, _)) = self.run else { return };
        self.run = if succeeded {
            let next = Step::ALL.into_iter().skip_while(|other| *other != step).nth(1);
            next.map(|next| (token, next))
        } else if self.left.repetitions > 0 {
            self.left.repetitions -= 1;
            Some((token, Step::Create))
        } else {
            None
        };
    }

    /// RotateSecret: a new version without a value (fact 2), or the one that is not complete once more (fact 3).
    fn rotate(&mut self) {
        let token = match self.pending {
            Some(pending) if pending != self.current => pending,
            _ => {
                self.versions.push(None);
                self.versions.len() - 1
            }
        };
        self.pending = Some(token);
        self.run = Some((token, Step::Create));
    }

    /// A rotation without any fault, from here, or the one after. What is at work now is gone.
    fn recovers(&self) -> bool {
        self.recovers_with(true)
    }

    fn recovers_with(&self, anew: bool) -> bool {
        let mut world = self.clone();
        world.at_work.clear();
        world.rotate();
        let token = world.pending.expect("a rotation was started");
        for step in Step::ALL {
            let mut invocation = Invocation {
                step,
                token,
                phase: Phase::Begin,
                awaited: true,
            };
            loop {
                match world.go(&invocation) {
                    Outcome::On(phase) => invocation.phase = phase,
                    Outcome::Done => break,
                    // It is to be started anew.
                    Outcome::Poisoned if anew => {
                        world.pending = None;
                        return world.recovers_with(false);
                    }
                    Outcome::Failed | Outcome::Poisoned | Outcome::Waits => return false,
                }
            }
        }
        world.current == token && world.current_logs_in()
    }
}

fn name(number: usize) -> VersionId {
    VersionId::stored(format!("v{number}"))
}

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
    }

    fn next_state(&self, last: &World, event: Event) -> Option<World> {
        let mut world = last.clone();
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
    last_look: true,
};

#[test]
fn one_role_is_never_lost() {
    check(1, FAULTS).assert_properties();
}

#[test]
fn of_two_roles_in_turn_the_current_one_always_logs_in() {
    check(2, FAULTS).assert_properties();
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
