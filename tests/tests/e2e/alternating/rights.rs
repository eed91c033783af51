//! As which role the two users act, and what the superuser role may do: asked of the server as it is, at every level that it has.

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use staging_labels::{Label, Step};
use tokio_postgres::Client;

use super::trial::try_out;

const SERVERS: [Server; 3] = [Server::Main, Server::Sixteen, Server::Eighteen];
/// Memberships with INHERIT and SET, each with its own grantor.
const WITH_OPTIONS: [Server; 2] = [Server::Sixteen, Server::Eighteen];

/// A user that acts as an owner of objects, because `level` says so; and that owner's name.
async fn acting(server: Server, level: &str) -> (Pair, String) {
    let database = TestDatabase::new(cluster(server)).await;
    let (role, name, owner) = (
        database.role(),
        database.name().to_owned(),
        format!("{}_owner", database.name()),
    );
    let level = level.replace("{role}", &role).replace("{name}", &name);
    database
        .sql(&format!(
            "CREATE ROLE {owner}; GRANT {owner} TO {role}; CREATE SCHEMA own AUTHORIZATION {owner}; {level} SET role = '{owner}'"
        ))
        .await;
    (
        Pair::of(Setup::on(server), database, Power::CreateRole).await,
        owner,
    )
}

async fn drop_owner(pair: &Pair, owner: &str) {
    let (name, clone) = (pair.database.name(), pair.database.clone_user());
    pair.database
        .sql(&format!(
            "SET ROLE NONE; ALTER DATABASE {name} RESET ALL; ALTER ROLE {clone} RESET ALL; ALTER DATABASE {name} OWNER TO {}; \
             REASSIGN OWNED BY {owner} TO postgres; DROP OWNED BY {owner}; DROP ROLE {owner}",
            pair.database.role()
        ))
        .await;
}

async fn makes_a_table(pair: &Pair, table: &str) {
    let session = pair.session(&Label::Current).await;
    let made = session
        .batch_execute(&format!("CREATE TABLE own.{table} (i int)"))
        .await;
    made.unwrap_or_else(|error| panic!("{table}: {error:?}"));
}

#[tokio::test]
async fn both_users_act_as_the_same_role_whichever_level_says_so() {
    for server in SERVERS {
        for level in [
            "ALTER DATABASE {name}",
            "ALTER ROLE {role} IN DATABASE {name}",
            "ALTER ROLE {role}",
        ] {
            let (pair, owner) = acting(server, level).await;
            let case = |turn: usize| format!("{server:?} {level} {turn}");
            for turn in 0..3 {
                try_out(&pair)
                    .await
                    .unwrap_or_else(|error| panic!("{}: {error}", case(turn)));
                pair.rotate()
                    .await
                    .unwrap_or_else(|error| panic!("{}: {error}", case(turn)));
                makes_a_table(&pair, &format!("t{turn}")).await;
                pair.invariant_current_and_previous_log_in(&case(turn)).await;
            }
            let owners = "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ', ') FROM pg_class WHERE relnamespace = 'own'::regnamespace";
            assert_eq!(pair.database.value(owners).await, owner, "{server:?} {level}");
            drop_owner(&pair, &owner).await;
        }
    }
}

/// A clone that acts as the original while the original acts as another role, since its database says so: what the clone made
/// meanwhile is the original's, and no session of the original reaches it.
#[tokio::test]
async fn a_clone_that_acts_as_another_role_than_the_original_is_found_and_the_remedy_helps() {
    for server in SERVERS {
        let (pair, owner) = acting(server, "ALTER DATABASE {name}").await;
        pair.rotate().await.expect("the rotation succeeds");
        let (name, role, clone) = (
            pair.database.name(),
            pair.database.role(),
            pair.database.clone_user(),
        );
        pair.database
            .sql(&format!(
                "SET ROLE NONE; ALTER ROLE {clone} IN DATABASE {name} RESET role; GRANT CREATE, USAGE ON SCHEMA own TO {role}"
            ))
            .await;
        makes_a_table(&pair, "t").await;
        for stopped in [
            try_out(&pair).await.expect_err("a test rotation finds it"),
            pair.rotate().await.expect_err("the original lacks a table"),
        ] {
            assert_eq!(stopped.error_type, "RightsDiffer", "{server:?} {stopped}");
            let reassign = format!("REASSIGN OWNED BY {role} TO \"{owner}\"");
            assert!(stopped.error_message.contains(&reassign), "{stopped}");
        }
        pair.cancel_and_clean_up().await;
        pair.database
            .sql(&format!("SET ROLE NONE; REASSIGN OWNED BY {role} TO {owner}"))
            .await;
        for turn in 0..3 {
            pair.rotate()
                .await
                .unwrap_or_else(|error| panic!("{server:?} {turn}: {error}"));
            let session = pair.session(&Label::Current).await;
            let altered = session
                .batch_execute("ALTER TABLE own.t ADD COLUMN IF NOT EXISTS j int")
                .await;
            altered.unwrap_or_else(|error| panic!("{server:?} {turn}: {error:?}"));
        }
        drop_owner(&pair, &owner).await;
    }
}

/// What holds for both, since the database says so, is missed by nobody.
#[tokio::test]
async fn a_setting_of_the_database_counts_for_both() {
    let pair = Pair::new().await;
    pair.rotate().await.expect("the rotation succeeds");
    let (name, clone) = (pair.database.name(), pair.database.clone_user());
    pair.database
        .sql(&format!(
            "ALTER ROLE {clone} SET work_mem TO '77MB'; ALTER DATABASE {name} SET work_mem TO '77MB'"
        ))
        .await;
    pair.rotate().await.expect("sessions of both begin with it");
}

/// A session of the superuser role.
async fn admin_session(pair: &Pair) -> Client {
    let (admin, database) = (&pair.admin, &pair.database);
    let session = database
        .cluster()
        .login(&admin.name, &admin.password, database.name())
        .await;
    session.expect("the superuser role logs in")
}

/// Options of the memberships that the superuser role has granted itself: role, INHERIT, SET.
async fn granted_to_itself(pair: &Pair) -> String {
    let query = format!(
        "SELECT coalesce(string_agg(concat_ws(' ', replace(roleid::regrole::text, '{user}', 'user'), inherit_option, set_option), ', ' ORDER BY roleid::regrole::text), '') \
         FROM pg_auth_members WHERE member = '{admin}'::regrole AND grantor = member",
        user = pair.database.user(),
        admin = pair.admin.name
    );
    pair.database.value(&query).await
}

/// With `createrole_self_grant` the superuser role would become a member of each clone that it makes, whoever set it: the owner of
/// the database can.
#[tokio::test]
async fn the_superuser_role_does_not_become_a_member_of_the_clone_that_it_makes() {
    for server in WITH_OPTIONS {
        let pair = Pair::on(server).await;
        let session = pair.session(&Label::Current).await;
        let set = format!(
            "ALTER DATABASE {} SET createrole_self_grant = 'inherit, set'",
            pair.database.name()
        );
        session
            .batch_execute(&set)
            .await
            .expect("the owner of a database may do that");
        drop(session);
        for turn in 0..2 {
            pair.rotate()
                .await
                .unwrap_or_else(|error| panic!("{server:?} {turn}: {error}"));
        }
        assert_eq!(granted_to_itself(&pair).await, "", "{server:?}");
    }
}

/// The owner of the database chooses the form and the rounds of verifiers in it: the two users log in all the same.
#[tokio::test]
async fn what_the_owner_of_a_database_says_of_passwords_locks_nobody_out() {
    for (server, sent_as) in [
        (Server::Main, "verifier"),
        (Server::Main, "cleartext"),
        (Server::Eighteen, "verifier"),
    ] {
        let setup = Setup::on(server).env("PASSWORD_SENT_AS", sent_as);
        let pair = Pair::of(setup, TestDatabase::new(cluster(server)).await, Power::CreateRole).await;
        let name = pair.database.name();
        let session = pair.session(&Label::Current).await;
        let mut settings = vec!["password_encryption = 'md5'"];
        if server != Server::Main {
            settings.push("scram_iterations = 1");
        }
        for setting in settings {
            let set = format!("ALTER DATABASE {name} SET {setting}");
            session
                .batch_execute(&set)
                .await
                .expect("the owner of a database may do that");
        }
        drop(session);
        for _ in 0..2 {
            pair.rotate().await.expect("the rotation succeeds");
            pair.invariant_current_and_previous_log_in("the owner's settings")
                .await;
        }
        let hashed = format!(
            "SELECT count(*)::text FROM pg_authid WHERE rolname LIKE '{}%' AND rolpassword LIKE 'SCRAM-SHA-256%'",
            pair.database.user()
        );
        assert_eq!(pair.database.value(&hashed).await, "2", "{server:?} {sent_as}");
    }
}

/// INHERIT and SET are two things: each that the superuser role lacks is lent, and what it had before is as it was.
#[tokio::test]
async fn objects_change_their_owner_whatever_memberships_the_superuser_role_has() {
    for server in WITH_OPTIONS {
        for (options, expected) in [
            (Some("INHERIT TRUE, SET FALSE"), "user t f, user_clone t f"),
            (Some("INHERIT FALSE, SET TRUE"), "user f t, user_clone f t"),
            (None, ""),
        ] {
            let pair = Pair::on(server).await;
            pair.rotate().await.expect("the rotation succeeds");
            pair.rotate().await.expect("the rotation succeeds");
            let (role, clone) = (pair.database.role(), pair.database.clone_user());
            if let Some(options) = options {
                let admin = admin_session(&pair).await;
                let grant = format!("GRANT {role}, {clone} TO {} WITH {options}", pair.admin.name);
                admin
                    .batch_execute(&grant)
                    .await
                    .expect("it has ADMIN OPTION on both");
            }
            pair.database
                .sql(&format!("CREATE TABLE t (i int); ALTER TABLE t OWNER TO {clone}"))
                .await;
            pair.rotate().await.expect("the rotation succeeds");
            let owner = "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname = 't'";
            assert_eq!(
                pair.database.value(owner).await,
                pair.database.user(),
                "{server:?} {options:?}: {}",
                pair.log()
            );
            assert_eq!(granted_to_itself(&pair).await, expected, "{server:?} {options:?}");
        }
    }
}

/// To alter a role, ADMIN OPTION by way of any group will do; to grant it, the group's rights must be inherited.
#[tokio::test]
async fn admin_option_through_a_group_is_told_as_a_command_that_the_superuser_role_can_run() {
    for server in WITH_OPTIONS {
        let database = TestDatabase::new(cluster(server)).await;
        let pair = Pair::of(Setup::on(server), database, Power::WithoutAdminOption).await;
        let (role, admin) = (pair.database.role(), pair.admin.name.clone());
        let group = format!("{}_group", pair.database.name());
        pair.database
            .sql(&format!(
                "CREATE ROLE {group}; GRANT {role} TO {group} WITH ADMIN OPTION; GRANT {group} TO {admin} WITH INHERIT FALSE, SET TRUE"
            ))
            .await;
        let command =
            format!("SET ROLE \"{group}\"; GRANT {role} TO \"{admin}\" WITH ADMIN OPTION; RESET ROLE");
        let error = try_out(&pair).await.expect_err("a test rotation finds it");
        assert_eq!(error.error_type, "SuperuserLacksRights", "{server:?}: {error}");
        assert!(error.error_message.contains(&command), "{error}");
        let token = pair.proposed().await;
        pair.refuses(&token, Step::Set, "SuperuserLacksRights", &[&command])
            .await;
        let session = admin_session(&pair).await;
        session
            .batch_execute(&command)
            .await
            .expect("this very role can run it");
        drop(session);
        let rest = pair.steps(&token, &[Step::Set, Step::Test, Step::Finish]).await;
        rest.unwrap_or_else(|error| panic!("{server:?}: {error}"));
        pair.rotate().await.expect("and on");
        pair.database
            .sql(&format!("DROP OWNED BY {group} CASCADE; DROP ROLE {group}"))
            .await;
    }
}
