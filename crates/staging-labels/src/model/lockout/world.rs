//! Secrets Manager, the database, and the calls that change them.

use super::faults::{Cause, Faults};
use super::phase::{Invocation, Transaction};
use crate::{Label, Labels, Step, VersionId};

/// A password that is in no version.
pub(super) const UNKNOWN: u8 = u8::MAX;

/// A version of the secret: passwords are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Version {
    pub(super) value: Option<u8>,
    /// The fence of this token's rotation put it, as a copy of AWSCURRENT.
    pub(super) copy_for: Option<usize>,
}

/// Where the three labels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct View {
    pub(super) current: usize,
    pub(super) previous: Option<usize>,
    pub(super) pending: Option<usize>,
}

/// When AWSPENDING leaves a version that has become AWSCURRENT. AWS's guide, its maintainers and its users each say
/// something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PendingRemoval {
    WhenComplete,
    WithMove,
    Never,
}

impl PendingRemoval {
    pub(super) const ALL: [Self; 3] = [Self::WhenComplete, Self::WithMove, Self::Never];
}

/// A call that changes something. It may land after its caller is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Call {
    /// AWSCURRENT moves: a compare-and-swap.
    Move { to: usize, from: usize },
    /// AWSPENDING is taken off.
    Release { from: usize },
    /// PutSecretValue: the copy takes AWSPENDING.
    PutCopy { token: usize, of: usize },
    /// A change of the password by the rotation of `token`; `locked`: the row stays locked until it lands.
    Set {
        token: usize,
        password: u8,
        why: Why,
        locked: bool,
    },
}

/// What a change of the password is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Why {
    Rotate,
    GiveBack,
    Confirm,
}

/// How Secrets Manager sees a step end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Succeeded,
    Failed,
    /// No answer: retried, without a limit.
    Unanswered,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) versions: Vec<Version>,
    pub(super) labels: View,
    /// What a stale read shows.
    pub(super) before: Option<View>,
    /// The password that the role has.
    pub(super) database: u8,
    /// Logins do not ask the database: another list, which has only the first password, decides.
    pub(super) decided_elsewhere: bool,
    /// The rotation that Secrets Manager runs, and its next step.
    pub(super) run: Option<(usize, Step)>,
    pub(super) at_work: Vec<Invocation>,
    pub(super) in_flight: Vec<Call>,
    pub(super) cause: Option<Cause>,
    pub(super) next_password: u8,
    /// A call has made an AWSCURRENT that worked fail, outside the gap that the order itself has.
    pub(super) broke_current: bool,
    pub(super) cancelled: bool,
    pub(super) left: Faults,
    pub(super) pending_removal: PendingRemoval,
}

impl World {
    pub(super) fn new(left: Faults, decided_elsewhere: bool, pending_removal: PendingRemoval) -> Self {
        Self {
            versions: vec![Version {
                value: Some(0),
                copy_for: None,
            }],
            labels: View {
                current: 0,
                previous: None,
                pending: None,
            },
            before: None,
            database: 0,
            decided_elsewhere,
            run: None,
            at_work: Vec::new(),
            in_flight: Vec::new(),
            cause: None,
            next_password: 1,
            broke_current: false,
            cancelled: false,
            left,
            pending_removal,
        }
    }

    pub(super) fn view(&self, stale: bool) -> View {
        self.before.filter(|_| stale).unwrap_or(self.labels)
    }

    /// The labels as `plan` reads them.
    pub(super) fn read(&self, view: View) -> Labels {
        let mut labels = Labels::default();
        for number in 0..self.versions.len() {
            let carried = [
                (Label::Current, Some(view.current)),
                (Label::Previous, view.previous),
                (Label::Pending, view.pending),
            ];
            let carried = carried
                .into_iter()
                .filter(|(_, carrier)| *carrier == Some(number));
            labels.attach(name(number), carried.map(|(label, _)| label));
        }
        labels
    }

    pub(super) fn value(&self, version: usize) -> Option<u8> {
        self.versions[version].value
    }

    /// Whether a login with this version's password succeeds.
    pub(super) fn logs_in(&self, version: usize) -> bool {
        let accepted = if self.decided_elsewhere { 0 } else { self.database };
        self.value(version) == Some(accepted)
    }

    pub(super) fn current_logs_in(&self) -> bool {
        self.logs_in(self.labels.current)
    }

    /// Whether any password of the secret logs in: the search of setSecret finds it.
    pub(super) fn any_logs_in(&self) -> bool {
        (0..self.versions.len()).any(|version| self.logs_in(version))
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.run.is_none() && self.at_work.is_empty() && self.in_flight.is_empty()
    }

    pub(super) fn row_is_locked(&self) -> bool {
        let holds = |invocation: &Invocation| invocation.transaction == Transaction::Open;
        let holds_too = |call: &Call| matches!(call, Call::Set { locked: true, .. });
        self.at_work.iter().any(holds) || self.in_flight.iter().any(holds_too)
    }

    /// The copy that the fence of this token's rotation has put.
    pub(super) fn copy_for(&self, token: usize) -> Option<usize> {
        self.versions
            .iter()
            .position(|version| version.copy_for == Some(token))
    }

    /// RotateSecret is refused: a version has AWSPENDING that no rotation completes.
    pub(super) fn is_blocked(&self) -> bool {
        self.labels.pending.is_some_and(|pending| {
            pending != self.labels.current && self.versions[pending].copy_for.is_some()
        })
    }

    pub(super) fn draw(&mut self) -> u8 {
        self.next_password += 1;
        self.next_password - 1
    }

    /// The labels are about to change. A stale read may show them as they are now.
    pub(super) fn remember(&mut self) {
        self.before = Some(self.labels).filter(|_| self.left.stale_reads > 0);
    }

    /// Nothing that was read before is read any more.
    pub(super) fn pass_a_second(&mut self) {
        self.before = None;
    }

    /// AWSCURRENT moves, and AWSPREVIOUS to where it was. AWSPENDING does not stay there.
    pub(super) fn move_current(&mut self, to: usize) {
        self.remember();
        let loser = self.labels.current;
        self.labels.previous = Some(loser);
        self.labels.current = to;
        self.labels.pending = self.labels.pending.filter(|pending| *pending != loser);
        if self.pending_removal == PendingRemoval::WithMove {
            self.labels.pending = self.labels.pending.filter(|pending| *pending != to);
        }
    }

    /// A call takes effect. Answers whether it was accepted.
    pub(super) fn land(&mut self, call: Call) -> bool {
        let worked = self.current_logs_in();
        // The gap of the classic order: the password is changed, and AWSCURRENT is yet to move.
        let is_the_gap = match call {
            Call::Set {
                token,
                why: Why::Rotate,
                ..
            } => self.labels.pending == Some(token) && self.labels.current != token,
            Call::Set { .. } | Call::Move { .. } | Call::Release { .. } | Call::PutCopy { .. } => false,
        };
        let accepted = self.change(call);
        self.broke_current |= worked && !self.current_logs_in() && !is_the_gap;
        accepted
    }

    /// The same, under a lock that holds until the password follows: the gap of the switch.
    pub(super) fn land_before_commit(&mut self, call: Call) -> bool {
        let broke_current = self.broke_current;
        let accepted = self.land(call);
        self.broke_current = broke_current;
        accepted
    }

    fn change(&mut self, call: Call) -> bool {
        match call {
            Call::Move { to, from } => {
                let accepted = self.labels.current == from && from != to;
                if accepted {
                    self.move_current(to);
                }
                accepted
            }
            Call::Release { from } => {
                let accepted = self.labels.pending == Some(from);
                if accepted {
                    self.remember();
                    self.labels.pending = None;
                }
                accepted
            }
            Call::PutCopy { token, of } => {
                if self.copy_for(token).is_none() {
                    self.remember();
                    self.labels.pending = Some(self.put_copy(token, of));
                }
                true
            }
            Call::Set { why: Why::Rotate, .. } if self.cause == Some(Cause::Mangled) => {
                self.database = UNKNOWN;
                true
            }
            Call::Set { password, .. } => {
                self.database = password;
                true
            }
        }
    }

    /// Stores a copy with a label of our own.
    pub(super) fn put_copy(&mut self, token: usize, of: usize) -> usize {
        let value = self.value(of);
        self.versions.push(Version {
            value,
            copy_for: Some(token),
        });
        self.versions.len() - 1
    }

    /// Secrets Manager hears how a step ended.
    pub(super) fn hear(&mut self, step: Step, ending: Ending) {
        let Some((token, awaited)) = self.run else { return };
        if awaited != step {
            return;
        }
        self.run = match ending {
            Ending::Succeeded => {
                let next = Step::ALL.into_iter().skip_while(|other| *other != step).nth(1);
                if next.is_none() && self.pending_removal == PendingRemoval::WhenComplete {
                    self.complete(token);
                }
                next.map(|next| (token, next))
            }
            Ending::Failed if self.left.retries > 0 => {
                self.left.retries -= 1;
                Some((token, Step::Create))
            }
            Ending::Failed => None,
            Ending::Unanswered => Some((token, Step::Create)),
        };
    }

    /// All steps went well.
    fn complete(&mut self, token: usize) {
        if self.labels.current == token && self.labels.pending == Some(token) {
            self.remember();
            self.labels.pending = None;
        }
    }

    /// RotateSecret: a new version without a value, or the incomplete one once more.
    pub(super) fn rotate(&mut self) -> usize {
        let token = match self.labels.pending {
            Some(pending) if pending != self.labels.current => pending,
            _ => {
                self.versions.push(Version {
                    value: None,
                    copy_for: None,
                });
                self.versions.len() - 1
            }
        };
        self.remember();
        self.pass_a_second();
        self.labels.pending = Some(token);
        self.run = Some((token, Step::Create));
        token
    }
}

pub(super) fn name(number: usize) -> VersionId {
    VersionId::stored(format!("v{number}"))
}
