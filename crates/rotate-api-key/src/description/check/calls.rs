//! The rules of calls: their requests, templates and hosts.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{self, About, Used};
use super::problems::Checking;
use crate::description::call::{
    AdminCheck, Auth, Call, ClientCredentials, Issue, List, Promote, Revoke, Set, Stage,
};
use crate::description::definition::Description;
use crate::notation::base;

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Headers that the client itself writes.
const OWN_HEADERS: [&str; 6] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "accept-encoding",
    "expect",
];

/// What the templates of each section use.
#[derive(Debug, Default)]
pub(super) struct Checked(BTreeMap<&'static str, Used>, Used);

impl Checked {
    pub(super) fn of(&self, section: &'static str) -> &Used {
        self.0.get(section).unwrap_or(&self.1)
    }

    /// The names that are `name`, or inside of it.
    pub(super) fn inside(&self, name: &str) -> BTreeSet<String> {
        let names = self.0.values().flat_map(Used::names);
        let inside = names.filter(|used| *used == name || used.starts_with(&format!("{name}.")));
        inside.map(str::to_owned).collect()
    }

    /// Whether any section uses `name`.
    pub(super) fn uses(&self, name: &str) -> bool {
        self.0.values().any(|used| used.has(name))
    }
}

/// The sections that are calls, in the order of the type.
pub(super) fn sections(it: &Description) -> Vec<&'static str> {
    let present = [
        ("create", it.create.is_some()),
        ("list", it.list.is_some()),
        ("revoke", !it.revoke.is_empty()),
        ("check", it.check.is_some()),
        ("admin-check", it.admin_check.is_some()),
        ("roll", it.roll.is_some()),
        ("recover", it.recover.is_some()),
        ("stage", it.stage.is_some()),
        ("unstage", it.unstage.is_some()),
        ("promote", it.promote.is_some()),
        ("set", it.set.is_some()),
    ];
    present
        .into_iter()
        .filter(|(_, there)| *there)
        .map(|(name, _)| name)
        .collect()
}

/// Every call with its section and key.
fn calls(it: &Description) -> Vec<(&'static str, String, Call<'_>, About)> {
    let single = [
        ("create", it.create.as_ref().map(Issue::call), About::None),
        ("list", it.list.as_ref().map(List::call), About::None),
        (
            "admin-check",
            it.admin_check.as_ref().map(AdminCheck::call),
            About::None,
        ),
        ("roll", it.roll.as_ref().map(Issue::call), About::None),
        ("recover", it.recover.as_ref().map(Issue::call), About::None),
        ("stage", it.stage.as_ref().map(Stage::call), About::None),
        ("unstage", it.unstage.as_ref().map(Revoke::call), About::None),
        ("promote", it.promote.as_ref().map(Promote::call), About::Key),
        ("set", it.set.as_ref().map(Set::call), About::Key),
    ];
    let present = single
        .into_iter()
        .filter_map(|(section, call, about)| Some((section, section.to_owned(), call?, about)));
    let mut calls: Vec<_> = present.collect();
    for (number, revoke) in it.revoke.iter().enumerate() {
        let key = if it.revoke.len() == 1 {
            "revoke".to_owned()
        } else {
            format!("revoke.{number}")
        };
        calls.push(("revoke", key, revoke.call(), About::Key));
    }
    calls
}

/// Checks every call of the description.
pub(super) fn check_all(checking: &mut Checking<'_>, checked: &mut Checked) {
    let it = checking.description;
    let mints = it.auth.mint.is_some();
    if let Some(mint) = &it.auth.mint {
        mint_call(checking, "auth.mint", &mint.call());
    }
    let shared = auth(checking, "auth", &it.auth, About::None, mints);
    for (section, key, call, about) in calls(it) {
        let mut used = templates(checking, &key, &call, about, mints);
        if call.auth.is_none() {
            used.add(shared.clone());
        }
        checked.0.entry(section).or_default().add(used);
    }
    let Some(check) = &it.check else { return };
    let used = match &check.client_credentials {
        Some(_) if !check.request.is_empty() => {
            checking.wrong("check.request", "is a part of client-credentials here");
            Used::default()
        }
        Some(grant) => client_credentials(checking, grant),
        None => templates(checking, "check", &check.call(), About::Key, false),
    };
    checked.0.entry("check").or_default().add(used);
}

/// The templates of one call, its own auth included.
fn templates(
    checking: &mut Checking<'_>,
    key: &str,
    call: &Call<'_>,
    about: About,
    shared_mints: bool,
) -> Used {
    let it = checking.description;
    request(checking, key, call);
    bodies(checking, key, call);
    hosts(checking, key, call.base);
    let own_mint = call.auth.and_then(|auth| auth.mint.as_ref());
    let mints = own_mint.is_some() || (call.auth.is_none() && shared_mints);
    let mut used = Used::default();
    let mut sources = vec![(format!("{key}.request"), call.path().to_owned())];
    for (name, map) in [
        ("query", Some(call.query)),
        ("headers", Some(call.headers)),
        ("form", call.form),
    ] {
        sources.extend(
            map.into_iter()
                .flatten()
                .map(|(member, source)| (format!("{key}.{name}.{member}"), source.clone())),
        );
    }
    if let Some(json) = call.json {
        strings(json, &format!("{key}.json"), &mut sources);
    }
    if let Some(graphql) = call.graphql {
        for (name, variable) in &graphql.variables {
            strings(variable, &format!("{key}.graphql.variables.{name}"), &mut sources);
        }
    }
    for (place, source) in sources {
        match names::check(&source, about, mints, it) {
            Ok(names) => used.add(names),
            Err(what) => checking.wrong(place, what),
        }
    }
    for name in call.headers.keys() {
        header(checking, &format!("{key}.headers"), name);
    }
    if let Some(mint) = own_mint {
        mint_call(checking, &format!("{key}.auth.mint"), &mint.call());
    }
    if let Some(own) = call.auth {
        used.add(auth(checking, &format!("{key}.auth"), own, about, mints));
    }
    used
}

fn mint_call(checking: &mut Checking<'_>, key: &str, call: &Call<'_>) {
    if call.auth.is_some_and(|auth| auth.mint.is_some()) {
        checking.wrong(
            format!("{key}.auth.mint"),
            "a call that mints has no other one before it",
        );
    }
    templates(checking, key, call, About::None, false);
}

fn auth(checking: &mut Checking<'_>, key: &str, auth: &Auth, about: About, mints: bool) -> Used {
    let mut used = Used::default();
    let mut sources = Vec::new();
    if let Some(bearer) = &auth.bearer {
        sources.push((format!("{key}.bearer"), bearer));
    }
    if let Some(basic) = &auth.basic {
        sources.push((format!("{key}.basic.username"), &basic.username));
        sources.push((format!("{key}.basic.password"), &basic.password));
        if auth.bearer.is_some() {
            checking.wrong(
                format!("{key}.basic"),
                "cannot stand beside bearer: both are the header Authorization",
            );
        }
    }
    for (name, source) in &auth.headers {
        header(checking, &format!("{key}.headers"), name);
        sources.push((format!("{key}.headers.{name}"), source));
    }
    for (place, source) in sources {
        match names::check(source, about, mints, checking.description) {
            Ok(names) => used.add(names),
            Err(what) => checking.wrong(place, what),
        }
    }
    if let Some(mint) = &auth.mint {
        if used.has("minted") {
            let mut quiet = Checking::of(checking.description);
            used.add(templates(&mut quiet, key, &mint.call(), About::Key, false));
        } else {
            checking.wrong(
                format!("{key}.mint"),
                "mints a token that no part of auth uses; {{ minted }} is it",
            );
        }
    }
    used
}

fn client_credentials(checking: &mut Checking<'_>, grant: &ClientCredentials) -> Used {
    let it = checking.description;
    let place = "check.client-credentials";
    let method = grant.request.split_once(' ').map(|(method, _)| method);
    if method != Some("POST") {
        checking.wrong(format!("{place}.request"), "must be POST and a path");
    }
    hosts(
        checking,
        "check",
        it.check.as_ref().and_then(|check| check.base.as_deref()),
    );
    let path = grant.request.split_once(' ').map_or("", |(_, path)| path);
    let sources = [
        ("request", Some(path)),
        ("client-id", Some(grant.client_id.as_str())),
        ("scope", grant.scope.as_deref()),
        ("audience", grant.audience.as_deref()),
    ];
    let mut used = Used::of("key.value");
    for (name, source) in sources {
        match source.map(|source| names::check(source, About::None, false, it)) {
            Some(Ok(names)) => used.add(names),
            Some(Err(what)) => checking.wrong(format!("{place}.{name}"), what),
            None => {}
        }
    }
    used
}

fn request(checking: &mut Checking<'_>, key: &str, call: &Call<'_>) {
    let place = format!("{key}.request");
    if !METHODS.contains(&call.method()) {
        checking.wrong(
            place.as_str(),
            format!("must be one of {} and a path", METHODS.join(", ")),
        );
    } else if !call.path().starts_with('/') {
        checking.wrong(
            place.as_str(),
            "must have a path that begins with /, behind the method",
        );
    } else if literal(call.path()).contains("//") || literal(call.path()).contains(['?', '#', ' ', '\\']) {
        checking.wrong(place.as_str(), "must be a path alone: parameters go into `query`");
    }
}

/// A template with a letter in the place of each expression.
fn literal(template: &str) -> String {
    let mut parts = template.split("{{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "x" + part.split_once("}}").map_or("", |(_, rest)| rest)
    })
}

fn bodies(checking: &mut Checking<'_>, key: &str, call: &Call<'_>) {
    let bodies = [
        ("json", call.json.is_some()),
        ("form", call.form.is_some()),
        ("graphql", call.graphql.is_some()),
    ];
    let mut present = bodies.iter().filter(|(_, there)| *there);
    if let (Some(_), Some((second, _))) = (present.next(), present.next()) {
        checking.wrong(format!("{key}.{second}"), "a call has one body");
    }
    if let ("GET" | "HEAD", Some((body, _))) = (call.method(), bodies.iter().find(|(_, there)| *there)) {
        checking.wrong(format!("{key}.{body}"), "GET has no body");
    }
}

/// A host is the description's to choose: literal, or from a closed list, or the function's.
fn hosts(checking: &mut Checking<'_>, key: &str, own: Option<&str>) {
    let it = checking.description;
    let (place, source) = match (own, &it.base) {
        (Some(own), _) => (format!("{key}.base"), own),
        (None, Some(shared)) => ("base".to_owned(), shared.as_str()),
        (None, None) => return checking.wrong(key, "has no base: give the definition one"),
    };
    let problem = match names::check(source, About::None, false, it) {
        Err(what) => Some(what),
        Ok(used) => {
            let parameters = used.names().filter_map(|name| name.strip_prefix("parameters."));
            checking.hosts.extend(parameters.map(str::to_owned));
            used.names().find_map(|name| open_name(name, it))
        }
    };
    let problem = problem.or_else(|| {
        if source.contains("{{") {
            None
        } else {
            base::parse(source).err()
        }
    });
    if let Some(what) = problem
        && !checking.problems.iter().any(|(known, _)| *known == place)
    {
        checking.wrong(place, what);
    }
}

/// Why a name may not decide a host.
fn open_name(name: &str, it: &Description) -> Option<String> {
    match name
        .strip_prefix("parameters.")
        .map(|name| it.parameters.get(name))
    {
        Some(Some(parameter)) if parameter.is_closed() => None,
        Some(_) => Some(format!(
            "{{{{ {name} }}}} decides the host, so that it must be `one-of` a list, or `set-by = \"function\"`"
        )),
        None => Some(format!(
            "{{{{ {name} }}}} cannot decide the host: only parameters can"
        )),
    }
}

fn header(checking: &mut Checking<'_>, key: &str, name: &str) {
    if http::HeaderName::try_from(name).is_err() {
        checking.wrong(format!("{key}.{name}"), "is no name of a header");
    } else if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        checking.wrong(format!("{key}.{name}"), "is written by the client itself");
    }
}

fn strings(value: &serde_json::Value, key: &str, sources: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::String(source) => sources.push((key.to_owned(), source.clone())),
        serde_json::Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                strings(item, &format!("{key}.{number}"), sources);
            }
        }
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                strings(member, &format!("{key}.{name}"), sources);
            }
        }
        _ => {}
    }
}
