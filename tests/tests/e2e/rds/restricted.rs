//! Roles that may not change their own password, as with RDS's `rds.restrict_password_commands`.

use keywheel_tests::certificates::Authority;
use keywheel_tests::net::{Act, Proxy, Rule, Tls};
use keywheel_tests::postgres::Server;
use keywheel_tests::postgres::{TestDatabase, cluster};
use keywheel_tests::rds::{changed, rotates};
use keywheel_tests::world::{Setup, World};
use serde_json::json;
use staging_labels::{Label, Step};
use uuid::Uuid;

/// What the server answers to `ALTER ROLE … PASSWORD`, in RDS's words; real in all else: it ends the transaction.
const REFUSAL: &str = "DO $$ BEGIN RAISE insufficient_privilege \
     USING MESSAGE = 'must be a member of rds_password to alter passwords'; END $$";

/// A world whose server refuses the next `ALTER ROLE`.
async fn world() -> (Proxy, World) {
    let authority = Authority::new().expect("an authority is made");
    let certificate = authority.server(&["localhost"]).expect("a certificate is made");
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let proxy = Proxy::with_rules(database.cluster().port(), Tls::End(certificate), Vec::new());
    let proxy = proxy.expect("a proxy starts");
    let document = database.document_at("localhost", proxy.port());
    let setup = Setup::on(Server::Main).env("PGSSLROOTCERT", authority.pem());
    let world = setup.start_with_document(database, &document.to_string()).await;
    (proxy, world)
}

fn restrict(proxy: &Proxy) {
    proxy.add(Rule::on_client("ALTER ROLE", Act::Ask(REFUSAL.to_owned())));
}

/// Names an admin secret of the same server in the current document.
async fn name_admin(proxy: &Proxy, world: &World) -> String {
    let place = json!({"host": "localhost", "port": proxy.port()});
    let admin = changed(world.database.admin_document(), place.clone());
    let arn = world.other_secret("admin", &admin.to_string()).await;
    let document = changed(world.database.document(), place);
    let document = changed(document, json!({"masterarn": arn}));
    world.put(&document.to_string(), &[Label::Current]).await;
    arn
}

#[tokio::test]
async fn the_admin_changes_the_password_and_no_login_fails() {
    let (proxy, world) = world().await;
    let arn = name_admin(&proxy, &world).await;
    restrict(&proxy);
    rotates(&world).await;
    assert_eq!(proxy.pending_rules(), 0);
    let log = world.database.log();
    assert_eq!(log.failed_logins(), 0, "{log}");
    // The role, the admin, the role after the commit, testSecret and finishSecret.
    assert_eq!(log.logins(), 5, "{log}");
    assert_eq!(super::calls_about(&world, &arn), ["GetSecretValue"]);
}

/// A version that opens the session may be an old one, of another superuser: the current version says who helps.
#[tokio::test]
async fn the_current_version_names_the_admin_though_the_previous_one_opened_the_session() {
    let (proxy, world) = world().await;
    let arn = name_admin(&proxy, &world).await;
    let place = json!({"host": "localhost", "port": proxy.port()});
    let document = changed(world.database.document(), place);
    let gone = "arn:aws:secretsmanager:us-east-1:000000000000:secret:nobody-a1b2c3";
    for (admin, password) in [(gone, None), (arn.as_str(), Some("nobody knows it"))] {
        let mut document = changed(document.clone(), json!({"masterarn": admin}));
        if let Some(password) = password {
            document["password"] = password.into();
        }
        world.put(&document.to_string(), &[Label::Current]).await;
    }
    restrict(&proxy);
    rotates(&world).await;
    assert_eq!(proxy.pending_rules(), 0);
    assert_eq!(super::calls_about(&world, &arn), ["GetSecretValue"]);
}

#[tokio::test]
async fn the_admin_is_asked_only_then() {
    let (proxy, world) = world().await;
    let arn = name_admin(&proxy, &world).await;
    rotates(&world).await;
    assert!(super::calls_about(&world, &arn).is_empty());
}

#[tokio::test]
async fn without_an_admin_the_server_s_refusal_stands() {
    let (proxy, world) = world().await;
    let token = world.proposed().await;
    restrict(&proxy);
    let words = [
        "must be a member of rds_password",
        "42501",
        "GRANT rds_password TO",
    ];
    world.refuses(&token, Step::Set, "PrivilegeMissing", &words).await;
}

#[tokio::test]
async fn an_admin_that_may_not_either_is_named() {
    let (proxy, world) = world().await;
    let arn = name_admin(&proxy, &world).await;
    let (name, password) = (
        format!("{}_weak", world.database.user()),
        Uuid::new_v4().to_string(),
    );
    world
        .database
        .sql(&format!("CREATE ROLE {name} LOGIN PASSWORD '{password}'"))
        .await;
    let weak = json!({"host": "localhost", "port": proxy.port(), "username": name, "password": password});
    let weak = changed(world.database.document(), weak).to_string();
    let put = world.client.put_secret_value().secret_id(arn).secret_string(weak);
    put.send().await.expect("the admin is another");
    let token = world.proposed().await;
    restrict(&proxy);
    let by = format!("by \"{name}\"");
    let words = [by.as_str(), "42501", "WITH ADMIN OPTION"];
    world.refuses(&token, Step::Set, "PrivilegeMissing", &words).await;
    world.database.sql(&format!("DROP ROLE {name}")).await;
}

#[tokio::test]
async fn a_powerful_role_is_not_helped() {
    let (proxy, world) = world().await;
    name_admin(&proxy, &world).await;
    let token = world.proposed().await;
    world
        .database
        .sql(&format!("ALTER ROLE {} CREATEROLE", world.database.role()))
        .await;
    restrict(&proxy);
    world
        .refuses(&token, Step::Set, "RolePowerful", &["ordinary roles only"])
        .await;
}
