//! Two users that take turns: AWSCURRENT logs in at every moment, and whichever of the two an application is, it is the same.

mod drain;
mod healing;
mod owner;
mod refusals;
mod roles;
mod trial;
mod turns;
