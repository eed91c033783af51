//! One test's role and database.

use std::fmt;

use tokio_postgres::Client;

use super::cluster::Cluster;
use super::config::Group;
use super::log::ServerLog;
use super::login;

/// A login role and a database that it owns, both dropped with this value.
///
/// Roles and databases are the whole cluster's, so both names are random: tests run side by side without seeing each other.
pub struct TestDatabase<'cluster> {
    cluster: &'cluster Cluster,
    user: String,
    password: String,
    name: String,
}

impl<'cluster> TestDatabase<'cluster> {
    /// A role with a harmless name.
    pub async fn new(cluster: &'cluster Cluster) -> Self {
        Self::with_user(cluster, &login::random_name("t_")).await
    }

    /// A role called `user` to the letter: hostile names are welcome, as long as no two tests use the same one.
    pub async fn with_user(cluster: &'cluster Cluster, user: &str) -> Self {
        let (name, password) = (login::random_name("t_"), login::random_name("old-"));
        let database = Self {
            cluster,
            user: user.to_owned(),
            password,
            name,
        };
        let (role, name) = (database.role(), &database.name);
        cluster
            .sql(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD '{}'",
                database.password
            ))
            .await;
        cluster.sql(&format!("CREATE DATABASE {name} OWNER {role}")).await;
        database
    }

    /// The server it is on.
    pub fn cluster(&self) -> &'cluster Cluster {
        self.cluster
    }

    /// The role's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The role's name, quoted for SQL.
    pub fn role(&self) -> String {
        quoted(&self.user)
    }

    /// The password that the role was made with.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The secret document as AWS's RDS form has it.
    pub fn document(&self) -> serde_json::Value {
        self.document_at("localhost", self.cluster.port())
    }

    /// The same with another host and port: those of a proxy, or of nobody.
    pub fn document_at(&self, host: &str, port: u16) -> serde_json::Value {
        serde_json::json!({
            "engine": "postgres",
            "host": host,
            "username": self.user,
            "password": self.password,
            "dbname": self.name,
            "port": port,
            "ssl": self.cluster.has_tls(),
        })
    }

    /// The superuser's secret document for this database: an admin secret.
    pub fn admin_document(&self) -> serde_json::Value {
        let (user, password) = self.cluster.superuser();
        let mut document = self.document();
        document["username"] = user.into();
        document["password"] = password.into();
        document
    }

    /// Whether `password` logs the role in.
    ///
    /// # Panics
    ///
    /// If the answer is neither yes nor a refusal of the credential.
    pub async fn accepts(&self, password: &str) -> bool {
        self.cluster.accepts(&self.user, password, &self.name).await
    }

    /// Logs the role in.
    pub async fn login(&self, password: &str) -> Result<Client, tokio_postgres::Error> {
        self.cluster.login(&self.user, password, &self.name).await
    }

    /// Runs `statements` as superuser in this database.
    pub async fn sql(&self, statements: &str) {
        self.cluster.sql_in(&self.name, statements).await;
    }

    /// The first column of the first row of `query`, as superuser in this database.
    pub async fn value(&self, query: &str) -> String {
        self.cluster.value_in(&self.name, query).await
    }

    /// Changes the password behind everybody's back, stored as the server's `password_encryption` says.
    pub async fn set_password(&self, password: &str) {
        self.sql(&format!(
            "ALTER ROLE {} PASSWORD '{}'",
            self.role(),
            password.replace('\'', "''")
        ))
        .await;
    }

    /// The stored verifier; and the clone's, if there is one.
    pub async fn verifier(&self) -> String {
        let names =
            [self.user.clone(), self.clone_user()].map(|name| format!("'{}'", name.replace('\'', "''")));
        self.value(&format!(
            "SELECT string_agg(rolpassword, ' ' ORDER BY length(rolname)) FROM pg_authid WHERE rolname IN ({})",
            names.join(", ")
        ))
        .await
    }

    /// The name of the user that alternates with this one.
    pub fn clone_user(&self) -> String {
        format!("{}_clone", self.user)
    }

    /// Makes the server treat the role as `group` says.
    pub async fn join(&self, group: Group) {
        self.sql(&format!("GRANT {} TO {}", group.role(), self.role()))
            .await;
    }

    /// What the server has logged of this database's sessions.
    pub fn log(&self) -> ServerLog {
        self.cluster.log().of_database(&self.name)
    }
}

impl Drop for TestDatabase<'_> {
    fn drop(&mut self) {
        let (name, role, clone) = (&self.name, self.role(), quoted(&self.clone_user()));
        // `REASSIGN` and `DROP OWNED` are for what the role owns or was granted outside its database. Whatever cannot
        // be dropped goes with the cluster.
        let statements = [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("REASSIGN OWNED BY {role} TO {}", login::SUPERUSER),
            format!("DROP OWNED BY {role}"),
            format!("DROP OWNED BY {clone}"),
            format!("DROP ROLE IF EXISTS {clone}"),
            format!("DROP ROLE IF EXISTS {role}"),
        ];
        self.cluster.leave_behind(&statements);
    }
}

impl fmt::Debug for TestDatabase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDatabase")
            .field("user", &self.user)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// `identifier` in double quotes, as SQL wants it.
fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
