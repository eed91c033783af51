//! The way out of a VPC: what EC2 says of a function's subnets, endpoint and security groups, and what of it stands in the way.
//!
//! It never says that a way is open: names, proxies and what lies behind a gateway are not looked at. Network ACLs are only named.

mod facts;
mod judge;

pub(crate) use facts::{Endpoint, Group, Network, Range, Route, Rule, Subnet, Target, Vpc};
pub(in crate::diagnosis) use judge::{Mend, judge};
