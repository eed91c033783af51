//! Giving back what worked, after the commit: the rollbacks, the fence, and what a key's setSecret does after the upload.

use super::faults::Cause;
use super::outcome::Outcome::{self, Done, Failed, On};
use super::phase::{Invocation, Locked, Phase, Transaction};
use super::variant::{Undo, Variant};
use super::world::{Call, Why, World};

impl Variant {
    #[expect(clippy::too_many_lines, reason = "one arm for each call")]
    pub(super) fn give_back_call(
        &self,
        world: &mut World,
        invocation: &mut Invocation,
        stale: bool,
    ) -> Outcome {
        let token = invocation.token;
        let view = world.view(stale);
        let is_denied = world.cause == Some(Cause::MoveDenied);
        let stands = |from: usize| view.pending == Some(token) && view.current == from;
        match invocation.phase {
            Phase::FenceRelease => {
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
            Phase::UndoChange { .. } if invocation.transaction == Transaction::Expired => Failed,
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
                    Undo::Bare if self.uses_upload => On(Phase::FenceRelease),
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
                if self.uses_upload {
                    On(Phase::FenceRelease)
                } else {
                    Failed
                }
            }
            Phase::KeyTryOut { to, .. } if world.logs_in(token) && self.look_after_set => {
                On(Phase::ChangeAfter { to })
            }
            Phase::KeyTryOut { .. } if world.logs_in(token) => Done,
            Phase::KeyTryOut { from, .. } if world.logs_in(from) => Failed,
            Phase::KeyTryOut { from, .. } => Self::give_back(invocation.undo, from),
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
            other => unreachable!("{other:?} is another part's"),
        }
    }

    pub(super) fn give_back(undo: Undo, from: usize) -> Outcome {
        match undo {
            Undo::Nothing => Failed,
            Undo::Bare => On(Phase::UndoChange { from }),
            Undo::Look | Undo::LookTwice | Undo::Release => On(Phase::UndoLook { from }),
            Undo::Fence => On(Phase::FencePut { from }),
        }
    }

    pub(super) fn behind_the_fence(&self, copy: usize) -> Outcome {
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
}
