//! The OAuth 2.0 client-credentials grant as a check: a client secret works if it gets a token.

use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, Method};
use minijinja::Value;
use secrecy::ExposeSecret;

use crate::call::request::basic_credentials;
use crate::description::{ClientCredentials, Description, Sent};
use crate::fault::{ProviderFault, Unfit};
use crate::http::{LARGEST_ANSWER, Outgoing, content_type};
use crate::key::Key;
use crate::notation::base;
use crate::notation::json::Json;
use crate::notation::pointer::Pointer;
use crate::notation::template;
use outbound::encoded as form_encoded;

/// What RFC 6749 (section 5.2) calls a client that is not known, or whose secret is wrong.
const DEAD: [&str; 2] = ["invalid_client", "unauthorized_client"];

/// What the answer of a token endpoint says of the secret.
pub(crate) fn is_dead(status: u16, body: &[u8]) -> bool {
    let error = Json::parse(body).and_then(|answer| answer.at(&Pointer::parse("/error").ok()?)?.text());
    matches!(status, 400 | 401 | 403) && error.map_or(status == 401, |error| DEAD.contains(&&*error))
}

/// The URL of the token endpoint, for a definition whose check is the grant.
///
/// # Errors
/// `RequestUnfit`.
pub(crate) fn endpoint(description: &Description, variables: &Value) -> Result<String, ProviderFault> {
    let (base, path) = place(description, variables)?;
    let scheme = if base.tls { "https" } else { "http" };
    Ok(format!("{scheme}://{}{}{path}", base.authority, base.prefix))
}

/// The request for a token.
///
/// # Errors
/// `RequestUnfit`.
pub(crate) fn request(
    description: &Description,
    grant: &ClientCredentials,
    key: &Key,
    variables: &Value,
) -> Result<Outgoing, ProviderFault> {
    let (base, path) = place(description, variables)?;
    let text = |place: &str, source: &str| {
        template::text(source, variables).map_err(|problem| unfit(description, place, problem))
    };
    let client = text("client-id", &grant.client_id)?;
    let mut body = "grant_type=client_credentials".to_owned();
    for (name, source) in [("scope", &grant.scope), ("audience", &grant.audience)] {
        if let Some(source) = source {
            for part in ["&", name, "=", &form_encoded(&text(name, source)?)] {
                body.push_str(part);
            }
        }
    }
    let mut headers = HeaderMap::from_iter([content_type("application/x-www-form-urlencoded")]);
    let secret = secret_of(key);
    match grant.sent {
        // Both halves are form-encoded before they are joined: RFC 6749, section 2.3.1.
        Sent::Basic => {
            let credentials = basic_credentials(&form_encoded(&client), &form_encoded(&secret));
            let mut value = HeaderValue::try_from(credentials.as_str())
                .map_err(|_| unfit(description, "client-id", Unfit::Header))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Sent::Form => {
            for part in [
                "&client_id=",
                &form_encoded(&client),
                "&client_secret=",
                &form_encoded(&secret),
            ] {
                body.push_str(part);
            }
        }
    }
    Ok(Outgoing {
        call: format!("check at {} ({})", description.provider, base.host),
        target: format!("{}{path}", base.prefix),
        shown: path_of(description).to_owned(),
        base,
        method: Method::POST,
        headers,
        body: body.into_bytes(),
        limit: Duration::from_secs(description.timeout_seconds),
        largest: LARGEST_ANSWER,
        repeatable: true,
    })
}

fn place(description: &Description, variables: &Value) -> Result<(base::Base, String), ProviderFault> {
    let check = description.check.as_ref();
    let own = check.and_then(|check| check.base.as_deref());
    let source = own.or(description.base.as_deref()).unwrap_or_default();
    let text = template::text(source, variables).map_err(|problem| unfit(description, "base", problem))?;
    let base = base::parse(&text).map_err(|problem| unfit(description, "base", Unfit::Base(problem)))?;
    let path = template::path(path_of(description), variables)
        .map_err(|problem| unfit(description, "request", problem))?;
    Ok((base, path))
}

/// The path's template.
fn path_of(description: &Description) -> &str {
    let check = description.check.as_ref();
    let request = check
        .and_then(|check| check.client_credentials.as_ref())
        .map_or("", |grant| grant.request.as_str());
    request.split_once(' ').map_or("", |(_, path)| path.trim_start())
}

fn unfit(description: &Description, place: &str, problem: impl Into<Unfit>) -> ProviderFault {
    ProviderFault::RequestUnfit {
        call: format!("check at {}", description.provider),
        place: place.to_owned(),
        problem: problem.into(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the client secret goes to its token endpoint"
)]
fn secret_of(key: &Key) -> String {
    key.value
        .as_ref()
        .map_or_else(String::new, |value| value.expose_secret().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_about_the_client_say_that_its_secret_is_dead() {
        assert!(is_dead(401, br#"{"error":"invalid_client"}"#));
        assert!(is_dead(400, br#"{"error":"invalid_client"}"#));
        assert!(is_dead(401, b"Unauthorized"));
        for (status, body) in [
            (400, r#"{"error":"invalid_scope"}"#),
            (401, r#"{"error":"invalid_target"}"#),
            (400, ""),
            (500, r#"{"error":"invalid_client"}"#),
        ] {
            assert!(!is_dead(status, body.as_bytes()), "{status} {body}");
        }
    }
}
