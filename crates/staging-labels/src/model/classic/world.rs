//! What the model is made of: Secrets Manager's labels, the database, and the invocations, each between two of its calls.

use crate::{Action, CurrentMoves, Evidence, Label, Labels, Repair, Step, VersionId, plan};

/// What may go wrong, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Faults {
    /// Rotations that are started.
    pub(super) rotations: u8,
    /// An invocation dies, wherever it is.
    pub(super) crashes: u8,
    /// Secrets Manager takes an invocation for failed that goes on.
    pub(super) lost_answers: u8,
    /// Secrets Manager repeats a rotation whose step failed; otherwise it gives up.
    pub(super) repetitions: u8,
    /// A rotation is cancelled, and AWSPENDING taken off by hand.
    pub(super) cancellations: u8,
    /// Somebody changes the password by hand, and writes it into the secret.
    pub(super) repairs: u8,
    /// Somebody repairs the labels by hand, after a look at labels and logins.
    pub(super) fixes: u8,
    /// Whether that repair is made without a look: the model must find what happens then.
    pub(super) blind: bool,
    /// Whether an invocation asks once more, right before it changes a role: the model must find what happens without.
    pub(super) last_look: bool,
}

/// A password, and whose it is: role 0, or with two in turn 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Credential {
    pub(super) role: usize,
    pub(super) password: u8,
}

/// One invocation, between two of its calls. What it knows it has read at its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Invocation {
    pub(super) step: Step,
    pub(super) token: usize,
    pub(super) phase: Phase,
    /// Secrets Manager still waits for its answer.
    pub(super) awaited: bool,
}

/// Which repair of labels a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ByHand {
    Promote,
    Release,
}

/// What a person has seen, and acts on next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    wanted: ByHand,
    current: usize,
    pending: usize,
    /// Nothing has happened since.
    pub(super) fresh: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
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

/// Secrets Manager, the database, and the invocations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    /// The versions' values, by number: a version may have none.
    pub(super) versions: Vec<Option<Credential>>,
    pub(super) current: usize,
    pub(super) previous: Option<usize>,
    pub(super) pending: Option<usize>,
    /// Each role's password.
    pub(super) database: Vec<u8>,
    /// The rotation that Secrets Manager is at, and the step that comes next.
    pub(super) run: Option<(usize, Step)>,
    pub(super) at_work: Vec<Invocation>,
    pub(super) next_password: u8,
    /// AWSCURRENT was moved by an invocation whose rotation was cancelled after its login: Secrets Manager compares AWSCURRENT
    /// alone.
    pub(super) moved_late: bool,
    /// What the person who repairs labels knows.
    pub(super) seen: Option<Seen>,
    /// A repair of labels took the only working value away, and nothing else happened since the look.
    pub(super) locked_out: bool,
    pub(super) left: Faults,
}

/// How an invocation ended, or that it goes on.
pub(super) enum Outcome {
    On(Phase),
    Done,
    Failed,
    /// And AWSPENDING is taken off: it never will go through.
    Poisoned,
    /// Somebody else has the lock.
    Waits,
}

impl World {
    pub(super) fn new(roles: usize, left: Faults) -> Self {
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
            seen: None,
            locked_out: false,
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

    pub(super) fn logs_in(&self, credential: Credential) -> bool {
        self.database[credential.role] == credential.password
    }

    pub(super) fn current_logs_in(&self) -> bool {
        self.versions[self.current].is_some_and(|current| self.logs_in(current))
    }

    pub(super) fn draw(&mut self) -> u8 {
        self.next_password += 1;
        self.next_password - 1
    }

    /// AWSCURRENT moves, and AWSPREVIOUS to where it was (fact 12).
    pub(super) fn promote(&mut self, to: usize) {
        self.previous = Some(self.current);
        self.current = to;
    }

    /// A person looks, and sees that the repair is safe.
    pub(super) fn look(&self, wanted: ByHand) -> Option<Seen> {
        let pending = self.pending.filter(|pending| *pending != self.current)?;
        let (from, to) = (name(self.current), name(pending));
        let repair = match wanted {
            ByHand::Promote => Repair::Promote { from: &from, to: &to },
            ByHand::Release => Repair::Release { pending: &to },
        };
        let value = self.versions[pending];
        let evidence = Evidence {
            current_logs_in: Some(self.current_logs_in()),
            named_logs_in: Some(value.is_some_and(|value| self.logs_in(value))),
            named_has_value: Some(value.is_some()),
        };
        let blind = self.left.blind && value.is_some();
        let safe = blind || repair.is_safe(&self.labels(), evidence).is_ok();
        safe.then_some(Seen {
            wanted,
            current: self.current,
            pending,
            fresh: true,
        })
    }

    /// The person's one call, which Secrets Manager refuses if the label has moved.
    pub(super) fn act(&mut self, seen: Seen) {
        let worked = self.current_logs_in();
        match seen.wanted {
            ByHand::Promote if self.current == seen.current => {
                self.moved_late |= self.pending != Some(seen.pending);
                self.promote(seen.pending);
                self.locked_out |= seen.fresh && worked && !self.current_logs_in();
            }
            ByHand::Release if self.pending == Some(seen.pending) => {
                self.pending = None;
                let value = self.versions[seen.pending];
                let only = !worked && value.is_some_and(|value| self.logs_in(value));
                self.locked_out |= seen.fresh && only;
            }
            ByHand::Promote | ByHand::Release => {}
        }
    }

    /// One call of an invocation.
    pub(super) fn go(&mut self, invocation: &Invocation) -> Outcome {
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
        let Ok(action) = plan(invocation.step, &labels, &token, CurrentMoves::InFinishSecret) else {
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
            (Action::Switch { .. } | Action::Confirm, _) => unreachable!("not in the classic order"),
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
    pub(super) fn hear(&mut self, step: Step, succeeded: bool) {
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
    pub(super) fn rotate(&mut self) {
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
    pub(super) fn recovers(&self) -> bool {
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
                    // It starts again.
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

pub(super) fn name(number: usize) -> VersionId {
    VersionId::stored(format!("v{number}"))
}
