//! What EC2 says, reduced to what decides.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

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
}

/// What the function has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Secrets Manager.
    SecretsManager,
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
            Cause::NoWayToRdsApi => Some(Self::Rds),
            Cause::NoWayToProvider => Some(Self::Provider),
            Cause::NoWayToDatabase => Some(Self::Database),
            _ => None,
        }
    }

    /// Its name in the name of an interface endpoint, if it can have one.
    pub(crate) const fn endpoint(self) -> Option<&'static str> {
        match self {
            Self::SecretsManager => Some("secretsmanager"),
            Self::Rds => Some("rds"),
            Self::Provider | Self::Database => None,
        }
    }
}

/// All that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Network {
    /// What is to be reached.
    pub(crate) target: Target,
    /// The name of the interface endpoint's service, such as `com.amazonaws.eu-west-1.secretsmanager`.
    pub(crate) service: Option<String>,
    /// The VPC.
    pub(crate) vpc: Vpc,
    /// The function's subnets.
    pub(crate) subnets: Vec<Subnet>,
    /// The interface endpoint of the service, if the VPC has one.
    pub(crate) endpoint: Option<Endpoint>,
    /// `enableDnsSupport` and `enableDnsHostnames`.
    pub(crate) dns: [bool; 2],
    /// The security groups of the function and of the endpoint.
    pub(crate) groups: Vec<Group>,
    /// Groups that let one of the function's in, by its ID, and the ports.
    pub(crate) open: Vec<Group>,
    /// Network ACLs of the function's subnets that are not the VPC's default one.
    pub(crate) acls: Vec<String>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subnet {
    /// Its ID.
    pub(crate) id: String,
    /// Its addresses.
    pub(crate) range: Option<Range>,
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
    pub(crate) ranges: Vec<Range>,
    /// Whether it names a prefix list or IPv6 addresses, which are not looked into.
    pub(crate) others: bool,
}

impl Rule {
    /// Whether it is about this port.
    pub(super) fn has(&self, port: u16) -> bool {
        self.ports
            .is_some_and(|(first, last)| (first..=last).contains(&port))
    }

    /// Whether nobody is at the other end.
    pub(super) const fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.ranges.is_empty() && !self.others
    }
}

/// IPv4 addresses, such as `10.0.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    first: u32,
    bits: u32,
}

impl Range {
    /// Whether it has all addresses of the other.
    pub(super) const fn covers(self, other: Self) -> bool {
        self.bits <= other.bits && (self.first ^ other.first).leading_zeros() >= self.bits
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.first), self.bits)
    }
}

impl FromStr for Range {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) = text.split_once('/').ok_or(())?;
        let address: Ipv4Addr = address.parse().map_err(|_| ())?;
        let bits: u32 = bits.parse().map_err(|_| ())?;
        if bits > 32 {
            return Err(());
        }
        Ok(Self {
            first: address.to_bits(),
            bits,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_covers_what_begins_alike() {
        let range = |text: &str| text.parse::<Range>().unwrap();
        assert!(range("0.0.0.0/0").covers(range("10.0.1.0/24")));
        assert!(range("10.0.0.0/16").covers(range("10.0.1.0/24")));
        assert!(range("10.0.1.0/24").covers(range("10.0.1.0/24")));
        assert!(!range("10.0.1.0/24").covers(range("10.0.0.0/16")));
        assert!(!range("10.1.0.0/16").covers(range("10.0.1.0/24")));
        assert!(range("10.0.0.1/32").covers(range("10.0.0.1/32")));
        assert_eq!(range("10.0.1.0/24").to_string(), "10.0.1.0/24");
        for wrong in ["10.0.0.0", "10.0.0.0/33", "::/0", "/8", "10.0.0/8"] {
            assert!(wrong.parse::<Range>().is_err(), "{wrong}");
        }
    }
}
