//! The way out of a VPC: what EC2 and RDS say of a function's subnets, endpoint, database, security groups and network ACLs, and what
//! of it stands in the way.
//!
//! It never says that a way is open: names, proxies, what lies behind a gateway, and the network ACLs of other subnets are not looked
//! at.

mod acl;
mod facts;
mod finding;
mod groups;
mod judge;
mod mend;
mod place;
mod policy;
#[cfg(test)]
mod tests;

pub(crate) use facts::{
    Acl, Caller, Database, Endpoint, Entry, Group, Network, Route, Rule, Subnet, Target, Vpc,
};
pub(in crate::diagnosis) use finding::Found;
pub(crate) use finding::Obstacle;
pub(in crate::diagnosis) use judge::judge;
pub(in crate::diagnosis) use mend::{AclRule, Mend};
pub(crate) use place::Place;
