//! What a rotation function must know of the thing that it rotates.

use secrecy::SecretString;
use staging_labels::CurrentMoves;

use crate::context::Context;
use crate::fault::Cause;
use crate::prepared::{Applied, Prepared};
use crate::store::Tags;

/// Whose credential a function changes. Its log says it: from that, `keywheel doctor` tells which value still works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Strategy {
    /// The password of the role that applications use.
    SingleUser,
    /// The password of the other of two roles: AWSCURRENT's stays as it is.
    AlternatingUsers,
    /// A key of a provider.
    ApiKey,
}

/// A kind of credential that can be rotated. The driver decides when each method is called; a target never
/// sees a staging label.
#[expect(
    async_fn_in_trait,
    reason = "functions run on one thread: no future needs to be Send"
)]
pub trait Target {
    /// Whose credential it changes.
    const STRATEGY: Strategy;

    /// The secret's document, read and checked.
    type Secret;

    /// A change that is open and can be undone; [`NoTransaction`](crate::NoTransaction) if there is no such thing.
    type Prepared: Prepared;

    /// The step that moves AWSCURRENT. A target that answers [`CurrentMoves::InSetSecret`] has a [`prepare`](Self::prepare), an
    /// [`accepts`](Self::accepts) and a [`reapply`](Self::reapply) of its own.
    fn order(&self) -> CurrentMoves {
        CurrentMoves::InFinishSecret
    }

    /// Whether `apply` itself calls [`Context::confirm_under_way`] before it changes anything. Then the driver does not call
    /// DescribeSecret before `apply`: the later answer says more, and one call is enough.
    fn confirms(&self) -> bool {
        false
    }

    /// The ARN of another secret whose value `apply` will most likely ask for ([`Context::other_secret`]), by what an earlier step found of
    /// the secret with the ARN `secret`. Then setSecret reads it together with the secret's own values. It is a guess, and may be wrong.
    fn expects(&self, secret: &str) -> Option<String> {
        let _ = secret;
        None
    }

    /// Reads a document. Called before anything is written or tried.
    ///
    /// # Errors
    /// A cause that names the field, never its value if that could be the credential.
    fn read(&self, text: &SecretString, tags: &Tags) -> Result<Self::Secret, Cause>;

    /// Whether [`read`](Self::read) needs the secret's tags for this document. Otherwise it may get none.
    fn reads_tags(&self, text: &SecretString) -> bool {
        let _ = text;
        false
    }

    /// The document as it is to be stored.
    fn text<'a>(&self, secret: &'a Self::Secret) -> &'a SecretString;

    /// Refuses a `pending` that is not a rotation of `current`, such as one with another user or host. Called before any login with
    /// `pending`.
    ///
    /// # Errors
    /// A cause that names the difference.
    fn check_pair(&self, current: &Self::Secret, pending: &Self::Secret) -> Result<(), Cause>;

    /// The value to rotate to. May run again if the function dies before the value is staged. A value that Keywheel chooses changes
    /// nothing outside. A value that a provider issues is issued now, and the next run must find what a crash leaves behind.
    ///
    /// # Errors
    /// Everything about the document or the settings that would make a later step fail.
    async fn propose(&self, current: &Self::Secret, context: &Context<'_>) -> Result<Self::Secret, Cause>;

    /// Makes the target accept `pending`. Must tolerate that it already does.
    ///
    /// # Errors
    /// With [`Prospect::PoisonedPending`](crate::Prospect::PoisonedPending) only if it is certain that
    /// `pending` was not accepted and never will be.
    async fn apply(
        &self,
        current: &Self::Secret,
        pending: &Self::Secret,
        context: &Context<'_>,
    ) -> Result<(), Cause>;

    /// Changes to `pending` and leaves the change open, so that AWSCURRENT can move first. What it returns is committed or rolled back
    /// in the same invocation. A target that cannot do so here and now applies and commits.
    ///
    /// # Errors
    /// As for [`apply`](Self::apply). Nothing was changed.
    async fn prepare(
        &self,
        current: &Self::Secret,
        pending: &Self::Secret,
        context: &Context<'_>,
    ) -> Result<Applied<Self::Prepared>, Cause> {
        self.apply(current, pending, context).await?;
        Ok(Applied::Committed)
    }

    /// Whether `pending`, which AWSCURRENT is on, is in use. Changes nothing.
    ///
    /// # Errors
    /// What says nothing about the value, such as a server that is not reached.
    async fn accepts(&self, pending: &Self::Secret, context: &Context<'_>) -> Result<bool, Cause> {
        self.verify(pending, pending, context).await.map(|()| true)
    }

    /// The change from `previous`, the value that was current before, to `pending`, left open; none if `previous` is refused too.
    ///
    /// # Errors
    /// As for [`apply`](Self::apply). Nothing was changed.
    async fn reapply(
        &self,
        previous: &Self::Secret,
        pending: &Self::Secret,
        context: &Context<'_>,
    ) -> Result<Option<Self::Prepared>, Cause> {
        let _ = (previous, pending, context);
        Ok(None)
    }

    /// Uses `pending` as an application would. Changes nothing.
    ///
    /// # Errors
    /// Why an application could not work with `pending`.
    async fn verify(
        &self,
        current: &Self::Secret,
        pending: &Self::Secret,
        context: &Context<'_>,
    ) -> Result<(), Cause>;

    /// Undoes what [`propose`](Self::propose) did outside. `proposal` was certainly not stored: either `staged` was there before, from
    /// a concurrent invocation or an earlier run, or Secrets Manager refused to store `proposal`.
    ///
    /// # Errors
    /// Why it could not be undone; with [`Prospect::PoisonedPending`](crate::Prospect::PoisonedPending) if `staged` can
    /// never be accepted because of it.
    async fn discard(
        &self,
        current: &Self::Secret,
        proposal: &Self::Secret,
        staged: Option<&Self::Secret>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let _ = (current, proposal, staged, context);
        Ok(())
    }

    /// What is left to do once AWSCURRENT is on the token's version, which has the value `current`. Called at the end of each
    /// finishSecret, also of a retry.
    ///
    /// # Errors
    /// Why it could not be done. AWSCURRENT has moved all the same.
    async fn finished(&self, current: &SecretString, context: &Context<'_>) -> Result<(), Cause> {
        let _ = (current, context);
        Ok(())
    }
}
