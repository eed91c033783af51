//! Where requests go: a scheme, a host, a port, and the beginning of all paths.

use std::net::IpAddr;

use http::Uri;

/// A base URL, checked: HTTPS, or plain HTTP to the machine itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Whether the connection is TLS.
    pub tls: bool,
    /// The host's name or address; an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Host and port as the header Host has them.
    pub authority: String,
    /// What all paths begin with: empty, or with a slash at the beginning and none at the end.
    pub prefix: String,
}

/// Reads a base.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Base, String> {
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
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
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
pub fn is_loopback(host: &str) -> bool {
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
