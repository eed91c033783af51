//! Logins: the harness's own, and those that prove a credential.

use std::future::Future;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use super::cluster::{Cluster, StartError};

/// The first role of every cluster.
pub(super) const SUPERUSER: &str = "postgres";

/// Settings of a session whose statements leave no trace.
const UNLOGGED: &str =
    "-c log_statement=none -c log_min_error_statement=panic -c pg_stat_statements.track=none";

impl Cluster {
    /// A connection as superuser, through the socket that only the harness can reach: it works whatever a test did to
    /// the passwords, and what it does is in no log, so that a password found there is never the harness's doing.
    pub async fn superuser_client(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = Config::new();
        config
            .host_path(self.socket_directory())
            .port(self.port)
            .user(SUPERUSER)
            .dbname(database);
        config.application_name("harness").options(UNLOGGED);
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Logs in as a client does: by TCP, with TLS fully verified and the channel bound if the server has it.
    pub async fn login(
        &self,
        user: &str,
        password: &str,
        database: &str,
    ) -> Result<Client, tokio_postgres::Error> {
        let mut config = Config::new();
        config
            .host("localhost")
            .port(self.port)
            .user(user)
            .password(password)
            .dbname(database);
        config.application_name("harness login");
        if !self.has_tls() {
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(connection);
            return Ok(client);
        }
        config
            .ssl_mode(SslMode::Require)
            .channel_binding(ChannelBinding::Prefer);
        let tls = MakeRustlsConnect::new(ClientConfig::clone(&self.trust.client));
        let (client, connection) = config.connect(tls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Whether the server lets this credential in.
    ///
    /// # Panics
    ///
    /// If the answer is neither yes nor a refusal of the credential.
    pub async fn accepts(&self, user: &str, password: &str, database: &str) -> bool {
        match self.login(user, password, database).await {
            Ok(_) => true,
            Err(error) if refused(&error) => false,
            Err(error) => panic!("the login of {user} was neither accepted nor refused: {error:?}"),
        }
    }

    /// Runs `statements` as superuser in the database `postgres`.
    ///
    /// # Panics
    ///
    /// If they fail.
    pub async fn sql(&self, statements: &str) {
        self.sql_in("postgres", statements).await;
    }

    /// Runs `statements` as superuser in `database`.
    ///
    /// # Panics
    ///
    /// If they fail.
    pub async fn sql_in(&self, database: &str, statements: &str) {
        let outcome = async {
            self.superuser_client(database)
                .await?
                .batch_execute(statements)
                .await
        };
        outcome
            .await
            .unwrap_or_else(|error| panic!("`{statements}` failed: {error:?}"));
    }

    /// Runs each of `statements` as superuser, from code that is not async; whatever fails goes with the cluster.
    pub fn leave_behind(&self, statements: &[String]) {
        blocking(async {
            let Ok(client) = self.superuser_client("postgres").await else {
                return;
            };
            for statement in statements {
                let _ = client.batch_execute(statement).await;
            }
        });
    }

    /// The first column of the first row of `query`, as superuser in the database `postgres`; empty for NULL.
    ///
    /// # Panics
    ///
    /// If the query fails or has no row.
    pub async fn value(&self, query: &str) -> String {
        self.value_in("postgres", query).await
    }

    /// The same in `database`.
    ///
    /// # Panics
    ///
    /// If the query fails or has no row.
    pub async fn value_in(&self, database: &str, query: &str) -> String {
        let outcome = async { self.superuser_client(database).await?.simple_query(query).await };
        let messages = outcome
            .await
            .unwrap_or_else(|error| panic!("`{query}` failed: {error:?}"));
        let row = messages.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let row = row.unwrap_or_else(|| panic!("`{query}` has no row"));
        row.get(0).unwrap_or_default().to_owned()
    }

    /// The superuser's name and password, for a login by TCP: an admin secret.
    pub fn superuser(&self) -> (&str, &str) {
        (SUPERUSER, &self.superuser_password)
    }

    /// Changes a setting of the running server.
    ///
    /// # Panics
    ///
    /// If the server does not know it.
    pub async fn set(&self, name: &str, value: &str) {
        self.sql(&format!(
            "ALTER SYSTEM SET {name} = '{}'",
            value.replace('\'', "''")
        ))
        .await;
        self.sql("SELECT pg_reload_conf()").await;
    }
}

/// Whether the server refused the credential: wrong password, or not let in by `pg_hba.conf` or by the role's attributes.
pub fn refused(error: &tokio_postgres::Error) -> bool {
    let codes = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
    ];
    error.code().is_some_and(|code| codes.contains(code))
}

/// A TLS client that trusts nobody but the authority of this PEM.
pub(super) fn client_config(authority_pem: &str) -> Result<Arc<ClientConfig>, StartError> {
    let unusable =
        |error: &dyn std::error::Error| std::io::Error::other(format!("the authority is unusable: {error}"));
    let certificate =
        CertificateDer::from_pem_slice(authority_pem.as_bytes()).map_err(|error| unusable(&error))?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate).map_err(|error| unusable(&error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A name that nobody else has: lower case, digits and `_`.
pub(super) fn random_name(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::new_v4().simple())
}

/// Runs `future` to its end from code that is not async, be it called by async code or not.
///
/// # Panics
///
/// If the future does.
pub(super) fn blocking<T: Send>(future: impl Future<Output = T> + Send) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .expect("a runtime needs nothing but a few file descriptors")
            .block_on(future)
    };
    thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
