//! Whatever a provider answers, and whatever stands in a description: no panic, and an error that has a code and a remedy.

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::SystemTime;

use minijinja::context;
use proptest::prelude::*;
use rotation::Fault;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::call::answer::{Judge, Reply};
use crate::call::client_credentials;
use crate::description::{Call, Description, Issue, Position};
use crate::fault::{CODES, ProviderFault};
use crate::http::{Answer, LeadsTo, pause_of};
use crate::key::mark::{self, Marks};
use crate::notation::json::Json;
use crate::notation::pointer::{Pointer, Source};
use crate::notation::{base, template};
use crate::provider::described;
use crate::settings::builtin::BUILTIN;

/// What must be in no error.
const KNOWN: &str = "Zq7-known/to+us 81f4d";

/// Members that some description or other looks at.
const MEMBERS: [&str; 16] = [
    "keys",
    "data",
    "id",
    "name",
    "error",
    "errors",
    "message",
    "secret",
    "secrets",
    "result",
    "metadata",
    "next",
    "0",
    "attributes",
    "spec",
    "tokens",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from(KNOWN)),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let name = prop_oneof![
            proptest::sample::select(&MEMBERS[..]).prop_map(str::to_owned),
            ".{0,3}"
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..5)
                .prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any_json().prop_map(|json| json.to_string().into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..60),
        ".{0,60}".prop_map(String::into_bytes),
        // Something that is cut, or goes on.
        (any_json(), any::<prop::sample::Index>(), "[\\[\\]{}\",:0 x]{0,3}").prop_map(|(json, at, more)| {
            let mut text = json.to_string().into_bytes();
            text.truncate(at.index(text.len() + 1));
            text.extend(more.into_bytes());
            text
        }),
    ]
}

fn any_status() -> impl Strategy<Value = u16> {
    prop_oneof![
        200_u16..600,
        Just(200),
        Just(302),
        Just(401),
        Just(429),
        Just(503)
    ]
}

fn fault_is_told(fault: &ProviderFault) -> Result<(), TestCaseError> {
    prop_assert!(CODES.contains(&fault.code()), "{}", fault.code());
    let (text, remedy) = (fault.to_string(), fault.advice().remedy);
    prop_assert!(!remedy.is_empty() && !remedy.ends_with('.'), "{}", remedy);
    prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
    prop_assert!(!text.contains("81f4d") && !text.contains("Zq7-known"), "{}", text);
    Ok(())
}

/// The descriptions inside. To load them takes longer than all else here.
static DESCRIBED: LazyLock<Vec<Description>> = LazyLock::new(|| {
    let all = BUILTIN.iter().map(|(name, text)| Description::load(name, text));
    all.collect::<Result<_, _>>().expect("they can be loaded")
});

/// Every call that answers with a key, of every description inside.
fn issues() -> impl Iterator<Item = &'static Issue> {
    let calls = |it: &'static Description| [&it.create, &it.roll, &it.recover];
    DESCRIBED.iter().flat_map(calls).flatten()
}

fn judged(
    call: &Call<'_>,
    status: u16,
    body: &[u8],
    leads_to: Option<String>,
) -> Result<Reply, ProviderFault> {
    let secrets = [SecretString::from(KNOWN)];
    let judge = Judge {
        name: "create at p (h)",
        secrets: &secrets,
        also: None,
        mints: false,
    };
    let answer = Answer {
        status,
        retry_after: None,
        leads_to: leads_to.map(LeadsTo::Host),
        body: body.to_vec(),
    };
    judge.judge(call, answer)
}

#[test]
fn a_file_of_brackets_is_refused_and_costs_no_stack() {
    let deep = |open: &str, close: &str| format!("a = {}{}", open.repeat(100_000), close.repeat(100_000));
    for text in [
        deep("[", "]"),
        deep("{a=", "}"),
        deep("[", ""),
        format!("[{}a]", "a.".repeat(100_000)),
    ] {
        let error = Description::load("x.toml", &text).unwrap_err();
        assert_eq!(error.problems[0].line, 1);
    }
}

proptest! {
    #[test]
    fn any_answer_to_any_description_is_a_key_or_an_error(
        status in any_status(),
        body in any_body(),
        leads_to in proptest::option::of(".{0,40}"),
    ) {
        for issue in issues() {
            let key = judged(&issue.call(), status, &body, leads_to.clone())
                .and_then(|reply| reply.key(&issue.value, issue.id.as_ref()));
            match key {
                Ok(key) => {
                    let printed = format!("{key:?}");
                    prop_assert!(key.value.is_some() && !printed.contains(KNOWN));
                }
                Err(fault) => fault_is_told(&fault)?,
            }
        }
    }

    #[test]
    fn any_page_of_a_list_is_read_or_refused(body in any_body()) {
        for it in &*DESCRIBED {
            let Some(list) = &it.list else { continue };
            let mut all = Vec::new();
            if let Err(fault) = described::read(list, Some(SystemTime::UNIX_EPOCH), &Reply::of(&body), &mut all) {
                fault_is_told(&fault)?;
            }
            prop_assert!(all.iter().all(|key| !key.id.is_empty() && !key.id.contains(char::is_control)));
            if let (Some(next), Some(answer)) = (&list.next, Json::parse(&body)) {
                for here in [None, Some(Position::Number(u64::MAX)), Some(Position::Told(String::new()))] {
                    let _ = next.after(here.as_ref(), answer, (0, all.len()));
                }
            }
        }
    }

    #[test]
    fn any_pointer_is_refused_or_leads_somewhere_or_nowhere(pointer in "(/(keys|id|0|1|-|~0|~1|~|.){0,2}){0,4}", body in any_body()) {
        let Ok(pointer) = Pointer::parse(&pointer) else { return Ok(()) };
        let reply = Reply::of(&body);
        if let Err(fault) = reply.text(&pointer) {
            fault_is_told(&fault)?;
        }
        if let Err(fault) = reply.key(&Source::BODY, Some(&pointer)) {
            fault_is_told(&fault)?;
        }
        if let (Some(json), Ok(parsed)) = (Json::parse(&body), serde_json::from_slice::<Value>(&body)) {
            // Whatever is found is there: the same as by a reader that parses it all, but for indices such as 01.
            let found = json.at(&pointer).and_then(Json::text);
            let expected = parsed.pointer(&format!("{pointer}"));
            if let (Some(found), Some(Value::String(expected))) = (&found, expected) {
                prop_assert_eq!(found, expected);
            }
            prop_assert_eq!(found.is_some(), expected.is_some_and(|it| it.is_string() || it.is_number()));
        }
    }

    #[test]
    fn any_file_is_a_description_or_an_error_with_a_line(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        length in 0_usize..12,
        splice in prop_oneof![".{0,8}", "[\\[\\]{}=\"'.,\n a-z/|0-9-]{0,12}", Just("18446744073709551615".to_owned())],
    ) {
        let (name, text) = BUILTIN[which.index(BUILTIN.len())];
        let mut chars: Vec<_> = text.chars().collect();
        let start = at.index(chars.len());
        let end = (start + length).min(chars.len());
        chars.splice(start..end, splice.chars());
        let text: String = chars.into_iter().collect();
        if let Err(error) = Description::load(name, &text) {
            prop_assert!(!error.problems.is_empty());
            let lines = text.split('\n').count();
            prop_assert!(error.problems.iter().all(|problem| (1..=lines).contains(&problem.line)), "{}", error);
            prop_assert_eq!(ProviderFault::from(error).code(), "ProviderDefinitionInvalid");
        }
    }

    #[test]
    fn any_template_is_filled_in_or_refused(
        source in "(\\{\\{|\\}\\}|\\{%|%\\}| |key|\\.|value|id|\\||upper|int|\\[|0|\\]|/|-|if|endif|'|.){0,12}",
        value in ".{0,12}",
    ) {
        let variables = context! { key => context! { value => value.as_str(), id => 7 } };
        let _ = template::names(&source);
        let _ = template::text(&source, &variables);
        let _ = template::json("json", &Value::from(source.as_str()), &variables);
        if let Ok(path) = template::path(&format!("/a/{source}"), &variables) {
            prop_assert!(path.starts_with("/a/"));
        }
    }

    #[test]
    fn any_next_page_is_below_the_base(url in prop_oneof![".{0,30}", "(https?:|//|/|\\.\\.|%2e|%2F|a\\.example|:443|@|v1|\\?|#|\\\\|x){0,8}"]) {
        for (base, prefix) in [("https://a.example", "/"), ("https://a.example:443/v1", "/v1/")] {
            let base = base::parse(base).unwrap();
            if let Ok(target) = base.target_of(&url) {
                let path = target.split('?').next().unwrap_or_default();
                prop_assert!(path.starts_with(prefix) && path.split('/').skip(1).all(|part| !matches!(part, "." | "..")), "{target}");
                prop_assert!(target.bytes().all(|byte| byte.is_ascii_graphic()), "{target}");
            }
        }
    }

    #[test]
    fn any_header_name_and_address_is_taken_for_something(
        text in prop_oneof![".{0,40}", "[0-9]{1,24}", "(Mon|Wed), [0-9]{2} (Oct|Feb) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"],
        name in "(keywheel-|[0-9a-f]{12}|-|[!-~]|[0-9a-f-]{36}){0,6}",
        address: u128,
        body in any_body(),
        status in any_status(),
    ) {
        let _ = pause_of(&text, SystemTime::UNIX_EPOCH);
        let _ = client_credentials::is_dead(status, &body);
        let host = outbound::Scrub::new(&[secrecy::SecretString::from(KNOWN)]).host(&text);
        prop_assert!(!host.contains(char::is_control));
        let marks = Marks::of("arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf");
        if let Some(version) = marks.version_in(&name) {
            prop_assert!((32..=64).contains(&version.as_str().len()) && mark::is_marked(&name));
        }
        let address = IpAddr::from(address.to_be_bytes());
        let _ = outbound::refusal(address, false);
    }
}
