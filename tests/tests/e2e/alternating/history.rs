//! A clone that AWS's template made, with years of its own behind it: nobody loses access by moving to Keywheel, in any database.

use std::ops::Deref;

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Cluster, Options, Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use staging_labels::Label;

use super::trial::try_out;

const SERVERS: [Server; 3] = [Server::Main, Server::Sixteen, Server::Eighteen];

/// A pair as AWS's template leaves it, and two more databases of the same server.
struct Moved {
    pair: Pair,
    others: [String; 2],
}

impl Deref for Moved {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        &self.pair
    }
}

impl Moved {
    async fn on(server: &'static Cluster, setup: Setup) -> Self {
        let pair = Pair::of(setup, TestDatabase::new(server).await, Power::CreateRole).await;
        let (user, clone) = (pair.database.role(), pair.database.clone_user());
        server
            .sql(&format!(
                "CREATE ROLE {clone} LOGIN PASSWORD 'x'; GRANT {user} TO {clone}"
            ))
            .await;
        pair.admin.gets_admin_option_on(&clone).await;
        let others = ["_b", "_c"].map(|end| format!("{}{end}", pair.database.name()));
        for other in &others {
            server.sql(&format!("CREATE DATABASE {other}")).await;
        }
        Self { pair, others }
    }

    fn server(&self) -> &'static Cluster {
        self.pair.database.cluster()
    }

    fn clone_user(&self) -> String {
        self.pair.database.clone_user()
    }

    /// Which of `statements`, each with its database, the user of `label` can run; each is undone again.
    async fn able(&self, label: &Label, statements: &[(&str, &str)]) -> Vec<bool> {
        let (user, password) = (self.user(label).await, self.password(label).await);
        let mut able = Vec::new();
        for (database, statement) in statements {
            let session = self.server().login(&user, &password, database).await;
            let session = session.unwrap_or_else(|error| panic!("{user} in {database}: {error:?}"));
            let done = session
                .batch_execute(&format!("BEGIN; {statement}; ROLLBACK"))
                .await;
            able.push(done.is_ok());
        }
        able
    }

    async fn acts_as(&self, label: &Label) -> String {
        let session = self.session(label).await;
        let row = session.query_one("SELECT current_user::text", &[]).await;
        row.expect("it answers").get(0)
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        let drop = |name: &String| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        self.server().leave_behind(&self.others.each_ref().map(drop));
    }
}

/// What the clone owns or was granted in other databases, the original cannot use. The rotation that would make it AWSCURRENT
/// stops, and says what to do. After that the two are one, in every database.
#[tokio::test]
async fn what_a_clone_has_in_other_databases_is_lost_by_nobody() {
    for server in SERVERS {
        let moved = Moved::on(cluster(server), Setup::on(server)).await;
        let (user, clone) = (moved.database.role(), moved.clone_user());
        let [b, c] = &moved.others;
        moved
            .server()
            .sql_in(
                b,
                &format!(
                    "CREATE SCHEMA billing AUTHORIZATION {clone}; CREATE TABLE billing.paid (i int); \
                ALTER TABLE billing.paid OWNER TO {clone}; INSERT INTO billing.paid VALUES (1)"
                ),
            )
            .await;
        moved
            .server()
            .sql_in(c, &format!("CREATE TABLE stock (i int, j int); GRANT SELECT (i) ON stock TO {clone}; \
                CREATE TYPE colour AS ENUM ('red'); REVOKE USAGE ON TYPE colour FROM PUBLIC; GRANT USAGE ON TYPE colour TO {clone}"))
            .await;
        let statements = [
            (b.as_str(), "SELECT i FROM billing.paid"),
            (b, "ALTER TABLE billing.paid ADD COLUMN k int"),
            (c, "SELECT i FROM stock"),
            (c, "CREATE TEMP TABLE mine (c colour)"),
        ];

        // A test rotation says so.
        let from = moved.log().len();
        try_out(&moved)
            .await
            .unwrap_or_else(|error| panic!("{server:?}: {error}"));
        let said = moved.log()[from..].to_owned();
        assert!(
            said.contains("goes on as itself") && said.contains("REASSIGN OWNED"),
            "{said}"
        );

        moved
            .rotate()
            .await
            .expect("the clone goes on as itself, as with AWS's template");
        assert_eq!(moved.user(&Label::Current).await, clone);
        assert_eq!(moved.acts_as(&Label::Current).await, clone, "{server:?}");
        assert_eq!(
            moved.able(&Label::Current, &statements).await,
            [true; 4],
            "{server:?}"
        );

        // The original could do less: AWSCURRENT stays, and a test rotation says so before.
        let error = try_out(&moved).await.expect_err("one rotation ahead");
        assert_eq!(error.error_type, "RightsDiffer", "{server:?}: {error}");
        assert!(error.error_message.contains("REASSIGN OWNED"), "{error}");
        for attempt in ["first", "again"] {
            let error = moved.rotate().await.expect_err("the original cannot do the same");
            assert_eq!(error.error_type, "RightsDiffer", "{server:?} {attempt}: {error}");
            assert!(error.error_message.contains(b.as_str()), "{error}");
            assert_eq!(moved.user(&Label::Current).await, clone);
            assert_eq!(
                moved.able(&Label::Current, &statements).await,
                [true; 4],
                "{server:?}"
            );
            moved.cancel_and_clean_up().await;
        }

        // What a person does.
        moved
            .server()
            .sql_in(b, &format!("REASSIGN OWNED BY {clone} TO {user}"))
            .await;
        let error = moved.rotate().await.expect_err("one database is left");
        assert!(error.error_message.contains(c.as_str()), "{error}");
        moved.cancel_and_clean_up().await;
        let same = format!("GRANT SELECT (i) ON stock TO {user}; GRANT USAGE ON TYPE colour TO {user}");
        moved.server().sql_in(c, &same).await;

        for rotation in 0..6 {
            moved
                .rotate()
                .await
                .unwrap_or_else(|error| panic!("{server:?} {rotation}: {error}"));
            for label in [Label::Current, Label::Previous] {
                assert_eq!(
                    moved.able(&label, &statements).await,
                    [true; 4],
                    "{server:?} {rotation} {label:?}"
                );
            }
        }
        assert_eq!(
            moved.acts_as(&Label::Current).await,
            moved.database.user(),
            "they are one now: {server:?}"
        );
        assert_eq!(moved.acts_as(&Label::Previous).await, moved.database.user());
    }
}

/// A row policy for the clone alone would apply to nobody any more.
#[tokio::test]
async fn a_row_policy_that_names_one_of_the_two_counts() {
    for server in SERVERS {
        let moved = Moved::on(cluster(server), Setup::on(server)).await;
        let (user, clone) = (moved.database.role(), moved.clone_user());
        moved
            .database
            .sql(&format!(
                "CREATE TABLE orders (i int); INSERT INTO orders VALUES (1), (2); GRANT SELECT ON orders TO {user}; \
                 ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY ours ON orders TO {clone} USING (true)"
            ))
            .await;
        moved.rotate().await.expect("the clone goes on as itself");
        assert!(moved.log().contains("ours on public.orders"), "{}", moved.log());
        let rows = async |label: &Label| {
            let session = moved.session(label).await;
            let row = session.query_one("SELECT count(*) FROM public.orders", &[]).await;
            row.expect("it may read").get::<_, i64>(0)
        };
        assert_eq!(rows(&Label::Current).await, 2, "{server:?}");
        let error = moved.rotate().await.expect_err("the original sees no row");
        assert_eq!(error.error_type, "RightsDiffer", "{error}");
        assert!(error.error_message.contains("ours on orders"), "{error}");
        moved.cancel_and_clean_up().await;
        let both = format!("ALTER POLICY ours ON orders TO {user}, {clone}");
        moved.database.sql(&both).await;
        for _ in 0..3 {
            moved
                .rotate()
                .await
                .unwrap_or_else(|error| panic!("{server:?}: {error}"));
            assert_eq!(rows(&Label::Current).await, 2, "{server:?}");
            assert_eq!(rows(&Label::Previous).await, 2, "{server:?}");
        }
    }
}

/// All kinds of objects change their owner, one by one; what is in use is left for another turn, and until then the clone is itself.
#[tokio::test]
async fn every_kind_of_object_is_given_over_and_one_in_use_holds_nobody_up() {
    for server in SERVERS {
        let moved = Moved::on(cluster(server), Setup::on(server)).await;
        let (user, clone) = (moved.database.role(), moved.clone_user());
        let objects = "CREATE SCHEMA s; CREATE TABLE s.t (i serial PRIMARY KEY, g int GENERATED ALWAYS AS IDENTITY); \
            CREATE INDEX ON s.t (g); CREATE TABLE s.parts (i int) PARTITION BY RANGE (i); CREATE TABLE s.part PARTITION OF s.parts DEFAULT; \
            CREATE VIEW s.v AS SELECT * FROM s.t; CREATE MATERIALIZED VIEW s.m AS SELECT * FROM s.t; CREATE SEQUENCE s.q; \
            CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE s.p() LANGUAGE sql AS 'SELECT 1'; \
            CREATE AGGREGATE s.a(int) (SFUNC = int4pl, STYPE = int); CREATE TYPE s.e AS ENUM ('x'); CREATE TYPE s.c AS (i int); \
            CREATE DOMAIN s.d AS int; CREATE COLLATION s.l (LOCALE = 'C'); CREATE STATISTICS s.st ON i, g FROM s.t; \
            CREATE OPERATOR s.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq); CREATE TEXT SEARCH CONFIGURATION s.ts (COPY = simple); \
            CREATE PUBLICATION pub FOR TABLE s.t; SELECT lo_create(0); CREATE TABLE s.\"odd \"\"name\" (i int)";
        let grant = format!(
            "GRANT CREATE ON DATABASE {} TO {clone}, {user}",
            moved.database.name()
        );
        moved.database.sql(&grant).await;
        let by_clone = format!("SET SESSION AUTHORIZATION {clone}; {objects}");
        moved.database.sql(&by_clone).await;
        let owned = format!(
            "SELECT count(*)::text FROM pg_shdepend WHERE refobjid = '{clone}'::regrole AND deptype = 'o'"
        );
        assert_ne!(moved.database.value(&owned).await, "0");

        let reading = moved
            .server()
            .superuser_client(moved.database.name())
            .await
            .expect("a session");
        reading
            .batch_execute("BEGIN; SELECT * FROM s.t")
            .await
            .expect("it reads");
        moved
            .rotate()
            .await
            .unwrap_or_else(|error| panic!("{server:?}: {error}"));
        assert!(moved.log().contains("not done: give what"), "{}", moved.log());
        assert_eq!(
            moved.acts_as(&Label::Current).await,
            clone,
            "it goes on as itself: {server:?}"
        );
        reading
            .batch_execute("COMMIT")
            .await
            .expect("nobody was in its way");

        // The clone is in use and inherits: it can give the rest away at the original's turn.
        for rotation in 0..2 {
            moved
                .rotate()
                .await
                .unwrap_or_else(|error| panic!("{server:?} {rotation}: {error} {}", moved.log()));
        }
        assert_eq!(
            moved.database.value(&owned).await,
            "0",
            "{server:?}: {}",
            moved.log()
        );
        assert_eq!(moved.acts_as(&Label::Current).await, moved.database.user());
        let lent = "SELECT count(*)::text FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = '{admin}') AND inherit_option";
        if server != Server::Main {
            let lent = lent.replace("{admin}", &moved.admin.name);
            assert_eq!(moved.database.value(&lent).await, "0", "nothing stays lent");
        }
    }
}

/// Thousands of tables do not fill the server's lock table: other applications' queries never fail.
#[tokio::test]
async fn thousands_of_tables_are_given_over_without_filling_the_lock_table() {
    let options = Options::new(Server::Main)
        .with_setting("max_locks_per_transaction", "10")
        .with_setting("max_connections", "20");
    // Leaked, as the other tests' servers are kept: until the end of the tests.
    let server: &'static Cluster = Box::leak(Box::new(Cluster::start(&options).expect("a server starts")));
    let moved = Moved::on(server, Setup::on(Server::Main)).await;
    let (user, clone) = (moved.database.role(), moved.clone_user());
    // A transaction for each hundred: to make them all at once fills the lock table as well.
    for hundred in 0..15 {
        let make = format!(
            "DO $$ BEGIN FOR i IN {}..{} LOOP EXECUTE format('CREATE TABLE t%s (i int); ALTER TABLE t%s OWNER TO {clone}', i, i); END LOOP; END $$",
            hundred * 100,
            hundred * 100 + 99
        );
        moved.database.sql(&make).await;
    }
    let at_once = moved
        .server()
        .superuser_client(moved.database.name())
        .await
        .expect("a session");
    let refused = at_once
        .batch_execute(&format!("REASSIGN OWNED BY {clone} TO {user}"))
        .await;
    let refused = refused.expect_err("one transaction cannot").to_string();
    assert!(
        refused.contains("db error") || refused.contains("out of shared memory"),
        "{refused}"
    );

    let before = moved.database.log();
    for rotation in 0..4 {
        moved
            .rotate()
            .await
            .unwrap_or_else(|error| panic!("{rotation}: {error}"));
    }
    let log = moved.database.log().since(&before).to_string();
    assert!(!log.contains("out of shared memory"), "{log}");
    let left = format!("SELECT count(*)::text FROM pg_class WHERE relowner = '{clone}'::regrole");
    assert_eq!(moved.database.value(&left).await, "0");
}
