//! The page of `keywheel status --html`, of many secrets in all states, in a real browser on a phone and on a desk.

#[path = "../../../../crates/secrets-manager-local/tests/local/browser.rs"]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod browser;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use keywheel_tests::fleet::Fleet;
use secrets_manager_local::Clock;

use self::browser::Browser;
use super::desk::types_at;

const USUAL: &str = "rotate-postgres-single-user";
const LONG: &str = "SecretsManagerRDSPostgreSQLRotationMultiUserOfTheReportingTeam";
const GONE: &str = "rotate-gone";

/// What reaches out of the window, or a bar or label out of the timeline.
const OUTSIDE: &str = "[...document.querySelectorAll('body *')].filter(element => {
    const it = element.getBoundingClientRect();
    const figure = element.closest('figure')?.getBoundingClientRect() ?? { left: 0, right: innerWidth, top: it.top, bottom: it.bottom };
    return it.width > 1 && (it.left < figure.left || it.right > figure.right || it.top < figure.top || it.bottom > figure.bottom);
}).map(element => element.outerHTML.slice(0, 200))";

/// The days that are written below the bars, and whether two of them touch.
const DAYS: &str = "(() => {
    const days = [...document.querySelectorAll('.days time')].map(day => day.getBoundingClientRect()).filter(day => day.width > 1);
    return [days.length, days.some((day, index) => index > 0 && day.left <= days[index - 1].right)];
})()";

/// What is copied from the boxes of commands.
const COMMANDS: &str = "[...document.querySelectorAll('li > code')].map(command => {
    getSelection().selectAllChildren(command);
    return getSelection().toString();
})";

/// A month of rotations; of each kind of trouble a few, and of one more than are shown at first.
async fn fleet() -> (Fleet, Vec<String>) {
    let clock = Clock::manual(Timestamp::now() - SignedDuration::from_hours(24 * 20));
    let fails = [
        ("crm/", "setSecret", "LoginRefused"),
        ("shop/", "finishSecret", "PermissionDenied"),
        ("prod/", "createSecret", "SuperuserSecretUnreadable"),
    ];
    let fleet = Fleet::start(clock.clone(), &[USUAL, LONG, GONE], &fails)
        .await
        .expect("it starts");
    for number in 0..12 {
        let name = format!("orders/{number}/db");
        fleet.add(&name, USUAL, if number < 4 { 22 } else { 90 }).await;
        fleet.rotate(&name).await;
        clock.advance(SignedDuration::from_hours(20));
    }
    let mut trouble: Vec<(String, &str)> = (0..8).map(|number| (format!("crm/{number}"), USUAL)).collect();
    trouble.push(("shop/db".to_owned(), USUAL));
    trouble.push((
        format!(
            "prod/{}+a=b@c_d.e-f/{}",
            "long/name/of/".repeat(6),
            "x".repeat(60)
        ),
        LONG,
    ));
    trouble.push(("gone/db".to_owned(), GONE));
    for (name, function) in &trouble {
        fleet.add(name, function, 90).await;
        fleet.rotate(name).await;
    }
    fleet.aws.remove_function(GONE);
    clock.advance(Timestamp::now().duration_since(clock.now()));
    (fleet, trouble.into_iter().map(|(name, _)| name).collect())
}

#[tokio::test]
async fn it_fits_a_phone_and_a_desk_and_its_commands_can_be_copied() {
    let (fleet, trouble) = fleet().await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("page.html").display().to_string();
    let authority = Path::new("/nonexistent");
    let types = async |line: &str| types_at(&fleet.aws.url(), authority, line).await;
    let written = types(&format!("keywheel status --html {file}")).await;
    assert_eq!(written.code, 1, "{}{}", written.out, written.err);
    let Some(mut browser) = Browser::open(&format!("file://{file}")) else {
        return;
    };
    browser.wait("document.readyState === 'complete' && document.querySelector('#all') !== null");
    assert!(!browser.dom().contains("<script"), "it has no script");
    let loaded = browser.value("performance.getEntriesByType('resource').map(one => one.name).join()");
    assert_eq!(loaded, "", "it loads nothing");
    let unnamed = browser.value("document.querySelectorAll('th:not([scope])').length");
    assert_eq!(
        unnamed, 0,
        "each heading of a table says what it is the heading of"
    );
    browser.value("document.querySelectorAll('details').forEach(more => { more.open = true })");
    for width in [390, 1280] {
        browser.resize(width);
        assert_eq!(browser.value("innerWidth"), width);
        let scrolls = browser.value("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(scrolls, false, "it scrolls sideways at {width}");
        let outside = browser.value(OUTSIDE);
        assert_eq!(outside.as_array().map(Vec::len), Some(0), "{width}: {outside:#}");
        assert_eq!(browser.value(DAYS), serde_json::json!([5, false]), "{width}");
        let small = "[...document.querySelectorAll('nav a, summary')].filter(one => one.getBoundingClientRect().height < 44).length";
        assert_eq!(browser.value(small), 0, "a finger does not hit it at {width}");
    }
    let copied = browser.value(COMMANDS);
    let mut copied: Vec<&str> = copied
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str())
        .collect();
    copied.sort_unstable();
    let mut wanted: Vec<String> = trouble
        .iter()
        .map(|name| format!("keywheel doctor {name} --region us-east-1"))
        .collect();
    wanted.sort_unstable();
    assert_eq!(copied, wanted);
    for line in copied {
        let doctor = types(line).await;
        assert!(
            doctor.first().starts_with("STUCK ") || doctor.first().starts_with("BROKEN "),
            "{}",
            doctor.out
        );
    }
}
