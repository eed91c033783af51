//! What can be set on a function can be set whichever way it is deployed: a variable that the code reads is a parameter of
//! `infra/template.yaml`, of `infra/terraform` and of the constructs in `infra/cdk`. They set none that the function does not read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use keywheel_tests::variables;
use keywheel_tests::{
    keys,
    world::{ALTERNATING, FUNCTION},
};

const FUNCTIONS: [(&str, &str); 3] = [
    (FUNCTION, "SingleUserFunction"),
    (ALTERNATING, "AlternatingUsersFunction"),
    (keys::FUNCTION, "ApiKeyFunction"),
];

/// What the templates do not set as variables, and what they set in their place.
const OTHERWISE: [(&str, &str, &str); 3] = [
    ("AWS_LAMBDA_LOG_FORMAT", "LogFormat: JSON", "log_format "),
    (
        "AWS_LAMBDA_LOG_LEVEL",
        "ApplicationLogLevel: !Ref LogLevel",
        "application_log_level = var.log_level",
    ),
    // Another name of the same setting.
    (
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "SECRETS_MANAGER_ENDPOINT: !If",
        "endpoint",
    ),
];

fn infra(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra").join(file);
    fs::read_to_string(path).expect("the file is there")
}

/// The text from the line that is `first` to the next line that begins with `end`.
fn block<'text>(text: &'text str, first: &str, end: &str) -> &'text str {
    let (_, rest) = text
        .split_once(&format!("\n{first}\n"))
        .unwrap_or_else(|| panic!("no line {first}"));
    rest.split_once(&format!("\n{end}"))
        .map_or(rest, |(block, _)| block)
}

/// The variables that are set in a block, each to something that a parameter decides: `NAME: !Ref …` or `NAME = var.…`.
fn set_in(block: &str, separator: char, parameter: &[&str]) -> BTreeSet<String> {
    let lines = block.lines().filter_map(|line| line.split_once(separator));
    let set = lines.filter(|(_, value)| parameter.iter().any(|mark| value.contains(mark)));
    let names = set.map(|(name, _)| name.trim());
    let is_name = |name: &&str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    names.filter(is_name).map(str::to_owned).collect()
}

/// The variables that the code of a function reads.
fn read_by(function: &str) -> BTreeSet<String> {
    let all = variables::all().into_iter();
    let own = all.filter(|(name, functions)| {
        functions.contains(&function) && OTHERWISE.iter().all(|(other, ..)| other != name)
    });
    own.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_variable_of_a_function_is_a_parameter_of_the_sam_template() {
    let template = infra("template.yaml");
    for (function, resource) in FUNCTIONS {
        let properties = block(&template, &format!("  {resource}:"), "  #");
        let properties = properties.split("\n\n").next().unwrap_or_default();
        let set = set_in(properties, ':', &["!Ref ", "!If ", "!Join "]);
        assert_eq!(set, read_by(function), "infra/template.yaml, {resource}");
        for (name, instead, _) in OTHERWISE {
            assert!(properties.contains(instead), "{resource} sets nothing for {name}");
        }
    }
}

#[test]
fn every_variable_of_a_function_is_a_variable_of_the_terraform_module() {
    let environment = infra("terraform/environment.tf");
    for (function, _) in FUNCTIONS {
        let own = block(&environment, &format!("    {function} = merge("), "    )");
        let mut set = set_in(own, '=', &["var."]);
        for shared in ["all", "postgres", "superusers"] {
            let name = format!("environment_of_{shared}");
            if own.contains(&format!("local.{name}")) {
                let shared = block(&environment, &format!("  {name} = {{"), "  }");
                set.extend(set_in(shared, '=', &["var."]));
            }
        }
        assert_eq!(
            set,
            read_by(function),
            "infra/terraform/environment.tf, {function}"
        );
    }
    let main = infra("terraform/main.tf") + &environment;
    for (name, _, instead) in OTHERWISE {
        assert!(main.contains(instead), "infra/terraform sets nothing for {name}");
    }
}

#[test]
fn every_variable_of_a_function_is_a_property_of_its_construct() {
    let environment = infra("cdk/lib/environment.ts");
    for (function, suffix) in FUNCTIONS {
        let suffix = suffix.trim_end_matches("Function");
        let marks = ["props.", "joined(", "pairs("];
        let own = function_of(&environment, suffix);
        let mut set = set_in(own, ':', &marks);
        for shared in ["All", "Postgres", "Superusers"] {
            if own.contains(&format!("environmentOf{shared}(props)")) {
                set.extend(set_in(function_of(&environment, shared), ':', &marks));
            }
        }
        assert_eq!(set, read_by(function), "infra/cdk/lib/environment.ts, {function}");
    }
    let rotation = infra("cdk/lib/rotation-function.ts");
    assert!(rotation.contains("loggingFormat: lambda.LoggingFormat.JSON"));
    assert!(rotation.contains("applicationLogLevelV2: options.logLevel"));
}

/// The TypeScript function that has the variables of `which`.
fn function_of<'text>(text: &'text str, which: &str) -> &'text str {
    let (_, rest) = text
        .split_once(&format!("function environmentOf{which}("))
        .unwrap_or_else(|| panic!("no function environmentOf{which}"));
    rest.split_once("\n}\n").map_or(rest, |(function, _)| function)
}
