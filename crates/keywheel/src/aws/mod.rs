//! The calls to AWS. Each answers a question with plain data; none decides what it means.

mod changes;
mod credentials;
mod database;
mod ec2;
mod function;
mod log;
mod network;
mod permissions;
mod regions;
mod role;
mod secret;
mod session;
mod trail;

pub(crate) use changes::{allow, reserve, restore, set_time_limit};
pub(crate) use credentials::remedy;
pub(crate) use database::database;
pub(crate) use function::{
    Deployed, Environment, concurrency, configuration, configuration_and_environment, deployed, environment,
    permission,
};
pub(crate) use log::entries;
pub(crate) use network::{Asked, network};
pub(crate) use permissions::policy;
pub(crate) use regions::regions_of;
pub(crate) use role::{key, role};
pub(crate) use secret::{
    Rotated, Rules, beginning_with, cancel_rotation, configure_rotation, current_value, describe, list,
    rotate, rotation_rules, value, versions,
};
pub(crate) use session::{Place, Session};
pub(crate) use trail::events;
