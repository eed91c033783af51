//! What needs no network.

use std::process::{Command, Output};

use keywheel_tests::functions::function_path;
use serde_json::Value;

fn keywheel(arguments: &[&str]) -> (i32, String, String) {
    keywheel_with(&[], arguments)
}

fn keywheel_with(environment: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let output: Output = Command::new(function_path("keywheel"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("it can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_code_is_explained_and_a_near_miss_is_offered() {
    let (code, page, _) = keywheel(&["explain", "loginrefused"]);
    assert!(code == 0 && page.starts_with("# LoginRefused"), "{page}");
    let (code, out, err) = keywheel(&["explain", "LoginRefussed"]);
    assert!(
        code == 2 && out.is_empty() && err.contains("LoginRefused"),
        "{err}"
    );
    for (name, beginning) in [
        ("nobody-logs-in", "# Nobody logs in"),
        ("credential-wrong", "# credential-wrong"),
        ("pending-unclear", "# pending-unclear"),
    ] {
        let (code, page, _) = keywheel(&["explain", name]);
        assert!(code == 0 && page.starts_with(beginning), "{page}");
    }
    let (_, all, _) = keywheel(&["explain"]);
    assert!(all.lines().count() > 100, "{all}");
}

#[test]
fn a_password_is_alone_on_stdout() {
    let (code, out, err) = keywheel(&["password", "PASSWORD_LENGTH=40", "EXCLUDE_PUNCTUATION=true"]);
    assert_eq!((code, out.trim_end().len()), (0, 40), "{err}");
    assert!(err.contains("40 characters out of 62"), "{err}");
    assert!(!err.contains(out.trim_end()));
    let (_, out, _) = keywheel(&["password", "--json", "--count", "3"]);
    let document: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(document["passwords"].as_array().map(Vec::len), Some(3));
    let (code, ..) = keywheel(&["password", "PASSWORD_LENGTH=0"]);
    assert_eq!(code, 2);
}

#[test]
fn completions_manual_pages_and_the_policy_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = keywheel(&["completions", shell]);
        assert!(code == 0 && script.contains("doctor"), "{shell}");
    }
    let (code, page, _) = keywheel(&["man", "doctor"]);
    assert!(code == 0 && page.contains("\\-\\-login"), "{page}");
    assert_eq!(keywheel(&["man", "nothing"]).0, 2);
    let (code, policy, _) = keywheel(&["doctor", "--policy"]);
    let policy: Value = serde_json::from_str(&policy).expect("it is JSON");
    assert!(code == 0 && policy["Statement"].is_array());
}

#[test]
fn a_function_that_is_not_there_is_said_before_anything_is_started() {
    let (code, out, err) = keywheel(&["local", "--function", "mine=/nonexistent/mine"]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(
        err.contains("/nonexistent/mine") && err.lines().count() == 2,
        "{err}"
    );
}

#[test]
fn help_fits_into_eighty_columns() {
    let narrow = [("COLUMNS", "80")];
    let (_, all, _) = keywheel_with(&narrow, &["--help"]);
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<_> = commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(
        names.contains(&"doctor") && names.contains(&"migrate"),
        "{names:?}"
    );
    for name in names {
        let (code, help, _) = keywheel_with(&narrow, &[name, "--help"]);
        assert_eq!(code, 0, "{name}");
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
    }
}
