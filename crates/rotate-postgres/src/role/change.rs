//! Changes a role's password through a session that may: the role's own, or an admin's.

use std::num::NonZeroU32;

use rotation::Budget;
use rotation::password::Password;
use secrecy::{ExposeSecret, SecretString};

use crate::fault::{PostgresFault, Said};
use crate::role::transaction::{By, Idle, NotBegun, Transaction};
use crate::role::verifier::{self, DEFAULT_ROUNDS, MOST_ROUNDS};
use crate::server::scrub::Scrub;
use crate::server::session::{Identity, Session, Silence};
use crate::server::sql;
use crate::settings::SentAs;

const CHANGING: &str = "changing the password";
const LOOKING: &str = "looking at the role";

/// The first version that has SCRAM.
const FIRST_WITH_SCRAM: u32 = 100_000;

/// A new password, for whom, and how to send it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    /// The role whose password changes.
    pub(crate) role: &'a str,
    /// The role that is logged in.
    pub(crate) by: &'a str,
    /// The new password.
    pub(crate) password: &'a Password,
    /// How the server gets to know it.
    pub(crate) sent_as: SentAs,
}

impl Change<'_> {
    /// Begins a transaction in a session of `by` and changes the password in it. The transaction stays open.
    ///
    /// A role that changes itself does both in one message. An admin looks at the role first.
    ///
    /// # Errors
    /// The server's refusal. The password is not changed, whatever the error: nothing is committed.
    #[expect(clippy::disallowed_methods, reason = "the statement is for the wire")]
    pub(crate) async fn begin<'s>(
        &'s self,
        session: &'s Session,
        identity: &Identity,
        sent: &'s Sent,
        idle: Idle,
        budget: Budget,
    ) -> Result<Transaction<'s>, PostgresFault> {
        let (by, scrub) = (By::Itself, self.scrub(sent));
        if self.by == self.role {
            let alter = self.statement(sent);
            let statements = [alter.expose_secret()];
            let begun =
                Transaction::begin_with(session, identity, by, idle, budget, scrub, statements, CHANGING);
            return match begun.await {
                Ok((transaction, [_])) => Ok(transaction),
                Err(NotBegun {
                    nth: Some(_),
                    silence: Silence::Said(said),
                }) => Err(self.refused(said, session.server())),
                Err(not_begun) => Err(not_begun.into_fault(session.server(), &[CHANGING])),
            };
        }
        let look = sql::describe_role(self.role);
        let begun =
            Transaction::begin_with(session, identity, by, idle, budget, scrub, [&look], LOOKING).await;
        let (transaction, [row]) =
            begun.map_err(|not_begun| not_begun.into_fault(session.server(), &[LOOKING]))?;
        self.check_role(session.server(), &row)?;
        self.alter(&transaction, sent).await?;
        Ok(transaction)
    }

    fn statement(&self, sent: &Sent) -> SecretString {
        sql::set_password(self.role, sent.value(self.password))
    }

    /// What the server is to be told.
    pub(crate) fn sent(&self, server: &str, identity: &Identity) -> Result<Sent, PostgresFault> {
        self.value(server, identity).map(Sent)
    }

    /// Hides the password, in both forms.
    pub(crate) fn scrub<'s>(&'s self, sent: &'s Sent) -> Scrub<'s> {
        Scrub::new([self.password as &dyn ExposeSecret<str>, sent.value(self.password)])
    }

    /// Changes the password in a transaction that somebody else begins and ends.
    #[expect(clippy::disallowed_methods, reason = "the statement is for the wire")]
    pub(crate) async fn alter(
        &self,
        transaction: &Transaction<'_>,
        sent: &Sent,
    ) -> Result<(), PostgresFault> {
        match transaction
            .try_out(self.statement(sent).expose_secret(), CHANGING)
            .await
        {
            Ok(_) => Ok(()),
            Err(Silence::Said(said)) => Err(self.refused(said, transaction.server())),
            Err(silence) => Err(silence.into_fault(transaction.server().to_owned(), CHANGING)),
        }
    }

    /// The verifier or hash, or none if the password itself is to be sent.
    fn value(&self, server: &str, identity: &Identity) -> Result<Option<SecretString>, PostgresFault> {
        match self.sent_as {
            SentAs::Cleartext => Ok(None),
            SentAs::Md5 => Ok(Some(verifier::md5(self.password, self.role))),
            // It would take the verifier for the password.
            SentAs::Verifier if identity.version < FIRST_WITH_SCRAM => Err(PostgresFault::ServerTooOld {
                server: server.to_owned(),
                version: release(identity.version),
            }),
            SentAs::Verifier => {
                let rounds = rounds(identity.scram_iterations);
                Ok(Some(verifier::verifier(
                    self.password,
                    verifier::random_salt(),
                    rounds,
                )))
            }
        }
    }

    /// Refuses a role that no new password would let in, and one that the writer of a secret must not get into his
    /// hands by naming it there.
    fn check_role(&self, server: &str, row: &[Option<String>]) -> Result<(), PostgresFault> {
        let (server, role) = (server.to_owned(), self.role.to_owned());
        let [may_log_in, until, past, powerful] = row else {
            return Err(PostgresFault::RoleUnknown { server, role });
        };
        if let Some(powerful) = powerful.clone() {
            return Err(PostgresFault::RolePowerful { role, powerful });
        }
        if past.as_deref() == Some("t") {
            return Err(PostgresFault::RoleExpired {
                role,
                until: until.clone().unwrap_or_default(),
            });
        }
        if may_log_in.as_deref() == Some("t") {
            Ok(())
        } else {
            Err(PostgresFault::RoleMayNotLogIn { role })
        }
    }

    /// What the server's refusal of ALTER ROLE means.
    fn refused(&self, said: Said, server: &str) -> PostgresFault {
        let (server, role) = (server.to_owned(), self.role.to_owned());
        match said.state.as_str() {
            "55P03" => PostgresFault::RoleLocked { role, said },
            "57014" => PostgresFault::StatementTimeout { role, said },
            "40001" | "40P01" => PostgresFault::RoleBusy { role, said },
            _ if said.is_concurrent_update() => PostgresFault::RoleBusy { role, said },
            "42704" => PostgresFault::RoleUnknown { server, role },
            "42501" => PostgresFault::PrivilegeMissing {
                role,
                by: self.by.to_owned(),
                said,
            },
            _ if self.sent_as != SentAs::Cleartext && said.wants_cleartext() => {
                PostgresFault::PolicyNeedsCleartext { role, said }
            }
            // passwordcheck raises the first, credcheck the next two, a pg_tle passcheck function the last.
            "22023" | "28000" | "28P01" | "P0001" => PostgresFault::PasswordRejected { role, said },
            _ => Silence::Said(said).into_fault(server, CHANGING),
        }
    }
}

/// The verifier or hash; none if the password itself is sent.
pub(crate) struct Sent(Option<SecretString>);

impl Sent {
    pub(crate) fn value<'s>(&'s self, password: &'s Password) -> &'s dyn ExposeSecret<str> {
        match &self.0 {
            Some(verifier) => verifier,
            None => password,
        }
    }
}

/// The server's own number of rounds, as far as clients put up with it.
fn rounds(setting: Option<u32>) -> NonZeroU32 {
    let rounds = setting.and_then(NonZeroU32::new).unwrap_or(DEFAULT_ROUNDS);
    if rounds > MOST_ROUNDS {
        tracing::warn!(
            scram.iterations = rounds.get(),
            "the server's scram_iterations is {rounds}; clients refuse more than {MOST_ROUNDS}, which is used instead"
        );
    }
    rounds.min(MOST_ROUNDS)
}

/// `90612` is 9.6.12.
fn release(version: u32) -> String {
    format!("{}.{}.{}", version / 10_000, version / 100 % 100, version % 100)
}

#[cfg(test)]
mod tests {
    use rotation::{Fault, Prospect};

    use super::*;

    fn change(password: &Password, sent_as: SentAs) -> Change<'_> {
        Change {
            role: "app",
            by: "app",
            password,
            sent_as,
        }
    }

    fn refusal(state: &str, text: &str, sent_as: SentAs) -> PostgresFault {
        let said = Said::plain(state, text);
        change(&Password::from("x".to_owned()), sent_as).refused(said, "db:5432")
    }

    #[test]
    fn each_refusal_has_its_code() {
        for (state, text, code) in [
            ("55P03", "canceling statement due to lock timeout", "RoleLocked"),
            (
                "57014",
                "canceling statement due to statement timeout",
                "StatementTimeout",
            ),
            ("40001", "could not serialize access", "RoleBusy"),
            ("40P01", "deadlock detected", "RoleBusy"),
            ("XX000", "tuple concurrently updated", "RoleBusy"),
            ("XX000", "cache lookup failed", "ServerError"),
            ("42704", "role \"app\" does not exist", "RoleUnknown"),
            (
                "42501",
                "must be a member of rds_password to alter passwords",
                "PrivilegeMissing",
            ),
            ("22023", "password is too short", "PasswordRejected"),
            (
                "28000",
                "password length should match the configured credcheck.password_min_length",
                "PasswordRejected",
            ),
            ("P0001", "password must not be common", "PasswordRejected"),
            (
                "28000",
                "password type is not a plain text",
                "PolicyNeedsCleartext",
            ),
            (
                "XX000",
                "password type is not a plain text",
                "PolicyNeedsCleartext",
            ),
            (
                "57P01",
                "terminating connection due to administrator command",
                "ServerStarting",
            ),
            ("53100", "no space left on device", "ServerError"),
        ] {
            assert_eq!(
                refusal(state, text, SentAs::Verifier).code(),
                code,
                "{state} {text}"
            );
        }
    }

    #[test]
    fn only_a_rejected_value_is_poisoned() {
        let rejected = refusal("22023", "password is too short", SentAs::Verifier);
        assert_eq!(rejected.advice().prospect, Prospect::PoisonedPending);
        let hashed = refusal("28000", "password type is not a plain text", SentAs::Verifier);
        assert_eq!(hashed.advice().prospect, Prospect::Permanent);
        assert!(hashed.advice().remedy.contains("PASSWORD_SENT_AS=cleartext"));
    }

    #[test]
    fn one_who_sent_the_password_is_not_told_to_send_it() {
        let fault = refusal("28000", "encrypted password is easily cracked", SentAs::Cleartext);
        assert_eq!(fault.code(), "PasswordRejected");
    }

    #[test]
    fn a_role_that_no_password_would_let_in_or_that_is_powerful_is_refused() {
        let password = Password::from("x".to_owned());
        let check = |row: &[Option<&str>]| {
            let row: Vec<_> = row.iter().map(|column| column.map(str::to_owned)).collect();
            change(&password, SentAs::Verifier)
                .check_role("db:5432", &row)
                .map_err(|fault| fault.code())
        };
        assert_eq!(check(&[Some("t"), None, None, None]), Ok(()));
        assert_eq!(check(&[Some("t"), Some("2999-01-01"), Some("f"), None]), Ok(()));
        assert_eq!(
            check(&[Some("t"), Some("2001-01-01"), Some("t"), None]),
            Err("RoleExpired")
        );
        assert_eq!(check(&[Some("f"), None, None, None]), Err("RoleMayNotLogIn"));
        assert_eq!(
            check(&[Some("t"), None, None, Some("rds_superuser")]),
            Err("RolePowerful")
        );
        assert_eq!(check(&[]), Err("RoleUnknown"));
    }

    #[test]
    fn a_server_without_scram_gets_no_verifier() {
        let password = Password::from("x".to_owned());
        let identity = Identity {
            session_user: "app".to_owned(),
            standby: false,
            version: 90_612,
            scram_iterations: None,
            backend: 1,
        };
        let fault = change(&password, SentAs::Verifier)
            .value("db:5432", &identity)
            .unwrap_err();
        assert_eq!(
            fault.to_string(),
            "the server db:5432 is PostgreSQL 9.6.12, which has no SCRAM"
        );
        assert!(
            change(&password, SentAs::Cleartext)
                .value("db:5432", &identity)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn rounds_are_the_servers_within_what_clients_accept() {
        let rounds = |setting| rounds(setting).get();
        assert_eq!(rounds(None), 4096);
        assert_eq!(rounds(Some(0)), 4096);
        assert_eq!(rounds(Some(1)), 1);
        assert_eq!(rounds(Some(50_000)), 50_000);
        assert_eq!(rounds(Some(2_147_483_647)), 100_000);
    }
}
