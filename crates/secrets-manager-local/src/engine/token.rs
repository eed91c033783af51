//! What a caller must know, if the server can be reached from other machines.

use std::fmt;

/// A token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether `given` is the token. It takes as long wherever the two differ.
    pub(crate) fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let differences = own.iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b));
        own.len() == given.len() && differences == 0
    }

    /// A `Set-Cookie` by which a browser sends the token back to this server, and to no page's script.
    pub(crate) fn cookie(&self, name: &str) -> String {
        format!("{name}={}; Path=/; HttpOnly; SameSite=Strict", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_it_and_debug_hides_it() {
        let token = Token::new("canary".to_owned());
        assert!(token.is("canary"));
        for other in ["", "canar", "canary1", "Canary", "yranac"] {
            assert!(!token.is(other), "{other}");
        }
        assert!(!format!("{token:?}").contains("canary"));
    }
}
