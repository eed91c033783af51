//! Refuses what a web page makes a browser send.
//!
//! The server checks no signature, so a page that is open on the same machine could otherwise read and rotate secrets.
//! A page of another site sends its `Origin`. A page whose name resolves to this machine (DNS rebinding) sends that
//! name as `Host`. Command lines, SDKs and Lambda's runtime clients do neither.

use std::net::{IpAddr, SocketAddr};

use hyper::Uri;
use hyper::header::{HOST, HeaderMap, ORIGIN};
use hyper::http::uri::Authority;

/// From which site a browser sends a request (W3C, Fetch Metadata Request Headers).
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// The hosts that a request may name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hosts {
    /// This machine, and the address that the server listens on.
    Own(SocketAddr),
    /// Any: a token keeps web pages out.
    Any,
}

/// Why a request is refused; `None` if it is not.
pub(crate) fn refusal(headers: &HeaderMap, hosts: Hosts) -> Option<&'static str> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).and_then(|host| host.parse::<Authority>().ok());
    let Some(host) = host.filter(|host| hosts.have(host)) else {
        return Some(
            "The Host header must be localhost, a loopback address, or the address that the server listens on.",
        );
    };
    let is_same = |origin: Uri| origin.authority() == Some(&host);
    if headers.contains_key(ORIGIN)
        && !text(ORIGIN)
            .and_then(|origin| origin.parse().ok())
            .is_some_and(is_same)
    {
        return Some("The Origin header is not this server's. Web pages of other hosts must not call it.");
    }
    // A GET of another site has no Origin, but browsers say where it comes from.
    let site = headers.get(SEC_FETCH_SITE);
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Some(
            "The Sec-Fetch-Site header is not same-origin. Web pages of other hosts must not call it.",
        );
    }
    None
}

impl Hosts {
    fn have(self, host: &Authority) -> bool {
        match self {
            Self::Own(listen) => is_ours(host, listen.ip()),
            Self::Any => true,
        }
    }
}

/// An address as `Host` is safe: the browser looked no name up. With `--listen 0.0.0.0` the machine's addresses are not
/// known, so any address will do.
fn is_ours(host: &Authority, listen: IpAddr) -> bool {
    let name = host.host();
    let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|ip| ip.is_loopback() || ip == listen || listen.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(listen: &str, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
        headers.extend(origin.map(|origin| (ORIGIN, origin.parse().unwrap())));
        refusal(&headers, Hosts::Own(listen.parse().unwrap())).is_some()
    }

    #[test]
    fn only_names_and_addresses_of_this_server_are_taken() {
        let refused = |listen, host| is_refused(listen, host, None);
        for host in [
            "localhost",
            "LocalHost:4566",
            "127.0.0.1:4566",
            "[::1]:4566",
            "127.9.8.7",
        ] {
            assert!(!refused("127.0.0.1:4566", host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:4566",
            "localhost.evil.example",
            "10.0.0.7",
            "",
            "::1",
        ] {
            assert!(refused("127.0.0.1:4566", host), "{host}");
        }
        assert!(!refused("10.0.0.7:80", "10.0.0.7"));
        assert!(refused("10.0.0.7:80", "10.0.0.8"));
        assert!(!refused("0.0.0.0:80", "10.0.0.8"));
        assert!(refused("0.0.0.0:80", "evil.example"));
        assert!(
            refusal(
                &HeaderMap::new(),
                Hosts::Own(SocketAddr::from(([127, 0, 0, 1], 80)))
            )
            .is_some()
        );
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let refused = |origin| is_refused("127.0.0.1:4566", "127.0.0.1:4566", Some(origin));
        assert!(!refused("http://127.0.0.1:4566"));
        for origin in [
            "https://evil.example",
            "http://127.0.0.1:3000",
            "http://localhost:4566",
            "null",
            "",
        ] {
            assert!(refused(origin), "{origin}");
        }
    }

    #[test]
    fn a_get_by_a_page_of_another_site_is_refused_though_it_has_no_origin() {
        let refused = |site: &str| {
            let mut headers = HeaderMap::from_iter([(HOST, "127.0.0.1:4566".parse().unwrap())]);
            headers.insert(SEC_FETCH_SITE, site.parse().unwrap());
            refusal(&headers, Hosts::Own(SocketAddr::from(([127, 0, 0, 1], 4566)))).is_some()
        };
        // What a person types into the address bar, and what the page itself asks for.
        assert!(!refused("none") && !refused("same-origin"));
        assert!(refused("cross-site") && refused("same-site") && refused(""));
    }
}
