//! No secret value reaches a log, an error, a metric or the server.
