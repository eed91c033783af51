//! The name of a key, by which it is found again: it carries the secret and the version.

use std::ops::RangeInclusive;

use ring::digest::{SHA256, digest};
use rotation::VersionId;

/// Digits of the secret's hash: 48 bits, by which two secrets of one provider are told apart.
const DIGITS: usize = 12;
/// How long a version's id is: as a client request token, which it was (`ClientRequestToken` of RotateSecret).
const LENGTHS: RangeInclusive<usize> = 32..=64;
/// Where a UUID has its dashes, and how long it is: the id of versions that Secrets Manager names itself. Hashes are as long.
const DASHES: [usize; 4] = [8, 13, 18, 23];
const UUID: usize = 36;
/// Longest readable part of a name.
const LONGEST_SLUG: usize = 24;

/// What names of keys have in common, for one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    prefix: String,
}

impl Marks {
    /// The marks of the secret with this ARN.
    pub fn of(secret: &str) -> Self {
        Self {
            prefix: format!("{COMMON}{}-", hexadecimal(secret, DIGITS)),
        }
    }

    /// What all of them begin with.
    #[cfg(feature = "trial")]
    pub(crate) fn common(&self) -> &str {
        &self.prefix
    }

    /// The mark of a version: `keywheel-`, 12 digits of the secret's hash, and the version's id; 58 characters for a
    /// UUID. An id with characters that names seldom have is given as its hash.
    pub fn mark(&self, version: &VersionId) -> String {
        let id = version.as_str();
        // Who starts a rotation chooses the token: it must not look like another mark.
        if id.bytes().all(is_part) && !id.contains(COMMON) {
            format!("{}{id}", self.prefix)
        } else {
            format!("{}{}", self.prefix, hexadecimal(id, UUID))
        }
    }

    /// The version that a key's name carries, if the key is of this secret. A name that the provider cut carries none:
    /// it could be any version's, the current one's too.
    pub fn version_in(&self, name: &str) -> Option<VersionId> {
        // The last mark of a name is the rotation's own: what stands before it may come from a secret's name.
        // One that was cut carries no version, and no earlier one counts in its place.
        let (_, rest) = name.rsplit_once(COMMON)?;
        let rest = rest.strip_prefix(self.prefix.strip_prefix(COMMON)?)?;
        let id: String = rest
            .bytes()
            .take_while(|byte| is_part(*byte))
            .map(char::from)
            .collect();
        (LENGTHS.contains(&id.len()) && !is_cut(&id)).then(|| VersionId::stored(id))
    }

    /// Whether the name carries this very version.
    pub(crate) fn is_of(&self, name: &str, version: &VersionId) -> bool {
        let mark = self.mark(version);
        self.version_in(name)
            .is_some_and(|found| format!("{}{found}", self.prefix) == mark)
    }
}

const COMMON: &str = "keywheel-";

/// How many marks a name has, or beginnings of marks.
pub(crate) fn marks_in(name: &str) -> usize {
    let rests = name.split(COMMON).skip(1);
    let marks = rests.filter(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        digits == DIGITS && rest.as_bytes().get(DIGITS).is_none_or(|next| *next == b'-')
    });
    marks.count()
}

/// Whether a key's name is of some secret that Keywheel rotates.
pub(crate) fn is_marked(name: &str) -> bool {
    marks_in(name) > 0
}

/// The secret's name out of its ARN, without the six characters that AWS adds.
pub(crate) fn name_of(secret: &str) -> &str {
    let Some((_, name)) = secret.split_once(":secret:") else {
        return secret;
    };
    match name.rsplit_once('-') {
        Some((name, suffix)) if suffix.len() == 6 => name,
        _ => name,
    }
}

/// The name in small letters, digits and single dashes, not too long.
pub(crate) fn slug_of(secret: &str) -> String {
    let mut slug = String::new();
    for c in name_of(secret).chars() {
        if slug.len() == LONGEST_SLUG {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "secret".to_owned()
    } else {
        slug.to_owned()
    }
}

/// Whether it is a UUID, or a hash, without its end. 32 digits alone may be a UUID that is written without dashes.
fn is_cut(id: &str) -> bool {
    let of_a_uuid = |(at, byte): (usize, u8)| {
        let dash = DASHES.contains(&at);
        (dash && byte == b'-') || (!dash && byte.is_ascii_hexdigit())
    };
    let uuid = id.bytes().enumerate().all(of_a_uuid);
    let hash = id.len() > *LENGTHS.start() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    id.len() < UUID && (uuid || hash)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn hexadecimal(text: &str, digits: usize) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let all = hash.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    all.take(digits)
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/Orders API-AbCdEf";

    #[test]
    fn a_mark_has_58_characters_and_is_found_in_a_name() {
        let (marks, version) = (
            Marks::of(ARN),
            VersionId::stored("6f3c9a52-7c1e-4d57-9b1a-0c5f4a7d9e21"),
        );
        let mark = marks.mark(&version);
        assert_eq!(mark.len(), 58);
        for name in [mark.clone(), format!("orders-{mark}"), format!("{mark} orders")] {
            assert_eq!(marks.version_in(&name), Some(version.clone()), "{name}");
            assert!(marks.is_of(&name, &version) && is_marked(&name), "{name}");
        }
        assert!(!marks.is_of(&format!("{mark}0"), &version));
    }

    #[test]
    fn names_of_other_secrets_and_of_people_are_not_ours() {
        let (marks, version) = (Marks::of(ARN), VersionId::stored("v".repeat(32)));
        let other = Marks::of("another").mark(&version);
        assert_eq!(marks.version_in(&other), None);
        assert!(is_marked(&other));
        for name in [
            "",
            "keywheel",
            "keywheel-test-key",
            "my keywheel-abc-1",
            "keywheel-0123456789abcdef-1",
        ] {
            assert!(marks.version_in(name).is_none() && !is_marked(name), "{name}");
        }
    }

    /// A secret that is named like another one's mark.
    #[test]
    fn the_last_mark_of_a_name_decides() {
        let version = VersionId::stored("6f3c9a52-7c1e-4d57-9b1a-0c5f4a7d9e21");
        let (victim, other) = (Marks::of(ARN), Marks::of("another"));
        for name in [
            format!("{}-{}", victim.mark(&version), other.mark(&version)),
            format!("{} {}", victim.mark(&version), other.mark(&version)),
            format!("{}{}", victim.prefix, other.mark(&version)),
        ] {
            assert_eq!(victim.version_in(&name), None, "{name}");
            assert!(!victim.is_of(&name, &version), "{name}");
            assert_eq!(other.version_in(&name), Some(version.clone()), "{name}");
        }
        for cut in 1..40 {
            let name = format!("{}-{}", victim.mark(&version), other.mark(&version));
            let name = &name[..name.len() - cut];
            assert_eq!(victim.version_in(name), None, "{name}");
        }
        // A token that is one.
        let token = VersionId::stored(victim.mark(&version));
        let name = other.mark(&token);
        assert_eq!(victim.version_in(&name), None, "{name}");
        assert!(other.is_of(&name, &token), "{name}");
    }

    #[test]
    fn a_name_that_was_cut_carries_no_version_and_is_still_ours() {
        let marks = Marks::of(ARN);
        let uuid = marks.mark(&VersionId::stored("6f3c9a52-7c1e-4d57-9b1a-0c5f4a7d9e21"));
        let hashed = marks.mark(&VersionId::stored("6f3c9a52/7c1e/4d57/9b1a/0c5f4a7d9e21"));
        for mark in [uuid, hashed] {
            let name = format!("orders-{mark}");
            assert!(marks.version_in(&name).is_some(), "{name}");
            for cut in 1..=36 {
                let name = &name[..name.len() - cut];
                let hash = name.rsplit('-').next().unwrap_or_default();
                if hash.len() != 32 {
                    assert_eq!(marks.version_in(name), None, "{name}");
                }
                assert!(is_marked(name), "{name}");
            }
        }
        let long = format!("{}{}", marks.prefix, "a".repeat(65));
        assert!(marks.version_in(&long).is_none() && is_marked(&long));
    }

    #[test]
    fn the_name_is_read_off_the_arn() {
        assert_eq!(name_of(ARN), "prod/Orders API");
        assert_eq!(slug_of(ARN), "prod-orders-api");
        assert_eq!(slug_of("//"), "secret");
        assert_eq!(slug_of(&"long-name/".repeat(9)).len(), LONGEST_SLUG);
    }

    proptest! {
        #[test]
        fn any_token_is_found_again(id in "[!-~]{32,64}", before in "[a-z ]{0,9}") {
            let (marks, version) = (Marks::of(ARN), VersionId::stored(id));
            let name = format!("{before}{}", marks.mark(&version));
            prop_assert!(marks.is_of(&name, &version));
        }
    }
}
