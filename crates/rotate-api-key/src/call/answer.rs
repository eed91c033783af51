//! What an answer means: pure.

use std::collections::BTreeMap;

use rotation::password::Password;
use secrecy::{ExposeSecret, SecretString};

use crate::description::Call;
use crate::fault::ProviderFault;
use crate::http::{Answer, LeadsTo};
use crate::key::Key;
use crate::notation::json::Json;
use crate::notation::pointer::{Pointer, Source};
use crate::notation::status::Statuses;
use outbound::Scrub;

/// Where providers put their words, if the description does not say.
const USUAL_PLACES: [&str; 11] = [
    "/message",
    "/error/message",
    "/error_description",
    "/errorSummary",
    "/errors/0/message",
    "/errors/0/detail",
    "/errors/0",
    "/detail",
    "/details/0/message",
    "/error",
    "/title",
];

/// In a longer answer no words are looked for: what explains an error is short, and the places are many.
const LONGEST_EXPLANATION: usize = 64 * 1024;
/// Longest id and longest name of a key that is taken for one, in bytes: thousands of keys are held at once.
pub(crate) const LONGEST_NAME: usize = 1024;

/// An answer of success.
pub(crate) struct Reply {
    /// The call, for errors.
    pub(crate) call: String,
    /// As in 200.
    pub(crate) status: u16,
    body: Vec<u8>,
    /// The credentials that the call was made with.
    credentials: Vec<SecretString>,
}

/// What an answer is judged by.
pub(crate) struct Judge<'a> {
    /// The call's name, for errors.
    pub(crate) name: &'a str,
    /// Credentials that must not be repeated.
    pub(crate) secrets: &'a [SecretString],
    /// Statuses of success beyond the call's own.
    pub(crate) also: Option<&'a Statuses>,
    /// A token is asked for: status 400 may refuse the credential (RFC 6749, section 5.2).
    pub(crate) mints: bool,
}

impl Judge<'_> {
    /// The answer, if it is one of success.
    ///
    /// # Errors
    /// What the provider refused, and why, in its own words as far as they hold no credential.
    pub(crate) fn judge(&self, call: &Call<'_>, answer: Answer) -> Result<Reply, ProviderFault> {
        let Answer {
            status,
            body,
            leads_to,
            ..
        } = answer;
        let name = || self.name.to_owned();
        let success = call
            .ok
            .map_or_else(|| Statuses::success().has(status), |ok| ok.has(status));
        if success || self.also.is_some_and(|also| also.has(status)) {
            let reply = Reply {
                call: name(),
                status,
                body,
                credentials: self.secrets.to_vec(),
            };
            return if success {
                self.look_inside(call, reply)
            } else {
                Ok(reply)
            };
        }
        let words = self.words(call.message, &body);
        Err(match status {
            300..=399 => self.redirected(status, leads_to.as_ref()),
            400 if self.mints && is_of_the_client(&body) => ProviderFault::ProviderCredentialRefused {
                call: name(),
                status,
                words,
            },
            401 | 403 => ProviderFault::ProviderCredentialRefused {
                call: name(),
                status,
                words,
            },
            429 => ProviderFault::ProviderThrottled { call: name(), status },
            408 | 425 | 500.. => ProviderFault::ProviderFailed {
                call: name(),
                status,
                words,
                again: call.is_repeatable(),
            },
            _ => ProviderFault::ProviderRefused {
                call: name(),
                status,
                words,
            },
        })
    }

    /// An error inside an answer that says success.
    fn look_inside(&self, call: &Call<'_>, reply: Reply) -> Result<Reply, ProviderFault> {
        self.refuse_a_web_page(&reply.body)?;
        if Json::parse(&reply.body).is_some_and(|inside| tells_of_an_error(call, inside)) {
            return Err(ProviderFault::ErrorInside {
                call: reply.call.clone(),
                status: reply.status,
                words: self.words(call.message, &reply.body),
            });
        }
        Ok(reply)
    }

    /// A page for people, such as one to log in, comes with status 200 whatever was asked.
    pub(crate) fn refuse_a_web_page(&self, body: &[u8]) -> Result<(), ProviderFault> {
        if is_web_page(body) {
            return Err(ProviderFault::unusable(
                self.name,
                "is a web page (HTML): a login page or a proxy's, or the path is not the API's",
            ));
        }
        Ok(())
    }

    /// The error that an answer leads elsewhere. The host is the provider's to choose, and could repeat a credential.
    pub(crate) fn redirected(&self, status: u16, leads_to: Option<&LeadsTo>) -> ProviderFault {
        ProviderFault::ProviderRedirected {
            call: self.name.to_owned(),
            status,
            target: match leads_to {
                None => "nowhere".to_owned(),
                Some(LeadsTo::Path(own)) => format!("another path of {own}"),
                Some(LeadsTo::Host(host)) => Scrub::new(self.secrets).host(host),
            },
        }
    }

    /// The provider's words, if it has some in a usual place.
    pub(crate) fn words(&self, place: Option<&Pointer>, body: &[u8]) -> String {
        let Some(answer) = Some(body)
            .filter(|body| body.len() <= LONGEST_EXPLANATION)
            .and_then(Json::parse)
        else {
            return String::new();
        };
        let text = |place: &Pointer| answer.at(place).and_then(Json::text);
        let told = place.and_then(text);
        let told = told.or_else(|| {
            let mut usual = USUAL_PLACES.iter().filter_map(|place| Pointer::parse(place).ok());
            usual.find_map(|place| text(&place))
        });
        Scrub::new(self.secrets).clean(&told.unwrap_or_default())
    }
}

fn is_web_page(body: &[u8]) -> bool {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = text.trim_ascii_start();
    ["<!doctype html", "<html"].iter().any(|start| {
        let beginning = text.get(..start.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(start.as_bytes()))
    })
}

/// Whether a token endpoint's refusal is one of the client, and not of what the client asked for.
fn is_of_the_client(body: &[u8]) -> bool {
    const OF_THE_REQUEST: [&str; 4] = [
        "invalid_request",
        "invalid_scope",
        "unsupported_grant_type",
        "invalid_target",
    ];
    let error = Json::parse(body).and_then(|answer| answer.at(&Pointer::parse("/error").ok()?)?.text());
    !error.is_some_and(|error| OF_THE_REQUEST.contains(&&*error))
}

/// Whether an error stands inside an answer that says success: where the description says, and where GraphQL says.
pub(crate) fn tells_of_an_error(call: &Call<'_>, inside: Json<'_>) -> bool {
    let errors = Pointer::parse("/errors").ok();
    let of_graphql = errors.as_ref().filter(|_| call.graphql.is_some());
    let graphql = of_graphql.and_then(|place| inside.at(place));
    graphql.is_some_and(|errors| !errors.is_null())
        || call
            .error
            .and_then(|place| inside.at(place))
            .is_some_and(Json::tells)
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// `ProviderAnswerUnusable`.
    pub(crate) fn json(&self) -> Result<Json<'_>, ProviderFault> {
        if self.body.is_empty() {
            return Err(self.unusable("has no body"));
        }
        Json::parse(&self.body).ok_or_else(|| self.unusable("is not JSON"))
    }

    /// A string at a pointer.
    ///
    /// # Errors
    /// `ProviderAnswerUnusable`.
    pub(crate) fn text(&self, place: &Pointer) -> Result<String, ProviderFault> {
        let found = self.json()?.at(place).and_then(Json::text);
        let found = found.filter(|text| !text.is_empty());
        found.ok_or_else(|| self.unusable(&format!("has no string at {place:?}")))
    }

    /// The new key in it.
    ///
    /// # Errors
    /// `ProviderAnswerUnusable`.
    pub(crate) fn key(&self, value: &Source, id: Option<&Pointer>) -> Result<Key, ProviderFault> {
        let text = if let Some(place) = value.pointer() {
            self.text(place)?
        } else {
            let text = std::str::from_utf8(&self.body).map_err(|_| self.unusable("is not text"))?;
            text.trim().to_owned()
        };
        if text.is_empty() {
            return Err(self.unusable("has no body"));
        }
        // Stored as the key, a credential that issues keys would be every reader's.
        if self.is_a_credential(&text) {
            return Err(self.unusable("has a credential of this rotation in the place of a new key"));
        }
        Ok(Key {
            value: Some(Password::from(text)),
            id: id.map(|place| self.checked_id(self.text(place)?)).transpose()?,
            ..Key::default()
        })
    }

    /// The key with what else the secret keeps of it.
    ///
    /// # Errors
    /// `ProviderAnswerUnusable`.
    pub(crate) fn with_written(
        &self,
        key: Key,
        write: &BTreeMap<String, Pointer>,
    ) -> Result<Key, ProviderFault> {
        let read = |(member, place): (&String, &Pointer)| {
            let text = self.text(place)?;
            if self.is_a_credential(&text) {
                return Err(self.unusable("has a credential of this rotation in the place of something else"));
            }
            if text.len() > LONGEST_NAME || text.chars().any(char::is_control) {
                return Err(self.unusable(&format!("has something at {place:?} that `{member}` cannot hold")));
            }
            Ok((member.clone(), text))
        };
        let written = write.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Key { written, ..key })
    }

    #[expect(clippy::disallowed_methods, reason = "it is compared, and not shown")]
    fn is_a_credential(&self, text: &str) -> bool {
        self.credentials
            .iter()
            .any(|credential| credential.expose_secret() == text)
    }

    /// An id that can be one. It is a part of requests, of the secret and of its readers' requests.
    ///
    /// # Errors
    /// `ProviderAnswerUnusable`.
    pub(crate) fn checked_id(&self, id: String) -> Result<String, ProviderFault> {
        if id.chars().any(char::is_control) {
            Err(self.unusable("has a key whose id has control characters"))
        } else if id.len() > LONGEST_NAME {
            Err(self.unusable(&format!("has a key whose id is longer than {LONGEST_NAME} bytes")))
        } else {
            Ok(id)
        }
    }

    /// The error that the answer cannot be used.
    pub(crate) fn unusable(&self, problem: &str) -> ProviderFault {
        ProviderFault::unusable(&self.call, problem)
    }
}

#[cfg(test)]
impl Reply {
    /// One to a list, for tests.
    pub(crate) fn of(body: &[u8]) -> Self {
        Self {
            call: "list at p (h)".to_owned(),
            status: 200,
            credentials: Vec::new(),
            body: body.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rotation::Fault;

    use super::*;
    use crate::description::Description;
    use crate::settings::registry::Registry;

    const MADE: &str = "Zq7MadeByTheProvider81f4d";

    fn described() -> std::sync::Arc<Description> {
        Registry::default().get("unleash").expect("it is inside")
    }

    fn judged(status: u16, body: &[u8]) -> Result<Reply, ProviderFault> {
        let description = described();
        let judge = Judge {
            name: "create at unleash (h)",
            secrets: &[],
            also: None,
            mints: false,
        };
        let answer = Answer {
            status,
            retry_after: None,
            leads_to: None,
            body: body.to_vec(),
        };
        judge.judge(
            &description.create.as_ref().expect("it has create").call(),
            answer,
        )
    }

    #[track_caller]
    fn check(status: u16, body: &str, code: &str, words: &str) {
        let fault = judged(status, body.as_bytes()).err().expect("it is refused");
        assert_eq!(fault.code(), code, "{fault}");
        assert!(fault.to_string().contains(words), "{fault}");
    }

    #[test]
    fn statuses_are_told_apart_and_words_are_found_in_the_usual_places() {
        check(
            401,
            r#"{"message":"bad token"}"#,
            "ProviderCredentialRefused",
            "saying: bad token",
        );
        check(
            403,
            r#"{"error":{"message":"not you"}}"#,
            "ProviderCredentialRefused",
            "not you",
        );
        check(
            409,
            r#"{"errors":[{"detail":"there is one"}]}"#,
            "ProviderRefused",
            "there is one",
        );
        check(429, "", "ProviderThrottled", "429");
        check(503, "<html>", "ProviderFailed", "503");
        for page in [
            "<html>",
            "\u{feff}\n <!DOCTYPE html><title>Log in</title>",
            "<HTML lang='en'>",
        ] {
            check(200, page, "ProviderAnswerUnusable", "is a web page");
        }
        for plain in ["", "OK", "{}", "<?xml version='1.0'?><ok/>"] {
            assert!(judged(200, plain.as_bytes()).is_ok(), "{plain}");
        }
        check(301, "", "ProviderRedirected", "301");
        check(304, "", "ProviderRedirected", "nowhere");
    }

    proptest! {
        /// Whatever a provider answers, it is a key or an error, and no error has what looks like a credential.
        #[test]
        fn any_answer_is_a_key_or_an_error(status in 200_u16..600, before in ".{0,20}", after in ".{0,20}") {
            for body in [format!("{before}{MADE}{after}"), serde_json::json!({"message": format!("{before} {MADE} {after}")}).to_string()] {
                match judged(status, body.as_bytes()) {
                    Ok(reply) => {
                        if let Err(fault) = reply.key(&Source::at("/secret"), None) {
                            prop_assert!(!fault.to_string().contains(MADE), "{}", fault);
                        }
                    }
                    Err(fault) => prop_assert!(!fault.to_string().contains(MADE), "{}", fault),
                }
            }
        }
    }
}
