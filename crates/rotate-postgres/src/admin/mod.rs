//! The admin: who may change the roles of a server that a secret belongs to, and where and how it logs in.
//!
//! ```text
//! secret ── masterarn ──▶ admin secret ─┬─ with a host ──▶ the same server?   by name, else by the RDS API
//!        │                              └─ without ──────▶ the server whose master secret it is, by the RDS API
//!        └─ none ──▶ ADMIN_IAM_USERNAME ─────────────────▶ a host that ADMIN_IAM_HOSTS allows
//! ```
//!
//! A secret's content alone never decides where an admin's credential goes, nor how well it is protected: the admin's own
//! document names the server, or RDS does, or the environment allows it; and the connection is at least as safe as
//! both the admin's document (or the environment) and the secret ask for.
//!
//! Whether an admin may help at all, and what it changes, is decided in `single_user` and `alternating`.

mod fault;
mod primary;
mod superuser_secret;

use rotation::password::Password;
use rotation::secrets::{PostgresSecret, TlsMode};
use rotation::{Cause, Context, Fault};

pub(crate) use fault::AdminFault;
pub use fault::CODES;
pub(crate) use primary::Primary;

use crate::fault::PostgresFault;
use crate::rds::{self, Server};
use crate::server::denial::Denial;
use crate::server::endpoint::{Endpoint, check_role_name};
use crate::server::login::{self, Line};
use crate::server::session::Session;
use crate::server::tls::Tls;
use crate::settings::Settings;
use crate::ttl_cache::TtlCache;

/// An admin that belongs to the secret's server for certain.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    /// The admin secret's ARN; none for a role that logs in with a token.
    secret: Option<String>,
    role: String,
    endpoint: Endpoint,
    credential: Credential,
}

#[derive(Debug, Clone)]
enum Credential {
    Password(Password),
    /// Made at each login: it is good for one host, port and role, and for a quarter of an hour.
    Token,
}

impl Admin {
    /// The role that logs in.
    pub(crate) fn role(&self) -> &str {
        &self.role
    }

    /// What errors and logs call it: `the superuser secret`, `the IAM superuser role`.
    pub(crate) fn title(&self) -> &'static str {
        match self.credential {
            Credential::Password(_) => "the superuser secret",
            Credential::Token => "the IAM superuser role",
        }
    }

    /// Where it logs in, and how that connection is protected.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The same admin in another database of the server.
    #[must_use]
    pub(crate) fn in_database(mut self, dbname: &str) -> Self {
        dbname.clone_into(&mut self.endpoint.dbname);
        self
    }

    /// Logs in at the writer, as far as names tell; over a connection that was prepared, if one was.
    ///
    /// # Errors
    /// `SuperuserLoginRefused` if the server looked at the credential and refused it; all that can come of a login; for a
    /// token also `ConfigurationInvalid`.
    pub(crate) async fn log_in(
        &self,
        line: Option<Line>,
        tls: &Tls,
        context: &Context<'_>,
    ) -> Result<Session, Cause> {
        let (endpoint, role, budget) = (&self.endpoint, self.role.as_str(), context.budget());
        let answer = match &self.credential {
            Credential::Password(password) => {
                login::log_in_over(line, tls, endpoint, role, password, budget).await
            }
            Credential::Token => {
                let token =
                    rds::token((&endpoint.host, endpoint.port), &endpoint.server(), role, context).await?;
                login::log_in_over(line, tls, endpoint, role, &token, budget).await
            }
        };
        answer.map_err(|denial| match denial {
            Denial::Refused(said) => AdminFault::LoginRefused {
                secret: self.secret.clone(),
                role: self.role.clone(),
                server: endpoint.server(),
                said,
            }
            .into(),
            Denial::Failed(fault) => fault.into(),
        })
    }
}

/// Finds admins.
#[derive(Debug)]
pub(crate) struct Admins {
    settings: Settings,
    /// Where documents lead.
    pub(crate) primary: Primary,
    /// By secret, the superuser secret that createSecret found: setSecret reads it before it knows that it is still that one.
    named: TtlCache<String>,
}

impl Admins {
    /// With these settings; asks nobody yet.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            primary: Primary::new(settings.clone()),
            settings,
            named: TtlCache::default(),
        }
    }

    /// The superuser secret of the secret `own`, as far as its value is not needed to know it: the one that it named a moment ago, or
    /// else the function's. Only what the environment allows. A secret that names another one by now is none the worse for it: that one
    /// is read then, and nothing comes of the first.
    pub(crate) fn expected(&self, own: &str) -> Option<String> {
        let functions = || self.settings.superuser_secret.clone();
        self.named.get(own).or_else(functions).filter(|arn| arn != own)
    }

    /// Whether the secret or the environment names an admin. Asks nobody.
    pub(crate) fn are_named(&self, current: &PostgresSecret, context: &Context<'_>) -> bool {
        let secret = superuser_secret::of(current, context.secret(), &self.settings);
        !matches!(secret, Ok(None)) || self.settings.iam_admin.is_some()
    }

    /// The same, for a rotation that cannot do without one.
    ///
    /// # Errors
    /// `SuperuserSecretNotAllowed`, and `SuperuserIsTheUser` for a secret that names itself.
    pub(crate) fn are_allowed(&self, current: &PostgresSecret, context: &Context<'_>) -> Result<bool, Cause> {
        let secret = self.secret_of(current, context)?.map(str::to_owned);
        if let Some(arn) = &secret {
            self.named.insert(context.secret(), arn);
        }
        Ok(secret.is_some() || self.settings.iam_admin.is_some())
    }

    /// The admin of the server at `endpoint`, which `current` leads to; none if neither the secret nor the environment
    /// names one. Costs a GetSecretValue for an admin secret, and one question to the RDS API (for a member of a cluster
    /// and for a replica two) where the names alone do not prove that it belongs to the server.
    ///
    /// # Errors
    /// `SuperuserSecretNotAllowed`, `SuperuserSecretForAnotherServer`, `SuperuserIsTheUser`, `SuperuserHostNotAllowed`, what Secrets Manager says of the admin secret, and
    /// what RDS says of the server.
    pub(crate) async fn find(
        &self,
        current: &PostgresSecret,
        endpoint: &Endpoint,
        context: &Context<'_>,
    ) -> Result<Option<Admin>, Cause> {
        let admin = match (self.secret_of(current, context)?, &self.settings.iam_admin) {
            (Some(arn), _) => self.of_secret(arn, endpoint, context).await?,
            (None, Some(role)) => self.of_environment(role, endpoint, context).await?,
            (None, None) => return Ok(None),
        };
        check_role_name(&admin.role)?;
        if admin.role == current.username() {
            let role = admin.role;
            return Err(match admin.secret {
                Some(admin) => PostgresFault::SuperuserIsTheUser { admin, role }.into(),
                None => AdminFault::IsTheUser { role }.into(),
            });
        }
        Ok(Some(admin))
    }

    /// A session of `admin` on the server that takes writes. An endpoint of RDS's that turns out to be a replica's leads on
    /// to its primary, as RDS names it.
    ///
    /// # Errors
    /// Those of [`Admin::log_in`] and [`Session::identify`], and what RDS says of the server.
    pub(crate) async fn open(
        &self,
        admin: &Admin,
        tls: &Tls,
        context: &Context<'_>,
    ) -> Result<Session, Cause> {
        self.open_over(None, admin, tls, context).await
    }

    /// The same over a connection that was prepared, if one was.
    pub(crate) async fn open_over(
        &self,
        line: Option<Line>,
        admin: &Admin,
        tls: &Tls,
        context: &Context<'_>,
    ) -> Result<Session, Cause> {
        let session = admin.log_in(line, tls, context).await?;
        let standby = match session.identify(&admin.role, context.budget()).await {
            Ok(_) => return Ok(session),
            Err(standby @ PostgresFault::ReadOnlyStandby { .. }) => standby,
            Err(fault) => {
                session.close().await;
                return Err(fault.into());
            }
        };
        session.close().await;
        let there = Admin {
            endpoint: self.primary.of(&admin.endpoint, standby.into(), context).await?,
            ..admin.clone()
        };
        there.log_in(None, tls, context).await
    }

    /// The superuser secret that `current` or the function names, which may not be itself.
    fn secret_of<'a>(
        &'a self,
        current: &'a PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<&'a str>, Cause> {
        if let Some(own) = current.masterarn().filter(|arn| *arn == context.secret()) {
            let (admin, role) = (own.to_owned(), current.username().to_owned());
            return Err(PostgresFault::SuperuserIsTheUser { admin, role }.into());
        }
        Ok(superuser_secret::of(current, context.secret(), &self.settings)?)
    }

    async fn of_secret(&self, arn: &str, endpoint: &Endpoint, context: &Context<'_>) -> Result<Admin, Cause> {
        let text = context.other_secret(arn).await?;
        let unusable = |code, remedy| AdminFault::SecretUnusable {
            secret: arn.to_owned(),
            code,
            remedy,
        };
        let admin = PostgresSecret::parse(&text).map_err(|error| unusable(error.code(), error.remedy()))?;
        let own = match Endpoint::of(&admin, &self.settings) {
            Ok(own) if own.same_server(endpoint) => self.primary.writer_of(own, context).await?,
            Ok(own) if admin.host().is_some() => self.of_the_same_server(arn, own, endpoint, context).await?,
            Ok(_) | Err(PostgresFault::HostMissing) => {
                let server = self.mastered_by(arn, endpoint, context).await?;
                Endpoint::at(&admin, &self.settings, &server.host, Some(server.port))
                    .map_err(|fault| unusable(fault.code(), fault.advice().remedy.into_owned()))?
            }
            Err(fault) => return Err(unusable(fault.code(), fault.advice().remedy.into_owned()).into()),
        };
        Ok(Admin {
            secret: Some(arn.to_owned()),
            role: admin.username().to_owned(),
            endpoint: own.at_least_as_safe_as(endpoint),
            credential: Credential::Password(admin.password().clone()),
        })
    }

    /// The writer of the server that both names are endpoints of, as RDS says; the admin's own document names one.
    async fn of_the_same_server(
        &self,
        arn: &str,
        own: Endpoint,
        endpoint: &Endpoint,
        context: &Context<'_>,
    ) -> Result<Endpoint, Cause> {
        let elsewhere = |problem: String| elsewhere(arn, endpoint, problem);
        let (Some(ours), Some(theirs)) = (own.rds_name(), endpoint.rds_name()) else {
            return Err(elsewhere("its own value names another `host` or `port`".to_owned()).into());
        };
        let server = self.primary.server_at(&theirs, context).await?;
        let of_it = server.has(&ours) && own.port == server.port && endpoint.port == server.port;
        if of_it {
            Ok(own.moved_to(&server.host, server.port))
        } else {
            let problem = format!("the server of its own value is no endpoint of {}", server.what);
            Err(elsewhere(problem).into())
        }
    }

    /// The server at `endpoint`, whose master user's secret this one is, as RDS says.
    async fn mastered_by(
        &self,
        arn: &str,
        endpoint: &Endpoint,
        context: &Context<'_>,
    ) -> Result<Server, Cause> {
        let elsewhere = |problem: String| Cause::from(elsewhere(arn, endpoint, problem));
        let Some(name) = endpoint.rds_name() else {
            let problem = "its value has no `host`, and the secret's host is no endpoint of RDS";
            return Err(elsewhere(problem.to_owned()));
        };
        let server = self.primary.server_at(&name, context).await?;
        match &server.master_secret {
            Some(master) if master == arn && server.port == endpoint.port => Ok(server),
            Some(master) if master == arn => Err(elsewhere(format!(
                "its value has no `host`, and {} listens on port {}",
                server.what, server.port
            ))),
            Some(_) => Err(elsewhere(format!(
                "its value has no `host`, and the master user of {} has another secret",
                server.what
            ))),
            None => Err(elsewhere(format!(
                "its value has no `host`, and RDS keeps no master user's secret for {}",
                server.what
            ))),
        }
    }

    /// A role of the group `rds_iam`, which logs in with a token and never over plain text.
    async fn of_environment(
        &self,
        role: &str,
        endpoint: &Endpoint,
        context: &Context<'_>,
    ) -> Result<Admin, Cause> {
        let settings = &self.settings;
        let host = endpoint
            .rds_name()
            .map_or_else(|| endpoint.host.clone(), |name| name.host);
        let from_environment = settings
            .host
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(&host));
        if !from_environment && !settings.iam_hosts.allow(&host) {
            return Err(AdminFault::HostNotAllowed {
                role: role.to_owned(),
                server: endpoint.server(),
            }
            .into());
        }
        let own = Endpoint {
            server_name: settings.tls_server_name.clone().unwrap_or_else(|| host.clone()),
            tls: settings
                .tls
                .filter(|&tls| tls != TlsMode::Disable)
                .unwrap_or(TlsMode::VerifyFull),
            host,
            port: endpoint.port,
            dbname: endpoint.dbname.clone(),
            allowed: settings.allowed,
        };
        let own = self.primary.writer_of(own, context).await?;
        Ok(Admin {
            secret: None,
            role: role.to_owned(),
            endpoint: own.at_least_as_safe_as(endpoint),
            credential: Credential::Token,
        })
    }
}

/// A secret's writer chooses which other secret is looked at: of that, nothing is shown but the ARN, which is the writer's own.
fn elsewhere(arn: &str, endpoint: &Endpoint, problem: String) -> PostgresFault {
    PostgresFault::SuperuserSecretForAnotherServer {
        admin: arn.to_owned(),
        server: endpoint.server(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Allowed;

    #[test]
    fn debug_hides_the_credential() {
        let admin = Admin {
            secret: None,
            role: "admin".to_owned(),
            endpoint: Endpoint {
                host: "db".to_owned(),
                port: 5432,
                dbname: "app".to_owned(),
                tls: TlsMode::VerifyFull,
                server_name: "db".to_owned(),
                allowed: Allowed {
                    no_password: false,
                    local_hosts: true,
                },
            },
            credential: Credential::Password(Password::from("canary".to_owned())),
        };
        assert!(!format!("{admin:?}").contains("canary"));
    }
}
