//! Descriptions, good and bad.

use super::*;
use crate::settings::builtin::BUILTIN;

const GOOD: &str = r#"provider = "p"
title = "P"
class = "overlap"
base = "https://{{ parameters.site }}"
admin = "p-admin"
[parameters.site]
one-of = ["a.example", "b.example"]
[auth]
bearer = "{{ admin.token }}"
[create]
request = "POST /keys"
json = { name = "{{ name }}" }
value = "/key"
[list]
request = "GET /keys"
name = "/name"
id = "/id"
[revoke]
request = "DELETE /keys/{{ key.id }}"
[check]
request = "GET /me"
auth = { bearer = "{{ key.value }}" }
"#;

/// What is wrong with the good description once `from` is `to`.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert!(GOOD.contains(from), "{from:?} is in it");
    let text = GOOD.replace(from, to);
    let found = match Description::load("p.toml", &text) {
        Ok(_) => "nothing".to_owned(),
        Err(error) => error
            .problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
    };
    assert!(found.contains(expected), "{to:?}: {found}");
}

#[test]
fn a_good_description_can_be_loaded_and_so_can_all_that_are_shipped() {
    Description::load("p.toml", GOOD).unwrap();
    for (name, text) in BUILTIN {
        Description::load(name, text).unwrap();
    }
}

#[test]
fn an_overlap_is_no_longer_than_a_rotation_can_wait() {
    let retire = |hours: u64| format!("[retire]\nleast-overlap-hours = {hours}\n[check]");
    check("[check]", &retire(24_000), "nothing");
    let words = "line 21: retire.least-overlap-hours: must be 0 to 24000";
    check("[check]", &retire(24_001), words);
    check("[check]", &retire(i64::MAX.unsigned_abs()), words);
}

/// What somebody copies out of the reference works.
#[test]
fn every_example_of_the_reference_page_can_be_loaded() {
    let page = include_str!("../../../../docs/api-keys.md");
    let blocks: Vec<_> = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let classes: Vec<_> = blocks
        .iter()
        .map(|block| Description::load("docs/api-keys.md", block).unwrap().class)
        .collect();
    assert_eq!(
        classes,
        [
            Class::Overlap,
            Class::InPlace,
            Class::Staged,
            Class::Chosen,
            Class::None
        ]
    );
}

#[test]
fn a_typing_error_is_told_with_its_line_and_key() {
    check(
        "title = \"P\"",
        "titel = \"P\"",
        "line 2: titel: unknown field `titel`",
    );
    check(
        "value = \"/key\"",
        "value = 7",
        "line 13: create.value: invalid type",
    );
    check(
        "value = \"/key\"",
        "value = \"key\"",
        "line 13: create.value: \"key\" is no JSON pointer",
    );
    check(
        "class = \"overlap\"",
        "class = \"other\"",
        "line 3: class: unknown variant `other`",
    );
    check(
        "value = \"/key\"",
        "valeu = \"/key\"",
        "line 13: create.valeu: unknown field",
    );
    check("title = \"P\"", "title = ", "line 2: ");
}

#[test]
fn a_template_with_an_unknown_name_is_told_where_it_stands() {
    check(
        "\"{{ name }}\"",
        "\"{{ nmae }}\"",
        "line 12: create.json.name: unknown name \"nmae\"",
    );
    check(
        "{{ key.id }}",
        "{{ key.ident }}",
        "line 19: revoke.request: unknown name \"key.ident\"",
    );
    check(
        "\"{{ name }}\"",
        "\"{{ key.value }}\"",
        "create.json.name: {{ key.value }} is not known here",
    );
    check(
        "\"{{ name }}\"",
        "\"{{ expires.date }}{{ name }}\"",
        "{{ expires.date }} needs `lifetime-days`",
    );
    check(
        "\"{{ name }}\"",
        "\"{{ name\"",
        "line 12: create.json.name: syntax error",
    );
    check(
        "{{ parameters.site }}",
        "{{ parameters.host }}",
        "line 4: base: there is no [parameters.host]",
    );
    check(
        "admin = \"p-admin\"\n",
        "",
        "auth.bearer: {{ admin }} is used, and `admin` names no admin secret",
    );
    check(
        "bearer = \"{{ admin.token }}\"",
        "bearer = \"{{ minted }}\"",
        "auth.bearer: {{ minted }} is used where no auth.mint",
    );
}

#[test]
fn a_filter_that_there_is_not_is_told_before_anything_is_sent() {
    check(
        "\"{{ name }}\"",
        "\"{{ name | uper }}\"",
        "line 12: create.json.name: unknown filter: filter uper is unknown",
    );
    check(
        "{{ key.id }}",
        "{{ key.id | replace('-') }}",
        "line 19: revoke.request: missing argument",
    );
    check(
        "\"{{ name }}\"",
        "\"{% if version is nonsense %}{{ name }}{% endif %}\"",
        "create.json.name: unknown test",
    );
    check(
        "\"{{ name }}\"",
        "\"{{ name.strip() }}\"",
        "unknown name \"name.strip\"",
    );
}

#[test]
fn the_name_that_was_probably_meant_is_told() {
    check(
        "\"{{ name }}\"",
        "\"{{ nmae }}\"",
        "unknown name \"nmae\": `name` is near",
    );
    check(
        "{{ key.id }}",
        "{{ key.idd }}",
        "unknown name \"key.idd\": `key.id` is near",
    );
    check(
        "{{ parameters.site }}",
        "{{ parameters.sit }}",
        "there is no [parameters.sit]: `site` is near",
    );
}

#[test]
fn a_section_that_stands_once_is_not_written_as_one_of_several() {
    for section in ["create", "list", "check", "auth", "parameters.site"] {
        check(
            &format!("[{section}]"),
            &format!("[[{section}]]"),
            &format!(": {section}: stands once: [{section}], and not [[{section}]]"),
        );
    }
    check("[revoke]", "[[revoke]]", "nothing");
    check(
        "{ name = \"{{ name }}\" }",
        "{ name = \"{{ name }}\", of = [{ a = 1 }] }",
        "nothing",
    );
    check(
        "value = \"/key\"",
        "valeu = \"/key\"\nof = [{}]",
        "stands once: [create.of]",
    );
}

#[test]
fn what_is_written_beside_the_key_overwrites_nothing() {
    let secret = "[secret]\nkey = \"k\"\nid = \"i\"\n[create]\nid = \"/id\"\n";
    let written = |member: &str| format!("{secret}write = {{ {member} = \"/expires\" }}\n");
    check("[create]\n", &written("expiresAt"), "nothing");
    for member in ["k", "i", "keywheel"] {
        check(
            "[create]\n",
            &written(member),
            &format!("secret: has the member \"{member}\", which `write` would overwrite"),
        );
    }
}

#[test]
fn every_shipped_description_names_its_page_and_the_day_of_its_check() {
    for (name, text) in BUILTIN {
        let it = Description::load(name, text).unwrap();
        assert!(it.checked.is_some(), "{name}");
        let page = text
            .lines()
            .find(|line| line.starts_with("documentation = \"https://"));
        assert!(page.is_some(), "{name}");
    }
    check(
        "title = \"P\"",
        "title = \"P\"\nchecked = \"28.11.2026\"",
        "line 3: checked: must be a day",
    );
}

#[test]
fn a_host_is_not_for_a_secret_to_choose() {
    check(
        "one-of = [\"a.example\", \"b.example\"]",
        "pattern = \".+\"",
        "line 4: base: {{ parameters.site }} decides the host",
    );
    check(
        "one-of = [\"a.example\", \"b.example\"]",
        "pattern = \".+\"\nset-by = \"function\"",
        "nothing",
    );
    check(
        "https://{{ parameters.site }}",
        "https://{{ current.value }}",
        "cannot decide the host",
    );
    check(
        "https://{{ parameters.site }}",
        "http://api.example",
        "line 4: base: \"http://api.example\" is not https",
    );
    check(
        "request = \"GET /me\"",
        "request = \"GET /me\"\nbase = \"https://u@h\"",
        "check.base: a base has no user",
    );
}

#[test]
fn each_class_has_its_calls() {
    check(
        "[revoke]\nrequest = \"DELETE /keys/{{ key.id }}\"\n",
        "",
        "class: this class needs [revoke]",
    );
    check(
        "[check]",
        "[set]\nrequest = \"PUT /x\"\n[check]",
        "line 20: set: is not used by this class",
    );
    check(
        "name = \"/name\"\n",
        "",
        "list: needs `name`, or `exclusive = true`",
    );
    check(
        "json = { name = \"{{ name }}\" }\n",
        "",
        "create: must send {{ name }}",
    );
    check(
        "{{ key.value }}",
        "{{ current.value }}",
        "check: must use {{ key.value }}",
    );
    check(
        "class = \"overlap\"",
        "class = \"none\"",
        "class: none needs `reason`",
    );
    check(
        "class = \"overlap\"",
        "class = \"in-place\"",
        "class: this class needs [roll]",
    );
    let without_list = GOOD.replace(
        "[list]\nrequest = \"GET /keys\"\nname = \"/name\"\nid = \"/id\"\n",
        "",
    );
    let error = Description::load("p.toml", &without_list)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("create: needs [list]") && error.contains("revoke: needs [list] or secret.id"),
        "{error}"
    );
}

#[test]
fn a_call_is_one_request_with_one_body() {
    check("POST /keys", "CREATE /keys", "create.request: must be one of GET");
    check(
        "POST /keys",
        "POST keys",
        "create.request: must have a path that begins with /",
    );
    check("POST /keys", "POST /keys?x=1", "parameters go into `query`");
    check(
        "json = {",
        "form = { a = \"b\" }\njson = {",
        "a call has one body",
    );
    check(
        "[list]\nrequest",
        "[list]\nform = { a = \"b\" }\nrequest",
        "list.form: GET has no body",
    );
    check(
        "[auth]\n",
        "[auth]\nheaders = { Host = \"x\" }\n",
        "auth.headers.Host: is written by the client itself",
    );
    check(
        "[auth]\n",
        "[auth]\nheaders = { \"a b\" = \"x\" }\n",
        "auth.headers.a b: is no name of a header",
    );
}

#[test]
fn names_and_numbers_have_limits() {
    check(
        "provider = \"p\"",
        "provider = \"P!\"",
        "line 1: provider: must be 1 to 40 small letters",
    );
    check(
        "title = \"P\"",
        "title = \"P\"\ntimeout-seconds = 0",
        "line 3: timeout-seconds: must be 1 to 60",
    );
    check(
        "title = \"P\"",
        "title = \"P\"\nlimit = 1",
        "limit: must be 2 or more",
    );
    check(
        "title = \"P\"",
        "title = \"P\"\nname = \"{{ secret.slug }}\"",
        "name: must have {{ mark }} in it",
    );
    check(
        "title = \"P\"",
        "title = \"P\"\nname = \"{{ mark }}-x\"",
        "name: must have nothing behind {{ mark }}",
    );
    check(
        "title = \"P\"",
        "title = \"P\"\nname = \"{{ mark }} {{ secret.name }}\"",
        "name: must have nothing behind {{ mark }}",
    );
    check(
        "title = \"P\"",
        "title = \"P\"\nname = \"{{ mark }} x\"",
        "nothing",
    );
    check(
        "[parameters.site]",
        "[parameters.Site]\none-of = [\"x\"]\n[parameters.site]",
        "parameters.Site: must be called",
    );
    check(
        "[parameters.site]",
        "[parameters.key]\none-of = [\"x\"]\n[parameters.site]",
        "a meaning of its own",
    );
    check(
        "[parameters.site]",
        "[parameters.x]\npattern = \"(\"\n[parameters.site]",
        "line 7: parameters.x.pattern: is no regular expression",
    );
    check(
        "one-of = [\"a.example\", \"b.example\"]",
        "one-of = [\"a.example\"]\ndefault = \"c\"",
        "parameters.site.default: is not one of a.example",
    );
}

#[test]
fn all_problems_are_told_at_once_by_line() {
    let text = GOOD
        .replace("{{ name }}", "{{ nmae }}")
        .replace("/keys/{{ key.id }}", "/keys/{{ id }}");
    let error = Description::load("p.toml", &text).unwrap_err();
    let lines: Vec<_> = error.problems.iter().map(|problem| problem.line).collect();
    assert!(lines.is_sorted() && lines.len() >= 2, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("the provider definition p.toml cannot be used: line "),
        "{error}"
    );
}

#[test]
fn a_pattern_must_match_the_whole_value() {
    let parameter = |pattern: &str| Parameter {
        description: None,
        one_of: None,
        pattern: Some(pattern.to_owned()),
        set_by: SetBy::Secret,
        member: None,
        default: None,
    };
    assert!(parameter("a|b").allows("b"));
    for value in ["ab", "b\n", "xa", ""] {
        assert!(!parameter("a|b").allows(value), "{value:?}");
    }
}

/// What an admin's credential does is not the choice of a user who may write a secret.
#[test]
fn a_parameter_that_a_secret_chooses_freely_is_shown_to_be_right_or_refused() {
    let from = "one-of = [\"a.example\", \"b.example\"]\n";
    let team = |more: &str| format!("{from}[parameters.team]\npattern = \"[a-z]+\"\n{more}");
    // Nobody uses it with the admin's credential.
    check(from, &team(""), "nothing");
    let text = GOOD.replace(from, &team(""));
    let text = text.replace("POST /keys", "POST /{{ parameters.team }}/keys");
    let loaded = |text: &str| {
        Description::load("p.toml", text)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let error = loaded(&text).unwrap_err();
    assert!(
        error.contains("parameters.team: is used with the admin's credential, and the check does not show"),
        "{error}"
    );
    for (from, to) in [
        ("GET /me", "GET /{{ parameters.team }}/me"),
        ("[check]\n", "[check]\nsame = { team = \"/team\" }\n"),
        ("pattern = ", "set-by = \"function\"\npattern = "),
        ("pattern = \"[a-z]+\"", "one-of = [\"blue\"]"),
        (
            "bearer = \"{{ admin.token }}\"",
            "bearer = \"{{ current.value }}\"",
        ),
    ] {
        let better = text.replacen(from, to, 1).replace(
            "admin = \"p-admin\"\n",
            if to.contains("current.value") {
                ""
            } else {
                "admin = \"p-admin\"\n"
            },
        );
        loaded(&better).unwrap_or_else(|error| panic!("{to}: {error}"));
    }
    // Nor does one whose 403 is called healthy: it is what another team's path is answered with.
    let narrow = text.replace(
        "GET /me\"",
        "GET /{{ parameters.team }}/me\"\nhealthy = [200, 403]",
    );
    assert!(narrow.contains("healthy") && loaded(&narrow).is_err());
    // A check that the admin's credential makes shows nothing of the key's owner.
    let by_admin = text.replace("GET /me", "GET /{{ parameters.team }}/me").replace(
        "bearer = \"{{ key.value }}\"",
        "headers = { A = \"{{ admin.token }}\", B = \"{{ key.value }}\" }",
    );
    assert!(loaded(&by_admin).is_err());
}

#[test]
fn an_id_out_of_the_secret_is_not_for_the_admin_to_act_on() {
    check(
        "POST /keys",
        "POST /keys/{{ current.id }}",
        "create: uses {{ current.id }} with the admin's",
    );
    check(
        "[check]\n",
        "[check]\nsame = { other = \"/id\" }\n",
        "check.same.other: is neither",
    );
}

#[test]
fn an_id_out_of_the_secret_is_not_what_the_admin_gives_a_value_to() {
    let text = r#"provider = "p"
title = "P"
class = "chosen"
base = "https://a.example"
admin = "p-admin"
[secret]
key = "secret"
id = "clientId"
[set]
request = "PUT /clients/{{ key.id }}"
auth = { bearer = "{{ admin }}" }
json = { secret = "{{ key.value }}" }
[check]
request = "GET /me"
auth = { bearer = "{{ key.value }}" }
"#;
    let error = Description::load("p.toml", text).unwrap_err().to_string();
    assert!(
        error.contains("set: uses {{ key.id }} with the admin's credential"),
        "{error}"
    );
    Description::load(
        "p.toml",
        &text
            .replace("{{ admin }}", "{{ current.value }}")
            .replace("admin = \"p-admin\"\n", ""),
    )
    .unwrap();
}

#[test]
fn an_adopted_key_is_revoked_only_if_its_id_is_shown_to_be_its_own() {
    let adoption = |from: &str, to: &str| {
        let text = GOOD.replace("value = \"/key\"\n", "value = \"/key\"\nid = \"/id\"\n");
        let text = text.replace("[auth]\n", "[secret]\nid = \"keyId\"\n[auth]\n");
        assert!(text.contains(from), "{from}");
        Description::load("p.toml", &text.replace(from, to))
            .unwrap()
            .adoption()
    };
    assert_eq!(adoption("", ""), Adoption::No);
    for (from, to, expected) in [
        (
            "[check]\n",
            "[check]\nsame = { id = \"/id\" }\n",
            Adoption::IfItWorks,
        ),
        ("GET /me", "GET /keys/{{ key.id }}", Adoption::IfItWorks),
        // Of somebody else's key it may say 403.
        (
            "GET /me\"",
            "GET /keys/{{ key.id }}\"\nhealthy = [200, 403]",
            Adoption::No,
        ),
        (
            "GET /me\"\nauth = { bearer = \"{{ key.value }}\" }",
            "GET /me\"\nhealthy = [200, 403]\nauth = { basic = { username = \"{{ key.id }}\", password = \"{{ key.value }}\" } }",
            Adoption::IfItWorks,
        ),
        ("{{ key.id }}", "{{ key.value }}", Adoption::Yes),
        (
            "id = \"/id\"\n[revoke]",
            "id = \"/id\"\nexclusive = true\ncreated = \"/at\"\n[revoke]",
            Adoption::Yes,
        ),
        ("[check]\n", "[retire]\nadopted = true\n[check]\n", Adoption::Yes),
        ("[check]\n", "[retire]\nadopted = false\n[check]\n", Adoption::No),
    ] {
        assert_eq!(adoption(from, to), expected, "{to}");
    }
}

#[test]
fn whose_key_an_admin_replaces_in_place_no_secret_says() {
    let text = r#"provider = "p"
title = "P"
class = "in-place"
base = "https://a.example"
admin = "p-admin"
[parameters.account]
pattern = "[0-9]+"
[roll]
request = "PUT /{{ parameters.account }}/token"
auth = { bearer = "{{ admin }}" }
value = "/token"
[check]
request = "GET /{{ parameters.account }}/me"
auth = { bearer = "{{ key.value }}" }
"#;
    let error = Description::load("p.toml", text).unwrap_err().to_string();
    assert!(
        error.contains("parameters.account: is used with the admin's credential when the key is dead"),
        "{error}"
    );
    Description::load(
        "p.toml",
        &text.replace("pattern", "set-by = \"function\"\npattern"),
    )
    .unwrap();
}

#[test]
fn an_admin_that_is_to_recover_a_key_is_shown_to_work() {
    let text = r#"provider = "p"
title = "P"
class = "in-place"
base = "https://a.example"
admin = "p-admin"
[roll]
request = "PUT /token"
auth = { bearer = "{{ current.value }}" }
value = "/token"
[recover]
request = "PUT /token"
auth = { bearer = "{{ admin }}" }
value = "/token"
[admin-check]
request = "GET /admin"
auth = { bearer = "{{ admin }}" }
[check]
request = "GET /me"
auth = { bearer = "{{ key.value }}" }
"#;
    Description::load("p.toml", text).unwrap();
    let refused = |text: &str, words: &str| {
        let error = Description::load("p.toml", text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let (before, rest) = text.split_once("[admin-check]").unwrap();
    let (_, after) = rest.split_once("[check]").unwrap();
    refused(&format!("{before}[check]{after}"), "recover: needs [admin-check]");
    refused(
        &format!("{before}[admin-check]\nrequest = \"GET /\"\n[check]{after}"),
        "admin-check: needs the admin's credential",
    );
}

#[test]
fn how_long_a_revocation_may_take_to_be_seen_is_bounded() {
    for (line, words) in [
        (
            "shown-within-seconds = 301",
            "retire.shown-within-seconds: must be 0 to 300",
        ),
        ("not-shown = \" \"", "retire.not-shown: must say why"),
    ] {
        let error = Description::load("p.toml", &format!("{GOOD}[retire]\n{line}\n")).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn what_a_healthy_answer_must_have_is_a_place_or_a_text_at_a_place() {
    let met = |expect: &str, answer: &str| {
        let text = GOOD.replace("[check]\n", &format!("[check]\nexpect = {expect}\n"));
        let check = Description::load("p.toml", &text).unwrap().check.unwrap();
        let answer = crate::notation::json::Json::parse(answer.as_bytes()).unwrap();
        check.expect.unwrap().is_in(answer)
    };
    assert!(met("\"/a\"", r#"{"a":0}"#) && !met("\"/a\"", r#"{"a":false}"#) && !met("\"/a\"", "{}"));
    let active = "{ at = \"/a\", is = \"active\" }";
    assert!(met(active, r#"{"a":"active"}"#));
    assert!(!met(active, r#"{"a":"expired"}"#) && !met(active, r#"{"a":true}"#) && !met(active, "{}"));
    check(
        "[check]\n",
        "[check]\nexpect = 7\n",
        "check.expect: must be a JSON pointer",
    );
}

/// The schema that editors use lies beside the descriptions. `KEYWHEEL_WRITE_SCHEMA=1 cargo test -p rotate-api-key schema`
/// writes it again.
#[test]
fn the_schema_for_editors_is_that_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/providers/description.schema.json");
    let mut schema = serde_json::to_string_pretty(&schemars::schema_for!(Description)).unwrap();
    schema.push('\n');
    if std::env::var_os("KEYWHEEL_WRITE_SCHEMA").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == schema,
        "write it again: the types have changed"
    );
}

proptest::proptest! {
    /// Whatever a file holds, the answer is an error with a line, and no panic.
    #[test]
    fn any_text_is_a_description_or_an_error_with_a_line(text in "\\PC*") {
        if let Err(error) = Description::load("x.toml", &text) {
            proptest::prop_assert!(error.problems.iter().all(|problem| problem.line >= 1));
        }
    }

    /// The same for a description in which something was overwritten.
    #[test]
    fn a_damaged_description_is_told_and_no_panic(
        at in 0..GOOD.len(),
        length in 0_usize..12,
        with in "[\\PC\n]{0,6}",
    ) {
        let bytes = GOOD.as_bytes();
        let end = (at + length).min(bytes.len());
        let text = [&bytes[..at], with.as_bytes(), &bytes[end..]].concat();
        if let Err(error) = Description::load("x.toml", &String::from_utf8_lossy(&text)) {
            let lines = text.split(|byte| *byte == b'\n').count();
            proptest::prop_assert!(error.problems.iter().all(|problem| (1..=lines).contains(&problem.line)), "{}", error);
        }
    }
}
