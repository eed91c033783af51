//! What `scripts/setup` found or installed: the `PostgreSQL` binaries, Python, the aws command line.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;

/// The list that `scripts/setup` writes.
#[derive(Debug, Deserialize)]
pub struct Tools {
    /// Every `PostgreSQL` there is.
    pub postgres: Vec<Postgres>,
    /// A Python that has boto3.
    pub python: Option<PathBuf>,
    /// The aws command line.
    pub aws: Option<PathBuf>,
    /// cargo-lambda.
    pub cargo_lambda: Option<PathBuf>,
    /// moto's server.
    pub moto: Option<PathBuf>,
    /// Node, 20 or newer.
    pub node: Option<PathBuf>,
    /// The `node_modules` that have Unleash and oidc-provider.
    pub npm_servers: Option<PathBuf>,
    /// The `node_modules` that have the AWS SDK for JavaScript, and `pg`.
    pub npm_sdk: Option<PathBuf>,
    /// pytest; its Python has awslambdaric and boto3.
    pub pytest: Option<PathBuf>,
    /// A Python that has `JupyterHub`, Kinto, `OctoPrint` and Synapse.
    pub pypi_servers: Option<PathBuf>,
    /// etcd.
    pub etcd: Option<PathBuf>,
    /// jq.
    pub jq: Option<PathBuf>,
    /// The directory that has `PgBouncer` and `OpenLDAP`'s server.
    pub between: Option<PathBuf>,
}

/// One installation of `PostgreSQL`.
#[derive(Clone, Debug, Deserialize)]
pub struct Postgres {
    /// `system` for the distribution's, else `16`, `18` (both without TLS) or `18-tls`.
    pub name: String,
    /// As in `15.18`.
    pub version: String,
    /// Whether the server was built with TLS.
    pub tls: bool,
    /// The directory that has `initdb` and `postgres`.
    pub bin: PathBuf,
    /// A client program for it.
    pub psql: Option<PathBuf>,
    /// The program that copies a running server of this version.
    pub pg_basebackup: Option<PathBuf>,
}

/// What the tests need is not there.
#[derive(Debug, thiserror::Error)]
pub enum MissingTool {
    /// `scripts/setup` never ran, or its directory is gone.
    #[error("{} cannot be read; run `make test`, or `scripts/setup test`", path.display())]
    List {
        /// Where the list was looked for.
        path: PathBuf,
        /// Why it could not be read.
        source: io::Error,
    },
    /// The list is from another version of `scripts/setup`.
    #[error("{} is not understood; run `scripts/setup test` again", path.display())]
    Format {
        /// The list.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The list is there, without this entry.
    #[error("{name} is not installed; run `scripts/setup {setup}`")]
    Tool {
        /// What is missing.
        name: String,
        /// The set-up that provides it.
        setup: &'static str,
    },
}

impl Tools {
    /// Reads the list.
    pub fn load() -> Result<Self, MissingTool> {
        let path = directory().join("tools.json");
        let text = fs::read(&path).map_err(|source| MissingTool::List {
            path: path.clone(),
            source,
        })?;
        serde_json::from_slice(&text).map_err(|source| MissingTool::Format { path, source })
    }

    /// The installation called `name`.
    pub fn postgres(&self, name: &str) -> Result<&Postgres, MissingTool> {
        self.postgres
            .iter()
            .find(|postgres| postgres.name == name)
            .ok_or_else(|| missing(&format!("PostgreSQL {name}"), "test"))
    }

    /// The distribution's `PostgreSQL`, or, where there is none, 18 with TLS.
    pub fn main_postgres(&self) -> Result<&Postgres, MissingTool> {
        self.postgres
            .iter()
            .find(|postgres| postgres.tls)
            .ok_or_else(|| missing("a PostgreSQL with TLS", "demo"))
    }

    /// A Python that has boto3.
    pub fn python(&self) -> Result<&Path, MissingTool> {
        self.python
            .as_deref()
            .ok_or_else(|| missing("Python with boto3", "test"))
    }

    /// The aws command line.
    pub fn aws(&self) -> Result<&Path, MissingTool> {
        self.aws
            .as_deref()
            .ok_or_else(|| missing("the aws command line", "test"))
    }

    /// A Python that has moto.
    pub fn python_with_moto(&self) -> Result<&Path, MissingTool> {
        self.moto.as_ref().ok_or_else(|| missing("moto", "test"))?;
        self.python()
    }

    /// Node, and the `node_modules` that have Unleash and oidc-provider.
    pub fn npm_servers(&self) -> Result<(&Path, &Path), MissingTool> {
        let found = self.node.as_deref().zip(self.npm_servers.as_deref());
        found.ok_or_else(|| missing("Unleash", "keys"))
    }

    /// Node, and the `node_modules` that have the AWS SDK for JavaScript.
    pub fn npm_sdk(&self) -> Result<(&Path, &Path), MissingTool> {
        let found = self.node.as_deref().zip(self.npm_sdk.as_deref());
        found.ok_or_else(|| missing("the AWS SDK for JavaScript", "test"))
    }

    /// pytest; its Python has awslambdaric and boto3.
    pub fn pytest(&self) -> Result<&Path, MissingTool> {
        self.pytest.as_deref().ok_or_else(|| missing("pytest", "test"))
    }

    /// etcd's program.
    pub fn etcd(&self) -> Result<&Path, MissingTool> {
        self.etcd.as_deref().ok_or_else(|| missing("etcd", "test"))
    }

    /// A Python that has `JupyterHub`, Kinto, `OctoPrint` and Synapse.
    pub fn pypi_servers(&self) -> Result<&Path, MissingTool> {
        self.pypi_servers
            .as_deref()
            .ok_or_else(|| missing("JupyterHub", "test"))
    }

    /// jq's program.
    pub fn jq(&self) -> Result<&Path, MissingTool> {
        self.jq.as_deref().ok_or_else(|| missing("jq", "consumers"))
    }

    /// A psql that has TLS: the one that came with its server.
    pub fn psql(&self) -> Result<&Path, MissingTool> {
        let server = self.main_postgres()?;
        let psql = server
            .psql
            .as_deref()
            .filter(|psql| psql.starts_with(&server.bin));
        psql.ok_or_else(|| missing("psql with TLS", "consumers"))
    }

    /// A program of `PgBouncer`'s or `OpenLDAP`'s.
    pub fn between(&self, program: &str) -> Result<PathBuf, MissingTool> {
        let found = self.between.as_ref().map(|directory| directory.join(program));
        found.ok_or_else(|| missing(program, "test"))
    }

    /// cargo-lambda.
    pub fn cargo_lambda(&self) -> Result<&Path, MissingTool> {
        self.cargo_lambda
            .as_deref()
            .ok_or_else(|| missing("cargo-lambda", "lambda"))
    }
}

fn missing(name: &str, setup: &'static str) -> MissingTool {
    MissingTool::Tool {
        name: name.to_owned(),
        setup,
    }
}

/// The directory that `scripts/setup` fills; the rule is the same there.
fn directory() -> PathBuf {
    if let Some(directory) = env::var_os("KEYWHEEL_TOOLS") {
        return directory.into();
    }
    if is_root() {
        return "/var/cache/keywheel".into();
    }
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    cache
        .unwrap_or_else(|| PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache"))
        .join("keywheel")
}

/// Whether this process may act as any user.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
