//! TLS, and answers at the edge of HTTP.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rotation::Fault;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::notation::base;
use crate::settings::roots::Roots;

/// An authority, and a server with a certificate of it for `name`, which answers every request with `answer`.
async fn server(name: &str, answer: &'static [u8]) -> (Roots, u16) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    (Roots::from_setting(Some(authority.pem())).unwrap(), port)
}

fn request(url: &str) -> Outgoing {
    Outgoing {
        base: base::parse(url).unwrap(),
        method: Method::GET,
        target: "/".to_owned(),
        shown: "/".to_owned(),
        headers: HeaderMap::new(),
        body: Vec::new(),
        call: "check at p (localhost)".to_owned(),
        limit: Duration::from_secs(5),
        largest: 300,
        repeatable: true,
    }
}

async fn ask(port: u16, roots: &Roots) -> Result<Answer, ProviderFault> {
    let budget = Budget::lasting(Duration::from_secs(10));
    send(
        &request(&format!("https://localhost:{port}")),
        || roots.client(),
        budget,
    )
    .await
}

const FINE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nretry-after: 7\r\n\r\n{}";

#[tokio::test]
async fn a_server_of_an_authority_of_ones_own_is_trusted_if_the_function_says_so() {
    let (roots, port) = server("localhost", FINE).await;
    let answer = ask(port, &roots).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (200, &b"{}"[..]));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn nobody_elses_certificate_is_trusted() {
    let (_, port) = server("localhost", FINE).await;
    let (other, _) = server("localhost", FINE).await;
    for roots in [other, Roots::default()] {
        let fault = ask(port, &roots).await.err().unwrap();
        assert_eq!(fault.code(), "ProviderTlsFailed", "{fault}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let (roots, port) = server("elsewhere.example", FINE).await;
    let fault = ask(port, &roots).await.err().unwrap();
    assert_eq!(fault.code(), "ProviderTlsFailed", "{fault}");
}

#[tokio::test]
async fn an_answer_cut_short_is_not_taken_for_a_whole_one() {
    let (roots, port) = server("localhost", b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{}").await;
    let fault = ask(port, &roots).await.err().unwrap();
    assert_eq!(fault.code(), "ProviderUnreachable", "{fault}");
    assert!(
        fault.to_string().contains("in the middle of the answer"),
        "{fault}"
    );
}

#[test]
fn a_pause_is_asked_for_in_seconds_or_until_a_moment() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_mins(24_090_208);
    let pause = |text: &str| pause_of(text, now).map(|pause| pause.as_secs());
    assert_eq!(pause(" 120 "), Some(120));
    assert_eq!(pause("0"), Some(0));
    assert_eq!(pause("18446744073709551615"), Some(u64::MAX));
    assert_eq!(pause("Wed, 21 Oct 2015 07:28:30 GMT"), Some(30));
    assert_eq!(pause("Wed, 21 Oct 2015 07:27:30 GMT"), Some(0));
    for nothing in [
        "",
        "-1",
        "1.5",
        "soon",
        "18446744073709551616",
        "Wed, 99 Oct 2015 07:28:30 GMT",
    ] {
        assert_eq!(pause(nothing), None, "{nothing}");
    }
}

#[test]
fn of_a_redirect_only_the_host_is_told() {
    let host = LeadsTo::Host("evil.example".to_owned());
    let path = LeadsTo::Path("own".to_owned());
    assert_eq!(
        target_of("https://user:pw@evil.example/a?key=s3cret", "own"),
        host
    );
    assert_eq!(target_of("/login?key=s3cret", "own"), path);
    assert_eq!(target_of("not a url at all", "own"), path);
}
