//! Throwaway `PostgreSQL` servers, and a role and a database on them for each test.
//!
//! A [`Cluster`] is a server in a directory of its own that lives as long as its value, or as long as this process,
//! however that ends. Tests share the ones of [`cluster`] and [`standby`], side by side, a [`TestDatabase`] each; a test
//! that needs other settings starts its own with [`Cluster::start`].
//!
//! `PostgreSQL` refuses to run as root: then it runs as `postgres` or `nobody`.

mod account;
mod between;
mod cluster;
mod config;
mod database;
mod launch;
mod log;
mod login;
mod standby;
mod supervisor;

use std::sync::OnceLock;

pub use between::{Directory, Pooler};
pub use cluster::{Cluster, StartError};
pub use config::{Group, Options};
pub use database::TestDatabase;
pub use log::ServerLog;
pub use login::refused;

use crate::tools::{MissingTool, Postgres, Tools};

/// A `PostgreSQL` that the tests run against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Server {
    /// The distribution's, with TLS (15 on Debian 12); where there is none, the same as `EighteenTls`.
    Main,
    /// 16, without TLS.
    Sixteen,
    /// 18, without TLS.
    Eighteen,
    /// 18, with TLS.
    EighteenTls,
}

impl Server {
    /// All of them, for a test that runs on each.
    pub const ALL: [Self; 4] = [Self::Main, Self::Sixteen, Self::Eighteen, Self::EighteenTls];

    fn installation(self) -> Result<Postgres, MissingTool> {
        let tools = Tools::load()?;
        match self {
            Self::Main => tools.main_postgres().cloned(),
            Self::Sixteen => tools.postgres("16").cloned(),
            Self::Eighteen => tools.postgres("18").cloned(),
            Self::EighteenTls => tools.postgres("18-tls").cloned(),
        }
    }
}

/// The shared cluster of `server`, started when it is first asked for; blocks for that second.
///
/// # Panics
///
/// If the server cannot be started; the message says why.
pub fn cluster(server: Server) -> &'static Cluster {
    static CLUSTERS: [OnceLock<Cluster>; 4] = [const { OnceLock::new() }; 4];
    CLUSTERS[server as usize].get_or_init(|| started(Cluster::start(&Options::new(server))))
}

/// The shared streaming standby of the shared [`Server::Main`], as read-only as those are.
///
/// # Panics
///
/// If it cannot be started; the message says why.
pub fn standby() -> &'static Cluster {
    static STANDBY: OnceLock<Cluster> = OnceLock::new();
    STANDBY.get_or_init(|| started(cluster(Server::Main).standby()))
}

fn started(cluster: Result<Cluster, StartError>) -> Cluster {
    cluster.unwrap_or_else(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        panic!("{error}{}", cause.unwrap_or_default())
    })
}
