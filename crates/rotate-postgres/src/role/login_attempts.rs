//! The credentials that may open a role's door, and what came of each.

use std::time::Duration;

use rotation::Budget;
use rotation::password::Password;

use crate::fault::{PostgresFault, Tried};
use crate::server::denial::Denial;
use crate::server::endpoint::Endpoint;
use crate::server::login;
use crate::server::session::Session;
use crate::server::tls::Tls;

/// With less time left than this, no further credential is tried, so that the list of those that were is still told.
const ONE_KNOCK: Duration = Duration::from_secs(2);

/// Knocks with one credential of a role after the other, each password once.
pub struct Doors<'a> {
    tls: &'a Tls,
    endpoint: &'a Endpoint,
    role: &'a str,
    budget: Budget,
    seen: Vec<Password>,
    tried: Vec<Tried>,
    /// The server refused a login for another reason than its password.
    shut_otherwise: bool,
}

impl<'a> Doors<'a> {
    /// Nothing is tried yet.
    pub fn new(tls: &'a Tls, endpoint: &'a Endpoint, role: &'a str, budget: Budget) -> Self {
        Self {
            tls,
            endpoint,
            role,
            budget,
            seen: Vec::new(),
            tried: Vec::new(),
            shut_otherwise: false,
        }
    }

    /// A session, or none if the server refused this password, now or before.
    ///
    /// # Errors
    /// Whatever is not the password's fault: no other would help.
    pub async fn knock(
        &mut self,
        credential: impl Into<String>,
        password: &Password,
    ) -> Result<Option<Session>, PostgresFault> {
        if self.seen.contains(password) {
            return Ok(None);
        }
        let (tls, endpoint, role) = (self.tls, self.endpoint, self.role);
        let answer = login::log_in_after(tls, endpoint, role, password, &self.seen, self.budget).await;
        self.seen.push(password.clone());
        match answer {
            Ok(session) => Ok(Some(session)),
            Err(Denial::Refused(said)) => {
                self.shut_otherwise |= !said.is_of_the_password();
                self.note(credential, said.to_string());
                Ok(None)
            }
            Err(Denial::Failed(fault)) => Err(fault),
        }
    }

    /// Remembers what came of a credential, for the final error.
    pub fn note(&mut self, credential: impl Into<String>, outcome: impl Into<String>) {
        self.tried.push(Tried {
            credential: credential.into(),
            outcome: outcome.into(),
        });
    }

    /// How many different passwords have been tried.
    pub fn knocks(&self) -> usize {
        self.seen.len()
    }

    /// Whether every refusal was one of the password. Any other (`pg_hba.conf`, `NOLOGIN`, SQLSTATE 28000) says
    /// nothing about the password: it may be right, and others may be logging in with it.
    pub fn passwords_are_wrong(&self) -> bool {
        !self.shut_otherwise
    }

    /// Whether there is time for one more credential; if not, that is noted.
    pub fn in_time_for(&mut self, credential: &str) -> bool {
        let in_time = self.budget.remaining() >= ONE_KNOCK;
        if !in_time {
            self.note(credential, "not tried, out of time");
        }
        in_time
    }

    /// All remained shut.
    pub fn refused(self) -> PostgresFault {
        PostgresFault::LoginRefused {
            role: self.role.to_owned(),
            server: self.endpoint.server(),
            tried: self.tried,
        }
    }
}

#[cfg(test)]
mod tests {
    use rotation::Fault;
    use rotation::secrets::TlsMode;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::settings::roots::Roots;

    /// A server that answers each login with the next of these SQLSTATEs.
    async fn server(states: Vec<&'static str>) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            for state in states {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 512]).await.unwrap();
                let body = format!("SFATAL\0C{state}\0Mno\0\0");
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
        }
    }

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    #[tokio::test]
    async fn each_password_is_tried_once_and_all_that_was_tried_is_listed() {
        let (tls, endpoint) = (Tls::new(Roots::Web), server(vec!["28P01", "28000"]).await);
        let mut doors = Doors::new(&tls, &endpoint, "app", Budget::lasting(Duration::from_secs(10)));
        // The third login would be refused as a connection: nobody listens any more.
        for (credential, text) in [
            ("current", "a"),
            ("pending", "b"),
            ("previous", "a"),
            ("older", "b"),
        ] {
            assert!(doors.knock(credential, &password(text)).await.unwrap().is_none());
        }
        assert_eq!(doors.knocks(), 2);
        doors.note("the admin secret", "not tried");
        let refused = doors.refused();
        assert_eq!(refused.code(), "LoginRefused");
        let list =
            "current: \"no\" (SQLSTATE 28P01), pending: \"no\" (SQLSTATE 28000), the admin secret: not tried";
        assert!(refused.to_string().ends_with(list), "{refused}");
    }

    #[tokio::test]
    async fn only_28p01_says_that_a_password_is_wrong() {
        for (states, expected) in [
            (vec!["28P01", "28P01"], true),
            (vec!["28000", "28P01"], false),
            (vec!["28P01", "28000"], false),
        ] {
            let (tls, endpoint) = (Tls::new(Roots::Web), server(states.clone()).await);
            let mut doors = Doors::new(&tls, &endpoint, "app", Budget::lasting(Duration::from_secs(10)));
            for text in ["a", "b"] {
                assert!(doors.knock(text, &password(text)).await.unwrap().is_none());
            }
            assert_eq!(doors.passwords_are_wrong(), expected, "{states:?}");
        }
    }

    #[tokio::test]
    async fn with_too_little_time_a_credential_is_only_noted() {
        let (tls, endpoint) = (Tls::new(Roots::Web), server(Vec::new()).await);
        let doors = |seconds| {
            Doors::new(
                &tls,
                &endpoint,
                "app",
                Budget::lasting(Duration::from_secs(seconds)),
            )
        };
        assert!(doors(10).in_time_for("the previous version"));
        let mut late = doors(1);
        assert!(!late.in_time_for("the previous version"));
        let refused = late.refused().to_string();
        assert!(
            refused.ends_with("the previous version: not tried, out of time"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn what_is_not_the_passwords_fault_ends_it() {
        let (tls, endpoint) = (Tls::new(Roots::Web), server(vec!["53300"]).await);
        let mut doors = Doors::new(&tls, &endpoint, "app", Budget::lasting(Duration::from_secs(10)));
        let fault = doors
            .knock("current", &password("a"))
            .await
            .map(drop)
            .unwrap_err();
        assert_eq!(fault.code(), "ServerFull");
    }
}
