//! TLS is verified, and never dropped.
