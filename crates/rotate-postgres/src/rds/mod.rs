//! The RDS API, reduced to three questions: whose endpoint is this name, which server is this tag of, and a login token.
//!
//! A client is made when the first question is asked, and answers are kept for as long as the steps of a rotation
//! take: most rotations ask nothing.
//!
//! It knows no connection and no PostgreSQL: `server` knows where a name leads, and `admin` what an answer proves.

mod fault;
mod name;
mod server;
mod token;

use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_rds::Client;
use aws_sdk_rds::config::{BehaviorVersion, Region};
use aws_sdk_rds::types::{DbCluster, DbInstance};
use rotation::{Budget, CallError, Cause, Context};

pub use fault::CODES;
pub(crate) use fault::RdsFault;
pub use name::{EndpointKind, RdsName};
use server::Instance;

use crate::ttl_cache::TtlCache;
pub(crate) use server::Server;
pub(crate) use token::token;

/// Longest wait for one call, retries included; the SDK's own limits are below it.
const CALL: Duration = Duration::from_secs(15);
/// A replica of a replica of a replica: PostgreSQL on RDS allows three levels.
const LEVELS: usize = 4;

/// The RDS API of the function's own region.
#[derive(Debug, Default)]
pub(crate) struct Rds {
    client: OnceLock<Client>,
    known: TtlCache<Server>,
}

impl Rds {
    /// The server that `name` is an endpoint of, in the function's account and region. One call; two for a member of a
    /// cluster and for a replica.
    ///
    /// # Errors
    /// [`RdsFault`], and the end of the budget. A proxy, and the endpoint of a global database, are nobody's here.
    pub(crate) async fn server_at(&self, name: &RdsName, context: &Context<'_>) -> Result<Server, Cause> {
        if let Some(known) = self.known.get(&name.host) {
            return Ok(known);
        }
        let asked = Asked::new(self.client(context), context.budget());
        let server = match name.kind {
            EndpointKind::Writer | EndpointKind::Reader => asked.cluster(&name.id).await?,
            EndpointKind::Custom => asked.cluster_with(name).await?,
            EndpointKind::Instance => asked.around(name).await?,
            EndpointKind::Proxy | EndpointKind::Global => {
                return Err(RdsFault::not_found(&format!("endpoint {}", name.host), asked.region()).into());
            }
        };
        if !server.names(name) {
            let (what, host) = (server.what, name.host.clone());
            return Err(RdsFault::NotItsEndpoint { what, host }.into());
        }
        self.known.insert(&name.host, &server);
        Ok(server)
    }

    /// The cluster or instance of this ARN (`arn:aws:rds:region:account:cluster:id`, or `db`), as RDS tags the secret of
    /// its master user with it.
    ///
    /// # Errors
    /// As [`Rds::server_at`].
    pub(crate) async fn server_of(&self, arn: &str, context: &Context<'_>) -> Result<Server, Cause> {
        if let Some(known) = self.known.get(arn) {
            return Ok(known);
        }
        let asked = Asked::new(self.client(context), context.budget());
        let server = match arn.split(':').collect::<Vec<_>>().as_slice() {
            [_, _, "rds", _, _, "cluster", id] => asked.cluster(id).await?,
            [_, _, "rds", _, _, "db", id] => asked.primary(id).await?,
            _ => return Err(RdsFault::not_found(&format!("resource {arn}"), asked.region()).into()),
        };
        self.known.insert(arn, &server);
        self.known.insert(&server.host, &server);
        Ok(server)
    }

    fn client(&self, context: &Context<'_>) -> &Client {
        self.client.get_or_init(|| {
            let config = aws_sdk_rds::config::Builder::from(context.aws());
            Client::from_conf(config.behavior_version(BehaviorVersion::latest()).build())
        })
    }
}

/// The API during one question.
struct Asked<'a> {
    client: &'a Client,
    budget: Budget,
}

impl<'a> Asked<'a> {
    fn new(client: &'a Client, budget: Budget) -> Self {
        Self { client, budget }
    }

    fn region(&self) -> &str {
        self.client
            .config()
            .region()
            .map_or("the function's region", Region::as_ref)
    }

    async fn cluster(&self, id: &str) -> Result<Server, Cause> {
        const OPERATION: &str = "DescribeDBClusters";
        let what = format!("the cluster {id}");
        let call = self
            .client
            .describe_db_clusters()
            .db_cluster_identifier(id)
            .send();
        let answer = self
            .budget
            .wait(format!("waiting for {OPERATION} on {what}"), CALL, call)
            .await?
            .map_err(|error| RdsFault::of(OPERATION, &what, self.region(), CallError::of(&error)))?;
        let clusters = answer.db_clusters.unwrap_or_default();
        let Some(cluster) = clusters.first() else {
            return Err(RdsFault::not_found(&what, self.region()).into());
        };
        Ok(usable(cluster)?)
    }

    /// The cluster that has the custom endpoint `name`: its name does not tell.
    async fn cluster_with(&self, name: &RdsName) -> Result<Server, Cause> {
        const OPERATION: &str = "DescribeDBClusters";
        let what = format!("the custom endpoint {}", name.id);
        let pages = self.client.describe_db_clusters().into_paginator().items().send();
        let all: Result<Vec<DbCluster>, _> = self
            .budget
            .wait(
                format!("waiting for {OPERATION} about {what}"),
                CALL,
                pages.collect(),
            )
            .await?;
        let all = all
            .map_err(|error| RdsFault::of(OPERATION, "all clusters", self.region(), CallError::of(&error)))?;
        let found = all
            .iter()
            .filter_map(Server::of_cluster)
            .find(|server| server.names(name));
        found.ok_or_else(|| RdsFault::not_found(&what, self.region()).into())
    }

    async fn instance(&self, id: &str) -> Result<DbInstance, Cause> {
        const OPERATION: &str = "DescribeDBInstances";
        let what = format!("the instance {id}");
        let call = self
            .client
            .describe_db_instances()
            .db_instance_identifier(id)
            .send();
        let answer = self
            .budget
            .wait(format!("waiting for {OPERATION} on {what}"), CALL, call)
            .await?
            .map_err(|error| RdsFault::of(OPERATION, &what, self.region(), CallError::of(&error)))?;
        let found = answer.db_instances.unwrap_or_default().into_iter().next();
        found.ok_or_else(|| RdsFault::not_found(&what, self.region()).into())
    }

    /// The server that the instance called `name` is, or is part of.
    async fn around(&self, name: &RdsName) -> Result<Server, Cause> {
        let instance = self.instance(&name.id).await?;
        let at_this_name = server::is_at(&instance, name);
        let server = self.follow(&name.id, Instance::of(&instance)).await?;
        Ok(if at_this_name {
            server.also_at(name)
        } else {
            server
        })
    }

    /// The server of an instance, from a replica to what it is a replica of.
    async fn primary(&self, id: &str) -> Result<Server, Cause> {
        let instance = self.instance(id).await?;
        self.follow(id, Instance::of(&instance)).await
    }

    async fn follow(&self, id: &str, instance: Instance) -> Result<Server, Cause> {
        let mut at = (id.to_owned(), instance);
        for _ in 0..LEVELS {
            let what = format!("the instance {}", at.0);
            let source = match at.1 {
                Instance::Own(server) => return Ok(server),
                Instance::Member(cluster) => return self.cluster(&cluster).await,
                Instance::Unusable(state) => return Err(RdsFault::NoEndpoint { what, state }.into()),
                Instance::Replica(source_arn) if source_arn.contains(':') => {
                    return Err(RdsFault::SourceElsewhere { what, source_arn }.into());
                }
                Instance::Replica(source) => source,
            };
            let instance = Instance::of(&self.instance(&source).await?);
            at = (source, instance);
        }
        Err(RdsFault::not_found(&format!("primary of the instance {id}"), self.region()).into())
    }
}

fn usable(cluster: &DbCluster) -> Result<Server, RdsFault> {
    Server::of_cluster(cluster).ok_or_else(|| RdsFault::NoEndpoint {
        what: format!(
            "the cluster {}",
            cluster.db_cluster_identifier().unwrap_or_default()
        ),
        state: cluster.status().unwrap_or("unknown").to_owned(),
    })
}
