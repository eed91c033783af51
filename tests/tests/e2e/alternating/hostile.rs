//! What somebody who means harm can do with the database, or with the secret, and what they get by it: nothing.

use keywheel_tests::net::{OnPath, Plain};
use keywheel_tests::pair::{Admin, Pair, Power, admin_document};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use serde_json::Value;
use staging_labels::{Label, Step};

const SERVERS: [Server; 3] = [Server::Main, Server::Sixteen, Server::Eighteen];

/// The application owns its database, and with it whatever a bare `=` means in it: the admin must not be the one who says it.
#[tokio::test]
async fn an_operator_of_the_applications_is_not_run_with_the_admins_rights() {
    for server in SERVERS {
        let pair = Pair::on(server).await;
        pair.rotate().await.expect("the rotation succeeds");
        let (role, name) = (pair.database.role(), pair.database.name());
        let session = pair.session(&Label::Current).await;
        for (left, right) in [
            ("name", "name"),
            ("name", "text"),
            ("name", "unknown"),
            ("oid", "oid"),
            ("text", "text"),
            ("\"char\"", "\"char\""),
        ] {
            let operator = format!(
                "CREATE SCHEMA IF NOT EXISTS evil;
                 CREATE TABLE IF NOT EXISTS evil.seen (who text); GRANT ALL ON evil.seen TO PUBLIC; GRANT USAGE ON SCHEMA evil TO PUBLIC;
                 CREATE OR REPLACE FUNCTION evil.eq(a {left}, b {right}) RETURNS boolean LANGUAGE plpgsql AS
                 $$ BEGIN INSERT INTO evil.seen VALUES (current_user); RETURN true; END $$;
                 CREATE OPERATOR evil.= (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = evil.eq)"
            );
            // Not every version has an operator for every pair of types.
            let _ = session.batch_execute(&operator).await;
        }
        session
            .batch_execute(&format!(
                "ALTER DATABASE {name} SET search_path = evil, pg_catalog"
            ))
            .await
            .expect("the owner of a database may do that");
        drop(session);
        let token = pair.proposed().await;
        pair.steps(&token, &[Step::Set, Step::Test, Step::Finish])
            .await
            .expect("the rotation goes through");
        let seen = format!(
            "SELECT count(*)::text FROM evil.seen WHERE who NOT IN ('{}', '{}')",
            pair.database.user(),
            pair.database.clone_user()
        );
        assert_eq!(pair.database.value(&seen).await, "0", "{server:?} {role}");
    }
}

/// The owner of the database says as whom everybody acts who logs in there, and more: the superuser acts as itself.
#[tokio::test]
async fn what_the_owner_of_a_database_sets_for_everybody_does_not_reach_the_admin() {
    for server in SERVERS {
        for power in [Power::CreateRole, Power::Superuser] {
            let database = TestDatabase::new(cluster(server)).await;
            let pair = Pair::of(Setup::on(server), database, power).await;
            let (name, user, admin) = (
                pair.database.name().to_owned(),
                pair.database.user().to_owned(),
                pair.admin.name.clone(),
            );
            let evil = format!("{user}_evil");
            pair.database
                .sql(&format!("CREATE ROLE {evil}; GRANT {evil} TO {admin}"))
                .await;
            let session = pair.session(&Label::Current).await;
            for setting in [
                "search_path = evil, pg_catalog",
                "default_transaction_read_only = on",
                "default_transaction_isolation = 'serializable'",
                "standard_conforming_strings = off",
                "row_security = off",
                "lock_timeout = 1",
                "idle_in_transaction_session_timeout = 1",
                "datestyle = 'German'",
            ] {
                session
                    .batch_execute(&format!("ALTER DATABASE {name} SET {setting}"))
                    .await
                    .expect("the owner of a database may do that");
            }
            drop(session);
            // The owner may name any role: the server checks it at each login, for who logs in.
            cluster(server)
                .sql(&format!("ALTER DATABASE {name} SET role = {evil}"))
                .await;
            for turn in 0..2 {
                pair.rotate()
                    .await
                    .unwrap_or_else(|error| panic!("{server:?} {power:?} {turn}: {error}"));
                pair.invariant_current_and_previous_log_in("a hostile owner")
                    .await;
            }
            let made_by_evil = format!(
                "SELECT count(*)::text FROM pg_auth_members WHERE grantor = '{evil}'::regrole OR roleid = '{evil}'::regrole AND member <> '{admin}'::regrole"
            );
            assert_eq!(pair.database.value(&made_by_evil).await, "0", "{server:?}");
            cluster(server)
                .sql(&format!("ALTER DATABASE {name} RESET ALL; DROP ROLE {evil}"))
                .await;
        }
    }
}

/// What the original sets for itself is copied by the admin: as a value, whatever it says.
#[tokio::test]
async fn a_hostile_setting_is_copied_as_a_value() {
    for server in SERVERS {
        let pair = Pair::on(server).await;
        let (role, clone) = (pair.database.role(), pair.database.clone_user());
        let session = pair.session(&Label::Current).await;
        let literal = r"x''; ALTER ROLE CURRENT_USER SUPERUSER; --\''";
        session
            .batch_execute(&format!(
                "ALTER ROLE {role} SET application_name TO '{literal}'; ALTER ROLE {role} SET search_path TO '{literal}'"
            ))
            .await
            .expect("a role may set these for itself");
        drop(session);
        pair.rotate()
            .await
            .unwrap_or_else(|error| panic!("{server:?}: {error}"));
        let same = format!(
            "SELECT (array(SELECT c FROM pg_db_role_setting, unnest(setconfig) c WHERE setrole = '{clone}'::regrole AND c NOT LIKE 'role=%' ORDER BY c)              = array(SELECT c FROM pg_db_role_setting, unnest(setconfig) c WHERE setrole = '{role}'::regrole ORDER BY c))::text"
        );
        assert_eq!(pair.database.value(&same).await, "true", "{server:?}");
        let powerful = format!(
            "SELECT count(*)::text FROM pg_roles WHERE rolsuper AND rolname IN ('{}', '{clone}', '{}')",
            pair.database.user(),
            pair.admin.name
        );
        assert_eq!(pair.database.value(&powerful).await, "0", "{server:?}");
    }
}

/// Somebody who writes the secret and answers in the server's place: over plain text, which the secret asks for. What they say
/// there proves nothing to a superuser that acts over TLS.
#[tokio::test]
async fn a_login_over_a_weaker_connection_than_the_superusers_proves_nothing() {
    let elsewhere = cluster(Server::Sixteen);
    for own_server in [false, true] {
        let database = TestDatabase::new(cluster(Server::Main)).await;
        let user = database.user().to_owned();
        let chosen = "known to the attacker";
        let plain = if own_server {
            let role = format!("CREATE ROLE \"{user}\" LOGIN PASSWORD '{chosen}'");
            elsewhere.sql(&role).await;
            elsewhere
                .sql(&format!("CREATE DATABASE {}", database.name()))
                .await;
            Plain::Elsewhere(elsewhere.port())
        } else {
            Plain::LetIn
        };
        let path = OnPath::start(cluster(Server::Main).port(), plain).expect("it listens");
        let admin = Admin::new(&database, Power::CreateRole).await;
        let mut admin_secret = admin_document(&database, &admin);
        let mut document = database.document();
        for secret in [&mut admin_secret, &mut document] {
            secret["host"] = "localhost".into();
            secret["port"] = path.port().into();
        }
        document["ssl"] = false.into();
        document["password"] = chosen.into();
        let pair =
            Pair::with_documents(Setup::on(Server::Main), database, document, admin, &admin_secret).await;
        let token = pair.proposed().await;
        pair.refuses(&token, Step::Set, "CurrentUnproven", &["28P01"])
            .await;
        let clones = format!(
            "SELECT count(*)::text FROM pg_roles WHERE rolname = '{}'",
            pair.database.clone_user()
        );
        assert_eq!(pair.database.value(&clones).await, "0");
        let log = pair.database.log().of_role(&pair.admin.name);
        assert_eq!(log.logins(), 0, "the superuser was not used: {log}");
        if own_server {
            elsewhere
                .sql(&format!("DROP DATABASE {}", pair.database.name()))
                .await;
            elsewhere.sql(&format!("DROP ROLE \"{user}\"")).await;
        }
    }
}

/// Every role may set for itself as which role it acts, any role: that makes it no role's clone.
#[tokio::test]
async fn nobody_becomes_a_clone_by_saying_so_himself() {
    for server in [Server::Main, Server::Eighteen] {
        let victim = TestDatabase::new(cluster(server)).await;
        let attacker = TestDatabase::with_user(cluster(server), &victim.clone_user()).await;
        let session = attacker.login(attacker.password()).await.expect("it logs in");
        session
            .batch_execute(&format!(
                "ALTER ROLE {} SET role = {}",
                attacker.role(),
                victim.role()
            ))
            .await
            .expect("the server lets it");
        drop(session);
        let before = victim
            .value(&format!(
                "SELECT rolpassword FROM pg_authid WHERE rolname = '{}'",
                victim.user()
            ))
            .await;
        let pair = Pair::of(Setup::on(server), attacker, Power::CreateRole).await;
        pair.admin.gets_admin_option_on(victim.user()).await;
        let token = pair.stage();
        pair.refuses(&token, Step::Create, "CloneForeign", &[victim.user()])
            .await;
        // Nor with a pending value of his own making.
        let mut pending: Value =
            serde_json::from_str(&pair.text(&Label::Current).await.expect("a value")).expect("JSON");
        pending["username"] = victim.user().into();
        pending["password"] = "known to the attacker".into();
        pair.put_pending(&token, &pending.to_string()).await;
        let error = pair.step(&token, Step::Set).await.expect_err("they are no pair");
        assert_eq!(error.error_type, "PendingUserWrong", "{error}");
        let after = victim
            .value(&format!(
                "SELECT rolpassword FROM pg_authid WHERE rolname = '{}'",
                victim.user()
            ))
            .await;
        assert_eq!(after, before, "{server:?}");
    }
}

/// Before PostgreSQL 15 a role makes whom it likes a member of itself, and so of another application's role "its clone".
#[tokio::test]
async fn nobody_makes_another_role_his_clone_by_a_grant() {
    for server in SERVERS {
        let attacker = TestDatabase::new(cluster(server)).await;
        let victim = TestDatabase::with_user(cluster(server), &attacker.clone_user()).await;
        let (own, theirs) = (attacker.role(), victim.role());
        let session = attacker.login(attacker.password()).await.expect("it logs in");
        let granted = session.batch_execute(&format!("GRANT {own} TO {theirs}")).await;
        drop(session);
        let version: u32 = attacker
            .value("SELECT current_setting('server_version_num')")
            .await
            .parse()
            .expect("a number");
        assert_eq!(granted.is_ok(), version < 150_000, "{server:?} {version}");
        let pair = Pair::of(Setup::on(server), attacker, Power::CreateRole).await;
        pair.admin.gets_admin_option_on(victim.user()).await;
        let token = pair.proposed().await;
        let words = [victim.user(), "find out who made"];
        pair.refuses(&token, Step::Set, "CloneForeign", &words).await;
        assert!(victim.accepts(victim.password()).await, "{server:?}");
    }
}

/// Two strangers are members of one group that owns something; the secret of the one names it as the owner role.
#[tokio::test]
async fn a_group_in_common_makes_nobody_a_clone() {
    let carol = TestDatabase::with_user(cluster(Server::Sixteen), "t10_carol").await;
    let stranger = TestDatabase::with_user(cluster(Server::Sixteen), "t10_carol_clone").await;
    let team = format!("{}_team", stranger.name());
    stranger
        .sql(&format!(
            "CREATE ROLE {team}; CREATE SCHEMA own AUTHORIZATION {team}; GRANT {team} TO t10_carol, t10_carol_clone;
             ALTER DATABASE {} OWNER TO {team}; ALTER SCHEMA public OWNER TO {team}",
            stranger.name()
        ))
        .await;
    let mut document = stranger.document();
    document["ownerrole"] = team.as_str().into();
    let pair = Pair::with_document(Setup::on(Server::Sixteen), stranger, Power::CreateRole, document).await;
    pair.admin.gets_admin_option_on("t10_carol").await;
    pair.admin.gets_admin_option_on(&team).await;
    pair.rotate()
        .await
        .expect("it takes turns with a clone of its own");
    assert_eq!(pair.user(&Label::Current).await, "t10_carol_clone_clone");
    assert!(carol.accepts(carol.password()).await);
    pair.database
        .sql(&format!(
            "REASSIGN OWNED BY {team} TO postgres; DROP OWNED BY {team}; DROP ROLE {team}"
        ))
        .await;
}

/// Anybody may take an advisory lock, and keep it.
#[tokio::test]
async fn a_lock_that_anybody_may_take_holds_nothing_up() {
    let pair = Pair::new().await;
    let nobody = TestDatabase::new(cluster(Server::Main)).await;
    let client = nobody
        .cluster()
        .login(nobody.user(), nobody.password(), pair.database.name())
        .await;
    let client = client.expect("everybody may connect");
    let key = format!("keywheel:{}", pair.database.user());
    client
        .batch_execute(&format!("SELECT pg_advisory_lock(hashtextextended('{key}', 0))"))
        .await
        .expect("everybody may lock");
    pair.rotate().await.expect("the rotation goes on without");
    drop(client);
}

/// What an application is reading changes its owner later: the rotation does not wait, nor does the application.
#[tokio::test]
async fn objects_in_use_change_their_owner_at_another_turn() {
    for server in SERVERS {
        let pair = Pair::on(server).await;
        pair.rotate().await.expect("the rotation succeeds");
        pair.rotate().await.expect("the rotation succeeds");
        let clone = pair.database.clone_user();
        pair.database
            .sql(&format!(
                "CREATE TABLE basket (i int); ALTER TABLE basket OWNER TO {clone}"
            ))
            .await;
        let mut reader = pair.session(&Label::Previous).await;
        let reading = reader.transaction().await.expect("it begins");
        reading
            .batch_execute("SET ROLE NONE; SELECT * FROM basket")
            .await
            .expect("it reads its own table");
        pair.rotate()
            .await
            .unwrap_or_else(|error| panic!("{server:?}: {error}"));
        assert!(pair.log().contains("not done: give what"), "{}", pair.log());
        pair.invariant_current_and_previous_log_in("not done").await;
        reading.commit().await.expect("it goes on reading");
        drop(reader);
        // The clone is in use now, and a member that inherits: it loses nothing.
        pair.rotate().await.expect("the rotation succeeds");
        let owner = "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname = 'basket'";
        assert_eq!(
            pair.database.value(owner).await,
            pair.database.user(),
            "{server:?}"
        );
    }
}

/// What people did about AWS's clones: default privileges for them. They are no objects, and nothing to repair.
#[tokio::test]
async fn default_privileges_of_the_clone_are_nothing_that_it_owns() {
    for server in SERVERS {
        let pair = Pair::on(server).await;
        pair.rotate().await.expect("the rotation succeeds");
        pair.database
            .sql(&format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT ALL ON TABLES TO {}",
                pair.database.clone_user(),
                pair.database.role()
            ))
            .await;
        let before = pair.log().len();
        for _ in 0..2 {
            pair.rotate().await.expect("the rotation succeeds");
        }
        let log = &pair.log()[before..];
        assert!(!log.contains("repaired: ") && !log.contains("not done"), "{log}");
    }
}

/// An admin whose own grants to itself come first (`createrole_self_grant`): they are as they were afterwards.
#[tokio::test]
async fn an_admin_that_grants_itself_what_it_makes_keeps_its_grants() {
    for server in [Server::Sixteen, Server::Eighteen] {
        let pair = Pair::on(server).await;
        let admin = &pair.admin.name;
        pair.database
            .sql(&format!("ALTER ROLE {admin} SET createrole_self_grant TO 'set'"))
            .await;
        pair.rotate().await.expect("the rotation succeeds");
        pair.rotate().await.expect("the rotation succeeds");
        let (clone, grants) = (
            pair.database.clone_user(),
            format!(
                "SELECT string_agg((grantor = member)::text || inherit_option || set_option || admin_option, ',' ORDER BY grantor) FROM pg_auth_members WHERE member = '{admin}'::regrole"
            ),
        );
        pair.database
            .sql(&format!("CREATE TABLE theirs (i int); ALTER TABLE theirs OWNER TO {clone}; GRANT CREATE ON SCHEMA public TO {}", pair.database.role()))
            .await;
        let before = pair.database.value(&grants).await;
        pair.rotate()
            .await
            .unwrap_or_else(|error| panic!("{server:?}: {error}"));
        assert_eq!(pair.database.value(&grants).await, before, "{server:?}");
        let owner = "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname = 'theirs'";
        assert_eq!(
            pair.database.value(owner).await,
            pair.database.user(),
            "{server:?}: {}",
            pair.log()
        );
    }
}

/// A superuser role that itself alternates: whichever of the two is at work, what it makes is its original's.
#[tokio::test]
async fn an_admin_that_takes_turns_itself_alters_what_its_twin_made() {
    for server in SERVERS {
        let pair = Pair::on(server).await;
        let admin = pair.admin.name.clone();
        let twin = Admin::new(&pair.database, Power::None).await;
        pair.database
            .sql(&format!(
                "GRANT {admin} TO {0}; ALTER ROLE {0} SET role TO {admin}",
                twin.name
            ))
            .await;
        let documents = [&twin, &pair.admin].map(|admin| admin_document(&pair.database, admin).to_string());
        for (turn, document) in documents.iter().cycle().take(5).enumerate() {
            let call = pair.client.put_secret_value().secret_id(&pair.admin_secret);
            call.secret_string(document)
                .send()
                .await
                .expect("the admin's secret is written");
            pair.rotate()
                .await
                .unwrap_or_else(|error| panic!("{server:?} {turn}: {error}"));
            pair.invariant_current_and_previous_log_in("an admin's turn")
                .await;
        }
    }
}

/// `data` is a group, and `data_clone` somebody in it: the group is no user that could take a turn.
#[tokio::test]
async fn a_group_that_is_called_like_an_original_is_none() {
    let database = TestDatabase::with_user(cluster(Server::Main), "t11_data_clone").await;
    database
        .sql("CREATE ROLE t11_data; GRANT t11_data TO t11_data_clone")
        .await;
    let pair = Pair::of(Setup::on(Server::Main), database, Power::CreateRole).await;
    pair.rotate()
        .await
        .expect("it takes turns with a clone of its own");
    assert_eq!(pair.user(&Label::Current).await, "t11_data_clone_clone");
    pair.rotate().await.expect("and back");
    pair.database.sql("DROP ROLE t11_data").await;
}
