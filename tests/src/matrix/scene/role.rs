//! A role, or two that alternate, behind a proxy that knows every exchange.

use serde_json::Value;
use staging_labels::Label;
use uuid::Uuid;

use crate::matrix::cell::Subject;
use crate::net::Exchanges;
use crate::pair::{Pair, Started};
use crate::postgres::{Server, TestDatabase, cluster};
use crate::world::{ALTERNATING, Setup};

use super::part::{CONCURRENT, QUIET};

/// What `TEST_SQL` asks, and a person can answer otherwise.
const TEST_SQL: &str = "SELECT yes FROM public.may_rotate";

pub(super) struct Role {
    pub(super) started: Started,
    pub(super) proxy: Exchanges,
}

impl Role {
    pub(super) async fn start(subject: Subject) -> Self {
        let database = TestDatabase::new(cluster(Server::Main)).await;
        database
            .sql("CREATE TABLE public.may_rotate AS SELECT true AS yes; GRANT SELECT ON public.may_rotate TO PUBLIC")
            .await;
        let proxy = Exchanges::start(database.cluster().port()).expect("a proxy starts");
        let setup = QUIET
            .into_iter()
            .fold(Setup::on(Server::Main), |setup, (name, value)| {
                setup.env(name, value)
            })
            .env("TEST_SQL", TEST_SQL)
            .also(CONCURRENT);
        let started = match subject {
            Subject::NewClone | Subject::Original => {
                let setup = setup.function(ALTERNATING);
                Started::Two(Pair::through(setup, database, proxy.port()).await)
            }
            _ => {
                let setup = if subject == Subject::Classic {
                    setup.env("AWSCURRENT_MOVES", "finishSecret")
                } else {
                    setup
                };
                let mut document = database.document_at("127.0.0.1", proxy.port());
                document["ssl"] = false.into();
                Started::One(setup.start_with_document(database, &document.to_string()).await)
            }
        };
        if subject == Subject::Original {
            started.rotate().await.expect("the clone is made");
        }
        Self { started, proxy }
    }

    /// Whether the user in this secret value logs in with its password.
    pub(super) async fn accepts(&self, text: &str) -> bool {
        let document: Value = serde_json::from_str(text).expect("the value is JSON");
        let field = |name: &str| document[name].as_str().expect("it is a string").to_owned();
        let (user, password) = (field("username"), field("password"));
        let database = &self.started.database;
        database
            .cluster()
            .accepts(&user, &password, database.name())
            .await
    }

    /// Whether `TEST_SQL` says yes.
    pub(super) async fn answer_the_test(&self, yes: bool) {
        let statement = format!("UPDATE public.may_rotate SET yes = {yes}");
        self.started.database.sql(&statement).await;
    }

    /// Gives the current user another password by hand; answers with the value to store.
    pub(super) async fn set_by_hand(&self) -> String {
        let text = self.started.text(&Label::Current).await;
        let text = text.expect("AWSCURRENT has a value");
        let mut document: Value = serde_json::from_str(&text).expect("the value is JSON");
        let password = format!("by-hand-{}", Uuid::new_v4());
        let user = document["username"].as_str().expect("it is a string");
        let statement = format!("ALTER ROLE \"{user}\" PASSWORD '{password}'");
        self.started.database.sql(&statement).await;
        document["password"] = password.into();
        document.to_string()
    }
}
