//! From a described call and the variables to a request: pure.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use minijinja::Value;
use serde_json::json;

use crate::description::{Auth, Call, Page};
use crate::fault::{ProviderFault, Unfit};
use crate::http::{LARGEST_ANSWER, LARGEST_PAGE, Outgoing, content_type};
use crate::notation::base::{self, Base};
use crate::notation::template;

/// What a request is made of, in addition to the call.
pub(crate) struct Setting<'a> {
    /// The section of the description, such as `create`.
    pub(crate) section: &'a str,
    /// The provider's name.
    pub(crate) provider: &'a str,
    /// The description's base.
    pub(crate) base: Option<&'a str>,
    /// The description's auth, for calls without their own.
    pub(crate) auth: &'a Auth,
    /// What templates are filled in with.
    pub(crate) variables: &'a Value,
    /// For a list: which page of it.
    pub(crate) page: Option<Page<'a>>,
    /// Longest wait.
    pub(crate) limit: Duration,
}

/// Writes the request.
///
/// # Errors
/// `RequestUnfit`, with the place: a value that is not there, or that cannot stand where it is to go.
pub(crate) fn build(call: &Call<'_>, setting: &Setting<'_>) -> Result<Outgoing, ProviderFault> {
    let writing = Writing {
        setting,
        call: format!("{} at {}", setting.section, setting.provider),
    };
    let base = writing.base(call)?;
    let call_name = format!("{} at {} ({})", setting.section, setting.provider, base.host);
    let writing = Writing {
        setting,
        call: call_name,
    };
    let mut headers = HeaderMap::new();
    let body = writing.body(call, &mut headers)?;
    for (name, source) in call.headers {
        writing.header(&mut headers, name, source)?;
    }
    writing.authenticate(&mut headers, call.auth.unwrap_or(setting.auth))?;
    Ok(Outgoing {
        target: writing.target(call, &base)?,
        shown: shown(call, setting),
        method: Method::try_from(call.method()).map_err(|_| writing.unfit("request", Unfit::Header))?,
        base,
        headers,
        body,
        call: writing.call,
        limit: setting.limit,
        largest: if setting.page.is_some() {
            LARGEST_PAGE
        } else {
            LARGEST_ANSWER
        },
        repeatable: call.is_repeatable(),
    })
}

/// The path by its template.
fn shown(call: &Call<'_>, setting: &Setting<'_>) -> String {
    let page = match setting.page {
        None | Some(Page::First) => "",
        Some(Page::Query(..) | Page::At(_)) => " (a further page)",
    };
    format!("{}{page}", call.path())
}

struct Writing<'a> {
    setting: &'a Setting<'a>,
    call: String,
}

impl Writing<'_> {
    fn unfit(&self, place: &str, problem: impl Into<Unfit>) -> ProviderFault {
        ProviderFault::RequestUnfit {
            call: self.call.clone(),
            place: place.to_owned(),
            problem: problem.into(),
        }
    }

    fn text(&self, place: &str, source: &str) -> Result<String, ProviderFault> {
        let filled = template::text(source, self.setting.variables);
        filled.map_err(|problem| self.unfit(place, problem))
    }

    fn base(&self, call: &Call<'_>) -> Result<Base, ProviderFault> {
        let source = call.base.or(self.setting.base).unwrap_or_default();
        let text = self.text("base", source)?;
        base::parse(&text).map_err(|problem| self.unfit("base", Unfit::Base(problem)))
    }

    /// Path and query.
    fn target(&self, call: &Call<'_>, base: &Base) -> Result<String, ProviderFault> {
        if let Some(Page::At(url)) = self.setting.page {
            let target = base.target_of(url);
            return target.map_err(|problem| {
                ProviderFault::unusable(&self.call, format!("names a next page that {problem}"))
            });
        }
        let path = template::path(call.path(), self.setting.variables);
        let path = path.map_err(|problem| self.unfit("request", problem))?;
        let mut target = format!("{}{}", base.prefix, path);
        let mut separator = '?';
        for (name, source) in call.query {
            let value = self.text(&format!("query.{name}"), source)?;
            append(&mut target, separator, name, &value);
            separator = '&';
        }
        if let (Some(Page::Query(name, page)), None) = (self.setting.page, call.graphql) {
            append(&mut target, separator, name, page);
        }
        Ok(target)
    }

    fn header(&self, headers: &mut HeaderMap, name: &str, source: &str) -> Result<(), ProviderFault> {
        let text = self.text(&format!("the header {name}"), source)?;
        self.insert(headers, name, &text)
    }

    fn insert(&self, headers: &mut HeaderMap, name: &str, text: &str) -> Result<(), ProviderFault> {
        let place = format!("the header {name}");
        let name = HeaderName::try_from(name).map_err(|_| self.unfit(&place, Unfit::Header))?;
        // Visible ASCII and spaces: what lies beyond is read differently by everybody.
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(self.unfit(&place, Unfit::Header));
        }
        let mut value = HeaderValue::try_from(text).map_err(|_| self.unfit(&place, Unfit::Header))?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }

    fn authenticate(&self, headers: &mut HeaderMap, auth: &Auth) -> Result<(), ProviderFault> {
        for (name, source) in &auth.headers {
            self.header(headers, name, source)?;
        }
        if let Some(source) = &auth.bearer {
            let token = self.text("the bearer", source)?;
            self.insert(headers, AUTHORIZATION.as_str(), &format!("Bearer {token}"))?;
        }
        if let Some(basic) = &auth.basic {
            let username = self.text("the user name", &basic.username)?;
            let password = self.text("the password", &basic.password)?;
            self.insert(
                headers,
                AUTHORIZATION.as_str(),
                &basic_credentials(&username, &password),
            )?;
        }
        Ok(())
    }

    fn body(&self, call: &Call<'_>, headers: &mut HeaderMap) -> Result<Vec<u8>, ProviderFault> {
        let (kind, body) = if let Some(source) = call.json {
            ("application/json", self.json(source)?.into_bytes())
        } else if let Some(graphql) = call.graphql {
            let variables = graphql.variables.clone().into_iter().collect();
            let variables = serde_json::Value::Object(variables);
            let mut variables = template::json("graphql.variables", &variables, self.setting.variables)
                .map_err(|(place, problem)| self.unfit(&place, problem))?;
            if let Some(Page::Query(name, page)) = self.setting.page {
                variables[name] = page.into();
            }
            let body = json!({"query": graphql.query, "variables": variables});
            ("application/json", body.to_string().into_bytes())
        } else if let Some(form) = call.form {
            ("application/x-www-form-urlencoded", self.form(form)?.into_bytes())
        } else {
            return Ok(Vec::new());
        };
        let (name, value) = content_type(kind);
        headers.insert(name, value);
        Ok(body)
    }

    fn json(&self, source: &serde_json::Value) -> Result<String, ProviderFault> {
        let body = template::json("json", source, self.setting.variables);
        let body = body.map_err(|(place, problem)| self.unfit(&place, problem))?;
        Ok(body.to_string())
    }

    fn form(&self, form: &BTreeMap<String, String>) -> Result<String, ProviderFault> {
        let mut body = String::new();
        for (name, source) in form {
            let value = self.text(&format!("form.{name}"), source)?;
            if !body.is_empty() {
                body.push('&');
            }
            body.push_str(&outbound::form([(name, &value)]));
        }
        Ok(body)
    }
}

/// The content of `Authorization: Basic`.
pub(crate) fn basic_credentials(username: &str, password: &str) -> String {
    let joined = format!("{username}:{password}");
    format!("Basic {}", STANDARD.encode(joined.as_bytes()))
}

fn append(target: &mut String, separator: char, name: &str, value: &str) {
    target.push(separator);
    target.push_str(&outbound::form([(name, value)]));
}
