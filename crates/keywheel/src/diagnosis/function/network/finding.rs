//! What can be found about a network.

use super::super::super::finding::Mark;
use super::mend::Mend;

/// What stands in the way. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum Obstacle {
    /// The function's security groups do not let it out.
    FunctionGroupClosed,
    /// A network ACL of the function's subnets denies it.
    NetworkAclClosed,
    /// The VPC has no interface endpoint.
    EndpointMissing,
    /// It has one in another state than `available`.
    EndpointUnavailable,
    /// The service's usual name does not lead to the endpoint.
    EndpointWithoutName,
    /// The VPC does not resolve the endpoint's name.
    VpcDnsOff,
    /// The endpoint's security groups do not let the function in.
    EndpointGroupClosed,
    /// The endpoint's policy does not allow what a rotation calls.
    EndpointPolicyDenies,
    /// A subnet has no default route.
    NoDefaultRoute,
    /// A subnet's default route leads to an internet gateway.
    PublicSubnet,
    /// A subnet's default route leads to something that is gone.
    RouteGone,
    /// The database's security groups do not let the function in.
    DatabaseGroupClosed,
}

impl Obstacle {
    /// The name, such as `network-acl-closed`.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// What it means, in one line.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::FunctionGroupClosed => "the function's security groups do not let it out on the port",
            Self::NetworkAclClosed => {
                "a network ACL of the function's subnets denies what goes out, or the answers to it"
            }
            Self::EndpointMissing => {
                "the VPC has no interface endpoint of the service, and no other way to it"
            }
            Self::EndpointUnavailable => "the interface endpoint is not available",
            Self::EndpointWithoutName => {
                "the endpoint's private DNS is off: the service's name leads elsewhere"
            }
            Self::VpcDnsOff => {
                "the VPC's DNS support or DNS hostnames are off: the endpoint's name does not resolve"
            }
            Self::EndpointGroupClosed => {
                "the endpoint's security groups do not let the function in on port 443"
            }
            Self::EndpointPolicyDenies => "the endpoint's policy does not allow what a rotation calls",
            Self::NoDefaultRoute => "a subnet of the function has no default route",
            Self::PublicSubnet => {
                "a subnet of the function is public, and a function has no public address: it needs a NAT gateway"
            }
            Self::RouteGone => "the default route of a subnet leads to something that is gone",
            Self::DatabaseGroupClosed => {
                "the database's security groups do not let the function in on the database's port"
            }
        }
    }
}

/// Something that was found, and what a person could do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) struct Found {
    /// Whether it stands in the way.
    pub(in crate::diagnosis) mark: Mark,
    /// What it is, if it stands in the way, or may do so.
    pub(in crate::diagnosis) obstacle: Option<Obstacle>,
    /// In a line.
    pub(in crate::diagnosis) text: String,
    /// What opens the way.
    pub(in crate::diagnosis) mend: Option<Mend>,
}

impl Found {
    pub(super) const fn failed(obstacle: Obstacle, text: String, mend: Option<Mend>) -> Self {
        Self {
            mark: Mark::Failed,
            obstacle: Some(obstacle),
            text,
            mend,
        }
    }

    /// It may stand in the way: what was asked does not tell.
    pub(super) const fn unclear(obstacle: Obstacle, text: String) -> Self {
        Self {
            mark: Mark::Note,
            obstacle: Some(obstacle),
            text,
            mend: None,
        }
    }

    pub(super) const fn note(text: String) -> Self {
        Self {
            mark: Mark::Note,
            obstacle: None,
            text,
            mend: None,
        }
    }

    pub(super) const fn well(text: String) -> Self {
        Self {
            mark: Mark::Ok,
            obstacle: None,
            text,
            mend: None,
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.mark == Mark::Failed
    }
}
