//! RDS: which security groups and subnets a database has.

use aws_sdk_rds::types::{DbInstance, DbSubnetGroup, Endpoint, Filter};
use rotate_postgres::{EndpointKind, RdsName};
use rotation::CallError;

use super::session::{Session, unanswered};
use crate::diagnosis::{Answer, Database, Unasked};

/// `DescribeDBInstances` of the database that `host` is an endpoint of, in the region and account that are asked.
pub(crate) async fn database(session: &Session, host: &str) -> Answer<Database> {
    let because = |why| Answer::NotAsked(Unasked::Because(why));
    let Some(name) = RdsName::parse(host) else {
        return because("the host is no endpoint of RDS");
    };
    if name.region != session.region {
        return because("the database is in another region");
    }
    let call = session.rds.describe_db_instances();
    let call = match name.kind {
        EndpointKind::Instance => call.db_instance_identifier(&name.id),
        EndpointKind::Writer | EndpointKind::Reader => {
            let members = Filter::builder().name("db-cluster-id").values(&name.id);
            call.filters(members.build())
        }
        EndpointKind::Custom | EndpointKind::Global | EndpointKind::Proxy => {
            return because("the name of the endpoint does not name the database");
        }
    };
    match call.send().await.map_err(|error| CallError::of(&error)) {
        Ok(answer) => found(&name.id, answer.db_instances()),
        Err(CallError::Other { code, .. }) if code.starts_with("DBInstanceNotFound") => gone(),
        Err(error) => unanswered(error, "rds:DescribeDBInstances"),
    }
}

fn gone() -> Answer<Database> {
    Answer::NotAsked(Unasked::Because("this account has no such database"))
}

/// An instance, or the members of a cluster. Each is in a subnet of its availability zone.
fn found(id: &str, instances: &[DbInstance]) -> Answer<Database> {
    let Some(first) = instances.first() else {
        return gone();
    };
    let groups = first
        .vpc_security_groups()
        .iter()
        .filter_map(|group| group.vpc_security_group_id().map(str::to_owned));
    let mut subnets: Vec<String> = instances.iter().flat_map(subnets).collect();
    subnets.sort();
    subnets.dedup();
    let port = first
        .endpoint()
        .and_then(Endpoint::port)
        .or(first.db_instance_port());
    Answer::Said(Database {
        id: id.to_owned(),
        port: port
            .and_then(|port| u16::try_from(port).ok())
            .filter(|port| *port > 0)
            .unwrap_or(5432),
        groups: groups.collect(),
        subnets,
    })
}

fn subnets(instance: &DbInstance) -> Vec<String> {
    let all = instance
        .db_subnet_group()
        .map(DbSubnetGroup::subnets)
        .unwrap_or_default();
    let own_zone = instance.availability_zone();
    let in_zone = |zone: Option<&str>| {
        let of_zone = all.iter().filter(|subnet| {
            let name = subnet.subnet_availability_zone().and_then(|zone| zone.name());
            zone.is_none_or(|zone| name == Some(zone))
        });
        of_zone
            .filter_map(|subnet| subnet.subnet_identifier().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let near = in_zone(own_zone);
    if near.is_empty() { in_zone(None) } else { near }
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::{AvailabilityZone, Subnet, VpcSecurityGroupMembership};

    use super::*;

    /// An instance in this zone, of a subnet group with a subnet in each of two zones.
    fn instance(zone: &str) -> DbInstance {
        let subnet = |name: &str| {
            let zone = AvailabilityZone::builder().name(name).build();
            let id = format!("subnet-{name}");
            Subnet::builder()
                .subnet_identifier(id)
                .subnet_availability_zone(zone)
                .build()
        };
        let group = DbSubnetGroup::builder().subnets(subnet("a")).subnets(subnet("b"));
        let security = VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-db");
        DbInstance::builder()
            .availability_zone(zone)
            .db_subnet_group(group.build())
            .vpc_security_groups(security.build())
            .endpoint(Endpoint::builder().port(5433).build())
            .build()
    }

    fn read(instances: &[DbInstance]) -> Database {
        let Answer::Said(database) = found("orders", instances) else {
            panic!("{instances:?}")
        };
        database
    }

    #[test]
    fn an_instance_is_in_the_subnet_of_its_zone() {
        let database = read(&[instance("b")]);
        assert_eq!(database.subnets, ["subnet-b"]);
        assert_eq!(database.groups, ["sg-db"]);
        assert_eq!(database.port, 5433);
        // While it is made it has no zone.
        assert_eq!(read(&[instance("")]).subnets, ["subnet-a", "subnet-b"]);
    }

    #[test]
    fn a_cluster_is_where_its_members_are() {
        assert_eq!(
            read(&[instance("b"), instance("a")]).subnets,
            ["subnet-a", "subnet-b"]
        );
        assert_eq!(read(&[instance("a"), instance("a")]).subnets, ["subnet-a"]);
        assert_eq!(found("orders", &[]), gone());
    }
}
