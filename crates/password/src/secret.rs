//! The password itself: a string that hides and clears itself.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// A password in plain text, kept out of `Debug` and cleared from memory when dropped.
///
/// There is no `Display`; the text is reached by [`ExposeSecret::expose_secret`] alone, which
/// clippy's `disallowed-methods` guards. Two passwords are compared in a time that depends on
/// their lengths only.
#[derive(Clone)]
pub struct Password(SecretString);

impl From<String> for Password {
    /// Takes the string over without a copy, unless it has spare capacity.
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl ExposeSecret<str> for Password {
    #[expect(clippy::disallowed_methods, reason = "this is the guarded door itself")]
    fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Password {
    #[expect(
        clippy::disallowed_methods,
        reason = "compared in constant time, the text stays here"
    )]
    fn eq(&self, other: &Self) -> bool {
        let (one, two) = (self.expose_secret(), other.expose_secret());
        one.as_bytes().ct_eq(two.as_bytes()).into()
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_password_even_when_pretty_or_nested() {
        let password = Password::from("canary-7f3a".to_owned());
        let shown = format!("{password:?} {password:#?} {:?}", Some(vec![&password]));
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("Password(..)"), "{shown}");
    }

    #[test]
    fn equal_texts_are_equal_and_others_are_not() {
        let password = |text: &str| Password::from(text.to_owned());
        assert_eq!(password("same"), password("same"));
        assert_eq!(password(""), password(""));
        for other in ["", "sam", "samf", "Same", "same "] {
            assert_ne!(password("same"), password(other), "{other:?}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
    fn clone_and_expose_give_the_text_back() {
        let password = Password::from("a b\u{e9}".to_owned());
        assert_eq!(password.clone().expose_secret(), "a b\u{e9}");
    }
}
