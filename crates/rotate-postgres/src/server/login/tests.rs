//! Logins at servers that are not what they should be: a listener that plays a script.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rotation::{Fault, Prospect};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::settings::Allowed;
use crate::settings::roots::Roots;

const ROLE: &str = "app";
const PASSWORD: &str = "canary-7f3a";

/// What came of a login, in one line: the code, or how it ended otherwise.
#[derive(Debug)]
struct Outcome {
    code: &'static str,
    text: String,
    transient: bool,
}

async fn outcome_at(endpoint: &Endpoint, tls: &Tls) -> Outcome {
    outcome_within(Duration::from_secs(10), endpoint, tls).await
}

async fn outcome_within(time: Duration, endpoint: &Endpoint, tls: &Tls) -> Outcome {
    let password = Password::from(PASSWORD.to_owned());
    let budget = Budget::lasting(time);
    let (code, text, transient) = match log_in(tls, endpoint, ROLE, &password, budget).await {
        Ok(_) => ("open", String::new(), false),
        Err(Denial::Refused(said)) => ("refused", said.to_string(), false),
        Err(Denial::Failed(fault)) => (
            fault.code(),
            format!("{fault}; {}", fault.advice().remedy),
            fault.advice().prospect == Prospect::Transient,
        ),
    };
    assert!(!text.contains(PASSWORD), "{text}");
    assert!(!text.contains('\n'), "{text}");
    Outcome {
        code,
        text,
        transient,
    }
}

fn endpoint(port: u16, tls: TlsMode) -> Endpoint {
    Endpoint {
        host: "127.0.0.1".to_owned(),
        port,
        dbname: "postgres".to_owned(),
        tls,
        server_name: "db.example.com".to_owned(),
        allowed: Allowed {
            no_password: false,
            local_hosts: true,
        },
    }
}

/// Accepts one connection and plays `script` on it. The answer is what the client said.
async fn play<F>(script: impl FnOnce(TcpStream) -> F + Send + 'static) -> (u16, JoinHandle<F::Output>)
where
    F: Future<Output: Send + 'static> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script(stream).await
    });
    (port, task)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind], &length.to_be_bytes()[..], body].concat()
}

fn error_response(state: &str, text: &str) -> Vec<u8> {
    message(b'E', format!("SFATAL\0VFATAL\0C{state}\0M{text}\0\0").as_bytes())
}

/// Reads the first packet, answers it, and listens until the client hangs up.
async fn answer(mut stream: TcpStream, words: Vec<u8>) -> Vec<u8> {
    let mut heard = vec![0; 1024];
    let length = stream.read(&mut heard).await.unwrap();
    heard.truncate(length);
    stream.write_all(&words).await.unwrap();
    // The client may have hung up, with or without a word.
    let _ = stream.read_to_end(&mut heard).await;
    heard
}

/// A login in plain text at a server that answers the start-up packet with `words`.
async fn plain(words: Vec<u8>) -> Outcome {
    let (port, server) = play(|stream| answer(stream, words)).await;
    let outcome = outcome_at(&endpoint(port, TlsMode::Disable), &Tls::new(Roots::Web)).await;
    let heard = server.await.unwrap();
    assert!(
        !String::from_utf8_lossy(&heard).contains(PASSWORD),
        "the password was told"
    );
    outcome
}

/// A login over TLS at a server that answers the request for TLS with `words`.
async fn instead_of_tls(words: Vec<u8>) -> Outcome {
    let (port, server) = play(|stream| answer(stream, words)).await;
    let outcome = outcome_at(&endpoint(port, TlsMode::VerifyFull), &Tls::new(Roots::Web)).await;
    let heard = server.await.unwrap();
    assert_eq!(heard[..8], SSL_REQUEST);
    assert_eq!(heard.len(), 8, "something followed the refused request for TLS");
    outcome
}

#[tokio::test]
async fn a_servers_refusal_has_the_code_of_its_sqlstate() {
    for (state, code, transient) in [
        ("28P01", "refused", false),
        ("28000", "refused", false),
        ("3D000", "DatabaseUnknown", false),
        ("42501", "ConnectDenied", false),
        ("53300", "ServerFull", true),
        ("57P01", "ServerStarting", true),
        ("57P02", "ServerStarting", true),
        ("57P03", "ServerStarting", true),
        ("XX000", "ServerError", false),
        ("08P01", "ServerError", false),
    ] {
        let outcome = plain(error_response(state, "the server's words")).await;
        assert_eq!(
            (outcome.code, outcome.transient),
            (code, transient),
            "{state}: {outcome:?}"
        );
        let shown = format!("\"the server's words\" (SQLSTATE {state})");
        assert!(outcome.text.contains(&shown), "{}", outcome.text);
    }
}

#[tokio::test]
async fn a_server_that_repeats_the_password_is_not_repeated() {
    let outcome = plain(error_response("XX000", &format!("bad\npassword \"{PASSWORD}\""))).await;
    assert!(
        outcome.text.contains("bad password \"(hidden)\""),
        "{}",
        outcome.text
    );
}

#[tokio::test]
async fn without_tls_nobody_is_told_the_password() {
    let outcome = plain(message(b'R', &3_u32.to_be_bytes())).await;
    assert_eq!(outcome.code, "CleartextRefused", "{outcome:?}");
}

#[tokio::test]
async fn ways_to_log_in_that_the_driver_lacks_are_named() {
    for (code, rest) in [(7_u32, &b""[..]), (9, b""), (10, b"OAUTHBEARER\0\0")] {
        let outcome = plain(message(b'R', &[&code.to_be_bytes(), rest].concat())).await;
        assert_eq!(outcome.code, "AuthenticationUnsupported", "{outcome:?}");
    }
}

#[tokio::test]
async fn what_is_not_postgres_is_told_apart_with_and_without_tls() {
    for words in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x00\x00\x00\x00\x00\x00",
    ] {
        let outcome = plain(words.to_vec()).await;
        assert_eq!(outcome.code, "NotPostgres", "{outcome:?}");
    }
    for words in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"220 smtp\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a",
    ] {
        let outcome = instead_of_tls(words.to_vec()).await;
        assert_eq!(outcome.code, "NotPostgres", "{outcome:?}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_left_at_once() {
    assert_eq!(instead_of_tls(b"N".to_vec()).await.code, "TlsNotOffered");
}

#[tokio::test]
async fn an_error_instead_of_tls_is_shown() {
    let outcome = instead_of_tls(b"Ecould not fork new process\n\0".to_vec()).await;
    assert_eq!(outcome.code, "ServerError");
    assert!(
        outcome.text.contains("could not fork new process"),
        "{}",
        outcome.text
    );
}

#[tokio::test]
async fn a_connection_that_ends_is_lost_and_may_be_tried_again() {
    for mode in [TlsMode::Disable, TlsMode::VerifyFull] {
        let (port, _server) = play(|stream| async { drop(stream) }).await;
        let outcome = outcome_at(&endpoint(port, mode), &Tls::new(Roots::Web)).await;
        assert_eq!(
            (outcome.code, outcome.transient),
            ("ConnectionLost", true),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_silent() {
    for mode in [TlsMode::Disable, TlsMode::VerifyFull] {
        let (port, server) = play(|stream| answer(stream, Vec::new())).await;
        let time = Duration::from_millis(500);
        let outcome = outcome_within(time, &endpoint(port, mode), &Tls::new(Roots::Web)).await;
        assert_eq!(outcome.code, "ServerSilent", "{outcome:?}");
        assert!(
            outcome.text.contains("logging in at 127.0.0.1:"),
            "{}",
            outcome.text
        );
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_skips_its_own_proof_is_not_believed() {
    // SCRAM begins, and the server's final message is made up.
    let (port, _server) = play(|mut stream| async move {
        let mut heard = vec![0; 1024];
        let _ = stream.read(&mut heard).await.unwrap();
        stream
            .write_all(&message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"))
            .await
            .unwrap();
        let length = stream.read(&mut heard).await.unwrap();
        let first = String::from_utf8_lossy(&heard[..length]).into_owned();
        let nonce = first.split("r=").nth(1).unwrap();
        let challenge = format!("\0\0\0\x0br={nonce}x,s=AAAAAAAAAAAAAAAAAAAAAA==,i=4096");
        stream
            .write_all(&message(b'R', challenge.as_bytes()))
            .await
            .unwrap();
        let _ = stream.read(&mut heard).await.unwrap();
        let proof = b"\0\0\0\x0cv=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        stream.write_all(&message(b'R', proof)).await.unwrap();
        let _ = stream.read(&mut heard).await;
    })
    .await;
    let outcome = outcome_at(&endpoint(port, TlsMode::Disable), &Tls::new(Roots::Web)).await;
    assert_eq!(outcome.code, "ServerNotProven", "{outcome:?}");
}

/// An authority, and a certificate of it for `name`, valid in these years.
fn certificate(name: &str, years: (i32, i32)) -> (CertificateDer<'static>, ServerConfig) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();

    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let certificate = params.signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    (authority.der().clone(), config)
}

fn trusting(authority: &CertificateDer<'static>) -> Roots {
    let mut store = rustls::RootCertStore::empty();
    store.add(authority.clone()).unwrap();
    Roots::Own(Arc::new(store))
}

/// A login at a TLS server that asks for the password in clear text, and says in the end what it was told.
async fn over_tls(mode: TlsMode, roots: Roots, config: ServerConfig) -> (Outcome, String) {
    let (port, server) = play(|mut stream| async move {
        let mut request = [0; 8];
        stream.read_exact(&mut request).await.unwrap();
        stream.write_all(b"S").await.unwrap();
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
            return String::new();
        };
        let mut heard = vec![0; 1024];
        let _ = stream.read(&mut heard).await.unwrap();
        stream
            .write_all(&message(b'R', &3_u32.to_be_bytes()))
            .await
            .unwrap();
        let length = stream.read(&mut heard).await.unwrap();
        stream.write_all(&error_response("28P01", "no")).await.unwrap();
        let _ = stream.shutdown().await;
        String::from_utf8_lossy(&heard[..length]).into_owned()
    })
    .await;
    let outcome = outcome_at(&endpoint(port, mode), &Tls::new(roots)).await;
    (outcome, server.await.unwrap())
}

#[tokio::test]
async fn a_verified_server_may_ask_for_clear_text() {
    let (authority, config) = certificate("db.example.com", (2020, 2999));
    let (outcome, told) = over_tls(TlsMode::VerifyFull, trusting(&authority), config).await;
    assert_eq!(outcome.code, "refused", "{outcome:?}");
    assert!(told.contains(PASSWORD));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_not_trusted_in_any_mode() {
    for mode in [TlsMode::VerifyFull, TlsMode::VerifyCa] {
        for roots in [
            Roots::BuiltIn,
            Roots::Web,
            trusting(&certificate("other", (2020, 2999)).0),
        ] {
            let (_, config) = certificate("db.example.com", (2020, 2999));
            let (outcome, told) = over_tls(mode, roots, config).await;
            assert_eq!(
                (outcome.code, told.as_str()),
                ("CertificateUntrusted", ""),
                "{outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_tolerated_by_verify_ca_alone() {
    let (authority, config) = certificate("other.example.com", (2020, 2999));
    let (outcome, told) = over_tls(TlsMode::VerifyFull, trusting(&authority), config.clone()).await;
    assert_eq!(
        (outcome.code, told.as_str()),
        ("CertificateNameMismatch", ""),
        "{outcome:?}"
    );
    assert!(
        outcome
            .text
            .contains("is not for \"db.example.com\" but for other.example.com;"),
        "{}",
        outcome.text
    );

    let (outcome, _) = over_tls(TlsMode::VerifyCa, trusting(&authority), config).await;
    assert_eq!(outcome.code, "refused", "{outcome:?}");
}

#[tokio::test]
async fn a_certificate_out_of_date_is_refused_in_any_mode_and_under_any_name() {
    for mode in [TlsMode::VerifyFull, TlsMode::VerifyCa] {
        for name in ["db.example.com", "other.example.com"] {
            for years in [(2001, 2002), (2998, 2999)] {
                let (authority, config) = certificate(name, years);
                let (outcome, told) = over_tls(mode, trusting(&authority), config).await;
                assert_eq!(
                    (outcome.code, told.as_str()),
                    ("CertificateExpired", ""),
                    "{outcome:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_after_all_fails_the_handshake() {
    let (port, server) = play(|stream| answer(stream, b"Sthis is no TLS".to_vec())).await;
    let outcome = outcome_at(&endpoint(port, TlsMode::VerifyFull), &Tls::new(Roots::Web)).await;
    assert_eq!(outcome.code, "TlsFailed", "{outcome:?}");
    server.await.unwrap();
}

/// A server that says yes: after asking for nothing, and after asking for what it cannot check.
#[tokio::test]
async fn a_yes_is_no_proof() {
    let ok = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
    let md5 = [message(b'R', b"\0\0\0\x05salt"), ok.clone()].concat();
    let login = async |words: Vec<u8>, no_password: bool| {
        let (port, _server) = play(|stream| answer(stream, words)).await;
        let mut at = endpoint(port, TlsMode::Disable);
        at.allowed.no_password = no_password;
        let password = Password::from(PASSWORD.to_owned());
        let budget = Budget::lasting(Duration::from_secs(10));
        match log_in(&Tls::new(Roots::Web), &at, ROLE, &password, budget).await {
            Ok(session) => session.check_proof(ROLE).map_err(|fault| fault.code()),
            Err(Denial::Failed(fault)) => Err(fault.code()),
            Err(Denial::Refused(said)) => panic!("{said}"),
        }
    };
    assert_eq!(login(ok.clone(), false).await, Err("PasswordNotAsked"));
    assert_eq!(login(ok, true).await, Err("ServerNotProven"));
    assert_eq!(login(md5, false).await, Err("ServerNotProven"));
}

/// Between the preparation and the login the server may restart, or lose patience.
#[tokio::test]
async fn a_prepared_connection_that_the_server_gave_up_is_replaced_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = endpoint(listener.local_addr().unwrap().port(), TlsMode::Disable);
    let (tls, password) = (Tls::new(Roots::Web), Password::from(PASSWORD.to_owned()));
    let budget = Budget::lasting(Duration::from_secs(10));
    let line = prepare(&tls, &at, budget).await;
    assert!(line.is_some());
    drop(listener.accept().await.unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        answer(stream, message(b'E', b"SFATAL\0C28P01\0Mno\0\0")).await;
        listener
    });
    match log_in_over(line, &tls, &at, ROLE, &password, budget).await {
        Err(Denial::Refused(said)) => assert_eq!(said.state, "28P01"),
        Err(Denial::Failed(fault)) => panic!("{fault}"),
        Ok(_) => panic!("nobody let it in"),
    }
    drop(server.await.unwrap());
    // A preparation that fails says nothing: the login does.
    assert!(prepare(&tls, &at, budget).await.is_none());
}
