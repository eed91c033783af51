//! What the questions about an unfinished rotation need to know.

use staging_labels::VersionId;

use crate::diagnosis::answers::Function;
use crate::diagnosis::finding::Works;
use crate::diagnosis::trail;
use crate::diagnosis::verdict::case::Case;
use crate::diagnosis::verdict::logins;

/// The rotation that has not finished.
pub(super) struct Unfinished<'a> {
    pub(super) pending: &'a VersionId,
    pub(super) current: &'a VersionId,
    pub(super) enabled: bool,
    pub(super) function_gone: bool,
    pub(super) logins: Works,
    pub(super) pending_logs_in: bool,
    /// AWSPENDING's value is not the function's: there is no rotation to attempt again.
    pub(super) foreign: bool,
}

impl<'a> Unfinished<'a> {
    pub(super) fn of(case: &Case<'a>) -> Option<Self> {
        let (pending, current) = case.secret.pending().zip(case.secret.current())?;
        Some(Self {
            pending,
            current,
            enabled: case.secret.enabled == Some(true),
            function_gone: case.answers.function.said() == Some(&Function::Gone),
            logins: logins::with_pending(case.answers, case.story, pending),
            pending_logs_in: case.answers.logins.pending_works() == Some(true),
            foreign: trail::cause(case.answers, case.story).is_some(),
        })
    }
}
