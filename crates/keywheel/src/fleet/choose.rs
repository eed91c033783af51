//! Which of the secrets that are meant can be rotated now, and why the others cannot. Pure.

use jiff::Timestamp;

use crate::diagnosis::{Due, Secret};
use crate::words::time;

/// What else decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Only those whose rotation is overdue.
    pub(super) overdue: bool,
    /// Not those that were rotated at this time or later.
    pub(super) not_rotated_since: Option<Timestamp>,
    /// Now.
    pub(super) now: Timestamp,
}

/// Why a secret cannot be rotated or paused as it stands, if it cannot.
pub(super) fn unfit(secret: &Secret) -> Option<String> {
    if secret.deleted.is_some() {
        return Some("marked for deletion".to_owned());
    }
    if let Some(service) = &secret.owning_service {
        return Some(format!("managed by {service}"));
    }
    if let Some(region) = secret
        .primary_region
        .as_deref()
        .filter(|region| *region != secret.region())
    {
        return Some(format!("a replica of {region}"));
    }
    if secret.function.is_none() {
        return Some("has no rotation function".to_owned());
    }
    if secret.pending().is_some() {
        // Attempting it again may be right, and may not: doctor says which.
        return Some("an earlier rotation has not finished".to_owned());
    }
    None
}

/// Why a secret is left out, if it is.
pub(super) fn left_out(secret: &Secret, wanted: Wanted) -> Option<String> {
    if let Some(why) = unfit(secret) {
        return Some(why);
    }
    if secret.enabled != Some(true) {
        return Some("rotation is off".to_owned());
    }
    if secret.current().is_none() {
        return Some("has no value".to_owned());
    }
    if let (Some(since), Some(last)) = (wanted.not_rotated_since, secret.last_rotated)
        && last >= since
    {
        return Some(format!("rotated at {}", time::moment(last)));
    }
    if wanted.overdue && Due::of(secret, wanted.now).overdue.is_none() {
        return Some("not overdue".to_owned());
    }
    None
}

/// The names or ARNs of a file: one a line; what follows a `#`, and empty lines, do not count.
pub(super) fn names(text: &str) -> Vec<&str> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut names: Vec<&str> = Vec::new();
    for name in lines.filter(|line| !line.is_empty()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use staging_labels::{Label, Labels, VersionId};

    use super::*;

    fn now() -> Timestamp {
        "2026-01-15T12:00:00Z".parse().unwrap()
    }

    fn secret(change: impl FnOnce(&mut Secret)) -> Secret {
        let mut secret = Secret {
            interval: Some(SignedDuration::from_hours(24)),
            last_rotated: Some(now() - SignedDuration::from_hours(1)),
            ..Secret::rotated("db")
        };
        change(&mut secret);
        secret
    }

    fn why(change: impl FnOnce(&mut Secret)) -> Option<String> {
        let all = Wanted {
            overdue: false,
            not_rotated_since: None,
            now: now(),
        };
        left_out(&secret(change), all)
    }

    #[test]
    fn what_cannot_be_rotated_is_left_out_and_says_why() {
        assert_eq!(why(|_| ()), None);
        let pending = |secret: &mut Secret| secret.labels.attach(VersionId::stored("v2"), [Label::Pending]);
        assert_eq!(why(pending).unwrap(), "an earlier rotation has not finished");
        assert_eq!(
            why(|secret| secret.enabled = Some(false)).unwrap(),
            "rotation is off"
        );
        assert_eq!(
            why(|secret| secret.function = None).unwrap(),
            "has no rotation function"
        );
        assert_eq!(
            why(|secret| secret.owning_service = Some("rds".to_owned())).unwrap(),
            "managed by rds"
        );
        assert_eq!(
            why(|secret| secret.primary_region = Some("eu-west-1".to_owned())).unwrap(),
            "a replica of eu-west-1"
        );
        assert_eq!(
            why(|secret| secret.primary_region = Some("us-east-1".to_owned())),
            None
        );
        assert_eq!(
            why(|secret| secret.deleted = Some(now())).unwrap(),
            "marked for deletion"
        );
        assert_eq!(
            why(|secret| secret.labels = Labels::default()).unwrap(),
            "has no value"
        );
    }

    #[test]
    fn what_was_rotated_already_is_left_out_after_an_interruption() {
        let wanted = |since: Timestamp| Wanted {
            overdue: false,
            not_rotated_since: Some(since),
            now: now(),
        };
        let rotated = secret(|_| ());
        assert!(left_out(&rotated, wanted(now() - SignedDuration::from_hours(1))).is_some());
        assert!(left_out(&rotated, wanted(now())).is_none());
        let never = secret(|secret| secret.last_rotated = None);
        assert!(left_out(&never, wanted(now())).is_none());
    }

    #[test]
    fn only_what_is_overdue() {
        let wanted = Wanted {
            overdue: true,
            not_rotated_since: None,
            now: now(),
        };
        assert!(left_out(&secret(|_| ()), wanted).is_some());
        let late = secret(|secret| secret.last_rotated = Some(now() - SignedDuration::from_hours(24 * 9)));
        assert!(left_out(&late, wanted).is_none());
    }

    #[test]
    fn a_file_has_a_name_a_line() {
        assert_eq!(names("a\n\n  b # the second\n# none\na\r\n"), ["a", "b"]);
    }
}
