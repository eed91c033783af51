//! What a cell is: where in a rotation something goes wrong, what goes wrong, and what happens then. Pure.

use std::fmt;

use staging_labels::Step;
use strum::VariantArray;

use crate::net::Exchange;

/// What is rotated, by which function, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::Display, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Subject {
    /// A single user; AWSCURRENT moves in setSecret.
    Switch,
    /// A single user; AWSCURRENT moves in finishSecret.
    Classic,
    /// Alternating users: the rotation makes the clone.
    NewClone,
    /// Alternating users: the rotation goes back to the original user.
    Original,
    /// An API key: the new key beside the old one.
    Overlap,
    /// An API key: one call replaces it.
    InPlace,
    /// An API key: primary and secondary key.
    Staged,
    /// An API key whose value Keywheel chooses.
    Chosen,
}

/// What has a row of its own in every choice of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// A single user, with the switch.
    Switch,
    /// A single user, in the order of AWS's templates.
    Classic,
    /// Alternating users.
    Alternating,
    /// API keys.
    ApiKey,
}

impl Subject {
    /// The family.
    pub const fn family(self) -> Family {
        match self {
            Self::Switch => Family::Switch,
            Self::Classic => Family::Classic,
            Self::NewClone | Self::Original => Family::Alternating,
            Self::Overlap | Self::InPlace | Self::Staged | Self::Chosen => Family::ApiKey,
        }
    }

    /// Whether there is a database.
    pub const fn has_database(self) -> bool {
        !matches!(self.family(), Family::ApiKey)
    }
}

/// Which rotation a row was recorded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Recording {
    /// One that goes well.
    Good,
    /// The setSecret after one that was killed between the move of AWSCURRENT and the commit: it confirms.
    Confirmation,
}

/// What the function does in a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// The n-th call of this operation of Secrets Manager in the step.
    Call {
        /// The operation.
        operation: String,
        /// From 1.
        nth: u32,
    },
    /// An exchange with the database; `committed` if it comes after the step's COMMIT.
    Exchange {
        /// Which.
        exchange: Exchange,
        /// Whether the change was committed before.
        committed: bool,
    },
    /// A request to the provider.
    Request {
        /// `METHOD /path`.
        shape: String,
        /// The how-manieth of this shape in the step, from 0.
        nth: usize,
    },
}

/// One row: something that the function does in a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// What is rotated.
    pub subject: Subject,
    /// Of which rotation.
    pub recording: Recording,
    /// In which step.
    pub step: Step,
    /// What is done.
    pub at: At,
}

/// What goes wrong in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub enum Effect {
    /// The process is killed, and nothing was done.
    KilledBefore,
    /// It was done, and the process is killed.
    KilledAfter,
    /// Nothing was done, and the connection is cut.
    CutBefore,
    /// It was done; the connection is cut without an answer.
    CutAfter,
}

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::Display, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Aftermath {
    /// The step is delivered again.
    StepAgain,
    /// All steps are delivered again, with the same token.
    RotationAgain,
    /// A concurrent invocation of the step runs while the first is in the row; then the step is delivered again.
    Concurrent,
    /// Somebody cancels the rotation, takes AWSPENDING off, and starts a new rotation.
    Cancelled,
    /// Somebody sets another value by hand, here and there, and starts a new rotation.
    Repaired,
}

/// What lasts from the row on, until the invariants were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::Display, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Cause {
    /// Nothing.
    NoCause,
    /// `TEST_SQL` answers false.
    TestFails,
    /// `UpdateSecretVersionStage` is denied.
    MoveDenied,
}

/// One cell of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// Where.
    pub row: Row,
    /// What goes wrong there.
    pub effect: Effect,
    /// What happens then.
    pub aftermath: Aftermath,
    /// What lasts.
    pub cause: Cause,
}

impl Effect {
    /// Whether the process dies.
    pub const fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }

    /// Whether what the row does was done.
    pub const fn is_after(self) -> bool {
        matches!(self, Self::KilledAfter | Self::CutAfter)
    }
}

impl At {
    /// What can go wrong. A request that is lost on its way to an HTTP server is the same as a kill before it, seen from outside, and
    /// its repetition is the driver's; a connection to the database has a state, so that its end matters on both sides.
    pub const fn effects(&self) -> &'static [Effect] {
        match self {
            Self::Exchange { .. } => &[
                Effect::KilledBefore,
                Effect::KilledAfter,
                Effect::CutBefore,
                Effect::CutAfter,
            ],
            Self::Call { .. } | Self::Request { .. } => {
                &[Effect::KilledBefore, Effect::KilledAfter, Effect::CutAfter]
            }
        }
    }

    /// The kind of row.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Call { .. } => "call",
            Self::Exchange { .. } => "exchange",
            Self::Request { .. } => "request",
        }
    }

    /// Whether it is the call that moves a label.
    pub fn moves_a_label(&self) -> bool {
        matches!(self, Self::Call { operation, .. } if operation == "UpdateSecretVersionStage")
    }

    /// Whether it is the commit.
    pub fn is_commit(&self) -> bool {
        matches!(self, Self::Exchange { exchange, .. } if exchange.what == "COMMIT")
    }
}

/// Every cell of these rows.
pub fn cells(rows: &[Row]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for row in rows {
        for &effect in row.at.effects() {
            for &aftermath in Aftermath::VARIANTS {
                for &cause in causes(row.subject) {
                    let row = row.clone();
                    cells.push(Cell {
                        row,
                        effect,
                        aftermath,
                        cause,
                    });
                }
            }
        }
    }
    cells
}

/// `TEST_SQL` is for databases.
const fn causes(subject: Subject) -> &'static [Cause] {
    if subject.has_database() {
        Cause::VARIANTS
    } else {
        &[Cause::NoCause, Cause::MoveDenied]
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { operation, nth } => write!(f, "{operation}.{nth}"),
            Self::Exchange { exchange, .. } => {
                let Exchange {
                    connection,
                    what,
                    nth,
                } = exchange;
                write!(f, "connection-{connection}.{what}.{nth}")
            }
            Self::Request { shape, nth } => {
                let words = shape.split(|c: char| !c.is_ascii_alphanumeric());
                for word in words.filter(|word| !word.is_empty()) {
                    write!(f, "{word}-")?;
                }
                write!(f, "{}", nth + 1)
            }
        }
    }
}

/// The name by which a cell can be run again.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            row,
            effect,
            aftermath,
            cause,
        } = self;
        let recording = match row.recording {
            Recording::Good => "",
            Recording::Confirmation => "-confirms",
        };
        let (subject, step, at) = (row.subject, row.step.name(), &row.at);
        write!(f, "{subject}/{step}{recording}/{at}/{effect}/{aftermath}/{cause}")
    }
}
