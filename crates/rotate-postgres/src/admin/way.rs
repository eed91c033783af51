//! Where a document leads: to the server that takes writes, and there again if a name turns out to be a standby's.

use rotation::secrets::{PostgresSecret, TlsMode};
use rotation::{Cause, Context};

use super::{AdminFault, Admins, TAGS, at, at_writer, is_made_by_rds};
use crate::endpoint::{Endpoint, check_role_name};
use crate::fault::PostgresFault;
use crate::rds::{Kind, RdsName, Server, rds_name};
use crate::settings::SentAs;

impl Admins {
    /// The primary of the endpoint of RDS's that turned out to be a `standby`, as the RDS API names it; remembered, so that
    /// [`Admins::endpoint`] leads there at once.
    ///
    /// # Errors
    /// `standby`, if the endpoint is not RDS's or RDS says nothing better.
    pub(super) async fn primary_of(
        &self,
        endpoint: &Endpoint,
        standby: Cause,
        context: &Context<'_>,
    ) -> Result<Endpoint, Cause> {
        let Some(name) = rds_name(endpoint) else {
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
        let primary = at(endpoint, &server.host, server.port);
        if primary == *endpoint {
            return Err(standby);
        }
        self.lead_to(&name, &server);
        Ok(primary)
    }

    /// Makes attempts at something while what they fail for may pass; and one more if the last met a standby whose primary RDS
    /// names: by then [`Admins::endpoint`] leads there.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn at_the_primary<T>(
        &self,
        secret: &PostgresSecret,
        context: &Context<'_>,
        attempt: impl AsyncFn() -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        let attempts = async || self.at_most_twice(secret, context, &attempt).await;
        rotation::retry(context.budget(), attempts).await
    }

    async fn at_most_twice<T>(
        &self,
        secret: &PostgresSecret,
        context: &Context<'_>,
        attempt: &impl AsyncFn() -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        // Boxed, or the compiler loses itself in the depth of the step's future.
        match Box::pin(attempt()).await {
            Err(cause) if cause.code() == PostgresFault::STANDBY => {
                let endpoint = self.endpoint(secret, context).await?;
                self.primary_of(&endpoint, cause, context).await?;
                Box::pin(attempt()).await
            }
            outcome => outcome,
        }
    }

    /// Where a document leads, for whoever wants to change something: to the writer, as far as names tell. One without a host
    /// leads to where the environment says, else to the server of its admin secret: the host there, or the cluster or
    /// instance whose master user's secret RDS says that it is.
    ///
    /// # Errors
    /// `RoleNameInvalid`, `CleartextNeedsTls`, those of [`Endpoint::of`], what Secrets Manager and RDS say, and `ProxyInTheWay`.
    pub async fn endpoint(&self, secret: &PostgresSecret, context: &Context<'_>) -> Result<Endpoint, Cause> {
        check_role_name(secret.username())?;
        let endpoint = self.writer(secret, context).await?;
        if self.settings.sent_as == SentAs::Cleartext && endpoint.tls == TlsMode::Disable {
            return Err(PostgresFault::CleartextNeedsTls.into());
        }
        Ok(endpoint)
    }

    async fn writer(&self, secret: &PostgresSecret, context: &Context<'_>) -> Result<Endpoint, Cause> {
        let endpoint = match (Endpoint::of(secret, &self.settings), secret.masterarn()) {
            (Err(PostgresFault::HostMissing), Some(arn)) => {
                self.endpoint_of_admin(secret, arn, context).await?
            }
            (endpoint, _) => endpoint?,
        };
        let Some(name) = rds_name(&endpoint) else {
            return Ok(endpoint);
        };
        if name.kind == Kind::Proxy {
            let server = endpoint.server();
            return Err(AdminFault::ProxyInTheWay { server }.into());
        }
        Ok(match self.moved.recall(&name.host) {
            Some((host, port)) => at(&endpoint, &host, port),
            None => at_writer(&endpoint),
        })
    }

    async fn endpoint_of_admin(
        &self,
        secret: &PostgresSecret,
        arn: &str,
        context: &Context<'_>,
    ) -> Result<Endpoint, Cause> {
        let (host, port) = match self.located.recall(arn) {
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
        self.located.keep(arn, &found);
        Ok(found)
    }

    /// The server whose master user's secret RDS has tagged this one as.
    pub(super) async fn tagged(&self, arn: &str, context: &Context<'_>) -> Result<Option<Server>, Cause> {
        let tags = context.tags_of(arn).await?;
        let tag = tags.iter().find(|(key, _)| TAGS.contains(&key.as_str()));
        match tag {
            Some((_, resource)) => self.rds.server_of(resource, context).await.map(Some),
            None => Ok(None),
        }
    }

    /// Remembers where an endpoint's writer is: a replica lags, and would refuse what the writer has just been told.
    pub(super) fn lead_to(&self, name: &RdsName, server: &Server) {
        if name.host != server.host {
            self.moved.keep(&name.host, &(server.host.clone(), server.port));
        }
    }
}
