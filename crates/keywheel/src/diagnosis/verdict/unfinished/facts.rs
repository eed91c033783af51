//! What the questions about an unfinished rotation need to know.

use staging_labels::VersionId;

use crate::diagnosis::answers::Function;
use crate::diagnosis::finding::Works;
use crate::diagnosis::trail;
use crate::diagnosis::verdict::asked::Asked;
use crate::diagnosis::verdict::logins;

/// The rotation that has not finished.
pub(super) struct Unfinished<'a> {
    pub(super) pending: &'a VersionId,
    pub(super) current: &'a VersionId,
    pub(super) enabled: bool,
    pub(super) retry: Retry,
    pub(super) logins: Works,
    pub(super) pending_logs_in: bool,
}

impl<'a> Unfinished<'a> {
    pub(super) fn of(asked: &Asked<'a>) -> Option<Self> {
        let (pending, current) = asked.secret.pending().zip(asked.secret.current())?;
        Some(Self {
            pending,
            current,
            enabled: asked.secret.enabled == Some(true),
            retry: Retry::of(asked),
            logins: logins::with_pending(asked.answers, asked.story, pending),
            pending_logs_in: asked.answers.logins.pending_works() == Some(true),
        })
    }
}

/// Whether Secrets Manager can attempt it again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    Possible,
    /// There is no function to do it.
    FunctionGone,
    /// AWSPENDING's value is not the function's: there is no rotation.
    Foreign,
}

impl Retry {
    fn of(asked: &Asked<'_>) -> Self {
        if asked.answers.function.said() == Some(&Function::Gone) {
            Self::FunctionGone
        } else if trail::cause(asked.answers, asked.story).is_some() {
            Self::Foreign
        } else {
            Self::Possible
        }
    }
}
