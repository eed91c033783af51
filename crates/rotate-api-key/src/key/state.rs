//! The states of a key, in the words of the log, the metric and the documentation.

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum State {
    /// The provider has made it, and no version of the secret has it yet.
    Made,
    /// AWSPENDING has it.
    Stored,
    /// AWSCURRENT has it.
    Current,
    /// AWSPREVIOUS has it, and it works until the next rotation.
    Previous,
    /// It was revoked, and that is shown: it is no longer listed, or it is refused.
    Dead,
    /// It was revoked, and nothing shows it.
    #[strum(serialize = "not shown")]
    NotShown,
}

impl State {
    /// One line of the log, from which a metric is made; `what` says more.
    pub(crate) fn log(self, secret: &str, name: Option<&str>, what: &str) {
        tracing::info!(
            secret.id = secret,
            key.state = <&str>::from(self),
            key.name = name.unwrap_or_default(),
            "{what}"
        );
    }
}
