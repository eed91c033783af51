//! One call of a provider: from a described call to a request, and from an answer to its meaning, both pure; and the
//! retries between them. What the calls are for, and which credentials they get, is decided above.

pub(crate) mod answer;
pub(crate) mod client_credentials;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub(crate) mod patience;
pub(crate) mod request;
