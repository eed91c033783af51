//! The owner form: two login users that both act as a NOLOGIN role; and who may alter whom in either form.

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use serde_json::Value;
use staging_labels::{Label, Step};

const SERVERS: [Server; 3] = [Server::Main, Server::Sixteen, Server::Eighteen];

/// An owner role with a schema, and a user that is a member of it; `acts` as it from the beginning.
async fn owned(server: Server, acts: bool, by_the_environment: bool) -> (Pair, String) {
    let database = TestDatabase::new(cluster(server)).await;
    let (role, owner) = (database.role(), format!("{}_owner", database.name()));
    database
        .sql(&format!(
            "CREATE ROLE {owner}; CREATE SCHEMA own AUTHORIZATION {owner}; GRANT {owner} TO {role}; ALTER SCHEMA public OWNER TO {owner}"
        ))
        .await;
    if acts {
        database
            .sql(&format!("ALTER ROLE {role} SET role TO {owner}"))
            .await;
    }
    let mut document = database.document();
    let mut setup = Setup::on(server);
    if by_the_environment {
        setup = setup.env("OWNER_ROLE", &owner);
    } else {
        document["ownerrole"] = owner.as_str().into();
    }
    let pair = Pair::with_document(setup, database, Power::CreateRole, document).await;
    pair.admin.gets_admin_option_on(&owner).await;
    (pair, owner)
}

async fn drop_owner(pair: &Pair, owner: &str) {
    pair.database
        .sql(&format!(
            "REASSIGN OWNED BY {owner} TO postgres; DROP OWNED BY {owner}; DROP ROLE {owner}"
        ))
        .await;
}

#[tokio::test]
async fn both_act_as_the_owner_and_make_what_it_owns() {
    for (server, by_the_environment) in SERVERS.into_iter().zip([false, true, false]) {
        let (pair, owner) = owned(server, true, by_the_environment).await;
        for turn in 0..3 {
            pair.rotate()
                .await
                .unwrap_or_else(|error| panic!("{server:?} {turn}: {error}"));
            pair.invariant_current_and_previous_log_in("a turn").await;
            let session = pair.session(&Label::Current).await;
            session
                .batch_execute(&format!(
                    "CREATE TABLE own.t{turn} (i int); INSERT INTO own.t0 VALUES ({turn})"
                ))
                .await
                .expect("either makes and writes");
        }
        let owners = "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ', ') FROM pg_class WHERE relnamespace = 'own'::regnamespace";
        assert_eq!(pair.database.value(owners).await, owner);
        drop_owner(&pair, &owner).await;
    }
}

/// The known objection to acting as the original: a role may change its own password, so who has the clone's credential can change the
/// original's. In the owner form neither can alter the other.
#[tokio::test]
async fn who_may_alter_whom() {
    for server in SERVERS {
        let (pair, owner) = owned(server, true, false).await;
        let (app, clone) = (pair.database.role(), pair.database.clone_user());
        for (user, other) in [(clone.clone(), app.clone()), (app, clone)] {
            pair.rotate().await.expect("the rotation succeeds");
            let session = pair.session(&Label::Current).await;
            for statement in [
                format!("ALTER ROLE {other} PASSWORD 'taken over'"),
                format!("SET ROLE {other}"),
                format!("ALTER ROLE {owner} LOGIN PASSWORD 'taken over'"),
                format!("SET ROLE NONE; ALTER ROLE {other} PASSWORD 'taken over'"),
            ] {
                let refused = session.batch_execute(&statement).await.expect_err(&statement);
                assert_eq!(
                    refused.code().map(tokio_postgres::error::SqlState::code),
                    Some("42501"),
                    "{user} {server:?}: {statement}"
                );
            }
        }
        pair.invariant_current_and_previous_log_in("nothing was taken over")
            .await;
        drop_owner(&pair, &owner).await;

        let pair = Pair::on(server).await;
        pair.rotate().await.expect("the rotation succeeds");
        let session = pair.session(&Label::Current).await;
        let (app, clone) = (pair.database.role(), pair.database.clone_user());
        session
            .batch_execute(&format!("ALTER ROLE {app} PASSWORD 'of the original'"))
            .await
            .expect("the clone acts as the original, which may change its own password");
        drop(session);
        let original = pair.database.login("of the original").await.expect("it logs in");
        let refused = original
            .batch_execute(&format!("ALTER ROLE {clone} PASSWORD 'of the clone'"))
            .await;
        assert!(refused.is_err(), "the original may not alter the clone");
    }
}

/// From the clone form: the objects move first, as the guide says; then both users come into the form, each at its turn.
#[tokio::test]
async fn a_pair_in_the_clone_form_comes_into_the_owner_form() {
    for server in SERVERS {
        let pair = Pair::on(server).await;
        pair.rotate().await.expect("the rotation succeeds");
        let session = pair.session(&Label::Current).await;
        session
            .batch_execute("CREATE SCHEMA own; CREATE TABLE own.t (i int)")
            .await
            .expect("it makes a table");
        drop(session);
        let (role, owner) = (pair.database.role(), format!("{}_owner", pair.database.name()));
        pair.database.sql(&format!("CREATE ROLE {owner}")).await;
        pair.admin.gets_admin_option_on(&owner).await;

        let name_it = async || {
            let mut document: Value =
                serde_json::from_str(&pair.text(&Label::Current).await.expect("a value")).expect("JSON");
            document["ownerrole"] = owner.as_str().into();
            pair.write_by_hand(&document.to_string()).await;
        };
        name_it().await;
        let token = pair.proposed().await;
        pair.refuses(&token, Step::Set, "OwnerUnusable", &[&owner, "owns nothing"])
            .await;
        pair.clean_up(&token).await;

        // An owner of something else, which the user has nothing to do with: a user who may write the secret could name any.
        pair.database
            .sql(&format!("CREATE SCHEMA other AUTHORIZATION {owner}"))
            .await;
        let token = pair.proposed().await;
        let words = [owner.as_str(), "no member of it", "GRANT"];
        pair.refuses(&token, Step::Set, "OwnerUnusable", &words).await;
        // One that it may act as: as the owner the application would still miss its tables, so it goes on as itself.
        pair.database.sql(&format!("GRANT {owner} TO {role}")).await;
        pair.steps(&token, &[Step::Set, Step::Test])
            .await
            .expect("nobody loses anything");
        assert!(pair.log().contains("goes on as itself"), "{}", pair.log());
        assert!(pair.current_logs_in().await);
        pair.clean_up(&token).await;

        pair.database
            .sql(&format!("REASSIGN OWNED BY {role} TO {owner}"))
            .await;
        for turn in 0..3 {
            pair.rotate()
                .await
                .unwrap_or_else(|error| panic!("{server:?} {turn}: {error}"));
            let session = pair.session(&Label::Current).await;
            session
                .batch_execute("ALTER TABLE own.t ADD COLUMN IF NOT EXISTS j int")
                .await
                .expect("it is the owner's");
        }
        let tied = format!(
            "SELECT count(*)::text FROM pg_auth_members WHERE roleid = '{}'::regrole AND member = '{}'::regrole",
            pair.database.user(),
            pair.database.clone_user()
        );
        assert_eq!(
            pair.database.value(&tied).await,
            "0",
            "neither is a member of the other"
        );
        drop_owner(&pair, &owner).await;
    }
}

#[tokio::test]
async fn an_owner_that_cannot_be_one_is_refused_and_nothing_is_changed() {
    let (pair, owner) = owned(Server::Main, true, false).await;
    let token = pair.proposed().await;
    pair.database.sql(&format!("ALTER ROLE {owner} LOGIN")).await;
    pair.refuses(&token, Step::Set, "OwnerUnusable", &[&owner, "log in", "NOLOGIN"])
        .await;
    pair.database
        .sql(&format!("ALTER ROLE {owner} NOLOGIN SUPERUSER"))
        .await;
    pair.refuses(&token, Step::Set, "OwnerUnusable", &[&owner, "superuser"])
        .await;
    pair.database
        .sql(&format!(
            "ALTER ROLE {owner} NOSUPERUSER; ALTER ROLE {owner} RENAME TO {owner}_away"
        ))
        .await;
    pair.refuses(&token, Step::Set, "OwnerUnusable", &[&owner, "no such role"])
        .await;
    pair.database
        .sql(&format!("ALTER ROLE {owner}_away RENAME TO {owner}"))
        .await;
    drop_owner(&pair, &owner).await;
}
