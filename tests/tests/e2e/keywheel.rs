//! `keywheel`, the operator's command line: incidents are staged, and what it prints leads out of them.

mod abandoned;
mod after_set;
mod bad_input;
mod bundled;
mod carried_on;
mod credentials;
mod desk;
mod fixing;
mod fleet;
mod foreign;
mod in_the_way;
mod local;
mod many;
mod no_way_out;
mod no_way_to_database;
mod not_begun;
mod offline;
mod others;
mod overdue;
mod page;
mod provider;
mod rights;
mod rotating;
mod stopped;
mod superuser;
mod unclear;
