//! What a rotation would need, tried without changing anything.

use rotation::Cause;

use super::{Client, With};
use crate::description::Call;

impl Client<'_> {
    /// Shows that the admin's credential works, if the definition has a call for that; answers whether it has.
    ///
    /// # Errors
    /// `ProviderCredentialRefused`, or whatever came of the call.
    pub(crate) async fn try_admin(&self) -> Result<bool, Cause> {
        let Some(check) = &self.description.admin_check else {
            return Ok(false);
        };
        // It changes nothing, whatever its method is.
        let call = check.call().repeatable();
        self.call("admin-check", call, With::default()).await?;
        Ok(true)
    }

    /// Writes a request with all that it needs, and does not send it.
    ///
    /// # Errors
    /// `RequestUnfit`, or the admin secret's.
    pub(crate) async fn can_be_written(
        &self,
        section: &str,
        call: Call<'_>,
        with: With<'_>,
    ) -> Result<(), Cause> {
        let (auth, variables) = self.authenticated(&call, with).await?;
        self.request(section, &call, auth, &variables, with.page)
            .map(drop)?;
        Ok(())
    }

    /// A test rotation of this class: the check, which went well, the admin's credential, and `calls`, which are written and
    /// not sent.
    ///
    /// # Errors
    /// What would stop a rotation.
    pub(crate) async fn rehearse(
        &self,
        also: &str,
        calls: &[(&str, Option<Call<'_>>, With<'_>)],
    ) -> Result<(), Cause> {
        self.check_admin_is_named()?;
        let mut written = Vec::new();
        for (section, call, with) in calls {
            if let Some(call) = call {
                self.can_be_written(section, *call, *with).await?;
                written.push(*section);
            }
        }
        let admin = if self.try_admin().await? {
            ", admin-check"
        } else {
            ""
        };
        tracing::info!(
            secret.id = self.context.secret(),
            "test rotation: these calls went well: check{also}{admin}; these were written and not sent, so that it is not known whether they are allowed: {}",
            written.join(", ")
        );
        Ok(())
    }
}
