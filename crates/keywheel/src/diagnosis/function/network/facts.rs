//! What EC2 and RDS say, reduced to what decides.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::super::super::cause::Cause;

/// The network of a function: `VpcConfig` of its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Vpc {
    /// The VPC.
    pub(crate) id: String,
    /// The function's subnets.
    pub(crate) subnets: Vec<String>,
    /// The function's security groups.
    pub(crate) groups: Vec<String>,
    /// Whether the function also uses IPv6 (`Ipv6AllowedForDualStack`).
    pub(crate) ipv6: bool,
}

/// What the function has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Secrets Manager.
    SecretsManager,
    /// Secrets Manager answered, and refused: of the network, only the endpoint's policy can be the cause.
    EndpointPolicy,
    /// The RDS API.
    Rds,
    /// The API of a provider, somewhere.
    Provider,
    /// A database in this or another network.
    Database,
}

impl Target {
    /// What was not reached when a rotation failed with this cause.
    pub(crate) const fn of(cause: Cause) -> Option<Self> {
        match cause {
            // A function that waits for an answer until its time is over is the usual sign of a network without a way out.
            Cause::NoWayToSecretsManager | Cause::TimeLimit => Some(Self::SecretsManager),
            Cause::RoleMayNot => Some(Self::EndpointPolicy),
            Cause::NoWayToRdsApi => Some(Self::Rds),
            Cause::NoWayToProvider => Some(Self::Provider),
            Cause::NoWayToDatabase => Some(Self::Database),
            _ => None,
        }
    }

    /// Its name in the name of an interface endpoint, if it can have one.
    pub(crate) const fn endpoint(self) -> Option<&'static str> {
        match self {
            Self::SecretsManager | Self::EndpointPolicy => Some("secretsmanager"),
            Self::Rds => Some("rds"),
            Self::Provider | Self::Database => None,
        }
    }
}

/// Who calls Secrets Manager, and about what: an endpoint's policy may ask for each of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Caller {
    /// The ARN of the function's role, if it is known.
    pub(crate) role: Option<String>,
    /// The function's ARN.
    pub(crate) function: String,
    /// The secret's ARN.
    pub(crate) secret: String,
}

/// All that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Network {
    /// What is to be reached.
    pub(crate) target: Target,
    /// Who calls.
    pub(crate) caller: Caller,
    /// The name of the interface endpoint's service, such as `com.amazonaws.eu-west-1.secretsmanager`.
    pub(crate) service: Option<String>,
    /// The VPC.
    pub(crate) vpc: Vpc,
    /// The function's subnets, and where their default routes lead.
    pub(crate) subnets: Vec<Subnet>,
    /// The addresses of the subnets of the function, of the endpoint and of the database.
    pub(crate) addresses: BTreeMap<String, Vec<IpNet>>,
    /// The interface endpoint of the service, if the VPC has one.
    pub(crate) endpoint: Option<Endpoint>,
    /// `enableDnsSupport` and `enableDnsHostnames`.
    pub(crate) dns: [bool; 2],
    /// The security groups of the function, of the endpoint and of the database.
    pub(crate) groups: Vec<Group>,
    /// Groups that let one of the function's in, by its ID, and the ports.
    pub(crate) open: Vec<Group>,
    /// The network ACLs of the function's subnets.
    pub(crate) acls: Vec<Acl>,
    /// The port of the database, if it is known.
    pub(crate) port: Option<u16>,
    /// The address of the database, if it is known.
    pub(crate) address: Option<IpNet>,
}

impl Network {
    /// Nothing is known yet.
    pub(crate) const fn new(target: Target, caller: Caller, vpc: Vpc) -> Self {
        Self {
            target,
            caller,
            service: None,
            vpc,
            subnets: Vec::new(),
            addresses: BTreeMap::new(),
            endpoint: None,
            dns: [true, true],
            groups: Vec::new(),
            open: Vec::new(),
            acls: Vec::new(),
            port: None,
            address: None,
        }
    }

    /// The security groups of these IDs.
    pub(super) fn groups<'n>(&'n self, ids: &'n [String]) -> impl Iterator<Item = &'n Group> + Clone {
        self.groups.iter().filter(|group| ids.contains(&group.id))
    }

    /// The addresses of these subnets, of the families that the function uses.
    pub(super) fn addresses_of(&self, subnets: &[String]) -> Vec<IpNet> {
        let all = subnets.iter().filter_map(|id| self.addresses.get(id)).flatten();
        all.copied().filter(|range| self.uses(range)).collect()
    }

    /// Whether the function uses the family of these addresses.
    pub(super) const fn uses(&self, range: &IpNet) -> bool {
        matches!(range, IpNet::V4(_)) || self.vpc.ipv6
    }
}

/// A subnet of the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subnet {
    /// Its ID.
    pub(crate) id: String,
    /// Where its default route leads.
    pub(crate) route: Route,
}

/// A default route, by what its target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// None.
    Missing,
    /// To an internet gateway: a function has no public address, so nothing comes back.
    Public(String),
    /// To something that is gone.
    Blackhole(String),
    /// To a NAT gateway, an instance or another network.
    Through(String),
}

/// An interface endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Its ID.
    pub(crate) id: String,
    /// `available` and others.
    pub(crate) state: String,
    /// Whether the service's usual name leads to it.
    pub(crate) private_dns: bool,
    /// Its security groups.
    pub(crate) groups: Vec<String>,
    /// Its subnets.
    pub(crate) subnets: Vec<String>,
    /// Its policy, as JSON, if EC2 shows one.
    pub(crate) policy: Option<String>,
}

impl Endpoint {
    /// Whether the function's calls go there.
    pub(super) fn is_used(&self) -> bool {
        self.private_dns && self.state == "available"
    }
}

/// A database of RDS or Aurora.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Database {
    /// The instance or cluster.
    pub(crate) id: String,
    /// Its port.
    pub(crate) port: u16,
    /// Its security groups.
    pub(crate) groups: Vec<String>,
    /// The subnets in which it may be.
    pub(crate) subnets: Vec<String>,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its ID.
    pub(crate) id: String,
    /// What it lets in.
    pub(crate) inward: Vec<Rule>,
    /// What it lets out.
    pub(crate) outward: Vec<Rule>,
}

/// A rule of a security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The TCP ports; none if it is about another protocol.
    pub(crate) ports: Option<(u16, u16)>,
    /// Groups at the other end.
    pub(crate) groups: Vec<String>,
    /// Addresses at the other end.
    pub(crate) ranges: Vec<IpNet>,
    /// Whether it names a prefix list, which is not looked into.
    pub(crate) prefix_lists: bool,
}

impl Rule {
    /// Whether it is about this port.
    pub(super) fn has(&self, port: u16) -> bool {
        self.ports
            .is_some_and(|(first, last)| (first..=last).contains(&port))
    }

    /// Whether nobody is at the other end.
    pub(super) const fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.ranges.is_empty() && !self.prefix_lists
    }
}

/// A network ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acl {
    /// Its ID.
    pub(crate) id: String,
    /// The subnets that it is for.
    pub(crate) subnets: Vec<String>,
    /// Its rules.
    pub(crate) entries: Vec<Entry>,
}

/// A rule of a network ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The first rule that fits decides, in order of this number.
    pub(crate) number: u16,
    /// Whether it is about what leaves the subnet.
    pub(crate) egress: bool,
    /// Whether it allows.
    pub(crate) allows: bool,
    /// The TCP ports; none if it is about another protocol.
    pub(crate) ports: Option<(u16, u16)>,
    /// The addresses at the other end.
    pub(crate) range: IpNet,
}
