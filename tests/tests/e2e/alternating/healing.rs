//! What somebody changed by hand: repaired where that is certain to be right, otherwise one clear error.

use std::time::Duration;

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{ALTERNATING, Setup};
use secrets_manager_local::Fault;
use staging_labels::{Label, Step};

/// Gives the role of AWSCURRENT a password that no version has.
async fn change_current_by_hand(pair: &Pair) {
    let user = pair.user(&Label::Current).await;
    pair.database
        .sql(&format!("ALTER ROLE \"{user}\" PASSWORD 'by-hand'"))
        .await;
    assert!(!pair.current_logs_in().await);
}

async fn rotates(pair: &Pair, case: &str) {
    let outcome = pair.rotate().await;
    outcome.unwrap_or_else(|error| panic!("{case}: {error}"));
    assert!(pair.current_logs_in().await, "{case}");
}

#[tokio::test]
async fn a_current_password_that_somebody_changed_is_healed_if_the_previous_one_shows_whose_the_secret_is() {
    for turns in [1, 2] {
        let pair = Pair::new().await;
        for _ in 0..turns {
            rotates(&pair, "before").await;
        }
        change_current_by_hand(&pair).await;
        rotates(&pair, &format!("after {turns}")).await;
        assert!(
            pair.log()
                .contains("AWSCURRENT does not log in any more; the previous version does")
        );
        rotates(&pair, "and on").await;
        pair.invariant_current_and_previous_log_in("healed").await;
    }
}

/// Each of its versions is for the server of its superuser secret.
#[tokio::test]
async fn a_current_password_that_somebody_changed_is_healed_without_a_host_in_the_secret() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut document = database.document();
    for key in ["host", "port"] {
        document.as_object_mut().expect("it is one").remove(key);
    }
    let setup = Setup::on(Server::Main);
    let pair = Pair::with_document(setup, database, Power::CreateRole, document).await;
    rotates(&pair, "before").await;
    change_current_by_hand(&pair).await;
    rotates(&pair, "after").await;
    rotates(&pair, "and on").await;
    pair.invariant_current_and_previous_log_in("healed").await;
}

/// The roles and passwords of the pair, as a snapshot keeps them.
async fn passwords(pair: &Pair) -> String {
    let query = format!(
        "SELECT string_agg(format('ALTER ROLE %I PASSWORD %L', rolname, rolpassword), '; ') FROM pg_authid WHERE rolname LIKE '{}%'",
        pair.database.user()
    );
    pair.database.value(&query).await
}

/// Both passwords are as they were at the time of the snapshot: the versions that have them have lost their labels since.
#[tokio::test]
async fn a_database_that_was_restored_from_an_old_snapshot_is_healed() {
    for turns in [1, 2] {
        for without_the_clone in [false, true] {
            let pair = Pair::new().await;
            let case = format!("{turns} {without_the_clone}");
            for _ in 0..2 {
                rotates(&pair, &case).await;
            }
            let snapshot = passwords(&pair).await;
            for _ in 0..turns + 2 {
                rotates(&pair, &case).await;
            }
            pair.database.sql(&snapshot).await;
            if without_the_clone {
                let clone = pair.database.clone_user();
                pair.database.sql(&format!("DROP ROLE {clone}")).await;
            }
            assert!(!pair.current_logs_in().await && !pair.logs_in(&Label::Previous).await);
            rotates(&pair, &case).await;
            assert!(
                pair.log()
                    .contains("does, and shows that the secret is the role's"),
                "{case}"
            );
            rotates(&pair, &case).await;
            pair.invariant_current_and_previous_log_in(&case).await;
        }
    }
}

/// No version has the passwords of a snapshot that is older than all of them.
#[tokio::test]
async fn a_snapshot_that_no_version_knows_is_an_error_that_names_what_was_tried() {
    let pair = Pair::new().await;
    for _ in 0..4 {
        rotates(&pair, "before").await;
    }
    let (role, clone) = (pair.database.role(), pair.database.clone_user());
    pair.database
        .sql(&format!(
            "ALTER ROLE {role} PASSWORD 'of long ago'; ALTER ROLE {clone} PASSWORD 'of long ago'"
        ))
        .await;
    let token = pair.proposed().await;
    let error = pair.step(&token, Step::Set).await.expect_err("nothing logs in");
    assert_eq!(error.error_type, "CurrentUnproven", "{error}");
    // The two labelled ones, the pending one, and the three without a label.
    assert_eq!(error.error_message.matches("28P01").count(), 6, "{error}");
    assert!(error.error_message.contains("old snapshot"), "{error}");
}

/// The superuser role is used only if a login shows whose the secret is, and where the versions cannot be listed, that is said.
#[tokio::test]
async fn versions_that_cannot_be_listed_are_said_to_be_untried() {
    let pair = Pair::new().await;
    change_current_by_hand(&pair).await;
    let token = pair.proposed().await;
    let denied = Fault::error("AccessDeniedException", "no").by_function(ALTERNATING);
    pair.aws.faults().inject(denied.on("ListSecretVersionIds"));
    let words = ["the versions without a label: not tried", "ListSecretVersionIds"];
    pair.refuses(&token, Step::Set, "CurrentUnproven", &words).await;
}

#[tokio::test]
async fn a_secret_that_cannot_show_whose_it_is_gets_nothing_from_the_admin() {
    let pair = Pair::new().await;
    change_current_by_hand(&pair).await;
    let token = pair.proposed().await;
    let user = pair.database.user().to_owned();
    let words = [
        "28P01",
        "the current version",
        "the pending version",
        &user,
        "\\password",
        "put-secret-value",
    ];
    pair.refuses(&token, Step::Set, "CurrentUnproven", &words).await;
    let clones = format!(
        "SELECT count(*)::text FROM pg_roles WHERE rolname = '{}'",
        pair.database.clone_user()
    );
    assert_eq!(pair.database.value(&clones).await, "0");
    // The remedy is one.
    let mut document = pair.database.document();
    document["password"] = "by-hand".into();
    document["masterarn"] = pair.admin_secret.as_str().into();
    pair.write_by_hand(&document.to_string()).await;
    rotates(&pair, "after the remedy").await;
}

/// NOLOGIN is how an application is locked out: the other user, or a rotation, must be no way around it.
#[tokio::test]
async fn a_lock_is_not_opened_by_a_rotation() {
    let pair = Pair::new().await;
    rotates(&pair, "to the clone").await;
    rotates(&pair, "to the original").await;
    let (role, clone) = (pair.database.role(), pair.database.clone_user());
    for (locked, code) in [
        (role.clone(), "CurrentUnproven"),
        (clone.clone(), "RoleMayNotLogIn"),
    ] {
        pair.database.sql(&format!("ALTER ROLE {locked} NOLOGIN")).await;
        let token = pair.proposed().await;
        pair.refuses(&token, Step::Set, code, &["LOGIN", locked.trim_matches('"')])
            .await;
        pair.database.sql(&format!("ALTER ROLE {locked} LOGIN")).await;
        pair.clean_up(&token).await;
    }
    rotates(&pair, "to the clone again").await;
    // The current clone is locked: createSecret has to ask the server, and stops there.
    pair.database.sql(&format!("ALTER ROLE {clone} NOLOGIN")).await;
    let token = pair.stage();
    pair.refuses(&token, Step::Create, "CurrentUnproven", &["28000", &clone])
        .await;
    pair.database.sql(&format!("ALTER ROLE {clone} LOGIN")).await;
    pair.clean_up(&token).await;
    rotates(&pair, "unlocked").await;
}

/// Whoever may write the secret names somebody else's role in it, and waits for its password.
#[tokio::test]
async fn a_secret_that_names_somebody_elses_role_gets_nothing_from_the_admin() {
    let victim = TestDatabase::new(cluster(Server::Main)).await;
    let pair = Pair::new().await;
    rotates(&pair, "before").await;
    pair.database
        .sql(&format!(
            "GRANT {} TO {} WITH ADMIN OPTION",
            victim.role(),
            pair.admin.name
        ))
        .await;
    let mut document = victim.document();
    document["password"] = "a guess".into();
    document["dbname"] = pair.database.name().into();
    document["masterarn"] = pair.admin_secret.as_str().into();
    pair.write_by_hand(&document.to_string()).await;
    let before = victim.verifier().await;
    let token = pair.proposed().await;
    pair.refuses(&token, Step::Set, "CurrentUnproven", &["28P01", victim.user()])
        .await;
    assert_eq!(victim.verifier().await, before);
}

#[tokio::test]
async fn a_pending_value_that_was_lost_after_it_was_set_is_no_matter() {
    let pair = Pair::new().await;
    rotates(&pair, "before").await;
    for _ in 0..2 {
        let token = pair.proposed().await;
        pair.step(&token, Step::Set)
            .await
            .expect("setSecret goes through");
        pair.cancel_and_clean_up().await;
        assert!(pair.current_logs_in().await);
        rotates(&pair, "after the loss").await;
        pair.invariant_current_and_previous_log_in("after the loss").await;
    }
}

#[tokio::test]
async fn a_clone_that_was_dropped_is_made_again() {
    let pair = Pair::new().await;
    let clone = pair.database.clone_user();
    rotates(&pair, "to the clone").await;
    rotates(&pair, "to the original").await;
    pair.database.sql(&format!("DROP ROLE {clone}")).await;
    rotates(&pair, "the idle clone was dropped").await;
    assert_eq!(pair.user(&Label::Current).await, clone);
    // The previous version tells whose clone the current one was.
    pair.database.sql(&format!("DROP ROLE {clone}")).await;
    rotates(&pair, "the current clone was dropped").await;
    assert_eq!(pair.user(&Label::Current).await, pair.database.user());
    rotates(&pair, "and on").await;
    pair.invariant_current_and_previous_log_in("healed").await;
}

/// What is left says that there was a clone; but anybody can say so of himself. Who may grant it must.
#[tokio::test]
async fn a_membership_that_was_revoked_is_an_error_with_the_grant_whoever_is_in_use() {
    let pair = Pair::new().await;
    rotates(&pair, "to the clone").await;
    for step in [Step::Create, Step::Set] {
        let (role, clone) = (pair.database.role(), pair.database.clone_user());
        pair.database
            .sql(&format!("REVOKE {role} FROM {clone} CASCADE"))
            .await;
        let token = pair.stage();
        if step == Step::Set {
            pair.step(&token, Step::Create)
                .await
                .expect("the original is in use");
        }
        let grant = format!("GRANT {role} TO \"{clone}\"");
        pair.refuses(&token, step, "CloneForeign", &[&grant]).await;
        pair.database.sql(&grant).await;
        let rest = pair.steps(&token, &Step::ALL).await;
        rest.unwrap_or_else(|error| panic!("after the remedy: {error}"));
        pair.invariant_current_and_previous_log_in("healed").await;
    }
}

#[tokio::test]
async fn an_original_that_was_renamed_is_an_error_that_says_so_and_renaming_it_back_heals() {
    let pair = Pair::new().await;
    rotates(&pair, "to the clone").await;
    let (role, user) = (pair.database.role(), pair.database.user().to_owned());
    let other = format!("{user}_renamed");
    pair.database
        .sql(&format!("ALTER ROLE {role} RENAME TO {other}"))
        .await;
    let token = pair.stage();
    pair.refuses(&token, Step::Create, "OriginalMissing", &[&user, "RENAME TO"])
        .await;
    pair.database
        .sql(&format!("ALTER ROLE {other} RENAME TO {role}"))
        .await;
    pair.clean_up(&token).await;
    rotates(&pair, "after renaming back").await;
}

/// What AWS's template makes: a member of the original that acts as itself, and owns what it makes.
async fn as_aws_makes_it(pair: &Pair, password: &str) {
    let (role, clone) = (pair.database.role(), pair.database.clone_user());
    pair.database
        .sql(&format!(
            "CREATE ROLE {clone} LOGIN PASSWORD '{password}'; GRANT {role} TO {clone};
             GRANT CREATE ON SCHEMA public TO {clone}, {role}"
        ))
        .await;
    pair.admin.gets_admin_option_on(&clone).await;
    let (cluster, name) = (pair.database.cluster(), pair.database.name());
    let session = cluster.login(&clone, password, name).await.expect("it logs in");
    session
        .batch_execute("CREATE TABLE made_by_aws_clone (i int); CREATE SEQUENCE counted_by_aws_clone")
        .await
        .expect("it makes tables");
}

#[tokio::test]
async fn what_the_clone_of_awss_template_owns_becomes_the_originals() {
    for server in [Server::Main, Server::Sixteen, Server::Eighteen] {
        for current_is_the_clone in [false, true] {
            let pair = Pair::on(server).await;
            as_aws_makes_it(&pair, "aws-set-this").await;
            if current_is_the_clone {
                let mut document = pair.database.document();
                document["username"] = pair.database.clone_user().into();
                document["password"] = "aws-set-this".into();
                document["masterarn"] = pair.admin_secret.as_str().into();
                pair.write_by_hand(&document.to_string()).await;
            }
            rotates(&pair, "after AWS's").await;
            let expected = if current_is_the_clone {
                pair.database.user().to_owned()
            } else {
                pair.database.clone_user()
            };
            assert_eq!(pair.user(&Label::Current).await, expected);
            for _ in 0..2 {
                let session = pair.session(&Label::Current).await;
                session
                    .batch_execute("INSERT INTO made_by_aws_clone VALUES (1); ALTER TABLE made_by_aws_clone ADD COLUMN IF NOT EXISTS j int; SELECT nextval('counted_by_aws_clone')")
                    .await
                    .expect("either user does as it likes with them");
                drop(session);
                rotates(&pair, "and on").await;
            }
            // The admin has given back what it lent itself.
            let held = format!(
                "SELECT count(*)::text FROM pg_roles WHERE rolname LIKE '{}%' AND pg_has_role('{}', oid, 'USAGE')",
                pair.database.user(),
                pair.admin.name
            );
            assert_eq!(pair.database.value(&held).await, "0");
        }
    }
}

#[tokio::test]
async fn who_repairs_the_secret_by_hand_in_the_middle_of_a_healing_finds_the_repair_in_force() {
    let pair = Pair::new().await;
    rotates(&pair, "before").await;
    change_current_by_hand(&pair).await;
    let token = pair.proposed().await;
    let before = pair.snapshot().await;
    let mut document = pair.database.document();
    document["username"] = pair.database.clone_user().into();
    document["password"] = "by-hand".into();
    document["masterarn"] = pair.admin_secret.as_str().into();
    pair.put(&document.to_string(), &[Label::Current]).await;
    let error = pair
        .step(&token, Step::Set)
        .await
        .expect_err("the rotation was abandoned");
    assert!(
        ["RotationAbandoned", "VersionUnknown"].contains(&error.error_type.as_str()),
        "{error}"
    );
    assert_ne!(pair.snapshot().await, before, "the labels moved by hand");
    assert!(pair.current_logs_in().await);
}

/// The same at the last moment: after setSecret has read the labels, before the password changes.
#[tokio::test]
async fn who_writes_the_secret_by_hand_while_set_secret_is_at_work_finds_nothing_changed() {
    let pair = Pair::new().await;
    rotates(&pair, "to the clone").await;
    rotates(&pair, "to the original").await;
    let token = pair.proposed().await;
    let before = pair.database.verifier().await;
    let by_hand = pair
        .text(&Label::Previous)
        .await
        .expect("there is a previous value");
    let slow = Fault::delay(Duration::from_millis(2500)).by_function(ALTERNATING);
    pair.aws.faults().inject(slow.for_secret(&pair.admin_secret));
    let writing = async {
        tokio::time::sleep(Duration::from_millis(1200)).await;
        pair.put(&by_hand, &[Label::Current]).await;
    };
    let (outcome, ()) = tokio::join!(pair.step(&token, Step::Set), writing);
    let error = outcome.expect_err("the rotation was abandoned");
    let codes = ["RotationAbandoned", "VersionUnknown", "CurrentMoved"];
    assert!(codes.contains(&error.error_type.as_str()), "{error}");
    assert_eq!(
        pair.database.verifier().await,
        before,
        "what was written by hand still logs in"
    );
    assert!(pair.current_logs_in().await);
}

#[tokio::test]
async fn a_rotation_that_was_cancelled_changes_nothing() {
    let pair = Pair::new().await;
    rotates(&pair, "before").await;
    let token = pair.proposed().await;
    pair.cancel().await;
    pair.refuses(&token, Step::Set, "RotationCancelled", &["cancelled"])
        .await;
}

#[tokio::test]
async fn an_admin_that_is_a_superuser_does_as_well() {
    let database = TestDatabase::new(cluster(Server::EighteenTls)).await;
    let role = database.role();
    database
        .sql(&format!(
            "ALTER ROLE {role} BYPASSRLS CREATEDB CREATEROLE REPLICATION CONNECTION LIMIT 9"
        ))
        .await;
    let pair = Pair::of(Setup::on(Server::EighteenTls), database, Power::Superuser).await;
    for _ in 0..3 {
        rotates(&pair, "by a superuser").await;
        pair.invariant_current_and_previous_log_in("by a superuser").await;
    }
    let alike = format!(
        "SELECT count(DISTINCT (rolbypassrls, rolcreatedb, rolcreaterole, rolreplication, rolconnlimit))::text || count(*) FROM pg_roles WHERE rolname LIKE '{}%'",
        pair.database.user()
    );
    assert_eq!(pair.database.value(&alike).await, "12");
}
