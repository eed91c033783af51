//! What tools ask STS before a rotation: who they are, and for a role. Every role may be assumed.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use uuid::Uuid;

use super::credential::Credential;
use crate::engine::Core;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const FORM: &str = "application/x-www-form-urlencoded";

type Parameters = BTreeMap<String, String>;

/// The answer, if the request is a form with an action of STS.
pub(super) fn answer(core: &Core, headers: &HeaderMap, body: &[u8]) -> Option<Response> {
    is_form(headers).then_some(())?;
    // A form is written as the query of a URL is.
    let uri: Uri = format!("/?{}", std::str::from_utf8(body).ok()?).parse().ok()?;
    let Query(parameters) = Query::<Parameters>::try_from_uri(&uri).ok()?;
    let answer = match parameters.get("Action")?.as_str() {
        "GetCallerIdentity" => Ok(xml("GetCallerIdentity", &identity(core, headers))),
        "AssumeRole" => assume(core, &parameters).map(|body| xml("AssumeRole", &body)),
        _ => Err((
            "InvalidAction",
            "This server answers AssumeRole and GetCallerIdentity of STS.".to_owned(),
        )),
    };
    Some(match answer {
        Ok(body) => (StatusCode::OK, [("content-type", "text/xml")], body).into_response(),
        Err(refusal) => refused(StatusCode::BAD_REQUEST, refusal.0, &refusal.1),
    })
}

/// Whether the request is a form, as STS takes them.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| content_type.starts_with(FORM))
}

fn identity(core: &Core, headers: &HeaderMap) -> String {
    let own = core.realm().account();
    let key = Credential::of(headers).map(|credential| credential.access_key_id);
    let function = key.and_then(|key| core.host.sandbox(key));
    let (id, arn) = match (function, key.and_then(|key| core.sessions.arn(key))) {
        (Some(sandbox), _) => {
            let name = &sandbox.function;
            (
                role_id(name),
                format!("arn:aws:sts::{own}:assumed-role/{name}/{name}"),
            )
        }
        (None, Some(arn)) => {
            let session = arn.rsplit('/').next().unwrap_or_default();
            (role_id(session), arn)
        }
        (None, None) => ("AIDALOCAL".to_owned(), format!("arn:aws:iam::{own}:user/local")),
    };
    let account = arn.split(':').nth(4).unwrap_or(own);
    format!("<Arn>{arn}</Arn><UserId>{id}</UserId><Account>{account}</Account>")
}

fn assume(core: &Core, parameters: &Parameters) -> Result<String, (&'static str, String)> {
    let text = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let invalid = |what: String| ("ValidationError", what);
    let (arn, session) = (text("RoleArn"), text("RoleSessionName"));
    let Some((account, role)) = role(arn) else {
        return Err(invalid("RoleArn must be the ARN of a role.".to_owned()));
    };
    if !(2..=64).contains(&session.len()) || !session.chars().all(is_of_a_name) {
        return Err(invalid(
            "RoleSessionName must have 2 to 64 letters, digits or characters of _+=,.@-".to_owned(),
        ));
    }
    let seconds = match parameters.get("DurationSeconds").map(|text| text.parse()) {
        None => 3_600,
        Some(Ok(seconds @ 900..=43_200)) => seconds,
        Some(_) => return Err(invalid("DurationSeconds must be from 900 to 43200.".to_owned())),
    };
    let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/{session}");
    let key = format!(
        "ASIAROLE{}",
        &Uuid::new_v4().simple().to_string().to_uppercase()[..12]
    );
    core.sessions.open(key.clone(), arn.clone());
    let now = core.clock.now();
    let ends = now.saturating_add(Duration::from_secs(seconds)).unwrap_or(now);
    let ends = ends.strftime("%Y-%m-%dT%H:%M:%SZ");
    let id = role_id(session);
    Ok(format!(
        "<AssumedRoleUser><AssumedRoleId>{id}</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>not-a-secret</SecretAccessKey>\
         <SessionToken>not-a-secret</SessionToken><Expiration>{ends}</Expiration></Credentials>\
         <PackedPolicySize>0</PackedPolicySize>"
    ))
}

/// The account and the name of a role; a path before the name is no part of a session's ARN.
fn role(arn: &str) -> Option<(&str, &str)> {
    let (account, path) = arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let name = path.rsplit('/').next()?;
    (is_account && !name.is_empty() && name.chars().all(is_of_a_name)).then_some((account, name))
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter)
}

fn role_id(session: &str) -> String {
    format!("AROALOCAL:{session}")
}

fn xml(action: &str, result: &str) -> String {
    let id = Uuid::new_v4();
    format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    )
}

/// An error, as STS writes it.
pub(super) fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    let id = Uuid::new_v4();
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>{id}</RequestId></ErrorResponse>"
    );
    (status, [("content-type", "text/xml")], body).into_response()
}
