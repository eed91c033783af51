//! The switch: the label moves before COMMIT, later steps confirm, and there is a way back.

use super::faults::Cause;
use super::outcome::Outcome::{self, Done, Failed, On};
use super::phase::{Invocation, Locked, Phase, Transaction};
use super::variant::{Confirm, Variant};
use super::world::{Call, Why, World};

impl Variant {
    pub(super) fn switch_call(&self, world: &mut World, invocation: &mut Invocation, stale: bool) -> Outcome {
        let token = invocation.token;
        let view = world.view(stale);
        let is_denied = world.cause == Some(Cause::MoveDenied);
        match invocation.phase {
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
            Phase::ReturnRelease => {
                if !is_denied {
                    world.land(Call::Release { from: token });
                }
                Failed
            }
            _ => self.give_back_call(world, invocation, stale),
        }
    }

    /// After a COMMIT whose outcome is not known.
    pub(super) fn confirmation(&self) -> Outcome {
        match self.confirm {
            Confirm::Never => Failed,
            Confirm::OneReading | Confirm::TwoReadings => On(Phase::Confirm),
        }
    }

    pub(super) fn confirm(&self, world: &World, token: usize) -> Outcome {
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
}
