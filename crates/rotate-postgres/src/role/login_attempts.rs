//! The passwords that one invocation tries, and what came of each.
//!
//! A failed login is a line in the server's log, and some servers ban a client that fails too often. So one list lasts for the
//! whole invocation, however often its step tries again: it bounds the failed logins, and no password is tried again on a
//! server that refused it.

use std::time::Duration;

use rotation::password::Password;
use rotation::{Budget, Cause, Kind, TimedOut};

use crate::fault::{Hint, PostgresFault, Tried};
use crate::server::denial::Denial;
use crate::server::endpoint::Endpoint;
use crate::server::login;
use crate::server::session::Session;
use crate::server::tls::Tls;

/// With less time left than this, no further password is tried, so that the list of those that were is still told.
const ONE_ATTEMPT: Duration = Duration::from_secs(2);
/// Failed logins at most in one invocation.
const MOST_FAILED: usize = 23;

/// The logins of one invocation, each password once.
pub(crate) struct LoginAttempts<'a> {
    tls: &'a Tls,
    budget: Budget,
    /// All passwords that were sent: a server may repeat them in a later answer.
    sent: Vec<Password>,
    refused: Vec<Refused>,
    failed: usize,
    /// A server refused a login for another reason than its password.
    refused_otherwise: bool,
    /// Who else than a server decided.
    decided: Hint,
    tried: Vec<Tried>,
}

/// A login that a server refused.
struct Refused {
    endpoint: Endpoint,
    role: String,
    password: Password,
}

impl<'a> LoginAttempts<'a> {
    /// Nothing is tried yet.
    pub(crate) fn new(tls: &'a Tls, budget: Budget) -> Self {
        Self {
            tls,
            budget,
            sent: Vec::new(),
            refused: Vec::new(),
            failed: 0,
            refused_otherwise: false,
            decided: Hint::None,
            tried: Vec::new(),
        }
    }

    /// A session of `role`, or none if the server refused this password, now or before. Errors call it `credential`.
    ///
    /// # Errors
    /// What is not the password's fault: no other would help.
    pub(crate) async fn attempt(
        &mut self,
        credential: impl Into<String>,
        endpoint: &Endpoint,
        role: &str,
        password: &Password,
    ) -> Result<Option<Session>, PostgresFault> {
        let is_this = |refused: &Refused| {
            refused.password == *password && refused.role == role && refused.endpoint.same_server(endpoint)
        };
        if self.refused.iter().any(is_this) {
            return Ok(None);
        }
        let credential = credential.into();
        if self.is_exhausted(&credential) {
            return Ok(None);
        }
        let answer = login::log_in_after(self.tls, endpoint, role, password, &self.sent, self.budget).await;
        if !self.sent.contains(password) {
            self.sent.push(password.clone());
        }
        match answer {
            Ok(session) => Ok(Some(session)),
            Err(Denial::Refused(said)) => {
                self.failed += 1;
                self.refused_otherwise |= !said.is_of_the_password();
                if said.hint() != Hint::None {
                    self.decided = said.hint();
                }
                self.refused.push(Refused {
                    endpoint: endpoint.clone(),
                    role: role.to_owned(),
                    password: password.clone(),
                });
                self.note(credential, said.to_string());
                Ok(None)
            }
            Err(Denial::Failed(fault)) => Err(fault),
        }
    }

    /// A change to this password begins. That a server refused it before no longer says anything: the change may take effect
    /// though its answer is lost, and the next attempt must find that out.
    pub(crate) fn may_work_now(&mut self, password: &Password) {
        self.refused.retain(|refused| refused.password != *password);
    }

    /// Remembers what came of a credential, for the final error.
    pub(crate) fn note(&mut self, credential: impl Into<String>, outcome: impl Into<String>) {
        let (credential, outcome) = (credential.into(), outcome.into());
        self.tried.retain(|earlier| earlier.credential != credential);
        self.tried.push(Tried { credential, outcome });
    }

    /// Whether every refusal was one of the password. Any other (`pg_hba.conf`, `NOLOGIN`, SQLSTATE 28000) says
    /// nothing about the password: it may be right, and others may be logging in with it.
    pub(crate) fn passwords_are_wrong(&self) -> bool {
        !self.refused_otherwise
    }

    /// Whether there is time for one more credential; if not, that is noted.
    pub(crate) fn in_time_for(&mut self, credential: &str) -> bool {
        let in_time = self.budget.remaining() >= ONE_ATTEMPT;
        if !in_time {
            self.note(credential, "not tried, out of time");
        }
        in_time
    }

    /// Whether enough logins have failed to try no further one; if so, that is noted.
    pub(crate) fn is_exhausted(&mut self, credential: &str) -> bool {
        let exhausted = self.failed >= MOST_FAILED;
        if exhausted {
            self.note(
                credential,
                format!("not tried, {MOST_FAILED} passwords are enough"),
            );
        }
        exhausted
    }

    /// Who else than the server decided about a login, as far as its words say so.
    pub(crate) fn decided(&self) -> Hint {
        self.decided
    }

    /// What was read, if it could be. What cannot be read is no way back, but the next one may be; only where every further call would
    /// fare the same (time is up, or Secrets Manager throttles), the search ends.
    pub(crate) fn readable<T>(
        &mut self,
        credential: &str,
        read: Result<Option<T>, Cause>,
    ) -> Result<Option<T>, Cause> {
        match read {
            Err(cause) if cause.as_fault::<TimedOut>().is_none() && cause.kind() != Kind::Throttling => {
                self.note(credential, format!("not tried, {cause}"));
                Ok(None)
            }
            read => read,
        }
    }

    /// What was tried, and what came of it.
    pub(crate) fn tried(&self) -> Vec<Tried> {
        self.tried.clone()
    }
}

#[cfg(test)]
mod tests {
    use rotation::Fault;
    use rotation::secrets::TlsMode;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::fault::Attempts;
    use crate::settings::Allowed;
    use crate::settings::roots::Roots;

    /// A server that answers each login with the next of these SQLSTATEs.
    async fn server(states: Vec<&'static str>) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            for state in states {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 512]).await.unwrap();
                let body = format!("SFATAL\0C{state}\0Mrefused\0\0");
                let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
                stream
                    .write_all(&[b"E", &length[..], body.as_bytes()].concat())
                    .await
                    .unwrap();
            }
        });
        Endpoint {
            host: "127.0.0.1".to_owned(),
            port,
            dbname: "postgres".to_owned(),
            tls: TlsMode::Disable,
            server_name: "127.0.0.1".to_owned(),
            allowed: Allowed {
                no_password: false,
                local_hosts: true,
            },
        }
    }

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    fn attempts(tls: &Tls) -> LoginAttempts<'_> {
        LoginAttempts::new(tls, Budget::lasting(Duration::from_secs(10)))
    }

    fn list(attempts: &LoginAttempts<'_>) -> String {
        Attempts(&attempts.tried()).to_string()
    }

    #[tokio::test]
    async fn each_password_is_tried_once_and_all_that_was_tried_is_listed() {
        let (tls, endpoint) = (Tls::new(Roots::Web), server(vec!["28P01", "28000"]).await);
        let mut attempts = attempts(&tls);
        // The third login would be refused as a connection: nobody listens any more.
        for (credential, text) in [
            ("current", "a"),
            ("pending", "b"),
            ("previous", "a"),
            ("older", "b"),
        ] {
            let session = attempts
                .attempt(credential, &endpoint, "app", &password(text))
                .await;
            assert!(session.unwrap().is_none());
        }
        assert_eq!(attempts.failed, 2);
        attempts.note("the admin secret", "not tried");
        assert_eq!(
            list(&attempts),
            "current: \"refused\" (SQLSTATE 28P01), pending: \"refused\" (SQLSTATE 28000), the admin secret: not tried"
        );
    }

    #[tokio::test]
    async fn only_28p01_says_that_a_password_is_wrong() {
        for (states, expected) in [
            (vec!["28P01", "28P01"], true),
            (vec!["28000", "28P01"], false),
            (vec!["28P01", "28000"], false),
        ] {
            let (tls, endpoint) = (Tls::new(Roots::Web), server(states.clone()).await);
            let mut attempts = attempts(&tls);
            for text in ["a", "b"] {
                let session = attempts.attempt(text, &endpoint, "app", &password(text)).await;
                assert!(session.unwrap().is_none());
            }
            assert_eq!(attempts.passwords_are_wrong(), expected, "{states:?}");
        }
    }

    #[tokio::test]
    async fn with_too_little_time_a_credential_is_only_noted() {
        let tls = Tls::new(Roots::Web);
        assert!(attempts(&tls).in_time_for("the previous version"));
        let mut late = LoginAttempts::new(&tls, Budget::lasting(Duration::from_secs(1)));
        assert!(!late.in_time_for("the previous version"));
        assert_eq!(list(&late), "the previous version: not tried, out of time");
    }

    #[tokio::test]
    async fn what_is_not_the_passwords_fault_ends_it_and_the_same_password_may_be_tried_again() {
        let (tls, endpoint) = (Tls::new(Roots::Web), server(vec!["53300", "28P01"]).await);
        let mut attempts = attempts(&tls);
        let full = attempts
            .attempt("current", &endpoint, "app", &password("a"))
            .await
            .map(drop)
            .unwrap_err();
        assert_eq!(full.code(), "ServerFull");
        let again = attempts
            .attempt("current", &endpoint, "app", &password("a"))
            .await;
        assert!(again.unwrap().is_none());
        assert_eq!(attempts.failed, 1);
    }

    #[tokio::test]
    async fn the_limit_of_failed_logins_holds_for_the_whole_invocation() {
        let (tls, endpoint) = (Tls::new(Roots::Web), server(vec!["28P01"; MOST_FAILED]).await);
        let mut attempts = attempts(&tls);
        // As a step that is tried again does: the same passwords, and some more, of two roles.
        for round in 1..=9 {
            for (role, index) in (0..round * 4).map(|index| (["app", "app_clone"][index % 2], index)) {
                let password = password(&format!("password {index}"));
                let session = attempts
                    .attempt(index.to_string(), &endpoint, role, &password)
                    .await;
                assert!(session.unwrap().is_none(), "a further login would meet no server");
            }
        }
        assert_eq!(attempts.failed, MOST_FAILED);
        let list = list(&attempts);
        assert!(list.ends_with("35: not tried, 23 passwords are enough"), "{list}");
    }

    #[tokio::test]
    async fn a_password_that_was_perhaps_set_is_tried_again() {
        let (tls, endpoint) = (
            Tls::new(Roots::Web),
            server(vec!["28P01", "28P01", "28P01"]).await,
        );
        let mut attempts = attempts(&tls);
        for text in ["current", "pending", "current", "pending"] {
            let session = attempts.attempt(text, &endpoint, "app", &password(text)).await;
            assert!(session.unwrap().is_none());
            attempts.may_work_now(&password("pending"));
        }
        assert_eq!(attempts.failed, 3);
    }
}
