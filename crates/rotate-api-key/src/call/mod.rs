//! One call of a provider: from a described call to a request, and from an answer to its meaning, both pure; and the
//! retries between them. What the calls are for, and which credentials they get, is decided above.

pub mod answer;
pub mod client_credentials;
pub mod patience;
pub mod request;
