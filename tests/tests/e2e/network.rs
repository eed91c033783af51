//! Hosts that are missing, unknown, silent or something else.
