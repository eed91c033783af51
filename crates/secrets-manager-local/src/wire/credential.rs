//! Who signed a request, and for where. The signature itself is not checked.

use axum::http::HeaderMap;

use crate::engine::Core;

/// The credential of a signature: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credential<'a> {
    /// The access key id.
    pub(super) access_key_id: &'a str,
    /// The region of its scope.
    pub(super) region: &'a str,
}

impl<'a> Credential<'a> {
    /// The one in the `Authorization` header.
    pub(super) fn of(headers: &'a HeaderMap) -> Option<Self> {
        let authorization = headers.get("authorization")?.to_str().ok()?;
        let (_, credential) = authorization.split_once("Credential=")?;
        let scope = credential.split([',', ' ']).next()?;
        // An access key id may have slashes; the scope has four more parts.
        let mut parts = scope.rsplitn(5, '/');
        let region = parts.nth(2)?;
        let access_key_id = parts.nth(1)?;
        Some(Self {
            access_key_id,
            region,
        })
    }
}

/// The region that a request is signed for; with one region, that one. `None` if it is not served.
pub(super) fn region<'a>(core: &'a Core, headers: &HeaderMap) -> Option<&'a str> {
    let signed = Credential::of(headers).map(|credential| credential.region);
    core.realm().signed_for(signed)
}

/// The region that the function's ARN, or else the signature, names; the home region if neither does.
pub(super) fn function_region<'a>(core: &'a Core, headers: &HeaderMap, function: &str) -> &'a str {
    if function.starts_with("arn:") {
        return core.realm().region_of(function);
    }
    region(core, headers).unwrap_or_else(|| core.realm().home())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_and_the_region_are_read_from_the_scope() {
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(axum::http::header::AUTHORIZATION, text.parse().unwrap())]);
            Credential::of(&headers).map(|found| (found.access_key_id.to_owned(), found.region.to_owned()))
        };
        let signed = |key| {
            format!(
                "AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=00"
            )
        };
        for key in ["test", "a/b", "ASIALOCAL0"] {
            assert_eq!(read(&signed(key)), Some((key.to_owned(), "eu-west-1".to_owned())));
        }
        for text in [
            "",
            "Bearer x",
            "AWS4-HMAC-SHA256 Credential=test",
            "Credential=a/b/c/d",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
