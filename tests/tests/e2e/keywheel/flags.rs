//! Commands that are printed repeat the flags, and run as they are printed.

use std::fs;

use keywheel_tests::world::FUNCTION;
use secrets_manager_local::Fault;
use tempfile::TempDir;

use super::desk::{Desk, MOVE, Screen};

/// Commands that ask nobody have no flags.
const OFFLINE: [&str; 3] = [
    "keywheel explain ",
    "keywheel doctor --policy",
    "keywheel provider check ",
];

/// A shell that knows neither region, endpoint nor credentials without the flags.
struct Bare {
    desk: Desk,
    folder: TempDir,
    shell: String,
    flags: String,
}

impl Bare {
    fn of(desk: Desk) -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let profile = folder.path().join("credentials");
        let keys = "[oncall]\naws_access_key_id = tests\naws_secret_access_key = tests\n";
        fs::write(&profile, keys).expect("there is room");
        let shell = format!(
            "unset AWS_ENDPOINT_URL AWS_REGION AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; \
             export AWS_SHARED_CREDENTIALS_FILE={}; ",
            profile.display()
        );
        let url = desk.world.aws.url();
        let flags = format!("--profile oncall --region us-east-1 --endpoint-url {url}");
        Self {
            desk,
            folder,
            shell,
            flags,
        }
    }

    async fn types(&self, line: &str) -> Screen {
        self.desk.types(&format!("{}{line}", self.shell)).await
    }

    /// Types the line with the flags, and each command that is printed as it is: `times` at least. `again` is added to those that
    /// would ask a person.
    async fn checks(&self, line: &str, times: usize, again: &str) -> Screen {
        let screen = self.types(&format!("{line} {}", self.flags)).await;
        let all = format!("{}\n{}", screen.out, screen.err);
        let commands: Vec<&str> = all.lines().filter_map(|line| self.command(line)).collect();
        assert!(commands.len() >= times, "{line}: {commands:?}\n{all}");
        for command in commands {
            let done = self.types(&format!("{command}{again} </dev/null")).await;
            // One before it may have done it.
            let ran = done.code <= 1 || done.err.contains("InvalidParameterException");
            assert!(ran, "{line}: {command}: {}{}", done.out, done.err);
        }
        screen
    }

    /// The command in a line, up to the last of the flags.
    fn command<'a>(&self, line: &'a str) -> Option<&'a str> {
        let start = line.find("keywheel ").or_else(|| line.find("aws "))?;
        let command = &line[start..];
        let is_command = ["keywheel ", "aws secretsmanager ", "aws lambda "]
            .iter()
            .any(|beginning| command.starts_with(beginning));
        let offline = OFFLINE.iter().any(|beginning| command.starts_with(beginning));
        let prose = command.starts_with("keywheel does ");
        if !is_command || offline || prose {
            return None;
        }
        let end = command
            .find(&self.flags)
            .unwrap_or_else(|| panic!("{line} lacks {}", self.flags));
        Some(&command[..end + self.flags.len()])
    }
}

#[tokio::test]
async fn each_command_that_is_printed_repeats_the_flags_and_runs() {
    let bare = Bare::of(Desk::stuck(false).await);
    let name = bare.desk.world.secret.clone();
    let missing = bare.checks("keywheel rotate not/there", 1, "").await;
    assert!(missing.err.contains("keywheel status --all "), "{}", missing.err);
    bare.checks("keywheel doctor not/there", 1, "").await;
    bare.checks(&format!("keywheel rotate '{name}' --test"), 1, "")
        .await;

    // It fails again for every caller.
    let faults = bare.desk.world.aws.faults();
    let denied = Fault::error("AccessDeniedException", "User: u is not authorized")
        .on(MOVE)
        .by_function(FUNCTION);
    let fault = faults.inject(denied.every());
    let failed = format!("keywheel rotate '{name}' --retry-within 0");
    let screen = bare.types(&format!("{failed} {}", bare.flags)).await;
    assert_eq!(screen.code, 1, "{}{}", screen.out, screen.err);
    let doctor = screen.out.lines().last().and_then(|line| bare.command(line));
    assert_eq!(bare.types(doctor.expect("a command")).await.code, 1);
    bare.checks(&format!("keywheel rotate '{name}' --no-wait"), 1, "")
        .await;
    faults.remove(fault);
    bare.checks(&format!("keywheel doctor '{name}'"), 1, "").await;
    bare.desk.is_well().await;
    bare.checks(
        &format!("keywheel rotate '{name}' --local rotate-postgres-single-user"),
        1,
        "",
    )
    .await;
}

#[tokio::test]
async fn so_do_those_for_many_secrets() {
    let bare = Bare::of(Desk::rotated(false).await);
    let saved = bare.folder.path().join("saved file.json");
    let pause = format!("keywheel pause '' --save '{}' --yes", saved.display());
    let paused = bare.checks(&pause, 1, " --yes").await;
    assert!(paused.err.contains("keywheel resume '/"), "{}", paused.err);
    let resumed = bare.types(&format!("keywheel status {}", bare.flags)).await;
    assert!(!resumed.out.contains("OFF"), "{}", resumed.out);

    let fault = Fault::error("AccessDeniedException", "User: u is not authorized").on("RotateSecret");
    bare.desk.world.aws.faults().inject(fault.every());
    let all = bare
        .types(&format!("keywheel rotate-all '' --yes {}", bare.flags))
        .await;
    assert_eq!(all.code, 1, "{}{}", all.out, all.err);
    let doctor = bare.command(all.out.lines().last().expect("a command"));
    assert_eq!(bare.types(doctor.expect("doctor")).await.code, 0, "{}", all.out);
}
