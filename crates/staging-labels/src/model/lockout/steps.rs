//! What each call of an invocation does, and which one follows.

use super::faults::Cause;
use super::phase::{Actor, Invocation, Locked, Phase, Transaction};
use super::variant::{Confirm, Order, Undo, Variant};
use super::world::{Call, Why, World, name};
use crate::{Action, CurrentMoves, Step, plan};

/// How an invocation ended, or that it goes on.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    On(Phase),
    Done,
    Failed,
    /// Another transaction has the lock.
    Waits,
}

use Outcome::{Done, Failed, On};

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

    #[expect(clippy::too_many_lines, reason = "one arm for each call")]
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
            Phase::Lock(_) if !self.is_lock_free(world) => Outcome::Waits,
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
            Phase::Change { .. } | Phase::UndoChange { .. }
                if invocation.transaction == Transaction::Expired =>
            {
                Failed
            }
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
                    (Actor::Ours(_), _) if self.look_after_set => On(Phase::ChangeAfter { to }),
                    (Actor::Ours(_) | Actor::Template, _) => Done,
                }
            }
            Phase::ChangeAfter { to } => {
                let fence_is_up = Some(view.current) == world.copy_for(token);
                if (view.pending == Some(token) && !fence_is_up) || view.current == token {
                    return Done;
                }
                if world.database == to {
                    let password = world.value(view.current).expect("AWSCURRENT has a value");
                    world.land(Call::Set {
                        token,
                        password,
                        why: Why::Confirm,
                        locked: false,
                    });
                }
                Failed
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

            Phase::Move { from, again } => {
                if is_denied && !again {
                    return Failed;
                }
                if !is_denied && world.land_before_commit(Call::Move { to: token, from }) {
                    return On(Phase::Commit { from });
                }
                if self.reads_if_unknown {
                    return On(Phase::MoveRead { from, seen: None });
                }
                Failed
            }
            Phase::MoveRead { from, seen } => {
                let is_ours = view.current == token;
                let read = |seen| Phase::MoveRead { from, seen };
                let decision = if is_ours {
                    On(Phase::Commit { from })
                } else {
                    Failed
                };
                Self::agree(world, seen, is_ours, read).unwrap_or(decision)
            }
            Phase::Commit { from } => {
                if !self.commit(world, invocation, world.value(token), Why::Rotate) {
                    return self.confirmation();
                }
                if self.tries_out {
                    On(Phase::TryOut { from })
                } else {
                    Done
                }
            }
            // Somebody who repaired by hand, or a later rotation, has moved AWSCURRENT: the way back's swap is refused.
            Phase::TryOut { from } => {
                if world.logs_in(token) {
                    Done
                } else {
                    On(Phase::Lock(Locked::Return { from }))
                }
            }

            Phase::Confirm => self.confirm(world, token),
            Phase::ConfirmRead { seen } => {
                let is_ours = view.current == token;
                let decision = if is_ours { On(Phase::ConfirmCommit) } else { Failed };
                match self.confirm {
                    Confirm::Never | Confirm::OneReading => decision,
                    Confirm::TwoReadings => {
                        let read = |seen| Phase::ConfirmRead { seen };
                        Self::agree(world, seen, is_ours, read).unwrap_or(decision)
                    }
                }
            }
            Phase::ConfirmCommit => {
                if !self.commit(world, invocation, world.value(token), Why::Confirm) {
                    return Failed;
                }
                match world.labels.previous {
                    Some(from) if self.tries_out => On(Phase::TryOut { from }),
                    Some(_) | None => Done,
                }
            }

            Phase::ReturnMove { from } => {
                if is_denied {
                    return Failed;
                }
                if world.land_before_commit(Call::Move {
                    to: from,
                    from: token,
                }) {
                    return On(Phase::ReturnCommit { from });
                }
                On(Phase::ReturnRead { from, seen: None })
            }
            Phase::ReturnRead { from, seen } => {
                let is_back = view.current == from;
                let read = |seen| Phase::ReturnRead { from, seen };
                let decision = if is_back {
                    On(Phase::ReturnCommit { from })
                } else {
                    Failed
                };
                Self::agree(world, seen, is_back, read).unwrap_or(decision)
            }
            Phase::ReturnCommit { from } => {
                self.commit(world, invocation, world.value(from), Why::GiveBack);
                On(Phase::ReturnRelease)
            }
            Phase::ReturnRelease | Phase::FenceRelease => {
                if !is_denied {
                    world.land(Call::Release { from: token });
                }
                Failed
            }

            Phase::UndoLook { from } => match invocation.undo {
                _ if !stands(from) => Failed,
                Undo::Release => On(Phase::UndoRelease { from }),
                Undo::Nothing | Undo::Bare | Undo::Look | Undo::LookTwice | Undo::Fence => {
                    self.change_back(from)
                }
            },
            Phase::UndoRelease { from } => {
                if !is_denied && world.land(Call::Release { from: token }) {
                    On(Phase::UndoLookAgain { from })
                } else {
                    Failed
                }
            }
            Phase::UndoLookAgain { from } => {
                if view.current == from {
                    self.change_back(from)
                } else {
                    Failed
                }
            }
            Phase::FencePut { from } => {
                if self.keeps_pending {
                    if world.copy_for(token).is_none() {
                        world.put_copy(token, from);
                    }
                } else {
                    world.land(Call::PutCopy { token, of: from });
                    if world.labels.pending != world.copy_for(token) {
                        return Failed;
                    }
                }
                On(Phase::FenceMove { from })
            }
            Phase::FenceMove { from } => {
                let copy = world.copy_for(token).expect("the copy was put");
                if is_denied {
                    return Failed;
                }
                world.land(Call::Move { to: copy, from });
                if world.labels.current == copy {
                    return self.behind_the_fence(copy);
                }
                // Another invocation was faster. The copy gives AWSPENDING up.
                world.land(Call::Release { from: copy });
                if world.labels.current == token {
                    Done
                } else {
                    Failed
                }
            }
            Phase::FencePause { from } => {
                world.pass_a_second();
                self.change_back(from)
            }
            Phase::UndoLockedLook { from } => {
                let stands = match invocation.undo {
                    Undo::Fence if self.keeps_pending => {
                        view.pending.is_none() || view.pending == Some(token)
                    }
                    Undo::Fence => view.pending.is_none() || view.pending == Some(from),
                    Undo::Release => view.pending.is_none(),
                    Undo::Nothing | Undo::Bare | Undo::Look | Undo::LookTwice => view.pending == Some(token),
                };
                let works = !self.second_login || world.logs_in(token);
                if view.current == from && stands && works {
                    On(Phase::UndoChange { from })
                } else {
                    Failed
                }
            }
            Phase::UndoChange { from } => {
                let password = world.value(from).expect("it was AWSCURRENT");
                let locked = invocation.transaction == Transaction::Open;
                invocation.transaction = Transaction::No;
                world.land(Call::Set {
                    token,
                    password,
                    why: Why::GiveBack,
                    locked,
                });
                match invocation.undo {
                    Undo::LookTwice => On(Phase::UndoAfter { from }),
                    Undo::Fence if self.keeps_pending => On(Phase::FenceRelease),
                    Undo::Nothing | Undo::Bare | Undo::Look | Undo::Release | Undo::Fence => Failed,
                }
            }
            Phase::UndoAfter { from } => {
                if let Some(password) = world.value(token)
                    && view.current == token
                    && world.logs_in(from)
                {
                    world.land(Call::Set {
                        token,
                        password,
                        why: Why::Confirm,
                        locked: false,
                    });
                }
                Failed
            }
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
            return Some(if world.logs_in(copy) {
                if self.keeps_pending && view.pending == Some(token) {
                    On(Phase::FenceRelease)
                } else {
                    Failed
                }
            } else if world.logs_in(token) {
                self.behind_the_fence(copy)
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
            None => false,
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
        match (world.any_logs_in(), self.lock_in_set) {
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
            Self::give_back(invocation.undo, from)
        } else {
            then
        }
    }

    fn switch(&self, world: &World, token: usize, from: usize) -> Outcome {
        let is_set = world.logs_in(token) && !world.current_logs_in();
        let test_fails = world.cause == Some(Cause::TestSaysNo);
        if (!is_set && self.test_first && test_fails) || !world.any_logs_in() {
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

    /// After a COMMIT whose outcome is not known.
    pub(super) fn confirmation(&self) -> Outcome {
        match self.confirm {
            Confirm::Never => Failed,
            Confirm::OneReading | Confirm::TwoReadings => On(Phase::Confirm),
        }
    }

    fn confirm(&self, world: &World, token: usize) -> Outcome {
        let previous_works = world
            .labels
            .previous
            .is_some_and(|previous| world.logs_in(previous));
        if world.logs_in(token) {
            Done
        } else if previous_works || (!self.modest && world.any_logs_in()) {
            On(Phase::Lock(Locked::Confirm))
        } else {
            Failed
        }
    }

    /// COMMIT. False if the server had ended the transaction.
    fn commit(&self, world: &mut World, invocation: &mut Invocation, password: Option<u8>, why: Why) -> bool {
        let is_open = invocation.transaction == Transaction::Open;
        invocation.transaction = Transaction::No;
        if let Some(password) = password.filter(|_| is_open) {
            let token = invocation.token;
            world.land(Call::Set {
                token,
                password,
                why,
                locked: self.locks,
            });
        }
        is_open
    }

    /// `None` once two readings agree; otherwise the next one, after a pause.
    fn agree(
        world: &mut World,
        seen: Option<bool>,
        now: bool,
        read: impl Fn(Option<bool>) -> Phase,
    ) -> Option<Outcome> {
        if seen == Some(now) {
            return None;
        }
        world.pass_a_second();
        Some(On(read(Some(now))))
    }

    pub(super) fn give_back(undo: Undo, from: usize) -> Outcome {
        match undo {
            Undo::Nothing => Failed,
            Undo::Bare => On(Phase::UndoChange { from }),
            Undo::Look | Undo::LookTwice | Undo::Release => On(Phase::UndoLook { from }),
            Undo::Fence => On(Phase::FencePut { from }),
        }
    }

    fn behind_the_fence(&self, copy: usize) -> Outcome {
        if self.pause {
            On(Phase::FencePause { from: copy })
        } else {
            self.change_back(copy)
        }
    }

    fn change_back(&self, from: usize) -> Outcome {
        match (self.lock_in_undo, self.locks) {
            (true, true) => On(Phase::Lock(Locked::GiveBack { from })),
            (true, false) => On(Phase::UndoLockedLook { from }),
            (false, _) => On(Phase::UndoChange { from }),
        }
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
