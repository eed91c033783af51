//! Which events can follow each other, and what must hold after each.

use std::cell::RefCell;
use std::collections::HashMap;

use stateright::{Model, Property};

use super::faults::{Cause, Faults};
use super::outcome::Outcome;
use super::phase::{Actor, Invocation, Phase, Transaction};
use super::variant::{Order, Undo, Variant};
use super::world::{Call, Ending, PendingRemoval, UNKNOWN, Version, View, World};
use crate::{CurrentMoves, Step};

/// Nothing runs and nothing is in flight, and yet the application is refused.
pub(super) const LOCKED_OUT: &str = "nobody is locked out at rest";
/// The gap that the order itself has is not counted.
pub(super) const BROKEN: &str = "no call breaks an AWSCURRENT that works";
pub(super) const KEPT: &str = "every password of the database is in some version";
pub(super) const NEXT: &str = "whatever happened, the next rotation goes through";
pub(super) const BLOCKED: &str = "AWSPENDING is never left where RotateSecret is refused";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Rotate,
    Deliver(Actor),
    Twin,
    /// The invocation of this number makes its next call, and may read stale labels.
    Go {
        number: usize,
        stale: bool,
    },
    Crash {
        number: usize,
        in_flight: bool,
    },
    TimeOut(usize),
    Expire(usize),
    Land(usize),
    LoseAnswer(usize),
    Cancel,
    Repair,
    MoveByHand,
    Begin(Cause),
    End,
}

/// The versions, the labels, the database's password.
type Standing = (Vec<Version>, View, u8);

pub(super) struct Protocol {
    pub(super) variant: Variant,
    pub(super) faults: Faults,
    pub(super) causes: Vec<Cause>,
    pub(super) decided_elsewhere: bool,
    pub(super) pending_removal: PendingRemoval,
    /// What `recovers` has found: all that it depends on.
    pub(super) recoveries: RefCell<HashMap<Standing, bool>>,
}

impl Protocol {
    fn order(&self) -> CurrentMoves {
        match self.variant.order {
            Order::Switch => CurrentMoves::InSetSecret,
            Order::Classic | Order::BothInFinish => CurrentMoves::InFinishSecret,
        }
    }

    fn other_order(&self) -> CurrentMoves {
        match self.order() {
            CurrentMoves::InSetSecret => CurrentMoves::InFinishSecret,
            CurrentMoves::InFinishSecret => CurrentMoves::InSetSecret,
        }
    }

    fn invocation(&self, token: usize, step: Step, actor: Actor) -> Invocation {
        Invocation {
            step,
            token,
            phase: Phase::Begin,
            awaited: true,
            actor,
            undo: self.variant.undo,
            transaction: Transaction::No,
        }
    }

    /// False if the invocation waits: nothing has happened.
    fn settle(world: &mut World, number: usize, mut invocation: Invocation, outcome: Outcome) -> bool {
        let ending = match outcome {
            Outcome::On(phase) => {
                invocation.phase = phase;
                world.at_work.insert(number, invocation);
                return true;
            }
            Outcome::Waits => return false,
            Outcome::Done => Ending::Succeeded,
            Outcome::Failed => Ending::Failed,
        };
        if invocation.awaited {
            world.hear(invocation.step, ending);
        }
        true
    }

    /// A call is given up, and its outcome unknown.
    fn time_out(&self, world: &mut World, number: usize) -> Option<()> {
        let mut invocation = world.at_work.remove(number);
        world.in_flight.push(self.variant.in_flight(world, &invocation)?);
        let outcome = match invocation.phase {
            Phase::Promote { from } if invocation.actor != Actor::Template => {
                invocation.undo = self.variant.if_unknown.unwrap_or(self.variant.undo);
                Variant::give_back(invocation.undo, from)
            }
            Phase::Move { from, again: false } => Outcome::On(Phase::Move { from, again: true }),
            Phase::Move { from, again: true } => Outcome::On(Phase::MoveRead { from, seen: None }),
            Phase::ReturnMove { from } => Outcome::On(Phase::ReturnRead { from, seen: None }),
            Phase::Commit { .. } => {
                invocation.transaction = Transaction::No;
                self.variant.confirmation()
            }
            _ => Outcome::Failed,
        };
        match outcome {
            Outcome::Failed if invocation.awaited => world.hear(invocation.step, Ending::Unanswered),
            outcome => _ = Self::settle(world, number, invocation, outcome),
        }
        Some(())
    }

    /// One rotation without a fault.
    fn rotates(&self, world: &mut World) -> bool {
        let token = world.rotate();
        for step in Step::ALL {
            let mut invocation = self.invocation(token, step, Actor::Ours(self.order()));
            loop {
                match self.variant.go(world, &mut invocation, false) {
                    Outcome::On(phase) => invocation.phase = phase,
                    Outcome::Done => break,
                    Outcome::Failed | Outcome::Waits => return false,
                }
            }
        }
        world.labels.current == token && world.current_logs_in()
    }

    /// The causes are gone, and so is what was at work: the next rotation goes through, or the one after it.
    fn recovers(&self, world: &World) -> bool {
        let known = (world.versions.clone(), world.labels, world.database);
        *self.recoveries.borrow_mut().entry(known).or_insert_with(|| {
            let mut world = world.clone();
            world.at_work.clear();
            world.in_flight.clear();
            world.cause = None;
            world.pass_a_second();
            self.rotates(&mut world) || self.rotates(&mut world)
        })
    }
}

fn may_time_out(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Promote { .. }
            | Phase::Move { .. }
            | Phase::Commit { .. }
            | Phase::ConfirmCommit
            | Phase::ReturnMove { .. }
            | Phase::UndoRelease { .. }
            | Phase::FenceMove { .. }
    )
}

impl Model for Protocol {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(
            self.faults,
            self.decided_elsewhere,
            self.pending_removal,
        )]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        let left = &world.left;
        let is_awaited = world.at_work.iter().any(|invocation| invocation.awaited);
        let has_room = world.at_work.len() < 3;
        let mut offer = |possible: bool, event: Event| {
            if possible {
                events.push(event);
            }
        };
        offer(
            world.run.is_none() && left.rotations > 0 && has_room && !world.is_blocked(),
            Event::Rotate,
        );
        let is_due = world.run.is_some() && !is_awaited && has_room;
        offer(is_due, Event::Deliver(Actor::Ours(self.order())));
        offer(
            is_due && left.other_order > 0,
            Event::Deliver(Actor::Ours(self.other_order())),
        );
        offer(is_due && left.templates > 0, Event::Deliver(Actor::Template));
        offer(is_awaited && left.twins > 0 && has_room, Event::Twin);
        for (number, invocation) in world.at_work.iter().enumerate() {
            let phase = invocation.phase;
            let flies = self.variant.in_flight(world, invocation).is_some();
            offer(true, Event::Go { number, stale: false });
            offer(
                left.stale_reads > 0 && world.before.is_some() && phase.reads(),
                Event::Go { number, stale: true },
            );
            offer(
                left.crashes > 0,
                Event::Crash {
                    number,
                    in_flight: false,
                },
            );
            offer(
                left.crashes > 0 && flies,
                Event::Crash {
                    number,
                    in_flight: true,
                },
            );
            let is_answered = world.cause == Some(Cause::MoveDenied)
                && !matches!(phase, Phase::Commit { .. } | Phase::ConfirmCommit);
            offer(
                left.timeouts > 0 && flies && may_time_out(phase) && !is_answered,
                Event::TimeOut(number),
            );
            offer(
                left.expiries > 0 && invocation.transaction == Transaction::Open,
                Event::Expire(number),
            );
            offer(
                left.lost_answers > 0 && invocation.awaited,
                Event::LoseAnswer(number),
            );
        }
        for number in 0..world.in_flight.len() {
            offer(true, Event::Land(number));
        }
        let is_incomplete = world
            .labels
            .pending
            .is_some_and(|pending| pending != world.labels.current);
        offer(left.cancellations > 0 && is_incomplete, Event::Cancel);
        offer(
            left.repairs > 0 && !(self.variant.locks && world.row_is_locked()),
            Event::Repair,
        );
        let pending_works = world.labels.pending.is_some_and(|pending| world.logs_in(pending));
        offer(
            left.moves_by_hand > 0 && has_room && !world.current_logs_in() && pending_works,
            Event::MoveByHand,
        );
        for cause in &self.causes {
            offer(left.causes > 0 && world.cause.is_none(), Event::Begin(*cause));
        }
        offer(left.mends > 0 && world.cause.is_some(), Event::End);
    }

    fn next_state(&self, last: &World, event: Event) -> Option<World> {
        let mut world = last.clone();
        match event {
            Event::Rotate => {
                world.left.rotations -= 1;
                world.rotate();
            }
            Event::Deliver(actor) => {
                match actor {
                    Actor::Template => world.left.templates -= 1,
                    Actor::Ours(order) if order != self.order() => world.left.other_order -= 1,
                    Actor::Ours(_) => {}
                }
                let (token, step) = world.run?;
                world.at_work.push(self.invocation(token, step, actor));
            }
            Event::Twin => {
                world.left.twins -= 1;
                let (token, step) = world.run?;
                let mut twin = self.invocation(token, step, Actor::Ours(self.order()));
                twin.awaited = false;
                world.at_work.push(twin);
            }
            Event::Go { number, stale } => {
                world.left.stale_reads -= u8::from(stale);
                let mut invocation = world.at_work.remove(number);
                let outcome = self.variant.go(&mut world, &mut invocation, stale);
                if world.left.stale_reads == 0 {
                    world.before = None;
                }
                if !Self::settle(&mut world, number, invocation, outcome) {
                    return None;
                }
            }
            Event::Crash { number, in_flight } => {
                world.left.crashes -= 1;
                let dead = world.at_work.remove(number);
                if in_flight {
                    world.in_flight.push(self.variant.in_flight(&world, &dead)?);
                }
                if dead.awaited {
                    world.hear(dead.step, Ending::Unanswered);
                }
            }
            Event::TimeOut(number) => {
                world.left.timeouts -= 1;
                self.time_out(&mut world, number)?;
            }
            Event::Expire(number) => {
                world.left.expiries -= 1;
                world.at_work[number].transaction = Transaction::Expired;
            }
            Event::Land(number) => match world.in_flight.remove(number) {
                // The lock is still held for the change that belongs to it.
                call @ Call::Move { .. } if self.variant.order == Order::Switch && world.row_is_locked() => {
                    _ = world.land_before_commit(call);
                }
                call => _ = world.land(call),
            },
            Event::LoseAnswer(number) => {
                world.left.lost_answers -= 1;
                world.at_work[number].awaited = false;
                let step = world.at_work[number].step;
                world.hear(step, Ending::Unanswered);
            }
            Event::Cancel => {
                world.left.cancellations -= 1;
                world.run = None;
                world.remember();
                world.labels.pending = None;
                world.cancelled = true;
            }
            Event::Repair => {
                world.left.repairs -= 1;
                world.database = world.draw();
                world.versions.push(Version {
                    value: Some(world.database),
                    copy_for: None,
                });
                world.move_current(world.versions.len() - 1);
                world.run = None;
                world.labels.pending = None;
            }
            Event::MoveByHand => {
                world.left.moves_by_hand -= 1;
                let (token, from) = (world.labels.pending?, world.labels.current);
                let mut person = self.invocation(token, Step::Finish, Actor::Template);
                person.phase = Phase::Promote { from };
                person.awaited = false;
                person.undo = Undo::Nothing;
                world.at_work.push(person);
            }
            Event::Begin(cause) => {
                world.left.causes -= 1;
                world.cause = Some(cause);
            }
            Event::End => {
                world.left.mends -= 1;
                world.cause = None;
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(LOCKED_OUT, |_, world: &World| {
                !world.is_at_rest() || world.cancelled || world.current_logs_in()
            }),
            Property::always(BROKEN, |_, world: &World| !world.broke_current),
            Property::always(KEPT, |_, world: &World| {
                world.database == UNKNOWN
                    || world
                        .versions
                        .iter()
                        .any(|version| version.value == Some(world.database))
            }),
            Property::always(NEXT, |protocol: &Self, world: &World| {
                world.run.is_some() || protocol.decided_elsewhere || protocol.recovers(world)
            }),
            Property::always(BLOCKED, |_, world: &World| {
                !world.is_at_rest() || !world.is_blocked()
            }),
        ]
    }
}
