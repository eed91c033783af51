//! `CloudTrail`: whether Secrets Manager has given up, and who else changed a secret. It knows of the last minutes only later.

use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use jiff::Timestamp;
use rotation::CallError;
use serde_json::Value;

use super::session::{Session, unanswered};
use crate::diagnosis::{Answer, Secret, TrailEvent, Unasked};

/// Pages of one question, of 50 events each; an account may make two requests a second.
const PAGES: usize = 2;

/// The events of this name about the secret since then, newest first.
pub(crate) async fn events(
    session: &Session,
    secret: &Secret,
    name: &str,
    since: Option<Timestamp>,
) -> Answer<Vec<TrailEvent>> {
    let Ok(by_name) = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::EventName)
        .attribute_value(name)
        .build()
    else {
        return Answer::NotAsked(Unasked::NotNeeded);
    };
    let mut pages = session
        .trail
        .lookup_events()
        .lookup_attributes(by_name)
        .set_start_time(since.map(|since| DateTime::from_secs(since.as_second())))
        .into_paginator()
        .send();
    let limit = session.patience();
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let Ok(page) = tokio::time::timeout(limit, pages.next()).await else {
            return Answer::NotAsked(Unasked::Failed(format!("none within {} s", limit.as_secs())));
        };
        match page {
            None => break,
            Some(Err(error)) => return unanswered(CallError::of(&error), "cloudtrail:LookupEvents"),
            Some(Ok(page)) => found.extend(
                page.events
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|event| read(event.cloud_trail_event()?, secret)),
            ),
        }
    }
    Answer::Said(found)
}

/// An event, if it is about the secret. The service's own events name it elsewhere than those of calls.
fn read(text: &str, secret: &Secret) -> Option<TrailEvent> {
    let event: Value = serde_json::from_str(text).ok()?;
    let text = |pointer: &str| event.pointer(pointer)?.as_str().map(str::to_owned);
    let id = text("/additionalEventData/SecretId").or_else(|| text("/requestParameters/secretId"))?;
    if id != secret.arn && id != secret.name {
        return None;
    }
    Some(TrailEvent {
        at: text("/eventTime")?.parse().ok()?,
        name: text("/eventName")?,
        by: text("/userIdentity/arn"),
        message: text("/errorMessage"),
        version: text("/requestParameters/clientRequestToken"),
    })
}
