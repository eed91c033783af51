//! The real servers that issue keys: they do what the tests of `rotate-api-key` rely on, and go when they should.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keywheel_tests::peers::{Client, JupyterHub, Kinto, OAuth, Unleash};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};

const CLIENT: Client<'static> = Client {
    id: "orders",
    secret: "first-secret",
    scope: "orders:read",
};

#[tokio::test]
async fn unleash_serves_the_tokens_that_it_has_made() {
    let unleash = Unleash::shared().await;
    let [one, two] = ["twice", "twice"].map(|name| unleash.create_token(name));
    assert_ne!(one, two, "a name may be given twice");
    let tokens = unleash.tokens();
    assert!(tokens.contains(&one) && tokens.contains(&two), "{tokens:?}");
    assert!(unleash.serves(&one.secret) && !unleash.serves("nobody's"));
}

#[tokio::test]
async fn unleash_keeps_its_tokens_in_its_database() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let admin = Unleash::new_admin_token();
    let first = Unleash::start(&database, database.password(), &admin).unwrap();
    let token = first.create_token("orders");
    drop(first);
    let second = Unleash::start(&database, database.password(), &admin).unwrap();
    assert!(second.has(&token.secret) && second.serves(&token.secret));
}

#[tokio::test]
async fn unleash_without_the_right_password_says_why_it_ended() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let error = Unleash::start(&database, "wrong", &Unleash::new_admin_token()).unwrap_err();
    assert!(error.to_string().contains("28P01"), "{error}");
}

#[test]
fn an_oauth_client_is_granted_a_token_for_its_secret_alone() {
    let server = OAuth::start(&[CLIENT]).unwrap();
    assert!(server.grants(CLIENT.id, CLIENT.secret));
    assert!(!server.grants(CLIENT.id, "another") && !server.grants("nobody", CLIENT.secret));
}

#[test]
fn jupyterhub_knows_the_tokens_that_it_has_made() {
    let hub = JupyterHub::start("ada").unwrap();
    let (id, token) = hub.create_token("orders");
    assert!(hub.tokens().contains(&(id, "orders".to_owned())));
    assert!(hub.accepts(&token) && !hub.accepts("0123456789"));
}

#[test]
fn kinto_takes_the_password_of_an_account() {
    let kinto = Kinto::start("orders", "first-password").unwrap();
    assert!(kinto.accepts("orders", "first-password") && kinto.accepts("admin", kinto.admin_password()));
    assert!(!kinto.accepts("orders", "another"));
}

/// The test starts itself again, as a process that holds a server until it is killed.
#[test]
fn a_server_ends_with_a_process_that_is_killed() {
    const HOLD: &str = "KEYWHEEL_TEST_HOLDS_A_PEER";
    if env::var_os(HOLD).is_some() {
        let server = OAuth::start(&[CLIENT]).unwrap();
        let line = format!("\nHOLDING {}\n", server.url());
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_mins(10));
        return;
    }
    let name = "peers::a_server_ends_with_a_process_that_is_killed";
    let mut holder = Command::new(env::current_exe().unwrap());
    holder.args(["--exact", name, "--nocapture"]).env(HOLD, "yes");
    let mut holder = holder.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("HOLDING")).unwrap();
    let address: SocketAddr = line["HOLDING http://".len()..].parse().unwrap();
    assert!(TcpStream::connect(address).is_ok());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let killed = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(
            killed.elapsed() < Duration::from_secs(20),
            "the server outlives its owner"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
