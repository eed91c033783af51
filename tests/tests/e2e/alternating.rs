//! Two users that take turns: AWSCURRENT logs in at every moment, and whichever of the two an application is, it is the same.

mod turns;
