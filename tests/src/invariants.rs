//! What holds of a secret at every moment, whatever died: invariants by name, and what people do in the middle of a rotation.

use staging_labels::Label;

use crate::world::World;

impl World {
    /// What holds at every moment of every secret: one AWSCURRENT, and nobody is locked out.
    ///
    /// # Panics
    /// If not. `after` says what happened.
    pub async fn invariant_nobody_is_locked_out(&self, after: &str) {
        if self.takes_turns() {
            self.invariant_current_logs_in_and_previous_until_the_reset(after)
                .await;
        } else {
            self.invariant_a_labelled_secret_logs_in(after).await;
        }
        self.invariant_one_current(after).await;
    }

    /// Alternating users: AWSCURRENT always logs in. AWSPREVIOUS, the idle user's, logs in until the commit that resets
    /// the idle user, and AWSPENDING from then on, which finishSecret promotes. There is no moment in between.
    ///
    /// # Panics
    /// If not.
    pub async fn invariant_current_logs_in_and_previous_until_the_reset(&self, after: &str) {
        assert!(self.current_logs_in().await, "{after}: AWSCURRENT logs in");
        let labels = self.labels().await;
        // After success AWSPENDING may stay on the version that is current (fact 4): that one says nothing of the idle user.
        let promoted = labels.carrier(&Label::Pending) == labels.carrier(&Label::Current);
        let reset = (!promoted).then_some(Label::Pending);
        for label in [Some(Label::Previous), reset].into_iter().flatten() {
            if self.text(&label).await.is_some() && self.logs_in(&label).await {
                return;
            }
        }
        // Before the first rotation there is nobody but the one user.
        assert!(
            self.text(&Label::Previous).await.is_none(),
            "{after}: neither AWSPREVIOUS nor AWSPENDING logs in"
        );
    }

    /// Someone can always log in: with AWSCURRENT; with AWSPENDING, if setSecret has committed and finishSecret has not moved AWSCURRENT
    /// yet; with the switch also with AWSPREVIOUS, between the label's move and the commit.
    ///
    /// # Panics
    /// If none logs in. `after` says what happened.
    pub async fn invariant_a_labelled_secret_logs_in(&self, after: &str) {
        let between = (!self.classic).then_some(Label::Previous);
        // Once more at the end: a commit that a killed process had sent may land while we look.
        let labels = [Label::Current, Label::Pending].into_iter().chain(between);
        for label in labels.chain([Label::Current]) {
            // Before createSecret the version labelled AWSPENDING has no value.
            if self.text(&label).await.is_some() && self.logs_in(&label).await {
                return;
            }
        }
        panic!("{after}: no labelled value logs in");
    }

    /// With the switch: AWSCURRENT logs in, or AWSPREVIOUS does, which the next step sets out from.
    ///
    /// # Panics
    /// If neither does.
    pub async fn invariant_current_or_previous_logs_in(&self, after: &str) {
        // Once more at the end: a commit that a killed process had sent may land while we look.
        for label in [Label::Current, Label::Previous, Label::Current] {
            if self.text(&label).await.is_some() && self.logs_in(&label).await {
                return;
            }
        }
        panic!("{after}: neither AWSCURRENT nor AWSPREVIOUS logs in");
    }

    /// Exactly one version carries AWSCURRENT, and it has a value.
    ///
    /// # Panics
    /// If not.
    pub async fn invariant_one_current(&self, after: &str) {
        let description = self.client.describe_secret().secret_id(&self.secret).send().await;
        let description = description.expect("the secret is there");
        let stages = description.version_ids_to_stages.unwrap_or_default();
        let current = stages
            .values()
            .flatten()
            .filter(|stage| *stage == Label::Current.as_str());
        assert_eq!(current.count(), 1, "{after}: {stages:?}");
        assert!(
            self.text(&Label::Current).await.is_some(),
            "{after}: AWSCURRENT has no value"
        );
    }

    /// A new rotation succeeds, its password logs in, and the one before it only if that is another user's.
    ///
    /// # Panics
    /// If not.
    pub async fn invariant_the_next_rotation_goes_through(&self, after: &str) {
        let before = self.password(&Label::Current).await;
        let user = if self.takes_turns() {
            self.user(&Label::Current).await
        } else {
            self.database.user().to_owned()
        };
        let token = self
            .rotate()
            .await
            .unwrap_or_else(|error| panic!("{after}: the next rotation failed: {error}"));
        assert_eq!(self.carrier(&Label::Current).await, Some(token), "{after}");
        assert!(self.current_logs_in().await, "{after}: AWSCURRENT logs in");
        let database = &self.database;
        assert_eq!(
            database.cluster().accepts(&user, &before, database.name()).await,
            self.takes_turns(),
            "{after}: whether the password before is still taken"
        );
        self.invariant_one_current(after).await;
    }

    /// Calls `CancelRotateSecret`.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn cancel(&self) {
        let call = self.client.cancel_rotate_secret().secret_id(&self.secret);
        call.send().await.expect("the rotation is cancelled");
    }

    /// Cancels, and takes AWSPENDING off whatever has it: the way out that AWS's own guide advises.
    pub async fn cancel_and_clean_up(&self) {
        self.cancel().await;
        if let Some(pending) = self.carrier(&Label::Pending).await {
            self.clean_up(&pending).await;
        }
    }

    /// Another secret beside this one, such as an admin's; answers with its ARN.
    ///
    /// # Panics
    /// If it cannot be created.
    pub async fn other_secret(&self, name: &str, document: &str) -> String {
        let name = format!("keywheel/{}/{name}", self.database.name());
        let call = self.client.create_secret().name(name).secret_string(document);
        let created = call.send().await.expect("a secret is created");
        created.arn.expect("it has an ARN")
    }
}
