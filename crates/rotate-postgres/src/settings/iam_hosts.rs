//! Where a login token may go: what an operator allows. Pure.

use crate::fault::PostgresFault;
use rotation::password::shown;

/// The hosts of `ADMIN_IAM_HOSTS`: names, or, with a `*` in front, how names may end. None by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    pub(crate) const NAME: &str = "ADMIN_IAM_HOSTS";

    /// Reads a list with commas in between.
    ///
    /// # Errors
    /// `ConfigurationInvalid` for an empty entry, a `*` elsewhere than in front, and for a `*` that would allow any host.
    pub(crate) fn parse(text: &str) -> Result<Self, PostgresFault> {
        let entries = text.split(',').map(|entry| entry.trim().to_ascii_lowercase());
        entries.map(checked).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a token may go to `host`.
    pub(crate) fn allow(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().any(|entry| match entry.strip_prefix('*') {
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => host == *entry,
        })
    }
}

fn checked(entry: String) -> Result<String, PostgresFault> {
    let end = entry.strip_prefix('*').unwrap_or(&entry);
    // `*.com` is as good as `*`.
    let narrow = !entry.starts_with('*') || end.trim_start_matches('.').matches('.').count() >= 2;
    if narrow && !end.is_empty() && !end.contains(['*', ' ', '/', ':', '@']) {
        return Ok(entry);
    }
    Err(PostgresFault::SettingInvalid {
        name: Hosts::NAME,
        problem: format!("has an entry that is {}", shown(&entry)),
        expected: "host names with commas in between, or ends of names such as *abcdefghijkl.eu-central-1.rds.amazonaws.com",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ends_of_names_are_allowed() {
        let hosts = Hosts::parse("db.example.com, *abc.eu-central-1.rds.amazonaws.com").unwrap();
        for host in [
            "db.example.com",
            "DB.example.com.",
            "orders.abc.eu-central-1.rds.amazonaws.com",
            "orders.cluster-ro-abc.eu-central-1.rds.amazonaws.com",
        ] {
            assert!(hosts.allow(host), "{host}");
        }
        for host in [
            "x.db.example.com",
            "db.example.com.evil.org",
            "orders.xyz.eu-central-1.rds.amazonaws.com",
            "abc.eu-central-1.rds.amazonaws.com",
            "",
        ] {
            assert!(!hosts.allow(host), "{host}");
        }
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert!(!Hosts::default().allow("db.example.com"));
    }

    #[test]
    fn a_list_that_allows_everything_or_nothing_in_particular_is_refused() {
        for text in [
            "*",
            "*.com",
            "*amazonaws.com",
            "",
            "db,",
            "a*b.example.com",
            "db:5432",
            "https://db",
            "**.a.b.c",
        ] {
            let refused = Hosts::parse(text).unwrap_err().to_string();
            assert!(
                refused.starts_with("the environment variable ADMIN_IAM_HOSTS"),
                "{refused}"
            );
        }
    }
}
