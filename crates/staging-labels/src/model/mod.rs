//! Two models of the protocol, checked exhaustively. What is real in both is `plan`, which each invocation asks.
//! The rest is what surrounds it: Secrets Manager's labels, the database, and faults.

mod classic;
mod lockout;
