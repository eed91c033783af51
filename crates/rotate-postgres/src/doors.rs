//! The credentials that may open a role's door, and what came of each.

use rotation::Budget;
use rotation::password::Password;

use crate::connect;
use crate::endpoint::Endpoint;
use crate::fault::{PostgresFault, Tried};
use crate::login::Denial;
use crate::session::Session;
use crate::tls::Tls;

/// Knocks with one credential of a role after the other, each password once.
pub struct Doors<'a> {
    tls: &'a Tls,
    endpoint: &'a Endpoint,
    role: &'a str,
    budget: Budget,
    seen: Vec<Password>,
    tried: Vec<Tried>,
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
        self.seen.push(password.clone());
        match connect::log_in(self.tls, self.endpoint, self.role, password, self.budget).await {
            Ok(session) => Ok(Some(session)),
            Err(Denial::Refused(said)) => {
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

    /// All remained shut.
    pub fn refused(self) -> PostgresFault {
        PostgresFault::LoginRefused {
            role: self.role.to_owned(),
            server: self.endpoint.server(),
            tried: self.tried,
        }
    }
}
