//! Where a document leads: to the server that takes writes, and there again if a name turns out to be a standby's.

use rotation::secrets::{PostgresSecret, TlsMode};
use rotation::{Cause, Context};

use super::fault::AdminFault;
use super::superuser_secret;
use crate::fault::PostgresFault;
use crate::rds::{EndpointKind, Rds, RdsName, Server};
use crate::server::endpoint::{Endpoint, check_role_name};
use crate::settings::Settings;
use crate::ttl_cache::TtlCache;

/// The tags that RDS puts on the secret of a master user (Secrets Manager refuses `aws:` tags from anybody else).
const TAGS: [&str; 2] = ["aws:rds:primaryDBClusterArn", "aws:rds:primaryDBInstanceArn"];
/// How the names of those secrets begin.
const MADE_BY_RDS: &str = "rds!";

/// Finds the server that takes writes, and remembers for the steps of a rotation what RDS said.
#[derive(Debug)]
pub(crate) struct Primary {
    settings: Settings,
    rds: Rds,
    /// The server of a superuser secret, for documents without a host.
    located: TtlCache<(String, Option<u16>)>,
    /// The primary of a host that turned out to be a standby.
    moved: TtlCache<(String, u16)>,
}

impl Primary {
    /// With these settings; asks nobody yet.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            rds: Rds::default(),
            located: TtlCache::default(),
            moved: TtlCache::default(),
        }
    }

    /// Where a document leads, for a change: to the writer, as far as names tell. A document without a host leads to where
    /// the environment says, else to the server of its superuser secret: the host there, or the cluster or instance whose
    /// master user's secret RDS says that it is.
    ///
    /// # Errors
    /// `RoleNameInvalid`, `CleartextNeedsTls`, `SuperuserSecretNotAllowed`, those of [`Endpoint::of`], what Secrets Manager and RDS say, and `ProxyInTheWay`.
    pub(crate) async fn endpoint(
        &self,
        secret: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Endpoint, Cause> {
        check_role_name(secret.username())?;
        let endpoint = self.writer(secret, context).await?;
        if self.settings.sent_as.needs_tls() && endpoint.tls == TlsMode::Disable {
            return Err(PostgresFault::CleartextNeedsTls.into());
        }
        Ok(endpoint)
    }

    /// Whether a version's document leads to the server at `endpoint`: the one question for this, and asked of both in the same
    /// way. What a document leaves out is completed for both, and a name that leads on to a primary does so for both.
    ///
    /// A document that leads nowhere is not for this server.
    pub(crate) async fn leads_to(
        &self,
        endpoint: &Endpoint,
        secret: &PostgresSecret,
        context: &Context<'_>,
    ) -> bool {
        let there = self.writer(secret, context).await;
        there.is_ok_and(|there| there.same_server(endpoint))
    }

    /// Makes attempts at something while what they fail for may pass; and one more if the last met a standby whose primary RDS
    /// names: by then [`Primary::endpoint`] leads there.
    ///
    /// # Errors
    /// The last attempt's.
    pub(crate) async fn retry<T>(
        &self,
        secret: &PostgresSecret,
        context: &Context<'_>,
        mut attempt: impl AsyncFnMut() -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        let attempts = async || self.at_most_twice(secret, context, &mut attempt).await;
        rotation::retry(context.budget(), attempts).await
    }

    async fn at_most_twice<T>(
        &self,
        secret: &PostgresSecret,
        context: &Context<'_>,
        attempt: &mut impl AsyncFnMut() -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        // Boxed, or the compiler loses itself in the depth of the step's future.
        let outcome = Box::pin(attempt()).await;
        match outcome {
            Err(cause) if is_standby(&cause) => {
                let endpoint = self.endpoint(secret, context).await?;
                self.of(&endpoint, cause, context).await?;
                Box::pin(attempt()).await
            }
            outcome => outcome,
        }
    }

    /// The primary of an endpoint of RDS's that turned out to be a `standby`, as the RDS API names it; remembered, so that
    /// [`Primary::endpoint`] leads there at once.
    ///
    /// # Errors
    /// `standby`, if the endpoint is not RDS's or RDS says nothing better.
    pub(super) async fn of(
        &self,
        endpoint: &Endpoint,
        standby: Cause,
        context: &Context<'_>,
    ) -> Result<Endpoint, Cause> {
        let Some(name) = endpoint.rds_name() else {
            return Err(standby);
        };
        let server = match self.rds.server_at(&name, context).await {
            Ok(server) => server,
            Err(cause) => {
                tracing::warn!(
                    error.code = cause.code(),
                    "the primary of {} is not known: {cause}",
                    name.host
                );
                return Err(standby);
            }
        };
        let primary = endpoint.moved_to(&server.host, server.port);
        if primary == *endpoint {
            return Err(standby);
        }
        self.lead_to(&name, &server);
        Ok(primary)
    }

    /// The server that RDS says this name is an endpoint of. From now on the name leads to its writer.
    pub(super) async fn server_at(&self, name: &RdsName, context: &Context<'_>) -> Result<Server, Cause> {
        let server = self.rds.server_at(name, context).await?;
        self.lead_to(name, &server);
        Ok(server)
    }

    /// The writer, if the name is that of readers or of some instances of a cluster.
    pub(super) async fn writer_of(
        &self,
        endpoint: Endpoint,
        context: &Context<'_>,
    ) -> Result<Endpoint, Cause> {
        match endpoint.rds_name() {
            Some(name) if name.kind == EndpointKind::Custom => {
                let server = self.rds.server_at(&name, context).await?;
                Ok(endpoint.moved_to(&server.host, server.port))
            }
            _ => Ok(endpoint.writer()),
        }
    }

    async fn writer(&self, secret: &PostgresSecret, context: &Context<'_>) -> Result<Endpoint, Cause> {
        let endpoint = match Endpoint::of(secret, &self.settings) {
            Err(PostgresFault::HostMissing) => {
                let admin = superuser_secret::of(secret, context.secret(), &self.settings)?;
                let admin = admin.ok_or(PostgresFault::HostMissing)?;
                self.endpoint_of_admin(secret, admin, context).await?
            }
            endpoint => endpoint?,
        };
        let Some(name) = endpoint.rds_name() else {
            return Ok(endpoint);
        };
        if name.kind == EndpointKind::Proxy {
            let server = endpoint.server();
            return Err(AdminFault::ProxyInTheWay { server }.into());
        }
        Ok(match self.moved.get(&name.host) {
            Some((host, port)) => endpoint.moved_to(&host, port),
            None => endpoint.writer(),
        })
    }

    async fn endpoint_of_admin(
        &self,
        secret: &PostgresSecret,
        arn: &str,
        context: &Context<'_>,
    ) -> Result<Endpoint, Cause> {
        let (host, port) = match self.located.get(arn) {
            Some(known) => known,
            None => self.locate(arn, context).await?,
        };
        Ok(Endpoint::at(
            secret,
            &self.settings,
            &host,
            secret.port().or(port),
        )?)
    }

    async fn locate(&self, arn: &str, context: &Context<'_>) -> Result<(String, Option<u16>), Cause> {
        let mut found = None;
        if !is_made_by_rds(arn) {
            let text = context.other_secret(arn).await?;
            let admin = PostgresSecret::parse(&text).ok();
            found = admin.and_then(|admin| Some((admin.host()?.to_owned(), admin.port())));
        }
        let found = if let Some(found) = found {
            found
        } else {
            let server = self.tagged(arn, context).await?;
            let server = server.ok_or(PostgresFault::HostMissing)?;
            (server.host, Some(server.port))
        };
        self.located.insert(arn, &found);
        Ok(found)
    }

    /// The server whose master user's secret RDS has tagged this one as.
    async fn tagged(&self, arn: &str, context: &Context<'_>) -> Result<Option<Server>, Cause> {
        let tags = context.tags_of(arn).await?;
        let tag = tags.iter().find(|(key, _)| TAGS.contains(&key.as_str()));
        match tag {
            Some((_, resource)) => self.rds.server_of(resource, context).await.map(Some),
            None => Ok(None),
        }
    }

    /// Remembers where an endpoint's writer is: a replica lags, and would refuse what the writer has just been told.
    fn lead_to(&self, name: &RdsName, server: &Server) {
        if name.host != server.host {
            self.moved.insert(&name.host, &(server.host.clone(), server.port));
        }
    }
}

fn is_standby(cause: &Cause) -> bool {
    matches!(cause.as_fault(), Some(PostgresFault::ReadOnlyStandby { .. }))
}

fn is_made_by_rds(arn: &str) -> bool {
    arn.rsplit(':')
        .next()
        .is_some_and(|name| name.starts_with(MADE_BY_RDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_rds_are_known_by_their_name() {
        let arn = |name: &str| format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}");
        assert!(is_made_by_rds(&arn("rds!cluster-1234-AbCdEf")));
        assert!(!is_made_by_rds(&arn("prod/rds!cluster-AbCdEf")));
    }
}
