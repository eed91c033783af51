//! The sample events and the malformed ones, sent to the real function.
