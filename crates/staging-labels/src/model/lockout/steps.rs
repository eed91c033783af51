//! What each call of an invocation does, and which one follows. The calls of the classic order are here.

use super::faults::Cause;
use super::outcome::Outcome::{self, Done, Failed, On, Waits};
use super::phase::{Actor, Invocation, Locked, Phase, Transaction};
use super::variant::{Confirm, Order, Variant};
use super::world::{Call, Why, World, name};
use crate::{Action, CurrentMoves, Step, plan};

impl Variant {
    fn is_lock_free(&self, world: &World) -> bool {
        !self.locks || !world.row_is_locked()
    }

    /// Makes the call that is next.
    pub(super) fn go(&self, world: &mut World, invocation: &mut Invocation, stale: bool) -> Outcome {
        let outcome = self.call(world, invocation, stale);
        if matches!(outcome, Done | Failed) {
            invocation.transaction = Transaction::No;
        }
        outcome
    }

    fn call(&self, world: &mut World, invocation: &mut Invocation, stale: bool) -> Outcome {
        let token = invocation.token;
        let view = world.view(stale);
        let is_denied = world.cause == Some(Cause::MoveDenied);
        let stands = |from: usize| view.pending == Some(token) && view.current == from;
        match invocation.phase {
            Phase::Begin => self.begin(world, invocation, stale),
            Phase::Put(password) => {
                if world.versions[token].value.is_none() {
                    world.versions[token].value = Some(password);
                    if world.labels.pending != Some(token) {
                        world.remember();
                        world.labels.pending = Some(token);
                    }
                }
                Done
            }
            Phase::Lock(_) if !self.is_lock_free(world) => Waits,
            Phase::Lock(then) => {
                invocation.transaction = Transaction::Open;
                On(match then {
                    Locked::Change { to, from } => Phase::ChangeLook { to, from },
                    Locked::Promote { from } => Phase::PromoteLook { from },
                    Locked::Switch { from } => Phase::Move { from, again: false },
                    Locked::Confirm => Phase::ConfirmRead { seen: None },
                    Locked::Return { from } => Phase::ReturnMove { from },
                    Locked::GiveBack { from } => Phase::UndoLockedLook { from },
                })
            }

            Phase::ChangeLook { to, from } => {
                let opener_works = !self.second_login || !world.current_logs_in() || world.logs_in(from);
                if stands(from) && opener_works {
                    On(Phase::Change { to, from })
                } else {
                    Failed
                }
            }
            Phase::Change { .. } if invocation.transaction == Transaction::Expired => Failed,
            Phase::Change { to, from } => {
                let locked = invocation.transaction == Transaction::Open;
                invocation.transaction = Transaction::No;
                world.land(Call::Set {
                    token,
                    password: to,
                    why: Why::Rotate,
                    locked,
                });
                match (invocation.actor, invocation.step) {
                    (Actor::Ours(_), Step::Finish) => On(Phase::Verify { from }),
                    (Actor::Ours(_), _) if self.uses_upload => On(Phase::KeyTryOut { to, from }),
                    (Actor::Ours(_), _) if self.look_after_set => On(Phase::ChangeAfter { to }),
                    (Actor::Ours(_) | Actor::Template, _) => Done,
                }
            }
            Phase::Verify { from } => {
                if world.logs_in(token) {
                    self.promotion(from)
                } else {
                    Failed
                }
            }
            Phase::PromoteLook { from } => {
                if stands(from) && world.logs_in(token) {
                    On(Phase::Promote { from })
                } else {
                    Failed
                }
            }
            Phase::Promote { from } => {
                let is_ours = invocation.actor != Actor::Template;
                if is_denied && is_ours {
                    invocation.undo = self.if_denied.unwrap_or(self.undo);
                    return Self::give_back(invocation.undo, from);
                }
                world.land(Call::Move { to: token, from });
                invocation.transaction = Transaction::No;
                let repairs = is_ours && self.order == Order::Classic && self.confirm != Confirm::Never;
                match (world.labels.current == token, repairs) {
                    (false, _) => Failed,
                    (true, true) => On(Phase::Confirm),
                    (true, false) => Done,
                }
            }

            _ => self.switch_call(world, invocation, stale),
        }
    }

    /// Reads labels and values, logs in, and decides.
    fn begin(&self, world: &mut World, invocation: &mut Invocation, stale: bool) -> Outcome {
        let (token, view) = (invocation.token, world.view(stale));
        let (labels, version) = (world.read(view), name(token));
        let moves = match invocation.actor {
            Actor::Ours(moves) => moves,
            Actor::Template => CurrentMoves::InFinishSecret,
        };
        if invocation.actor != Actor::Template
            && let Some(outcome) = self.resume(world, token, stale)
        {
            return outcome;
        }
        let Ok(action) = plan(invocation.step, &labels, &version, moves) else {
            return Failed;
        };
        if let Action::Switch { from } | Action::Promote { from } = action {
            assert_eq!(from, Some(&name(view.current)), "the compare of the swap");
        }
        let current = view.current;
        let to = world.value(token);
        match (invocation.actor, action, to) {
            (Actor::Ours(_), Action::Nothing, _)
                if invocation.step != Step::Create
                    && self.confirm != Confirm::Never
                    && self.order == Order::Classic =>
            {
                self.confirm(world, token)
            }
            (_, Action::Nothing, _) => Done,
            (_, Action::Stage, _) => {
                let password = if to.is_none() {
                    world.draw()
                } else {
                    world.next_password
                };
                On(Phase::Put(password))
            }
            (Actor::Template, Action::Apply, Some(to)) => {
                let previous_works = view.previous.is_some_and(|previous| world.logs_in(previous));
                if world.logs_in(token) {
                    Done
                } else if world.logs_in(current) || previous_works {
                    On(Phase::Change { to, from: current })
                } else {
                    Failed
                }
            }
            (Actor::Template, Action::Verify, Some(_)) if world.logs_in(token) => Done,
            (Actor::Template, Action::Promote { .. }, Some(_)) => On(Phase::Promote { from: current }),
            (Actor::Ours(_), Action::Apply, Some(to)) => self.apply(world, token, current, to),
            (Actor::Ours(_), Action::Verify, Some(_)) => self.verify(world, invocation, current, Done),
            (Actor::Ours(_), Action::Promote { .. }, Some(to)) if self.order == Order::BothInFinish => {
                self.apply_in_finish(world, token, current, to)
            }
            (Actor::Ours(_), Action::Promote { .. }, Some(_)) => {
                self.verify(world, invocation, current, self.promotion(current))
            }
            (Actor::Ours(_), Action::Switch { .. }, Some(_)) => self.switch(world, token, current),
            (Actor::Ours(_), Action::Confirm, Some(_)) => match self.confirm {
                Confirm::Never => Done,
                Confirm::OneReading | Confirm::TwoReadings => self.confirm(world, token),
            },
            (
                _,
                Action::Apply
                | Action::Verify
                | Action::Promote { .. }
                | Action::Switch { .. }
                | Action::Confirm,
                _,
            ) => Failed,
        }
    }

    /// A rotation whose copy has AWSCURRENT only goes on to give back.
    fn resume(&self, world: &World, token: usize, stale: bool) -> Option<Outcome> {
        let view = world.view(stale);
        let copy = world.copy_for(token).filter(|_| token != view.current)?;
        if view.current == copy {
            return Some(if !world.logs_in(copy) && world.logs_in(token) {
                self.behind_the_fence(copy)
            } else if self.keeps_pending && view.pending == Some(token) {
                // It is back; or neither logs in, and only a new rotation, with its search, can help.
                On(Phase::FenceRelease)
            } else {
                Failed
            });
        }
        let same_value = world.value(view.current) == world.value(copy);
        (view.pending == Some(copy) && same_value).then_some(On(Phase::FenceMove { from: view.current }))
    }

    fn apply(&self, world: &World, token: usize, from: usize, to: u8) -> Outcome {
        if self.order == Order::BothInFinish {
            return if world.any_logs_in() { Done } else { Failed };
        }
        let is_set = world.logs_in(token) && !world.current_logs_in();
        let refuses = match world.cause {
            Some(Cause::MoveDenied) => self.probe,
            Some(Cause::TestSaysNo) => self.test_first,
            Some(Cause::Mangled) | None => false,
        };
        if !is_set && refuses {
            Failed
        } else if !world.logs_in(from) && world.logs_in(token) {
            Done
        } else {
            self.change(world, from, to)
        }
    }

    fn apply_in_finish(&self, world: &World, token: usize, from: usize, to: u8) -> Outcome {
        if world.logs_in(from) && world.cause == Some(Cause::TestSaysNo) {
            Failed
        } else if !world.logs_in(from) && world.logs_in(token) {
            On(Phase::Verify { from })
        } else {
            self.change(world, from, to)
        }
    }

    fn change(&self, world: &World, from: usize, to: u8) -> Outcome {
        // A key is uploaded with the credential of an admin.
        match (world.any_logs_in() || !self.locks, self.lock_in_set) {
            (false, _) => Failed,
            (true, true) if self.locks => On(Phase::Lock(Locked::Change { to, from })),
            (true, true) => On(Phase::ChangeLook { to, from }),
            (true, false) => On(Phase::Change { to, from }),
        }
    }

    fn verify(&self, world: &World, invocation: &Invocation, from: usize, then: Outcome) -> Outcome {
        if self.order == Order::BothInFinish {
            return if world.any_logs_in() { then } else { Failed };
        }
        // The test decides only while nothing is at risk, which is while AWSCURRENT still works.
        let only_warns = self.test_first && !world.logs_in(from);
        if !world.logs_in(invocation.token) {
            Failed
        } else if world.cause == Some(Cause::TestSaysNo) && !only_warns {
            if self.uses_upload {
                return Failed;
            }
            Self::give_back(invocation.undo, from)
        } else {
            then
        }
    }

    fn switch(&self, world: &World, token: usize, from: usize) -> Outcome {
        let is_set = world.logs_in(token) && !world.current_logs_in();
        let test_fails = world.cause == Some(Cause::TestSaysNo);
        if is_set {
            // Forward is the way, and a second ALTER could break a password history.
            On(Phase::Promote { from })
        } else if (self.test_first && test_fails) || !world.any_logs_in() {
            Failed
        } else {
            On(Phase::Lock(Locked::Switch { from }))
        }
    }

    fn promotion(&self, from: usize) -> Outcome {
        On(if self.lock_in_finish {
            Phase::Lock(Locked::Promote { from })
        } else {
            Phase::Promote { from }
        })
    }

    /// The call that is on its way when the invocation dies or gives up waiting.
    pub(super) fn in_flight(&self, world: &World, invocation: &Invocation) -> Option<Call> {
        let token = invocation.token;
        let locked = self.locks && invocation.transaction == Transaction::Open;
        let set = |password, why| Call::Set {
            token,
            password,
            why,
            locked,
        };
        Some(match invocation.phase {
            Phase::Promote { from } | Phase::Move { from, .. } => Call::Move { to: token, from },
            Phase::ReturnMove { from } => Call::Move {
                to: from,
                from: token,
            },
            Phase::FenceMove { from } => Call::Move {
                to: world.copy_for(token)?,
                from,
            },
            Phase::FencePut { from } if !self.keeps_pending => Call::PutCopy { token, of: from },
            Phase::UndoRelease { .. } => Call::Release { from: token },
            Phase::Change { to, .. } => set(to, Why::Rotate),
            Phase::Commit { .. } if locked => set(world.value(token)?, Why::Rotate),
            Phase::ConfirmCommit if locked => set(world.value(token)?, Why::Confirm),
            Phase::ReturnCommit { from } if locked => set(world.value(from)?, Why::GiveBack),
            Phase::UndoChange { from } => set(world.value(from)?, Why::GiveBack),
            _ => return None,
        })
    }
}
