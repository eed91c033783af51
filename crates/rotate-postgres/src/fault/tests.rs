//! The texts and codes of all causes.

use std::collections::BTreeSet;
use std::time::Duration;

use rotation::secrets::Mismatch;
use rotation::{Budget, Fault, Prospect, TimedOut};

use super::*;

fn said() -> Said {
    Said::plain("XX000", "the server's words")
}

async fn timed_out() -> TimedOut {
    let budget = Budget::lasting(Duration::ZERO);
    budget
        .wait(
            "connecting to db:5432",
            Duration::ZERO,
            std::future::pending::<()>(),
        )
        .await
        .unwrap_err()
}

/// One of each cause that has a code of this crate.
#[expect(clippy::too_many_lines, reason = "a list")]
async fn one_of_each() -> Vec<PostgresFault> {
    use PostgresFault as F;
    let text = || "x".to_owned();
    let (server, role, detail, dbname) = (text, || "o\"b".to_owned(), text, text);
    vec![
        F::SettingInvalid {
            name: "PGPORT",
            problem: text(),
            expected: "a port",
        },
        F::CleartextNeedsTls,
        F::VerifyCaNeedsRoots,
        F::HostMissing,
        F::PendingNamesAnotherTarget(Mismatch::of_users("a", "b")),
        F::RoleNameInvalid {
            role: role(),
            problem: "is empty",
        },
        F::TlsNameInvalid { name: text() },
        F::SuperuserSecretForAnotherServer {
            admin: text(),
            server: server(),
            problem: text(),
        },
        F::SuperuserIsTheUser {
            admin: text(),
            role: role(),
        },
        F::ConnectionRefused { server: server() }.of_what_may_resume(),
        F::LoginProvesNothing {
            server: server(),
            role: role(),
            detail: "it asked for no password",
        },
        F::PasswordNotAsked {
            server: server(),
            role: role(),
        },
        F::HostAddressRefused {
            host: text(),
            why: "is the machine itself",
        },
        F::HostUnknown {
            host: text(),
            detail: detail(),
        },
        F::ConnectionRefused { server: server() },
        F::HostUnreachable {
            server: server(),
            detail: detail(),
        },
        F::ServerSilent(timed_out().await),
        F::ConnectionLost {
            server: server(),
            doing: text(),
            detail: detail(),
        },
        F::NotPostgres {
            server: server(),
            detail: detail(),
        },
        F::TlsNotOffered { server: server() },
        F::CertificateUntrusted {
            server: server(),
            detail: detail(),
        },
        F::CertificateNameMismatch {
            server: server(),
            expected: text(),
            presented: text(),
        },
        F::CertificateExpired {
            server: server(),
            detail: detail(),
        },
        F::CertificateNamesNoHost {
            server: server(),
            expected: text(),
        },
        F::CertificateUnusable {
            server: server(),
            detail: detail(),
        },
        F::TlsFailed {
            server: server(),
            detail: detail(),
        },
        F::CleartextRefused { server: server() },
        F::AuthenticationUnsupported {
            server: server(),
            detail: detail(),
        },
        F::ServerNotProven {
            server: server(),
            role: role(),
            detail: detail(),
        },
        F::LoginRefused {
            role: role(),
            server: server(),
            tried: Vec::new(),
            decided: Hint::None,
        },
        F::PoolerHasPasswords {
            role: role(),
            server: server(),
        },
        F::PendingRefused {
            role: role(),
            server: server(),
            said: said(),
        },
        F::DatabaseUnknown {
            server: server(),
            dbname: dbname(),
            said: said(),
        },
        F::ConnectDenied {
            role: role(),
            dbname: dbname(),
            said: said(),
        },
        F::ServerFull {
            server: server(),
            said: said(),
        },
        F::ServerStarting {
            server: server(),
            said: said(),
        },
        F::ServerError {
            server: server(),
            doing: "working",
            said: said(),
        },
        F::ReadOnlyStandby { server: server() },
        F::SessionOfAnotherRole {
            server: server(),
            role: role(),
            actual: text(),
        },
        F::ServerTooOld {
            server: server(),
            version: text(),
        },
        F::RoleLocked {
            role: role(),
            said: said(),
        },
        F::StandbyMissing {
            server: server(),
            names: text(),
        },
        F::TlsFromTheFirstByte {
            server: server(),
            answer: "it hangs up",
        },
        F::StatementTimeout {
            role: role(),
            said: said(),
        },
        F::RoleBusy {
            role: role(),
            said: said(),
        },
        F::PrivilegeMissing {
            role: role(),
            by: role(),
            said: said(),
        },
        F::PasswordRejected {
            role: role(),
            said: said(),
        },
        F::PasswordWouldBeRejected {
            role: role(),
            said: said(),
        },
        F::PolicyNeedsCleartext {
            role: role(),
            said: said(),
        },
        F::RoleUnknown {
            server: server(),
            role: role(),
        },
        F::RoleExpired {
            role: role(),
            until: text(),
        },
        F::RoleMayNotLogIn { role: role() },
        F::TestSqlFailed {
            role: role(),
            problem: text(),
        },
        F::RolePowerful {
            role: role(),
            powerful: text(),
        },
        F::LoginUnnamed {
            what: "host",
            setting: "PGHOST",
            tag: "keywheel:host",
        },
        F::TagNotAllowed {
            tags: text(),
            login: text(),
        },
        F::BarePasswordAlternates,
        F::PasswordEncoded {
            role: role(),
            server: server(),
            read: "as it is written",
            otherwise: "decoded from Base64",
        },
        F::PendingEncoded {
            role: role(),
            server: server(),
            read: "as it is written",
            otherwise: "decoded from Base64",
        },
    ]
}

#[tokio::test]
async fn every_code_is_listed_and_every_listed_code_occurs() {
    let mut seen: BTreeSet<&str> = one_of_each().await.iter().map(Fault::code).collect();
    // Nothing but a broken machine makes one.
    seen.insert("OsGeneratorFailed");
    assert_eq!(seen, CODES.iter().copied().collect());
}

#[tokio::test]
async fn problems_and_remedies_are_clauses_on_one_line() {
    for fault in one_of_each().await {
        for text in [fault.to_string(), fault.advice().remedy.into_owned()] {
            assert!(
                !text.is_empty() && !text.contains('\n') && !text.ends_with('.'),
                "{text}"
            );
        }
        let remedy = fault.advice().remedy.into_owned();
        let statement = ["ALTER", "GRANT"].iter().any(|verb| remedy.starts_with(verb));
        assert!(statement || remedy.starts_with(char::is_lowercase), "{remedy}");
    }
}

#[tokio::test]
async fn only_what_passes_by_itself_is_tried_again_and_only_a_rejected_value_is_released() {
    let of =
        |prospect| move |fault: &PostgresFault| (fault.advice().prospect == prospect).then(|| fault.code());
    let all = one_of_each().await;
    let transient: Vec<&str> = all.iter().filter_map(of(Prospect::Transient)).collect();
    assert_eq!(
        transient,
        ["ConnectionLost", "ServerFull", "ServerStarting", "RoleBusy"]
    );
    let poisoned: Vec<&str> = all.iter().filter_map(of(Prospect::PoisonedPending)).collect();
    assert_eq!(poisoned, ["PasswordRejected", "PasswordEncoded"]);
    let resuming: Vec<&str> = all.iter().filter_map(of(Prospect::Resuming)).collect();
    assert_eq!(resuming, ["ConnectionRefused"]);
}

#[tokio::test]
async fn every_code_has_its_page_in_the_runbook() {
    let runbook = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/runbook");
    for code in CODES {
        let page = std::fs::read_to_string(format!("{runbook}/{code}.md"));
        let page = page.unwrap_or_else(|error| panic!("{code}.md: {error}"));
        assert!(
            page.starts_with(&format!("# {code}\n")),
            "{code}.md has another title"
        );
    }
}

#[test]
fn a_refused_login_lists_what_was_tried() {
    let tried = |credential: &str, outcome: &str| Tried {
        credential: credential.to_owned(),
        outcome: outcome.to_owned(),
    };
    let fault = PostgresFault::LoginRefused {
        role: "app".to_owned(),
        server: "db:5432".to_owned(),
        tried: vec![
            tried("the current version", "no"),
            tried("the pending version", "no again"),
        ],
        decided: Hint::None,
    };
    assert_eq!(
        fault.to_string(),
        "no credential of role \"app\" logs in at db:5432: the current version: no, the pending version: no again"
    );
}

#[test]
fn a_pending_value_is_only_blamed_if_the_password_was_refused() {
    let remedy = |state: &str| {
        let said = Said::plain(state, "");
        let (role, server) = ("app".to_owned(), "db:5432".to_owned());
        PostgresFault::PendingRefused { role, server, said }
            .advice()
            .remedy
            .into_owned()
    };
    assert!(remedy("28P01").contains("let setSecret run again"));
    let connection = remedy("28000");
    assert!(connection.contains("pg_hba.conf") && connection.contains("ALTER ROLE \"app\" LOGIN"));
    assert!(!connection.contains("setSecret"), "{connection}");
}

#[test]
fn who_else_than_the_server_decides_is_named() {
    for (state, words, named) in [
        (
            "28000",
            "PAM authentication failed for user \"app\"",
            "REVOKE rds_iam FROM \"app\"",
        ),
        (
            "28000",
            "LDAP authentication failed for user \"app\"",
            "LDAP decides",
        ),
        ("08P01", "SASL authentication failed", "auth_query"),
        ("08P01", "no such user: app", "auth_query"),
        ("08P01", "query_wait_timeout", "\\password"),
        (
            "28P01",
            "password authentication failed for user \"app\"",
            "\\password",
        ),
    ] {
        let fault = PostgresFault::LoginRefused {
            role: "app".to_owned(),
            server: String::new(),
            tried: Vec::new(),
            decided: Said::plain(state, words).hint(),
        };
        assert!(
            fault.advice().remedy.contains(named),
            "{words}: {}",
            fault.advice().remedy
        );
    }
}

#[test]
fn statements_in_remedies_quote_the_names() {
    let role = || "o'b\"c".to_owned();
    let expired = PostgresFault::RoleExpired {
        role: role(),
        until: String::new(),
    };
    assert_eq!(
        expired.advice().remedy,
        "find out who set the limit; if the role is still needed, ALTER ROLE \"o'b\"\"c\" VALID UNTIL 'infinity'"
    );
    let refused = PostgresFault::LoginRefused {
        role: role(),
        server: String::new(),
        tried: Vec::new(),
        decided: Hint::None,
    };
    assert!(
        refused.advice().remedy.contains("rolname = 'o''b\"c',"),
        "{}",
        refused.advice().remedy
    );
}
