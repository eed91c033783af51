//! What opens a way in a network.

use ipnet::IpNet;

/// What opens the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) enum Mend {
    /// Makes the interface endpoint, in the function's subnets and with its first group.
    Endpoint,
    /// Gives the service's usual name to the endpoint.
    PrivateDns(String),
    /// Switches this attribute of the VPC on: `enable-dns-support` or `enable-dns-hostnames`.
    Dns(&'static str),
    /// Lets the function's group into this one.
    LetIn {
        /// Whose group it is: `endpoint` or `database`.
        whose: &'static str,
        /// The group.
        into: String,
        /// The function's.
        from: String,
        /// The port.
        port: u16,
    },
    /// Lets the function's group out.
    LetOut {
        /// The function's group.
        group: String,
        /// The group at the other end; anywhere, if there is none.
        to: Option<String>,
        /// The port.
        port: u16,
    },
    /// Adds a rule to a network ACL.
    Acl(AclRule),
    /// Gives an endpoint this policy: its own, with a statement more.
    Policy {
        /// The endpoint.
        endpoint: String,
        /// The whole policy, as JSON.
        document: String,
    },
}

/// A rule that allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) struct AclRule {
    /// The network ACL.
    pub(in crate::diagnosis) acl: String,
    /// Whether it is about what leaves the subnet.
    pub(in crate::diagnosis) egress: bool,
    /// A number before that of the rule that denies.
    pub(in crate::diagnosis) number: u16,
    /// The TCP ports.
    pub(in crate::diagnosis) ports: (u16, u16),
    /// The addresses at the other end.
    pub(in crate::diagnosis) range: IpNet,
}
