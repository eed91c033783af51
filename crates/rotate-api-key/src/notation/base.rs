//! Where requests go: a scheme, a host, a port, and the beginning of all paths.

use std::net::IpAddr;

use http::Uri;

/// A base URL, checked: HTTPS, or plain HTTP to the machine itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    /// Whether the connection is TLS.
    pub(crate) tls: bool,
    /// The host's name or address; an IPv6 address without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// Host and port as the header Host has them.
    pub(crate) authority: String,
    /// What all paths begin with: empty, or with a slash at the beginning and none at the end.
    pub(crate) prefix: String,
}

/// Why a URL is not followed. It quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoTarget {
    /// It cannot be read.
    #[error("is no URL and no path")]
    Unreadable,
    /// Another scheme, host or port, or a path beside the base's.
    #[error("is not at the same host, or beside the path of `base`")]
    Elsewhere,
}

impl Base {
    /// Path and query of a URL, or of an absolute path, that a provider says to go on with: at this very base.
    ///
    /// # Errors
    /// It leads elsewhere, or a server could take it for leading elsewhere.
    pub(crate) fn target_of(&self, url: &str) -> Result<String, NoTarget> {
        // `//host` has a host, too, and a server may read `\` as `/`.
        if url.starts_with("//")
            || url.contains(['\\', '#'])
            || !url.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(NoTarget::Unreadable);
        }
        let uri: Uri = url.parse().map_err(|_| NoTarget::Unreadable)?;
        if !url.starts_with('/') && !self.is_at(&uri) {
            return Err(NoTarget::Elsewhere);
        }
        let within = uri
            .path()
            .strip_prefix(&self.prefix)
            .filter(|path| path.starts_with('/'))
            .ok_or(NoTarget::Elsewhere)?;
        let inner = within.strip_suffix('/').unwrap_or(within);
        if inner.split('/').skip(1).any(is_strange) {
            return Err(NoTarget::Elsewhere);
        }
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(format!("{}{query}", uri.path()))
    }

    fn is_at(&self, uri: &Uri) -> bool {
        let scheme = if self.tls { "https" } else { "http" };
        let port = |authority: &http::uri::Authority| match (authority.port_u16(), self.tls) {
            (Some(port), _) => port,
            (None, true) => 443,
            (None, false) => 80,
        };
        uri.scheme_str() == Some(scheme)
            && uri.authority().is_some_and(|authority| {
                !authority.as_str().contains('@')
                    && bare(authority.host()).eq_ignore_ascii_case(&self.host)
                    && port(authority) == self.port
            })
    }
}

/// A segment that some server or other resolves to another path, however it is spelled.
fn is_strange(segment: &str) -> bool {
    let small = segment
        .to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%3b", ";");
    let name = small.split(';').next().unwrap_or_default();
    matches!(name, "" | "." | "..") || ["%2f", "%5c"].iter().any(|coded| small.contains(coded))
}

/// A host without an IPv6 address's brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Reads a base.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Base, String> {
    let uri: Uri = text.parse().map_err(|_| format!("{text:?} is no URL"))?;
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(format!("{text:?} does not begin with https://")),
    };
    let authority = uri.authority().ok_or_else(|| format!("{text:?} has no host"))?;
    if authority.as_str().contains('@') {
        return Err("a base has no user and no password".to_owned());
    }
    if uri.query().is_some() || text.contains('#') {
        return Err(format!("{text:?} has a query or a fragment"));
    }
    let host = bare(authority.host());
    if host.is_empty() {
        return Err(format!("{text:?} has no host"));
    }
    if !tls && !is_loopback(host) {
        return Err(format!(
            "{text:?} is not https; plain http is for the machine itself (127.0.0.1, localhost)"
        ));
    }
    let port = match (authority.port(), tls) {
        (Some(port), _) if port.as_u16() == 0 => return Err(format!("{text:?} has the port 0")),
        (Some(port), _) => port.as_u16(),
        (None, _) if !authority.as_str().ends_with(authority.host()) => {
            return Err(format!("{text:?} has a port that is none"));
        }
        (None, true) => 443,
        (None, false) => 80,
    };
    let prefix = uri.path().trim_end_matches('/');
    if prefix
        .split('/')
        .skip(1)
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err(format!(
            "{text:?} has an empty segment, \".\" or \"..\" in its path"
        ));
    }
    Ok(Base {
        tls,
        host: host.to_owned(),
        port,
        authority: authority.as_str().to_owned(),
        prefix: prefix.to_owned(),
    })
}

/// Whether a name is the machine's own for certain, whatever a name server says.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_https_with_a_host() {
        let base = parse("https://api.example.com/v1/").unwrap();
        assert!(base.tls);
        assert_eq!(
            (base.host.as_str(), base.port, base.prefix.as_str()),
            ("api.example.com", 443, "/v1")
        );
        let base = parse("https://[2001:db8::1]:8443").unwrap();
        assert_eq!(
            (base.host.as_str(), base.port, base.prefix.as_str()),
            ("2001:db8::1", 8443, "")
        );
        assert_eq!(base.authority, "[2001:db8::1]:8443");
    }

    #[test]
    fn a_next_page_is_at_the_same_base() {
        let at = |base: &str, url: &str| parse(base).unwrap().target_of(url);
        let (plain, deep) = ("https://api.example.com", "https://api.example.com:8443/v1");
        for (base, url, target) in [
            (
                plain,
                "https://api.example.com/keys?token=a%2Fb",
                "/keys?token=a%2Fb",
            ),
            (plain, "https://API.example.com:443/keys", "/keys"),
            (
                plain,
                "/keys?page=2&x=http://b.example/../c",
                "/keys?page=2&x=http://b.example/../c",
            ),
            (plain, "/keys/", "/keys/"),
            (plain, "https://api.example.com", "/"),
            (deep, "https://api.example.com:8443/v1/keys?p=1", "/v1/keys?p=1"),
            (deep, "/v1/keys", "/v1/keys"),
            ("http://[::1]:80", "http://[::1]/x", "/x"),
        ] {
            assert_eq!(at(base, url).as_deref(), Ok(target), "{url}");
        }
        for (base, url) in [
            (plain, ""),
            (plain, "keys?page=2"),
            (plain, "?page=2"),
            (plain, "//evil.example/keys"),
            (plain, "/\\evil.example/keys"),
            (plain, "https://evil.example/keys"),
            (plain, "https://api.example.com.evil.example/keys"),
            (plain, "https://api.example.com@evil.example/keys"),
            (plain, "https://user:pw@api.example.com/keys"),
            (plain, "http://api.example.com/keys"),
            (plain, "https://api.example.com:8443/keys"),
            (plain, "/keys\r\nHost: evil.example"),
            (plain, "/keys /x"),
            (plain, "/keys#x"),
            (plain, "/kéys"),
            (plain, "/a/../b"),
            (plain, "/a/%2e%2E/b"),
            (plain, "/a//b"),
            (plain, "/a/..;x/b"),
            (plain, "/a/..%3B/b"),
            (plain, "/a%2f..%2fb"),
            (deep, "/keys"),
            (deep, "/v1"),
            (deep, "/v1keys"),
            (deep, "/v1/../keys"),
        ] {
            assert!(at(base, url).is_err(), "{url:?}");
        }
    }

    #[test]
    fn plain_http_is_for_the_machine_itself() {
        for own in ["http://127.0.0.1:4242", "http://localhost", "http://[::1]:80/x"] {
            assert!(!parse(own).unwrap().tls, "{own}");
        }
        for foreign in [
            "http://api.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://127.0.0.1.nip.io",
        ] {
            assert!(parse(foreign).unwrap_err().contains("not https"), "{foreign}");
        }
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for bad in [
            "",
            "api.example.com",
            "/v1",
            "ftp://a",
            "https://",
            "https://user:password@a",
            "https://a?x=1",
            "https://a#b",
            "https://a/../b",
            "https://a//b",
            "https://a b",
            "https://a:0",
            "https://a:99999",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
