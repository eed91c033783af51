//! What the RDS API says of a server. Pure: the SDK's types in, the few facts that matter out.

use aws_sdk_rds::types::{DbCluster, DbInstance};

use super::name::{EndpointKind, RdsName};

/// A database server: a cluster, or an instance of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// As errors name it: `the cluster orders`.
    pub(crate) what: String,
    /// The host that takes writes.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// The ARN of the secret that RDS keeps its master user's password in.
    pub(crate) master_secret: Option<String>,
    /// The names of its endpoints, in lower case.
    endpoints: Vec<String>,
    /// The identifiers of its instances: a cluster's members, an instance and its replicas.
    instances: Vec<String>,
}

/// What follows of the description of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Instance {
    /// A server of its own.
    Own(Server),
    /// A member of this cluster.
    Member(String),
    /// A replica of this instance; an ARN if that is in another region.
    Replica(String),
    /// It is of another kind, or has no endpoint yet: its state.
    Unusable(String),
}

impl Server {
    /// Of a cluster. None if it has no endpoint, as while it is created.
    pub(super) fn of_cluster(cluster: &DbCluster) -> Option<Self> {
        let host = cluster.endpoint()?.to_ascii_lowercase();
        let more = cluster.reader_endpoint().into_iter().map(str::to_ascii_lowercase);
        let custom = cluster.custom_endpoints().iter();
        let members = cluster.db_cluster_members().iter();
        Some(Self {
            what: format!(
                "the cluster {}",
                cluster.db_cluster_identifier().unwrap_or_default()
            ),
            port: port(cluster.port())?,
            master_secret: cluster
                .master_user_secret()
                .and_then(|secret| secret.secret_arn())
                .map(str::to_owned),
            endpoints: [host.clone()]
                .into_iter()
                .chain(more)
                .chain(custom.map(|name| name.to_ascii_lowercase()))
                .collect(),
            instances: members
                .filter_map(|member| member.db_instance_identifier().map(str::to_owned))
                .collect(),
            host,
        })
    }

    fn of_instance(instance: &DbInstance) -> Option<Self> {
        let endpoint = instance.endpoint()?;
        let host = endpoint.address()?.to_ascii_lowercase();
        let id = instance.db_instance_identifier().unwrap_or_default();
        let replicas = instance.read_replica_db_instance_identifiers().iter().cloned();
        Some(Self {
            what: format!("the instance {id}"),
            port: port(endpoint.port())?,
            master_secret: instance
                .master_user_secret()
                .and_then(|secret| secret.secret_arn())
                .map(str::to_owned),
            endpoints: vec![host.clone()],
            instances: [id.to_owned()].into_iter().chain(replicas).collect(),
            host,
        })
    }

    /// Whether `name` is one of its endpoints, or of one of its instances: identifiers are unique in a region, not beyond.
    pub(crate) fn has(&self, name: &RdsName) -> bool {
        let here = || RdsName::parse(&self.host).is_some_and(|own| own.region == name.region);
        let instance = || name.kind == EndpointKind::Instance && self.instances.contains(&name.id) && here();
        self.endpoints.contains(&name.host) || instance()
    }

    /// Whether `name` is an endpoint that RDS itself named: nobody else can have an endpoint of this name.
    pub(super) fn names(&self, name: &RdsName) -> bool {
        self.endpoints.contains(&name.host)
    }

    /// The same, known by one more endpoint: that of a member, or of a replica.
    pub(super) fn also_at(mut self, name: &RdsName) -> Self {
        if !self.names(name) {
            self.endpoints.push(name.host.clone());
        }
        self
    }
}

impl Instance {
    pub(super) fn of(instance: &DbInstance) -> Self {
        let state = || instance.db_instance_status().unwrap_or("unknown").to_owned();
        if let Some(cluster) = instance.db_cluster_identifier() {
            return Self::Member(cluster.to_owned());
        }
        if let Some(source) = instance.read_replica_source_db_instance_identifier() {
            return Self::Replica(source.to_owned());
        }
        if let Some(source) = instance.read_replica_source_db_cluster_identifier() {
            return Self::Member(source.to_owned());
        }
        Server::of_instance(instance).map_or_else(|| Self::Unusable(state()), Self::Own)
    }
}

/// Whether this is the address that RDS gave an instance.
pub(super) fn is_at(instance: &DbInstance, name: &RdsName) -> bool {
    let address = instance.endpoint().and_then(|endpoint| endpoint.address());
    address.is_some_and(|address| address.eq_ignore_ascii_case(&name.host))
}

fn port(port: Option<i32>) -> Option<u16> {
    port.and_then(|port| u16::try_from(port).ok())
        .filter(|&port| port > 0)
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::{DbClusterMember, Endpoint, MasterUserSecret};

    use super::*;

    const REGION: &str = "us-east-1.rds.amazonaws.com";

    fn name(first: &str) -> RdsName {
        RdsName::parse(&format!("{first}.{REGION}")).unwrap()
    }

    fn cluster() -> DbCluster {
        let member = |id: &str| DbClusterMember::builder().db_instance_identifier(id).build();
        let secret = MasterUserSecret::builder().secret_arn("arn:master").build();
        DbCluster::builder()
            .db_cluster_identifier("orders")
            .endpoint(format!("Orders.cluster-abc.{REGION}"))
            .reader_endpoint(format!("orders.cluster-ro-abc.{REGION}"))
            .custom_endpoints(format!("some.cluster-custom-abc.{REGION}"))
            .port(6432)
            .db_cluster_members(member("one"))
            .db_cluster_members(member("two"))
            .master_user_secret(secret)
            .build()
    }

    fn instance(id: &str) -> aws_sdk_rds::types::builders::DbInstanceBuilder {
        let endpoint = Endpoint::builder()
            .address(format!("{id}.abc.{REGION}"))
            .port(5432)
            .build();
        DbInstance::builder()
            .db_instance_identifier(id)
            .endpoint(endpoint)
    }

    #[test]
    fn a_cluster_has_its_endpoints_and_its_members() {
        let server = Server::of_cluster(&cluster()).unwrap();
        assert_eq!(server.host, format!("orders.cluster-abc.{REGION}"));
        assert_eq!(
            (server.port, server.master_secret.as_deref()),
            (6432, Some("arn:master"))
        );
        for own in [
            "orders.cluster-abc",
            "orders.cluster-ro-abc",
            "some.cluster-custom-abc",
            "one.abc",
            "two.abc",
        ] {
            assert!(server.has(&name(own)), "{own}");
        }
        for other in [
            "orders.cluster-xyz",
            "other.cluster-abc",
            "three.abc",
            "one.cluster-custom-abc",
            "orders.abc",
        ] {
            assert!(!server.has(&name(other)), "{other}");
        }
        let elsewhere = RdsName::parse("one.abc.us-west-2.rds.amazonaws.com").unwrap();
        assert!(
            !server.has(&elsewhere),
            "another region's instance of the same name"
        );
    }

    #[test]
    fn what_rds_did_not_name_itself_is_no_proof() {
        let server = Server::of_cluster(&cluster()).unwrap();
        assert!(!server.names(&name("one.abc")));
        assert!(server.also_at(&name("one.abc")).names(&name("one.abc")));
    }

    #[test]
    fn an_instance_is_its_own_server_a_member_or_a_replica() {
        let own = instance("db")
            .read_replica_db_instance_identifiers("copy")
            .build();
        let Instance::Own(server) = Instance::of(&own) else {
            panic!("{own:?}")
        };
        assert!(server.has(&name("db.abc")) && server.has(&name("copy.abc")) && !server.has(&name("x.abc")));
        let member = instance("db").db_cluster_identifier("orders").build();
        assert_eq!(Instance::of(&member), Instance::Member("orders".to_owned()));
        let replica = instance("copy")
            .read_replica_source_db_instance_identifier("db")
            .build();
        assert_eq!(Instance::of(&replica), Instance::Replica("db".to_owned()));
        let unborn = DbInstance::builder().db_instance_status("creating").build();
        assert_eq!(Instance::of(&unborn), Instance::Unusable("creating".to_owned()));
    }

    #[test]
    fn a_cluster_without_an_endpoint_or_a_port_is_no_server_yet() {
        assert_eq!(Server::of_cluster(&DbCluster::builder().build()), None);
        let without = DbCluster::builder().endpoint("x").build();
        assert_eq!(Server::of_cluster(&without), None);
    }
}
