//! What a server stores instead of a password: a SCRAM-SHA-256 verifier (RFC 5802, RFC 7677), or an MD5 hash.
//!
//! `postgres_protocol::password` makes one too, but always with 4,096 rounds; this one takes the
//! server's `scram_iterations`.

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{self, HMAC_SHA256};
use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use ring::{digest, rand};
use rotation::password::Password;
use secrecy::{ExposeSecret, SecretString};

/// PostgreSQL's default, and the only number before version 16.
pub(crate) const DEFAULT_ROUNDS: NonZeroU32 = NonZeroU32::new(4096).expect("4096 is not zero");

/// As many rounds as clients put up with: `postgres-protocol` and the JDBC driver refuse a server that asks for more
/// (CVE-2026-42198). A verifier with more would lock them out, this function among them.
pub(crate) const MOST_ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).expect("100,000 is not zero");

/// 16 bytes, as PostgreSQL's own.
pub(crate) type Salt = [u8; 16];

/// A salt from the operating system's generator.
///
/// # Panics
/// If the operating system has no random numbers; nothing can be encrypted then either.
pub(crate) fn random_salt() -> Salt {
    let random: rand::Random<Salt> =
        rand::generate(&rand::SystemRandom::new()).expect("the operating system has random numbers");
    random.expose()
}

/// The verifier of a password: `SCRAM-SHA-256$rounds:salt$stored key:server key`. It cannot be used to log in, but
/// passwords can be tried against it: treat it as a secret.
#[expect(clippy::disallowed_methods, reason = "the verifier is made from the password")]
pub(crate) fn verifier(password: &Password, salt: Salt, rounds: NonZeroU32) -> SecretString {
    let prepared = prepare(password.expose_secret());
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(
        PBKDF2_HMAC_SHA256,
        rounds,
        &salt,
        prepared.expose_secret().as_bytes(),
        &mut salted,
    );
    let key = hmac::Key::new(HMAC_SHA256, &salted);
    let stored_key = digest::digest(&digest::SHA256, hmac::sign(&key, b"Client Key").as_ref());
    let server_key = hmac::sign(&key, b"Server Key");
    let [salt, stored_key, server_key] =
        [&salt, stored_key.as_ref(), server_key.as_ref()].map(|bytes| STANDARD.encode(bytes));
    format!("SCRAM-SHA-256${rounds}:{salt}${stored_key}:{server_key}").into()
}

/// The MD5 hash that a server stores, salted with the role's name. It is enough to log in.
#[expect(clippy::disallowed_methods, reason = "the hash is made from the password")]
pub(crate) fn md5(password: &Password, role: &str) -> SecretString {
    postgres_protocol::password::md5(password.expose_secret().as_bytes(), role).into()
}

/// `SASLprep` (RFC 4013) as PostgreSQL applies it: a password that it does not allow is used as it is.
fn prepare(password: &str) -> SecretString {
    match stringprep::saslprep(password) {
        Ok(prepared) if !prepared.is_empty() => prepared.into_owned().into(),
        _ => password.into(),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(password: &str, salt: Salt, rounds: u32) -> String {
        let password = Password::from(password.to_owned());
        verifier(&password, salt, NonZeroU32::new(rounds).unwrap())
            .expose_secret()
            .to_owned()
    }

    /// RFC 7677, section 3: user `user`, password `pencil`. The proof and the server's signature of its example are
    /// reproduced from the two keys of the verifier.
    #[test]
    fn the_example_of_rfc_7677_comes_out() {
        let salt: Salt = STANDARD
            .decode("W22ZaJ0SNY7soEsUEjb6gQ==")
            .unwrap()
            .try_into()
            .unwrap();
        let verifier = made("pencil", salt, 4096);
        let keys = verifier
            .strip_prefix("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
            .unwrap();
        let (stored_key, server_key) = keys.split_once(':').unwrap();
        let message = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let sign = |key: &str| {
            hmac::sign(
                &hmac::Key::new(HMAC_SHA256, &STANDARD.decode(key).unwrap()),
                message.as_bytes(),
            )
        };
        assert_eq!(
            STANDARD.encode(sign(server_key)),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );

        let proof = STANDARD
            .decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
            .unwrap();
        let client_key: Vec<u8> = sign(stored_key)
            .as_ref()
            .iter()
            .zip(&proof)
            .map(|(one, other)| one ^ other)
            .collect();
        assert_eq!(
            STANDARD.encode(digest::digest(&digest::SHA256, &client_key)),
            stored_key
        );
    }

    /// The driver's own implementation, for its 4,096 rounds and its own random salt.
    #[track_caller]
    fn check_against_the_driver(password: &str) {
        let theirs = postgres_protocol::password::scram_sha_256(password.as_bytes());
        let salt = theirs
            .strip_prefix("SCRAM-SHA-256$4096:")
            .unwrap()
            .split('$')
            .next()
            .unwrap();
        let salt: Salt = STANDARD.decode(salt).unwrap().try_into().unwrap();
        assert_eq!(made(password, salt, 4096), theirs, "{password:?}");
    }

    #[test]
    fn the_drivers_own_verifier_is_the_same_where_saslprep_matters() {
        for password in [
            "secret",
            "ü\u{a0}x",
            "\u{2168}",
            "a\u{ad}b",
            "\u{7}",
            "ا1",
            "\u{378}",
            "quote'\"\\",
        ] {
            check_against_the_driver(password);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_drivers_own_verifier_is_the_same_for_any_password(password in ".{1,40}") {
            // Of nothing but invisible characters the driver makes an empty password, the server does not.
            prop_assume!(stringprep::saslprep(&password).map_or(true, |prepared| !prepared.is_empty()));
            check_against_the_driver(&password);
        }
    }

    #[test]
    fn rounds_and_salt_change_it_and_stand_in_it() {
        let one = made("secret", [1; 16], 4096);
        assert!(made("secret", [1; 16], 10_000).starts_with("SCRAM-SHA-256$10000:AQEB"));
        assert_ne!(one, made("secret", [2; 16], 4096));
        assert_ne!(one, made("Secret", [1; 16], 4096));
        assert_eq!(one, made("secret", [1; 16], 4096));
    }

    #[test]
    fn it_needs_no_quoting_and_holds_no_password() {
        let verifier = made("pässword", random_salt(), 4096);
        assert!(
            verifier
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-$:+/=".contains(c)),
            "{verifier}"
        );
        assert!(!verifier.contains("pässword"));
    }

    #[test]
    fn a_password_of_nothing_but_invisible_characters_stays_as_it_is() {
        assert_eq!(prepare("\u{ad}").expose_secret(), "\u{ad}");
    }

    /// PostgreSQL's own for `ALTER ROLE app PASSWORD 'secret'` with `password_encryption = md5`.
    #[test]
    fn an_md5_hash_is_the_servers() {
        let hash = md5(&Password::from("secret".to_owned()), "app");
        assert_eq!(hash.expose_secret(), "md56a422f785c9e20873908ce25d1736ae2");
    }

    #[test]
    fn salts_differ() {
        assert_ne!(random_salt(), random_salt());
    }
}
