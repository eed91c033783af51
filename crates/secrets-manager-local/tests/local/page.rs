//! The page at `/`, in a real browser and over HTTP.

use std::time::Duration;

use secrets_manager_local::{Builder, LocalSecretsManager};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::browser::Browser;
use crate::client::{Lab, function, send, v};

const CANARY: &str = "canary-3f9a";

/// A server whose secrets hold the canary, and its page; none without a browser.
async fn opened(behaviour: &str, change: impl FnOnce(Builder) -> Builder) -> Option<(Lab, Browser)> {
    let builder = LocalSecretsManager::builder()
        .function(function("rotate", behaviour))
        .retry_delays([]);
    let lab = Lab::of(change(builder)).await;
    let value = json!({ "username": "app", "password": CANARY }).to_string();
    let parameters = json!({ "SecretId": "db", "SecretString": value, "ClientRequestToken": v(2) });
    lab.ok("PutSecretValue", parameters).await;
    let mut browser = Browser::open(&lab.server.url())?;
    browser.wait(&format!("document.body?.innerText.includes('{}')", v(2)));
    Some((lab, browser))
}

/// The button that rotates, as a person presses it.
fn rotate(browser: &mut Browser) {
    browser.value("document.querySelector('[data-key^=\"rotate \"]').click()");
}

fn has_label(version: &str, label: &str) -> String {
    format!(
        "[...document.querySelectorAll('.versions li')].some(li => li.innerText.includes('{version}') && li.innerText.includes('{label}'))"
    )
}

#[tokio::test]
async fn labels_move_while_one_looks_and_no_value_is_in_the_page() {
    let Some((lab, mut browser)) = opened("", |builder| builder).await else {
        return;
    };
    browser.wait(&has_label(&v(2), "AWSCURRENT"));
    browser.value(
        "window.seen = ''; new MutationObserver(() => seen += document.getElementById('secrets').innerText).observe(document.getElementById('secrets'), { childList: true })",
    );
    rotate(&mut browser);
    browser.wait("document.querySelector('.outcome.succeeded') !== null");
    browser.wait(&has_label(&v(2), "AWSPREVIOUS"));
    let made = lab.carrier("AWSCURRENT").await.unwrap();
    browser.wait(&has_label(&made, "AWSCURRENT"));
    assert_eq!(browser.value("seen.includes('AWSPENDING')"), true);
    assert_eq!(browser.value("document.querySelectorAll('.step.done').length"), 4);
    let said = browser.value("document.getElementById('said').textContent");
    assert_eq!(said, "Rotation of db: succeeded");
    browser.resize(390);
    let scrolls = browser.value("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(scrolls, false, "it scrolls sideways on a phone");
    assert!(!browser.dom().contains(CANARY));
}

#[tokio::test]
async fn an_error_shows_its_code_and_remedy_but_not_the_value_that_it_quotes() {
    let Some((_lab, mut browser)) = opened("quote testSecret", |builder| builder).await else {
        return;
    };
    rotate(&mut browser);
    browser.wait("document.querySelector('.outcome.failed') !== null");
    let shown = browser.value("document.querySelector('.error').innerText");
    let shown = shown.as_str().unwrap();
    assert!(
        shown.contains("Refused") && shown.contains("Remedy: make it take the value"),
        "{shown}"
    );
    assert!(shown.contains("•••"), "{shown}");
    assert!(!browser.dom().contains(CANARY));
}

#[tokio::test]
async fn values_are_shown_if_the_server_was_started_to_reveal_them() {
    let Some((_lab, mut browser)) = opened("", |builder| builder.reveal(true)).await else {
        return;
    };
    assert!(browser.dom().contains(CANARY));
    assert_eq!(browser.value("document.getElementById('revealed').hidden"), false);
}

#[tokio::test]
async fn a_fault_is_switched_on_and_off() {
    let Some((lab, mut browser)) = opened("", |builder| builder).await else {
        return;
    };
    browser.value(
        "document.querySelector('[name=effect]').value = 'error'; document.querySelector('[name=step]').value = 'setSecret'; document.querySelector('#fault button').click()",
    );
    browser.wait("document.querySelectorAll('#faults li').length === 1");
    rotate(&mut browser);
    browser.wait("document.querySelector('.outcome.failed') !== null");
    browser.wait("document.getElementById('faults').innerText.includes('hit 1')");
    browser.value("document.querySelector('#faults button').click()");
    browser.wait("document.querySelectorAll('#faults li').length === 0");
    assert!(lab.server.faults().list().is_empty());
}

#[tokio::test]
async fn the_page_runs_nothing_but_its_own() {
    let lab = Lab::with("").await;
    let policy = async || {
        let answer = send("GET", &lab.server.url(), &[], "").await.unwrap();
        answer.header("content-security-policy").to_owned()
    };
    let (one, another) = (policy().await, policy().await);
    assert!(one.starts_with("default-src 'none'; script-src 'nonce-") && !one.contains("unsafe"));
    assert_ne!(one, another, "a nonce is for one answer");
    let url = format!("{}/_local/watch", lab.server.url());
    let foreign = [("sec-fetch-site", "cross-site")];
    assert_eq!(send("GET", &url, &foreign, "").await.unwrap().status, 403);
}

/// An open stream, with its first bytes.
async fn watch(lab: &Lab) -> (TcpStream, String) {
    let address = lab.server.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /_local/watch HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = vec![0; 4096];
    let read = stream.read(&mut first).await.unwrap();
    (stream, String::from_utf8_lossy(&first[..read]).into_owned())
}

#[tokio::test]
async fn the_number_of_streams_is_bounded_and_a_closed_one_makes_room() {
    let lab = Lab::with("").await;
    let mut open = Vec::new();
    for _ in 0..16 {
        let (stream, first) = watch(&lab).await;
        assert!(first.starts_with("HTTP/1.1 200"), "{first}");
        open.push(stream);
    }
    assert!(watch(&lab).await.1.starts_with("HTTP/1.1 503"));
    drop(open.pop());
    let room = async {
        while !watch(&lab).await.1.starts_with("HTTP/1.1 200") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), room)
        .await
        .expect("there is room");
}
