//! What the clients do: all that the owner of objects may, on objects that the other user has made a moment ago.

use std::fmt::Write;

use keywheel_tests::pair::Pair;

use super::{Application, CLIENTS, Credential};

pub(super) type Session = tokio_postgres::Client;

/// What a client does in each round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Writes rows, changes and removes what others wrote.
    Writer,
    /// Makes tables, changes and drops them.
    Maker,
    /// Lends its one session out, as a pool does, and cleans it up with DISCARD ALL.
    Pool,
    /// Sees rows by a policy on `current_user`.
    Policy,
    /// Counts, and changes the counter.
    Sequence,
    /// Replaces functions and views, and grants them to a group.
    Code,
}

const KINDS: [Kind; 6] = [
    Kind::Writer,
    Kind::Maker,
    Kind::Pool,
    Kind::Policy,
    Kind::Sequence,
    Kind::Code,
];

/// One client's work so far.
pub(super) struct Worker {
    number: usize,
    kind: Kind,
    /// The one role as which everything is done.
    owner: String,
    rounds: usize,
    /// A pool's session, and whose it is.
    pooled: Option<(String, Session)>,
}

fn group(pair: &Pair) -> String {
    format!("{}_group", pair.database.name())
}

/// Makes what all share, as the user that is there before any rotation.
pub(super) async fn prepare(pair: &Pair) {
    let (group, owner) = (group(pair), pair.database.role());
    let make = format!("CREATE ROLE {group}; GRANT {group} TO {owner}");
    pair.database.sql(&make).await;
    let session = pair.session(&staging_labels::Label::Current).await;
    let mut shared = format!(
        "CREATE SCHEMA work;
         GRANT USAGE ON SCHEMA work TO {group};
         ALTER DEFAULT PRIVILEGES IN SCHEMA work GRANT SELECT ON TABLES TO {group};
         CREATE TABLE work.orders (id bigserial PRIMARY KEY, client int, login name DEFAULT session_user, note text);
         CREATE SEQUENCE work.tickets;
         CREATE TABLE work.own (id bigserial, client int, owner name DEFAULT current_user);
         ALTER TABLE work.own ENABLE ROW LEVEL SECURITY;
         ALTER TABLE work.own FORCE ROW LEVEL SECURITY;
         CREATE POLICY own ON work.own USING (owner = current_user);"
    );
    for number in 0..CLIENTS {
        write!(shared, "CREATE TABLE work.last_{number} (round bigint);").expect("a string takes it");
    }
    session.batch_execute(&shared).await.expect("the owner may");
}

impl Worker {
    pub(super) fn new(number: usize, owner: &str) -> Self {
        Self {
            number,
            kind: KINDS[number % KINDS.len()],
            owner: owner.to_owned(),
            rounds: 0,
            pooled: None,
        }
    }

    /// Connects, and works.
    pub(super) async fn round(&mut self, application: &Application, credential: &Credential) {
        self.rounds += 1;
        let group = group(&application.pair);
        if self.kind == Kind::Pool {
            let session = match self.pooled.take() {
                Some((user, session)) if user == credential.user => session,
                _ => application.log_in(credential).await,
            };
            self.lend_out(&session, &group).await;
            self.pooled = Some((credential.user.clone(), session));
            return;
        }
        let session = application.log_in(credential).await;
        self.leave_a_trace(&session).await;
        match self.kind {
            Kind::Writer => self.write(&session).await,
            Kind::Maker => self.make(&session, &group).await,
            Kind::Policy => self.see(&session).await,
            Kind::Sequence => self.count(&session).await,
            Kind::Code | Kind::Pool => self.replace(&session, &group).await,
        }
    }

    async fn run(&self, session: &Session, statements: &str) {
        let outcome = session.batch_execute(statements).await;
        outcome.unwrap_or_else(|error| {
            let (kind, number, rounds) = (self.kind, self.number, self.rounds);
            panic!("{kind:?} {number}, round {rounds}: {error:?}\n{statements}")
        });
    }

    async fn value(&self, session: &Session, query: &str) -> String {
        let row = session.query_one(query, &[]).await;
        row.unwrap_or_else(|error| panic!("{:?} {}: {error:?}\n{query}", self.kind, self.number))
            .get(0)
    }

    async fn acts_as_the_owner(&self, session: &Session) {
        let acts_as = self.value(session, "SELECT current_user::text").await;
        assert_eq!(acts_as, self.owner, "{:?} {}", self.kind, self.number);
    }

    /// Who it was, for the reckoning.
    async fn leave_a_trace(&self, session: &Session) {
        let number = self.number;
        let insert = format!("INSERT INTO work.orders (client, note) VALUES ({number}, 'new')");
        self.run(session, &insert).await;
        self.acts_as_the_owner(session).await;
    }

    async fn write(&self, session: &Session) {
        let other = (self.number + 1) % CLIENTS;
        self.run(
            session,
            &format!(
                "UPDATE work.orders SET note = 'seen' WHERE id = (SELECT max(id) FROM work.orders WHERE client = {other});
                 DELETE FROM work.orders WHERE note = 'short-lived' AND client = {};
                 INSERT INTO work.orders (client, note) VALUES ({0}, 'short-lived')",
                self.number
            ),
        )
        .await;
    }

    /// Makes a table for the next round, and changes and drops the one of the round before, whoever made that.
    async fn make(&self, session: &Session, group: &str) {
        let (number, last, round) = (self.number, self.rounds - 1, self.rounds);
        let last = if last == 0 {
            format!("last_{number}")
        } else {
            format!("made_{number}_{last}")
        };
        self.run(
            session,
            &format!(
                "INSERT INTO work.{last} VALUES ({round});
                 ALTER TABLE work.{last} ADD COLUMN more text;
                 CREATE INDEX ON work.{last} (round);
                 TRUNCATE work.{last};
                 GRANT INSERT ON work.{last} TO {group};
                 DROP TABLE work.{last};
                 CREATE TABLE work.made_{number}_{round} (round bigint);
                 CREATE SCHEMA s_{number}_{round};
                 CREATE TYPE s_{number}_{round}.mood AS ENUM ('good', 'bad');
                 CREATE TABLE s_{number}_{round}.kept (id serial PRIMARY KEY, mood s_{number}_{round}.mood)"
            ),
        )
        .await;
        let granted =
            format!("SELECT has_table_privilege('{group}', 'work.made_{number}_{round}', 'SELECT')::text");
        assert_eq!(
            self.value(session, &granted).await,
            "true",
            "the owner's default privileges hold"
        );
    }

    async fn lend_out(&self, session: &Session, group: &str) {
        self.leave_a_trace(session).await;
        self.run(
            session,
            &format!(
                "SET ROLE {group}; SELECT count(*) FROM work.last_{}; RESET ROLE",
                self.number
            ),
        )
        .await;
        self.acts_as_the_owner(session).await;
        self.run(
            session,
            "SET search_path = work; CREATE TEMP TABLE cart (id int); LISTEN news",
        )
        .await;
        self.run(session, "DISCARD ALL").await;
        self.acts_as_the_owner(session).await;
    }

    /// Whatever the client wrote, as whichever user, it sees.
    async fn see(&self, session: &Session) {
        let number = self.number;
        self.run(
            session,
            &format!("INSERT INTO work.own (client) VALUES ({number})"),
        )
        .await;
        let seen = format!("SELECT count(*)::text FROM work.own WHERE client = {number}");
        assert_eq!(
            self.value(session, &seen).await,
            self.rounds.to_string(),
            "client {number} sees its rows"
        );
    }

    async fn count(&self, session: &Session) {
        let number = self.number;
        self.run(
            session,
            &format!(
                "SELECT nextval('work.tickets'), currval('work.tickets'), nextval('work.orders_id_seq');
                 CREATE SEQUENCE IF NOT EXISTS work.counter_{number};
                 SELECT setval('work.counter_{number}', {});
                 ALTER SEQUENCE work.counter_{number} INCREMENT BY 2",
                self.rounds
            ),
        )
        .await;
    }

    async fn replace(&self, session: &Session, group: &str) {
        let (number, round) = (self.number, self.rounds);
        self.run(
            session,
            &format!(
                "CREATE OR REPLACE FUNCTION work.round_{number}() RETURNS int LANGUAGE sql AS 'SELECT {round}';
                 SELECT work.round_{number}();
                 CREATE OR REPLACE VIEW work.view_{number} AS SELECT * FROM work.orders WHERE client = {number};
                 GRANT SELECT ON work.view_{number} TO {group};
                 COMMENT ON VIEW work.view_{number} IS 'of round {round}';
                 DROP MATERIALIZED VIEW IF EXISTS work.sum_{number};
                 CREATE MATERIALIZED VIEW work.sum_{number} AS SELECT client, count(*) FROM work.orders GROUP BY client"
            ),
        )
        .await;
    }
}

/// The reckoning: one owner of everything, and every client was both users.
pub(super) async fn check(pair: &Pair) {
    let (database, owner) = (&pair.database, pair.database.user());
    let owners = database
        .value(
            "SELECT string_agg(DISTINCT pg_get_userbyid(refobjid)::text, ' ') FROM pg_shdepend \
             WHERE deptype = 'o' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        .await;
    assert_eq!(owners, owner, "every object is owned by one role");
    let objects = database
        .value(&format!(
            "SELECT count(*)::text FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = '{owner}') AND relkind = 'r'"
        ))
        .await;
    assert!(
        objects.parse::<usize>().is_ok_and(|count| count > CLIENTS),
        "{objects} tables"
    );
    for number in 0..CLIENTS {
        let logins = format!("SELECT count(DISTINCT login) FROM work.orders WHERE client = {number}");
        assert_eq!(
            database.value(&logins).await,
            "2",
            "client {number} was both users"
        );
    }
    database
        .sql(&format!("DROP OWNED BY {0}; DROP ROLE {0}", group(pair)))
        .await;
}
