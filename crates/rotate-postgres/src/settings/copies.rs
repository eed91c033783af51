//! What a rotation does about copies of the credential: `COPIES` and `COPY_MEMBERS`. Pure.

use rotation::password::shown;
use rotation::secrets::{CopyMode, CopyRules};

use crate::fault::PostgresFault;

/// Reads `COPIES` and `COPY_MEMBERS`.
///
/// # Errors
/// `ConfigurationInvalid`.
pub(super) fn rules(
    mode: Option<&str>,
    members: Option<&str>,
    (host, port): (Option<String>, Option<u16>),
) -> Result<CopyRules, PostgresFault> {
    let mode = match mode {
        None | Some("change") => CopyMode::Change,
        Some("report") => CopyMode::Report,
        Some("ignore") => CopyMode::Ignore,
        Some(other) => {
            return Err(PostgresFault::SettingInvalid {
                name: "COPIES",
                problem: format!("is {}", shown(other)),
                expected: "change, report or ignore",
            });
        }
    };
    let members = members.unwrap_or_default().split(',').map(str::trim);
    Ok(CopyRules {
        mode,
        members: members
            .filter(|member| !member.is_empty())
            .map(str::to_owned)
            .collect(),
        host,
        port,
    })
}
