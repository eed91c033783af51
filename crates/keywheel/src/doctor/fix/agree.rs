//! The person's consent.

use crate::diagnosis::Fix;
use crate::exit::Trouble;
use crate::words::ask;

/// Asks on the terminal. What cannot be taken back needs the secret's name.
pub(super) async fn agree(fix: &Fix, secret: &str, yes: bool) -> Result<bool, Trouble> {
    if yes {
        return Ok(true);
    }
    if fix.cannot_be_taken_back() {
        ask::typed("This cannot simply be taken back.", secret).await
    } else {
        ask::typed("Shall it be done?", "yes").await
    }
}
