//! The harness itself: what the other tests rely on.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keywheel_tests::certificates::{Authority, SERVER_NAMES};
use keywheel_tests::http;
use keywheel_tests::moto::Moto;
use keywheel_tests::net::{self, Act, Proxy, Rogue, Rule, Tls};
use keywheel_tests::postgres::{Cluster, Group, Options, Server, TestDatabase, cluster, refused, standby};
use serde_json::json;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

/// A login without TLS, on any port.
async fn plain_login(
    database: &TestDatabase<'_>,
    port: u16,
) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let mut config = Config::new();
    config
        .host("127.0.0.1")
        .port(port)
        .user(database.user())
        .password(database.password());
    config.dbname(database.name()).ssl_mode(SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::test]
async fn every_server_takes_the_right_password_and_refuses_a_wrong_one() {
    for server in Server::ALL {
        let database = TestDatabase::new(cluster(server)).await;
        assert!(database.accepts(database.password()).await, "{server:?}");
        assert!(!database.accepts("wrong").await, "{server:?}");
        assert!(
            database.verifier().await.starts_with("SCRAM-SHA-256$"),
            "{server:?}"
        );
    }
}

#[tokio::test]
async fn the_servers_are_the_versions_they_are_called() {
    assert!(
        cluster(Server::Sixteen)
            .value("SHOW server_version")
            .await
            .starts_with("16.")
    );
    assert!(
        cluster(Server::Eighteen)
            .value("SHOW server_version")
            .await
            .starts_with("18.")
    );
    assert!(
        cluster(Server::EighteenTls)
            .value("SHOW server_version")
            .await
            .starts_with("18.")
    );
    assert!(cluster(Server::Main).has_tls() && cluster(Server::EighteenTls).has_tls());
}

#[tokio::test]
async fn a_login_is_over_tls_with_the_channel_bound() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let client = database.login(database.password()).await.unwrap();
    let row = client
        .query_one(
            "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, String>(0), "TLSv1.3");
}

#[tokio::test]
async fn the_log_has_the_statements_of_a_client_and_none_of_the_harness() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let before = database.log();
    database.sql("SELECT 'of the harness'").await;
    let client = database.login(database.password()).await.unwrap();
    client.batch_execute("SELECT 'of the\nclient'").await.unwrap();
    assert!(!database.accepts("wrong").await);
    let log = database.log().since(&before);
    assert_eq!(log.statements(), ["SELECT 'of the\n\tclient'"]);
    assert_eq!(log.failed_logins(), 1, "{log}");
    assert!(!log.contains("of the harness"), "{log}");
    assert!(!cluster(Server::Main).log().contains(database.password()));
}

#[tokio::test]
async fn logins_are_counted_without_those_of_the_harness() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    assert!(database.accepts(database.password()).await);
    drop(plain_login(&database, database.cluster().port()).await.unwrap());
    assert_eq!(database.log().logins(), 1, "{}", database.log());
}

#[tokio::test]
async fn hostile_role_names_work() {
    let user = r#"O'Brien "the" 100%_é ⚙ ; --"#;
    let cluster = cluster(Server::Main);
    {
        let database = TestDatabase::with_user(cluster, user).await;
        assert!(database.accepts(database.password()).await);
        database.set_password("it's new").await;
        assert!(database.accepts("it's new").await);
    }
    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'O''Brien%'";
    assert_eq!(cluster.value(left).await, "0");
}

#[tokio::test]
async fn a_role_and_a_database_go_with_their_test() {
    let cluster = cluster(Server::Main);
    let (user, name) = {
        let database = TestDatabase::new(cluster).await;
        let client = database.login(database.password()).await.unwrap();
        client
            .batch_execute("CREATE TABLE t (); CREATE SCHEMA s")
            .await
            .unwrap();
        (database.user().to_owned(), database.name().to_owned())
    };
    assert_eq!(
        cluster
            .value(&format!("SELECT count(*) FROM pg_roles WHERE rolname = '{user}'"))
            .await,
        "0"
    );
    assert_eq!(
        cluster
            .value(&format!(
                "SELECT count(*) FROM pg_database WHERE datname = '{name}'"
            ))
            .await,
        "0"
    );
}

#[tokio::test]
async fn groups_change_how_a_role_is_let_in() {
    let cluster = cluster(Server::Main);
    for group in [Group::Reject, Group::NoTls, Group::ClientCertificate] {
        let database = TestDatabase::new(cluster).await;
        database.join(group).await;
        assert!(!database.accepts(database.password()).await, "{group:?}");
    }
    for group in [Group::TlsOnly, Group::ClearText, Group::Md5] {
        let database = TestDatabase::new(cluster).await;
        database.join(group).await;
        assert!(database.accepts(database.password()).await, "{group:?}");
        assert!(!database.accepts("wrong").await, "{group:?}");
    }
    let database = TestDatabase::new(cluster).await;
    database.join(Group::Trust).await;
    assert!(database.accepts("anything").await);
    let database = TestDatabase::new(cluster).await;
    database.join(Group::TlsOnly).await;
    assert!(refused(
        &plain_login(&database, cluster.port()).await.unwrap_err()
    ));
}

#[tokio::test]
async fn a_standby_has_what_the_primary_has_and_does_not_write() {
    let (primary, standby) = (cluster(Server::Main), standby());
    let database = TestDatabase::new(primary).await;
    standby.catch_up_with(primary).await;
    let client = standby
        .login(database.user(), database.password(), database.name())
        .await
        .unwrap();
    let row = client.query_one("SELECT pg_is_in_recovery()", &[]).await.unwrap();
    assert!(row.get::<_, bool>(0));
    let error = client.batch_execute("CREATE TABLE t ()").await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION));
}

#[tokio::test]
async fn a_cluster_stops_with_its_value() {
    let cluster =
        Cluster::start(&Options::new(Server::Sixteen).with_setting("max_connections", "17")).unwrap();
    assert_eq!(cluster.value("SHOW max_connections").await, "17");
    let (port, certificate) = (cluster.port(), cluster.authority_path());
    drop(cluster);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(!certificate.exists());
}

/// The test starts itself again, as a process that holds a cluster until it is killed.
#[test]
fn a_cluster_ends_with_a_process_that_is_killed() {
    const HOLD: &str = "KEYWHEEL_TEST_HOLDS_A_CLUSTER";
    if env::var_os(HOLD).is_some() {
        let cluster = Cluster::start(&Options::new(Server::Sixteen)).unwrap();
        let file = cluster.authority_path();
        let line = format!("\nHOLDING {} {}\n", cluster.port(), file.display());
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_mins(10));
        return;
    }
    let name = "harness::a_cluster_ends_with_a_process_that_is_killed";
    let mut holder = Command::new(env::current_exe().unwrap());
    holder.args(["--exact", name, "--nocapture"]).env(HOLD, "yes");
    let mut holder = holder.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let line = lines
        .map(Result::unwrap)
        .find(|line| line.starts_with("HOLDING"))
        .unwrap();
    let (port, file) = line["HOLDING ".len()..].split_once(' ').unwrap();
    let address: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    assert!(TcpStream::connect(address).is_ok() && Path::new(file).exists());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let killed = Instant::now();
    while TcpStream::connect(address).is_ok() || Path::new(file).exists() {
        assert!(
            killed.elapsed() < Duration::from_secs(20),
            "the server outlives its owner"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_cluster_that_cannot_start_says_why() {
    let options = Options::new(Server::Sixteen).with_setting("no_such_setting", "1");
    let error = Cluster::start(&options).err().unwrap();
    let expected = "unrecognized configuration parameter \"no_such_setting\"";
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn a_cluster_with_a_password_check_refuses_a_weak_password() {
    let cluster = Cluster::start(&Options::new(Server::Main).with_password_check()).unwrap();
    let client = cluster.superuser_client("postgres").await.unwrap();
    let error = client
        .batch_execute("CREATE ROLE weak PASSWORD 'abc'")
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INVALID_PARAMETER_VALUE));
}

#[tokio::test]
async fn bad_certificates_are_refused_by_a_verifying_client() {
    let foreign = Authority::new().unwrap();
    let options = Options::new(Server::Main).with_certificate(foreign.server(&SERVER_NAMES).unwrap());
    let cluster = Cluster::start(&options).unwrap();
    let (user, password) = cluster.superuser();
    let error = cluster.login(user, password, "postgres").await.err().unwrap();
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
}

#[tokio::test]
async fn psql_logs_in_with_full_verification() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    // Where the only PostgreSQL is npm's there is no psql that speaks TLS.
    let cluster = if cluster(Server::Main).psql().is_some() {
        Server::Main
    } else {
        Server::Sixteen
    };
    let database = if database.cluster().psql().is_some() {
        database
    } else {
        TestDatabase::new(self::cluster(cluster)).await
    };
    for (password, expected) in [(database.password(), true), ("wrong", false)] {
        let mut psql = database.cluster().psql().unwrap();
        psql.args(["-U", database.user(), "-d", database.name(), "-c", "SELECT 1"])
            .env("PGPASSWORD", password);
        let output = psql.output().unwrap();
        assert_eq!(
            output.status.success(),
            expected,
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[tokio::test]
async fn a_proxy_that_ends_tls_sees_the_protocol_and_cuts_it() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let certificate = Authority::new().unwrap().server(&SERVER_NAMES).unwrap();
    let called = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&called);
    let rules = vec![
        Rule::on_client(
            "'first'",
            Act::Call(Arc::new(move || flag.store(true, Ordering::SeqCst))),
        ),
        Rule::on_client("'second'", Act::CutBefore),
        Rule::on_client("'third'", Act::CutAfter),
    ];
    let proxy = Proxy::with_rules(database.cluster().port(), Tls::End(certificate), rules).unwrap();
    let client = plain_login(&database, proxy.port()).await.unwrap();
    client.batch_execute("SELECT 'first'").await.unwrap();
    assert!(called.load(Ordering::SeqCst) && !client.is_closed());
    client
        .batch_execute("CREATE SCHEMA a; SELECT 'second'")
        .await
        .unwrap_err();
    let client = plain_login(&database, proxy.port()).await.unwrap();
    client
        .batch_execute("CREATE SCHEMA b; SELECT 'third'")
        .await
        .unwrap_err();
    let schemas = "SELECT string_agg(nspname, ',') FROM pg_namespace WHERE nspname IN ('a', 'b')";
    assert_eq!(database.value(schemas).await, "b");
    assert_eq!((proxy.connections(), proxy.pending_rules()), (2, 0));
}

#[tokio::test]
async fn a_stalled_statement_never_returns() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let proxy = Proxy::with_rules(
        database.cluster().port(),
        Tls::Strip,
        vec![Rule::on_client("pg_sleep", Act::Stall)],
    )
    .unwrap();
    let client = plain_login(&database, proxy.port()).await.unwrap();
    let statement = client.batch_execute("SELECT pg_sleep(0)");
    assert!(
        tokio::time::timeout(Duration::from_millis(300), statement)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_proxy_turns_away_the_first_clients_only() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let port = database.cluster().port();
    let starting = Proxy::refusing_first(
        port,
        Tls::Through,
        1,
        "57P03",
        "the database system is starting up",
    )
    .unwrap();
    let error = plain_login(&database, starting.port()).await.err().unwrap();
    assert_eq!(error.code(), Some(&SqlState::CANNOT_CONNECT_NOW));
    plain_login(&database, starting.port()).await.unwrap();
    let resetting = Proxy::resetting_first(port, 1).unwrap();
    assert!(plain_login(&database, resetting.port()).await.is_err());
    plain_login(&database, resetting.port()).await.unwrap();
}

#[tokio::test]
async fn a_rogue_server_catches_what_a_careless_client_gives_away() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let rogue = Rogue::start().unwrap();
    assert!(refused(
        &plain_login(&database, rogue.port()).await.err().unwrap()
    ));
    assert_eq!(rogue.passwords(), [database.password()]);
    assert_eq!((rogue.connections(), rogue.startups()), (1, 1));
}

#[tokio::test]
async fn bad_servers_are_bad_in_their_own_ways() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let silent = net::silent().unwrap();
    let login = plain_login(&database, silent.port());
    assert!(
        tokio::time::timeout(Duration::from_millis(300), login)
            .await
            .is_err()
    );
    let garbage = net::garbage().unwrap();
    assert!(
        plain_login(&database, garbage.port())
            .await
            .err()
            .unwrap()
            .code()
            .is_none()
    );
    let full = net::refusing("53300", "sorry, too many clients already").unwrap();
    assert_eq!(
        plain_login(&database, full.port()).await.err().unwrap().code(),
        Some(&SqlState::TOO_MANY_CONNECTIONS)
    );
    let port = net::refused_port().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// RDS is played by moto, a server of its own for each test.
#[test]
fn moto_answers_for_rds_counts_its_calls_and_fails_on_cue() {
    let (moto, other) = (Moto::start().unwrap(), Moto::start().unwrap());
    let instance = [
        ("DBInstanceIdentifier", "orders"),
        ("DBInstanceClass", "db.t4g.micro"),
        ("Engine", "postgres"),
    ];
    moto.rds("CreateDBInstance", &instance);
    let found = moto.rds("DescribeDBInstances", &[("DBInstanceIdentifier", "orders")]);
    assert!(
        found.contains("<DBInstanceIdentifier>orders</DBInstanceIdentifier>"),
        "{found}"
    );
    assert_eq!(moto.calls(), ["CreateDBInstance", "DescribeDBInstances"]);
    assert!(!other.rds("DescribeDBInstances", &[]).contains("orders"));
    moto.forget_calls();
    moto.inject(&json!({"action": "DescribeDBInstances", "code": "Throttling"}));
    let refused = http::send("POST", &moto.url(), "/", b"Action=DescribeDBInstances");
    let refused = refused.unwrap();
    assert!(
        refused.status == 400 && refused.text().contains("<Code>Throttling</Code>"),
        "{}",
        refused.text()
    );
    assert_eq!(moto.calls(), ["DescribeDBInstances"]);
}

#[test]
fn moto_goes_with_its_owner() {
    let url = {
        let moto = Moto::start().unwrap();
        assert!(http::send("GET", &moto.url(), "/_calls", b"").is_ok());
        moto.url()
    };
    assert!(http::send("GET", &url, "/_calls", b"").is_err());
}

/// What `make invoke` is asked for is checked before anything is installed or built.
#[test]
fn invoke_says_what_there_is() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for (name, value, there_is) in [
        ("FUNCTION", "nope", "rotate-postgres-single-user"),
        ("EVENT", "nope.json", "events/rotate-api-key/create-secret.json"),
    ] {
        let mut make = std::process::Command::new("make");
        make.args(["--no-print-directory", "invoke"])
            .current_dir(root)
            .env(name, value)
            .env_remove("MAKEFLAGS")
            .env_remove("MAKELEVEL");
        let output = make.output().expect("make runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(said.contains(value) && said.contains(there_is), "{said}");
        assert!(output.stdout.is_empty(), "nothing was begun");
    }
}
