//! The consumers of `PostgreSQL` secrets, and what is counted of one.

use std::env;
use std::fmt;
use std::path::Path;

use super::program::Logins;
use crate::tools::Tools;

/// A system that reads a secret and logs in with it.
#[derive(Debug)]
pub struct Consumer {
    /// Whose program it is, and what it reads with.
    pub name: &'static str,
    /// The secret's name as printed: an entry of `tests/data/forms.json`.
    pub form: &'static str,
    pub(super) program: &'static str,
    /// What its environment has beside the usual.
    pub(super) environment: &'static [(&'static str, &'static str)],
    pub(super) stored: Stored,
    /// It keeps the credential, by a clock of the driver's.
    pub(super) caches: bool,
}

impl Consumer {
    /// What the consumer needs and nobody may install here: only the system's own packages have a psql with TLS. The rest is there, or
    /// `scripts/setup` has failed.
    ///
    /// # Panics
    /// If CI lacks it.
    pub fn lacks(&self) -> Option<String> {
        let needs_psql = Path::new(self.program).extension() == Some("sh".as_ref());
        let lacking = Tools::load().and_then(|tools| tools.psql().map(drop)).err();
        let lacking = lacking.filter(|_| needs_psql)?;
        assert!(env::var_os("CI").is_none(), "{lacking}");
        Some(format!("{} is left out: {lacking}", self.name))
    }
}

/// How a secret is kept, and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Text,
    Bytes,
    /// Text that is asked for by its full ARN.
    ByArn,
}

/// How a secret is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// `rotate-postgres-single-user`.
    SingleUser,
    /// `rotate-postgres-alternating-users`.
    AlternatingUsers,
    /// `rotate-api-key`.
    ApiKey,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SingleUser => "single user",
            Self::AlternatingUsers => "alternating users",
            Self::ApiKey => "API key",
        })
    }
}

/// What was counted of a consumer.
#[derive(Debug, Clone)]
pub struct Row {
    /// Whose program it is, and what it reads with.
    pub consumer: &'static str,
    /// The secret's name.
    pub form: &'static str,
    /// How it was rotated.
    pub strategy: Strategy,
    /// How often.
    pub rotations: usize,
    /// GetSecretValue, as Secrets Manager counted it.
    pub reads: usize,
    /// The logins while a rotation ran.
    pub during: Logins,
    /// The logins between two rotations.
    pub between: Logins,
}

const fn of(name: &'static str, program: &'static str, form: &'static str) -> Consumer {
    Consumer {
        name,
        form,
        program,
        environment: &[],
        stored: Stored::Text,
        caches: false,
    }
}

const fn agent(name: &'static str, environment: &'static [(&'static str, &'static str)]) -> Consumer {
    Consumer {
        environment,
        stored: Stored::ByArn,
        ..of(name, "secret_agent.py", "TestingSecret")
    }
}

/// Those of `PostgreSQL` secrets.
pub const CONSUMERS: [Consumer; 12] = [
    of(
        "Horizon Epoch, AWS SDK for JavaScript 3",
        "horizon_epoch.cjs",
        "horizon-epoch/production/postgres",
    ),
    of(
        "Horizon Epoch, host elsewhere",
        "horizon_epoch.cjs",
        "horizon-epoch/production/postgres-hostless",
    ),
    of(
        "Atmos URL, bash, aws and psql",
        "database_url.sh",
        "myapp/dev/connections/database-url",
    ),
    of(
        "Atmos document, bash, aws and jq",
        "connection_info.sh",
        "myapp/prod/rds/connection-info",
    ),
    of(
        "Atmos document, AWS SDK for JavaScript 2",
        "connection_info.cjs",
        "myapp/prod/rds/connection-info",
    ),
    of("Superblocks, boto3", "superblocks.py", "postgresSecrets"),
    Consumer {
        stored: Stored::Bytes,
        ..of("Superblocks, SecretBinary", "superblocks.py", "postgresSecrets")
    },
    agent("agent by ARN, static keys", &[("CREDENTIALS", "static")]),
    agent("agent by ARN, temporary keys", &[("CREDENTIALS", "temporary")]),
    agent("agent by ARN, assumed role", &[("CREDENTIALS", "assumed-role")]),
    agent(
        "agent by ARN, chain of two roles",
        &[("CREDENTIALS", "role-chain")],
    ),
    SETTINGS,
];

/// The one that caches.
pub(super) const SETTINGS: Consumer = Consumer {
    environment: &[("TTL", "600")],
    caches: true,
    ..of(
        "pydantic-settings, cached for 600 s",
        "settings_service.py",
        "prod/db",
    )
};
