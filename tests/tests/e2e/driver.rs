//! The driver against a target of the tests' own.
