//! `keywheel provider`: a definition is checked, and tried against real servers. Whatever happens in between, no key is left that
//! nothing tells of.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, OnceLock};

use keywheel_tests::canary::Canaries;
use keywheel_tests::functions::function_path;
use keywheel_tests::peers::Unleash;
use keywheel_tests::scripted::{ADMIN, Kind, Provider, Trick};
use serde_json::Value;
use tempfile::TempDir;

/// The key in use.
const KEY: &str = "key-in-use-made-by-hand-7d20";

fn shipped(name: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/rotate-api-key/providers");
    PathBuf::from(root).join(name)
}

/// A definition, a value and an admin's credential, in files.
struct Trial {
    directory: TempDir,
    parameters: Vec<String>,
}

struct Screen {
    code: Option<i32>,
    out: String,
    all: String,
}

impl Screen {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        Self {
            code: output.status.code(),
            all: format!("{out}{err}"),
            out,
        }
    }
}

impl Trial {
    fn of(definition: &str, key: &str, admin: &str, parameters: &[String]) -> Self {
        let directory = tempfile::tempdir().expect("there is room for one");
        for (name, text) in [("it.toml", definition), ("key", key), ("admin", admin)] {
            fs::write(directory.path().join(name), text).expect("it can be written");
        }
        Self {
            directory,
            parameters: parameters.to_vec(),
        }
    }

    fn scripted(kind: Kind, provider: &Provider) -> Self {
        let parameters = [format!("url={}", provider.url())];
        Self::of(&kind.description("", ""), KEY, ADMIN, &parameters)
    }

    fn spawn(&self, flags: &[&str]) -> Child {
        let mut command = Command::new(function_path("keywheel"));
        command.current_dir(self.directory.path()).env_clear();
        command.args(["provider", "try", "it.toml", "--value-file", "key"]);
        if fs::read_to_string(self.directory.path().join("it.toml"))
            .is_ok_and(|text| text.contains("\nadmin ="))
        {
            command.args(["--admin-file", "admin"]);
        }
        for parameter in &self.parameters {
            command.args(["--parameter", parameter]);
        }
        command.args(flags).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("it can be run")
    }

    fn run(&self, flags: &[&str]) -> Screen {
        let output = self.spawn(flags).wait_with_output().expect("it ends");
        let screen = Screen::of(&output);
        Canaries::default()
            .and("key", KEY)
            .and("admin's credential", ADMIN)
            .absent_from("the screen", &screen.all);
        screen
    }

    /// Runs it, and sends it a signal when the provider gets the request.
    fn signalled(&self, provider: &Provider, shape: &str, signal: &'static str, after: bool) -> Screen {
        let process: Arc<OnceLock<u32>> = Arc::default();
        let known = Arc::clone(&process);
        let send = Arc::new(move || {
            let pid = known.wait().to_string();
            let sent = Command::new("kill").args(["-s", signal, &pid]).status();
            assert!(sent.is_ok_and(|status| status.success()), "{signal} is sent");
        });
        let trick = if after {
            Trick::After(send)
        } else {
            Trick::Meanwhile(send)
        };
        provider.play(shape, 0, 1, trick);
        let child = self.spawn(&["--yes"]);
        process.set(child.id()).expect("it is set once");
        Screen::of(&child.wait_with_output().expect("it ends"))
    }
}

fn check(files: &[&str], flags: &[&str]) -> Screen {
    let mut command = Command::new(function_path("keywheel"));
    command.args(["provider", "check"]).args(files).args(flags);
    Screen::of(&command.env_clear().output().expect("it can be run"))
}

#[test]
fn a_definition_is_checked_line_by_line_as_the_function_would() {
    let good = shipped("unleash.toml").display().to_string();
    let directory = tempfile::tempdir().expect("there is room for one");
    let bad = directory.path().join("bad.toml");
    let text = fs::read_to_string(&good).expect("it is there");
    let text = text.replace("GET /api/client/features", "FETCH api");
    let line = 1 + text
        .lines()
        .position(|line| line.contains("FETCH"))
        .expect("it is there");
    fs::write(&bad, text).expect("it can be written");
    let bad = bad.display().to_string();
    let screen = check(&[&good], &[]);
    assert!(
        screen.code == Some(0) && screen.out.contains("provider unleash"),
        "{}",
        screen.all
    );
    let screen = check(&[&good, &bad], &[]);
    let place = format!("{bad}:{line}: check.request: ");
    assert!(
        screen.code == Some(1) && screen.out.contains(&place),
        "{place} {}",
        screen.all
    );
    let screen = check(&[&good, &bad], &["--json"]);
    let document: Value = serde_json::from_str(&screen.out).expect("it is JSON");
    assert_eq!(
        (&document["version"], &document["files"][0]["state"]),
        (&1.into(), &"ok".into())
    );
    assert_eq!(document["files"][1]["problems"][0]["line"], line);
    let screen = check(&[&bad, "/nowhere"], &[]);
    assert!(screen.code == Some(3), "{}", screen.all);
    assert_eq!(check(&[], &[]).code, Some(2));
}

#[tokio::test]
async fn a_key_of_a_real_server_is_made_used_and_revoked() {
    let unleash = Unleash::shared().await;
    let by_hand = unleash.create_token("tried-by-hand");
    let definition = fs::read_to_string(shipped("unleash.toml")).expect("it is there");
    let parameters = [
        format!("url={}", unleash.url()),
        "environment=development".to_owned(),
        "project=default".to_owned(),
    ];
    let trial = Trial::of(&definition, &by_hand.secret, unleash.admin_token(), &parameters);
    let screen = trial.run(&["--yes"]);
    assert!(
        screen.code == Some(0) && screen.out.starts_with("ok "),
        "{}",
        screen.all
    );
    for section in ["check", "list", "create", "revoke"] {
        assert!(
            screen.all.contains(&format!("\n  {section} ")),
            "{section}: {}",
            screen.all
        );
    }
    Canaries::default()
        .and("key", Unleash::telling(&by_hand.secret))
        .and("admin's credential", Unleash::telling(unleash.admin_token()))
        .absent_from("the screen", &screen.all);
    let left = unleash.tokens();
    assert!(
        left.iter().all(|token| !token.name.contains("keywheel-try")),
        "{left:?}"
    );
    assert!(unleash.has(&by_hand.secret));
}

#[test]
fn it_asks_first_and_a_dry_run_calls_nothing() {
    let provider = Provider::start(Kind::Overlap, KEY).expect("a provider starts");
    let trial = Trial::scripted(Kind::Overlap, &provider);
    let screen = trial.run(&[]);
    assert!(
        screen.code == Some(2) && screen.all.contains("--yes"),
        "{}",
        screen.all
    );
    let screen = trial.run(&["--dry-run"]);
    assert!(
        screen.code == Some(0) && screen.out.contains("POST /keys"),
        "{}",
        screen.all
    );
    assert_eq!(provider.calls(), Vec::<String>::new());
}

#[test]
fn whatever_one_call_comes_to_the_key_is_removed() {
    for shape in ["GET /whoami", "GET /keys", "POST /keys", "DELETE /keys/*"] {
        for at in 0..3 {
            for trick in [Trick::LoseAnswer, Trick::LoseRequest] {
                let provider = Provider::start(Kind::Overlap, KEY).expect("a provider starts");
                provider.play(shape, at, 1, trick);
                let screen = Trial::scripted(Kind::Overlap, &provider).run(&["--yes"]);
                assert_eq!(
                    provider.state(|state| state.live.len()),
                    1,
                    "{shape} {at}: {}",
                    screen.all
                );
                assert!(provider.accepts(KEY), "{shape} {at}");
                assert!(matches!(screen.code, Some(0 | 1)), "{}", screen.all);
            }
        }
    }
}

#[test]
fn ctrl_c_removes_what_was_made() {
    for (shape, signal) in [
        ("POST /keys", "INT"),
        ("POST /keys", "TERM"),
        ("GET /keys", "INT"),
        ("DELETE /keys/*", "INT"),
    ] {
        let provider = Provider::start(Kind::Overlap, KEY).expect("a provider starts");
        let trial = Trial::scripted(Kind::Overlap, &provider);
        let screen = trial.signalled(&provider, shape, signal, false);
        assert_eq!(screen.code, Some(130), "{shape}: {}", screen.all);
        assert!(provider.accepts(KEY) && provider.left() == 0, "{shape}");
        assert_eq!(
            provider.state(|state| state.live.len()),
            1,
            "{shape}: {}",
            screen.all
        );
    }
}

#[test]
fn after_a_kill_the_same_command_removes_what_was_left() {
    let provider = Provider::start(Kind::Overlap, KEY).expect("a provider starts");
    let trial = Trial::scripted(Kind::Overlap, &provider);
    let killed = trial.signalled(&provider, "POST /keys", "KILL", true);
    assert_eq!(killed.code, None);
    assert_eq!(
        provider.state(|state| state.live.len()),
        2,
        "the kill came after the key"
    );
    let screen = trial.run(&["--yes"]);
    assert_eq!(screen.code, Some(0), "{}", screen.all);
    assert_eq!(provider.state(|state| state.live.len()), 1);
    assert!(provider.accepts(KEY));
}

#[test]
fn what_cannot_be_removed_is_named_with_the_way_out() {
    let provider = Provider::start(Kind::Overlap, KEY).expect("a provider starts");
    let trial = Trial::scripted(Kind::Overlap, &provider);
    let refused = b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n".to_vec();
    provider.play("DELETE /keys/*", 0, 99, Trick::Say(refused));
    let screen = trial.run(&["--yes"]);
    assert_eq!(screen.code, Some(1), "{}", screen.all);
    let names = provider.state(|state| state.live.iter().map(|key| key.name.clone()).collect::<Vec<_>>());
    let mark = screen
        .out
        .split("whose name has ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let mark = mark.unwrap_or_else(|| panic!("{}", screen.all));
    assert!(names.iter().any(|name| name.contains(mark)), "{mark} {names:?}");
    provider.behave();
    let screen = trial.run(&["--yes"]);
    assert!(
        screen.code == Some(0) && provider.state(|state| state.live.len()) == 1,
        "{}",
        screen.all
    );
}

#[test]
fn where_the_key_in_use_would_be_replaced_nothing_is_changed() {
    for kind in [Kind::InPlace, Kind::Staged, Kind::Chosen] {
        let provider = Provider::start(kind, KEY).expect("a provider starts");
        let screen = Trial::scripted(kind, &provider).run(&["--yes"]);
        assert_eq!(screen.code, Some(0), "{kind:?}: {}", screen.all);
        assert!(screen.all.contains("makes no key"), "{kind:?}: {}", screen.all);
        let calls = provider.calls();
        assert!(
            !calls.is_empty() && calls.iter().all(|call| call.starts_with("GET ")),
            "{calls:?}"
        );
        assert!(provider.accepts(KEY), "{kind:?}");
    }
}

/// A younger key may be one that a rotation under way has just made.
#[test]
fn an_exclusive_list_is_left_alone() {
    let provider = Provider::start(Kind::Overlap, KEY).expect("a provider starts");
    let definition = Kind::Overlap.description("", "");
    let exclusive = definition
        .replace("name = \"/name\"\n", "exclusive = true\ncreated = \"/made\"\n")
        .replace("key = \"apiKey\"\n", "key = \"apiKey\"\nid = \"apiKeyId\"\n");
    assert_ne!(definition, exclusive);
    let trial = Trial::of(&exclusive, KEY, ADMIN, &[format!("url={}", provider.url())]);
    let screen = trial.run(&["--yes"]);
    assert_eq!(screen.code, Some(0), "{}", screen.all);
    assert!(
        provider.calls().iter().all(|call| call.starts_with("GET ")),
        "{:?}",
        provider.calls()
    );
}
