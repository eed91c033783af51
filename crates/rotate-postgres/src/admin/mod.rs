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

mod fault;
mod primary;

use rotation::password::Password;
use rotation::secrets::{PostgresSecret, TlsMode};
use rotation::{Cause, Context};

pub use fault::{AdminFault, CODES};

use crate::fault::PostgresFault;
use crate::rds::{self, Kind, Rds, RdsName, Server, rds_name};
use crate::server::denial::Denial;
use crate::server::endpoint::{Endpoint, check_role_name};
use crate::server::login;
use crate::server::session::Session;
use crate::server::tls::Tls;
use crate::settings::Settings;
use crate::ttl_cache::TtlCache;

/// The tags that RDS puts on the secret of a master user (Secrets Manager refuses `aws:` tags from anybody else).
const TAGS: [&str; 2] = ["aws:rds:primaryDBClusterArn", "aws:rds:primaryDBInstanceArn"];
/// How the names of those secrets begin.
const MADE_BY_RDS: &str = "rds!";

/// An admin that belongs to the secret's server for certain.
#[derive(Debug, Clone)]
pub struct Admin {
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
    pub fn role(&self) -> &str {
        &self.role
    }

    /// What errors and logs call it: `the admin secret`, `the IAM admin`.
    pub fn title(&self) -> &'static str {
        match self.credential {
            Credential::Password(_) => "the admin secret",
            Credential::Token => "the IAM admin",
        }
    }

    /// Where it logs in: the writer, as far as names tell.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The same admin in another database of the server.
    #[must_use]
    pub fn in_database(mut self, dbname: &str) -> Self {
        dbname.clone_into(&mut self.endpoint.dbname);
        self
    }

    /// Logs in where [`Admin::endpoint`] says.
    ///
    /// # Errors
    /// `AdminLoginRefused` if the server looked at the credential and refused it; all that can come of a login; for a
    /// token also `ConfigurationInvalid`.
    pub async fn log_in(&self, tls: &Tls, context: &Context<'_>) -> Result<Session, Cause> {
        let (endpoint, role, budget) = (&self.endpoint, self.role.as_str(), context.budget());
        let answer = match &self.credential {
            Credential::Password(password) => login::log_in(tls, endpoint, role, password, budget).await,
            Credential::Token => {
                let token = rds::token(endpoint, role, context).await?;
                login::log_in(tls, endpoint, role, &token, budget).await
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

/// Finds admins, and remembers for the steps of a rotation what RDS said.
#[derive(Debug)]
pub struct Admins {
    settings: Settings,
    rds: Rds,
    /// The server of an admin secret, for documents without a host.
    located: TtlCache<(String, Option<u16>)>,
    /// The primary of a host that turned out to be a standby.
    moved: TtlCache<(String, u16)>,
}

impl Admins {
    /// With these settings; asks nobody yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            rds: Rds::default(),
            located: TtlCache::default(),
            moved: TtlCache::default(),
        }
    }

    /// Whether the secret or the environment names an admin.
    pub fn are_named(&self, current: &PostgresSecret) -> bool {
        current.masterarn().is_some() || self.settings.iam_admin.is_some()
    }

    /// The admin of the server at `endpoint`, which `current` leads to; none if neither the secret nor the environment
    /// names one. Costs a GetSecretValue for an admin secret, and one question to the RDS API (for a member of a cluster
    /// and for a replica two) where the names alone do not prove that it belongs to the server.
    ///
    /// # Errors
    /// `AdminElsewhere`, `AdminIsTheUser`, `AdminHostNotAllowed`, what Secrets Manager says of the admin secret, and
    /// what RDS says of the server.
    pub async fn find(
        &self,
        current: &PostgresSecret,
        endpoint: &Endpoint,
        context: &Context<'_>,
    ) -> Result<Option<Admin>, Cause> {
        let admin = match (current.masterarn(), &self.settings.iam_admin) {
            (Some(arn), _) => self.of_secret(arn, current, endpoint, context).await?,
            (None, Some(role)) => self.of_environment(role, endpoint, context).await?,
            (None, None) => return Ok(None),
        };
        check_role_name(&admin.role)?;
        if admin.role == current.username() {
            let role = admin.role;
            return Err(match admin.secret {
                Some(admin) => PostgresFault::AdminIsTheUser { admin, role }.into(),
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
    pub async fn open(&self, admin: &Admin, tls: &Tls, context: &Context<'_>) -> Result<Session, Cause> {
        let session = admin.log_in(tls, context).await?;
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
            endpoint: self.primary_of(&admin.endpoint, standby.into(), context).await?,
            ..admin.clone()
        };
        there.log_in(tls, context).await
    }

    async fn of_secret(
        &self,
        arn: &str,
        current: &PostgresSecret,
        endpoint: &Endpoint,
        context: &Context<'_>,
    ) -> Result<Admin, Cause> {
        if arn == context.secret() {
            let (admin, role) = (arn.to_owned(), current.username().to_owned());
            return Err(PostgresFault::AdminIsTheUser { admin, role }.into());
        }
        let text = context.other_secret(arn).await?;
        let elsewhere = |problem: String| elsewhere(arn, endpoint, problem);
        let admin = PostgresSecret::parse(&text)
            .map_err(|error| elsewhere(format!("its document is unusable: {error}")))?;
        let own = match Endpoint::of(&admin, &self.settings) {
            Ok(own) if at_writer(&own).same_server(&at_writer(endpoint)) => {
                self.writer_of(own, context).await?
            }
            Ok(own) if admin.host().is_some() => self.of_the_same_server(arn, own, endpoint, context).await?,
            Ok(_) | Err(PostgresFault::HostMissing) => {
                let server = self.mastered_by(arn, endpoint, context).await?;
                Endpoint::at(&admin, &self.settings, &server.host, Some(server.port))
                    .map_err(|fault| elsewhere(fault.to_string()))?
            }
            Err(fault) => return Err(elsewhere(fault.to_string()).into()),
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
        let (Some(ours), Some(theirs)) = (rds_name(&own), rds_name(endpoint)) else {
            return Err(elsewhere(format!("it is for {}", own.server())).into());
        };
        let server = self.rds.server_at(&theirs, context).await?;
        self.lead_to(&theirs, &server);
        let of_it = server.has(&ours) && own.port == server.port && endpoint.port == server.port;
        if of_it {
            Ok(at(&own, &server.host, server.port))
        } else {
            let problem = format!(
                "it is for {}, which is no endpoint of {}",
                own.server(),
                server.what
            );
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
        let Some(name) = rds_name(endpoint) else {
            let problem = "its document has no `host`, and the secret's host is no endpoint of RDS";
            return Err(elsewhere(problem.to_owned()));
        };
        let server = self.rds.server_at(&name, context).await?;
        self.lead_to(&name, &server);
        match &server.master_secret {
            Some(master) if master == arn && server.port == endpoint.port => Ok(server),
            Some(master) if master == arn => Err(elsewhere(format!(
                "its document has no `host`, and {} listens on port {}",
                server.what, server.port
            ))),
            Some(master) => Err(elsewhere(format!(
                "its document has no `host`, and the master user of {} has another secret, {master}",
                server.what
            ))),
            None => Err(elsewhere(format!(
                "its document has no `host`, and RDS keeps no master user's secret for {}",
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
        let host = rds_name(endpoint).map_or_else(|| endpoint.host.clone(), |name| name.host);
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
        };
        let own = self.writer_of(own, context).await?;
        Ok(Admin {
            secret: None,
            role: role.to_owned(),
            endpoint: own.at_least_as_safe_as(endpoint),
            credential: Credential::Token,
        })
    }

    /// The writer, if the name is that of readers or of some instances of a cluster.
    async fn writer_of(&self, endpoint: Endpoint, context: &Context<'_>) -> Result<Endpoint, Cause> {
        let Some(name) = rds_name(&endpoint) else {
            return Ok(endpoint);
        };
        if name.kind == Kind::Custom {
            let server = self.rds.server_at(&name, context).await?;
            return Ok(at(&endpoint, &server.host, server.port));
        }
        Ok(at_writer(&endpoint))
    }
}

/// The same at the cluster's writer, if the name is that of its readers: the one name tells the other.
fn at_writer(endpoint: &Endpoint) -> Endpoint {
    let writer = rds_name(endpoint).and_then(|name| name.writer());
    writer.map_or_else(|| endpoint.clone(), |writer| at(endpoint, &writer, endpoint.port))
}

/// The same at another of the server's endpoints. A name that was given for the certificate stays.
fn at(endpoint: &Endpoint, host: &str, port: u16) -> Endpoint {
    let own_name = RdsName::parse(&endpoint.server_name).is_some();
    Endpoint {
        host: host.to_owned(),
        port,
        server_name: if own_name {
            host.to_owned()
        } else {
            endpoint.server_name.clone()
        },
        ..endpoint.clone()
    }
}

fn is_made_by_rds(arn: &str) -> bool {
    arn.rsplit(':')
        .next()
        .is_some_and(|name| name.starts_with(MADE_BY_RDS))
}

fn elsewhere(arn: &str, endpoint: &Endpoint, problem: String) -> PostgresFault {
    PostgresFault::AdminElsewhere {
        admin: arn.to_owned(),
        server: endpoint.server(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READERS: &str = "orders.cluster-ro-abc.us-east-1.rds.amazonaws.com";
    const WRITER: &str = "orders.cluster-abc.us-east-1.rds.amazonaws.com";

    fn endpoint(host: &str, server_name: &str) -> Endpoint {
        Endpoint {
            host: host.to_owned(),
            port: 5432,
            dbname: "app".to_owned(),
            tls: TlsMode::VerifyFull,
            server_name: server_name.to_owned(),
        }
    }

    #[test]
    fn readers_lead_to_the_writer_and_its_certificate() {
        assert_eq!(at_writer(&endpoint(READERS, READERS)), endpoint(WRITER, WRITER));
        for host in [WRITER, "one.abc.us-east-1.rds.amazonaws.com", "db.example.com"] {
            assert_eq!(at_writer(&endpoint(host, host)), endpoint(host, host));
        }
    }

    #[test]
    fn an_alias_is_what_its_certificate_is_checked_for_if_that_is_checked() {
        let alias = endpoint("db.example.com", READERS);
        assert_eq!(at_writer(&alias), endpoint(WRITER, WRITER));
        for tls in [TlsMode::Disable, TlsMode::VerifyCa] {
            let alias = Endpoint { tls, ..alias.clone() };
            assert_eq!(at_writer(&alias), alias);
        }
    }

    #[test]
    fn a_name_of_ones_own_for_the_certificate_stays() {
        let own = endpoint(READERS, "db.internal");
        assert_eq!(at_writer(&own), endpoint(WRITER, "db.internal"));
    }

    #[test]
    fn secrets_of_rds_are_known_by_their_name() {
        let arn = |name: &str| format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}");
        assert!(is_made_by_rds(&arn("rds!cluster-1234-AbCdEf")));
        assert!(!is_made_by_rds(&arn("prod/rds!cluster-AbCdEf")));
    }

    #[test]
    fn debug_hides_the_credential() {
        let admin = Admin {
            secret: None,
            role: "admin".to_owned(),
            endpoint: endpoint(WRITER, WRITER),
            credential: Credential::Password(Password::from("canary".to_owned())),
        };
        assert!(!format!("{admin:?}").contains("canary"));
    }
}
