//! What holds of a secret at every moment, whatever died: invariants by name, and what people do in the middle of a rotation.

use staging_labels::Label;

use crate::world::World;

impl World {
    /// Someone can always log in: with AWSCURRENT, or with AWSPENDING between setSecret and finishSecret.
    ///
    /// # Panics
    /// If neither logs in. `after` says what happened.
    pub async fn invariant_a_labelled_secret_logs_in(&self, after: &str) {
        for label in [Label::Current, Label::Pending] {
            // Before createSecret the version labelled AWSPENDING has no value.
            if self.text(&label).await.is_some() && self.logs_in(&label).await {
                return;
            }
        }
        panic!("{after}: neither AWSCURRENT nor AWSPENDING logs in");
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

    /// A new rotation succeeds, its password logs in, and the one before it does not.
    ///
    /// # Panics
    /// If not.
    pub async fn invariant_the_next_rotation_goes_through(&self, after: &str) {
        let before = self.password(&Label::Current).await;
        let token = self
            .rotate()
            .await
            .unwrap_or_else(|error| panic!("{after}: the next rotation failed: {error}"));
        assert_eq!(self.carrier(&Label::Current).await, Some(token), "{after}");
        assert!(self.current_logs_in().await, "{after}: AWSCURRENT logs in");
        assert!(
            !self.database.accepts(&before).await,
            "{after}: the old password is refused"
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
