//! Two alternating users, and the admin who makes them.

#![expect(
    clippy::missing_panics_doc,
    reason = "a pair panics wherever the test it stands for could not go on"
)]

use std::ops::Deref;

use serde_json::Value;
use staging_labels::Label;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::postgres::{Cluster, Server, TestDatabase, cluster};
use crate::world::{ALTERNATING, Setup, World};

/// What the admin may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// As the master user of RDS: CREATEROLE, and since PostgreSQL 16 ADMIN OPTION on the user.
    CreateRole,
    /// CREATEROLE alone.
    WithoutAdminOption,
    /// Nothing beyond LOGIN.
    None,
    /// Everything.
    Superuser,
}

/// A role that its test drops with itself.
pub struct Admin {
    cluster: &'static Cluster,
    /// The role's name.
    pub name: String,
    /// Its password.
    pub password: String,
}

/// A world of the function for alternating users. It is one that the usual invariants hold of.
pub struct Pair {
    world: World,
    /// The admin's role.
    pub admin: Admin,
    /// The ARN of the admin's secret.
    pub admin_secret: String,
}

/// A world of either function.
pub enum Started {
    /// A single user.
    One(World),
    /// Alternating users.
    Two(Pair),
}

impl Deref for Started {
    type Target = World;

    fn deref(&self) -> &World {
        match self {
            Self::One(world) => world,
            Self::Two(pair) => pair,
        }
    }
}

impl Deref for Pair {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Admin {
    /// A role with that power over the user of `database`.
    pub async fn new(database: &TestDatabase<'static>, power: Power) -> Self {
        let cluster = database.cluster();
        let (name, password) = (
            format!("a_{}", Uuid::new_v4().simple()),
            format!("adm-{}", Uuid::new_v4()),
        );
        let attributes = match power {
            Power::CreateRole | Power::WithoutAdminOption => "CREATEROLE",
            Power::Superuser => "SUPERUSER",
            Power::None => "",
        };
        cluster
            .sql(&format!(
                "CREATE ROLE {name} LOGIN {attributes} PASSWORD '{password}'"
            ))
            .await;
        let admin = Self {
            cluster,
            name,
            password,
        };
        if power == Power::CreateRole {
            admin.gets_admin_option_on(database.user()).await;
        }
        admin
    }

    /// What who creates a role has: since PostgreSQL 16 ADMIN OPTION and nothing else; before that CREATEROLE is enough.
    pub async fn gets_admin_option_on(&self, role: &str) {
        let version = self.cluster.value("SHOW server_version_num").await;
        if version.parse::<u32>().is_ok_and(|version| version >= 160_000) {
            let (role, name) = (role.replace('"', "\"\""), &self.name);
            self.cluster
                .sql(&format!(
                    "GRANT \"{role}\" TO {name} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
                ))
                .await;
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        let statements = [
            format!("DROP OWNED BY {}", self.name),
            format!("DROP ROLE IF EXISTS {}", self.name),
        ];
        self.cluster.leave_behind(&statements);
    }
}

/// The admin's secret document for this database.
pub fn admin_document(database: &TestDatabase<'_>, admin: &Admin) -> Value {
    let mut document = database.document();
    document["username"] = admin.name.as_str().into();
    document["password"] = admin.password.as_str().into();
    document
}

impl Pair {
    /// The usual pair: the main server, an admin as on RDS.
    pub async fn new() -> Self {
        Self::on(Server::Main).await
    }

    /// The same on another server.
    pub async fn on(server: Server) -> Self {
        Self::of(
            Setup::on(server),
            TestDatabase::new(cluster(server)).await,
            Power::CreateRole,
        )
        .await
    }

    /// A pair of that world, user and admin.
    pub async fn of(setup: Setup, database: TestDatabase<'static>, power: Power) -> Self {
        let document = database.document();
        Self::with_document(setup, database, power, document).await
    }

    /// The same with a document of the test's own, to which `masterarn` is added.
    pub async fn with_document(
        setup: Setup,
        database: TestDatabase<'static>,
        power: Power,
        document: Value,
    ) -> Self {
        let admin = Admin::new(&database, power).await;
        let admin_document = admin_document(&database, &admin);
        Self::with_documents(setup, database, document, admin, &admin_document).await
    }

    /// A pair that reaches the server through another address, without TLS: that of a proxy.
    pub async fn through(setup: Setup, database: TestDatabase<'static>, port: u16) -> Self {
        let admin = Admin::new(&database, Power::CreateRole).await;
        let at = |mut document: Value| {
            document["host"] = "127.0.0.1".into();
            document["port"] = port.into();
            document["ssl"] = false.into();
            document
        };
        let admin_document = at(admin_document(&database, &admin));
        let document = at(database.document());
        Self::with_documents(setup, database, document, admin, &admin_document).await
    }

    /// The same with an admin and an admin's secret of the test's own.
    pub async fn with_documents(
        setup: Setup,
        database: TestDatabase<'static>,
        mut document: Value,
        admin: Admin,
        admin_document: &Value,
    ) -> Self {
        let setup = setup.function(ALTERNATING);
        let (aws, client) = setup.secrets_manager(&database).await;
        let created = client
            .create_secret()
            .name(format!("keywheel/{}/admin", database.name()))
            .secret_string(admin_document.to_string())
            .send()
            .await;
        let admin_secret = created.expect("a secret is created").arn.expect("it has an ARN");
        document["masterarn"] = admin_secret.as_str().into();
        let world = setup.world_of(database, aws, client, &document.to_string()).await;
        Self {
            world,
            admin,
            admin_secret,
        }
    }

    /// A session with what carries `label`.
    pub async fn session(&self, label: &Label) -> Client {
        let (user, password) = (self.user(label).await, self.password(label).await);
        let database = &self.database;
        let session = database.cluster().login(&user, &password, database.name()).await;
        session.unwrap_or_else(|error| panic!("{user} logs in with {label}: {error:?}"))
    }

    /// AWSCURRENT logs in at every moment, and so does AWSPREVIOUS once there is one: no client that cached either is locked out.
    pub async fn invariant_current_and_previous_log_in(&self, after: &str) {
        assert!(self.current_logs_in().await, "{after}: AWSCURRENT logs in");
        if self.text(&Label::Previous).await.is_some() {
            assert!(
                self.logs_in(&Label::Previous).await,
                "{after}: AWSPREVIOUS logs in"
            );
        }
        self.invariant_one_current(after).await;
    }
}
