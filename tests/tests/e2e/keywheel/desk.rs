//! Where a person on call sits: a shell with `keywheel` and the aws command line, an incident, and what they show of it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use keywheel_tests::calls::session_token;
use keywheel_tests::functions::function_path;
use keywheel_tests::postgres::Server;
use keywheel_tests::tools::Tools;
use keywheel_tests::world::{FUNCTION, Setup, World, pending_removal};
use secrets_manager_local::{Clock, Effect, Fault, PendingRemoval};
use staging_labels::Label;

use jiff::{SignedDuration, Timestamp};

/// The call that moves a label.
pub(super) const MOVE: &str = "UpdateSecretVersionStage";

/// A world in which something happened two hours ago.
pub(super) struct Desk {
    pub(super) world: World,
    clock: Clock,
    /// What the shell exports first.
    exports: String,
}

impl Desk {
    /// A secret that has been rotated once. `classic` is the order of AWS's templates.
    pub(super) async fn rotated(classic: bool) -> Self {
        let desk = Self::untouched(classic).await;
        desk.world.rotate().await.expect("the first rotation succeeds");
        desk.minutes(1);
        desk
    }

    /// A secret that has never been rotated, of a function that is also called `other`.
    pub(super) async fn untouched(classic: bool) -> Self {
        Self::set_up(|setup| {
            if classic {
                setup.env("AWSCURRENT_MOVES", "finishSecret")
            } else {
                setup
            }
        })
        .await
    }

    /// The same, with a set-up of the test's own.
    pub(super) async fn set_up(change: impl FnOnce(Setup) -> Setup) -> Self {
        Self::hours_ago(2, change).await
    }

    /// The same, longer ago.
    pub(super) async fn hours_ago(hours: i64, change: impl FnOnce(Setup) -> Setup) -> Self {
        let start = Timestamp::now() - SignedDuration::from_hours(hours);
        let clock = Clock::manual(start);
        let setup = Setup::on(Server::Main).clock(clock.clone()).also("other");
        Self {
            world: change(setup).start().await,
            clock,
            exports: String::new(),
        }
    }

    /// A world as it is, on the machine's clock.
    pub(super) fn at(world: World) -> Self {
        Self {
            world,
            clock: Clock::system(),
            exports: String::new(),
        }
    }

    /// For the shell, `services` such as `EC2` are at `url`: moto's.
    pub(super) fn asking(mut self, url: &str, services: &[&str]) -> Self {
        for service in services {
            let _ = write!(self.exports, "export AWS_ENDPOINT_URL_{service}={url}; ");
        }
        self
    }

    /// A rotation that failed because AWSCURRENT could not be moved: in setSecret, or, in the classic order, in finishSecret.
    pub(super) async fn stuck(classic: bool) -> Self {
        let desk = Self::rotated(classic).await;
        desk.fail_to_move().await;
        desk
    }

    pub(super) async fn fail_to_move(&self) {
        let denied = Fault::error("AccessDeniedException", "User: u is not authorized").on(MOVE);
        let fault = self
            .world
            .aws
            .faults()
            .inject(denied.by_function(FUNCTION).every());
        let error = self.world.rotate().await.expect_err("AWSCURRENT cannot be moved");
        assert_eq!(error.error_type, "PermissionDenied");
        self.world.aws.faults().remove(fault);
        self.minutes(1);
    }

    /// Some time goes by.
    pub(super) fn minutes(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// It is now.
    pub(super) fn later(&self) {
        self.clock
            .advance(Timestamp::now().duration_since(self.clock.now()));
    }

    /// Types a line into a shell. Commands go by the machine's clock.
    pub(super) async fn types(&self, line: &str) -> Screen {
        self.later();
        let authority = self.world.database.cluster().authority_path();
        let line = format!("{}{line}", self.exports);
        let screen = types_at(&self.world.aws.url(), &authority, &line).await;
        self.holds_no_secret(&screen).await;
        screen
    }

    /// Types a line that succeeds.
    pub(super) async fn does(&self, line: &str) -> Screen {
        let done = self.types(line).await;
        assert_eq!(done.code, 0, "{line}: {}{}", done.out, done.err);
        done
    }

    /// What `aws ec2` answers, by a query.
    pub(super) async fn makes(&self, line: &str, query: &str) -> String {
        let line = format!("aws ec2 {line} --query {query} --output text");
        self.does(&line).await.out.trim().to_owned()
    }

    /// No value of any version is on the screen, and nothing of the function's environment.
    async fn holds_no_secret(&self, screen: &Screen) {
        let environment = session_token(FUNCTION);
        assert!(!format!("{}{}", screen.out, screen.err).contains(&environment));
        for label in [Label::Current, Label::Pending, Label::Previous] {
            let Some(text) = self.world.text(&label).await else {
                continue;
            };
            let document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
            let password = document["password"].as_str().expect("it has a password");
            let shown = format!("{}{}", screen.out, screen.err);
            assert!(!shown.contains(password), "{label} is shown");
        }
    }

    /// `keywheel doctor`, with more flags.
    pub(super) async fn doctor(&self, flags: &str) -> Screen {
        self.types(&format!("keywheel doctor '{}' {flags}", self.world.secret))
            .await
    }

    /// After AWSCURRENT was moved by hand: applications can log in, and the cause of the failure still stands.
    pub(super) async fn is_let_in(&self) {
        let screen = self.doctor("--login").await;
        screen.says(&["ok ", "[finished", "work: yes (tried"]);
        assert_eq!(screen.code, still_to_do(), "{}", screen.out);
        assert!(self.world.current_logs_in().await);
    }

    /// All is well, as soon as nothing runs, and AWSCURRENT logs in.
    #[track_caller]
    pub(super) fn is_well(&self) -> impl Future<Output = ()> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let mut screen = self.doctor("--login").await;
            // A test rotation that has just begun takes a moment.
            for _ in 0..40 {
                if screen.first().starts_with("RUNNING ") {
                    screen = self.doctor("--login").await;
                }
            }
            assert!(
                screen.first().starts_with("ok ") && screen.first().contains("work: yes (tried"),
                "{caller}: {}",
                screen.out
            );
            assert_eq!(screen.code, 0, "{caller}");
            assert!(self.world.current_logs_in().await, "{caller}");
        }
    }
}

/// The exit code after AWSCURRENT was moved by hand. Without AWSPENDING, nothing leads to the cause.
pub(super) fn still_to_do() -> i32 {
    i32::from(pending_removal() != PendingRemoval::WithMove)
}

/// Types a line into a shell that has `keywheel` and the aws command line on the path, against the Secrets Manager at `url`, trusting
/// the database certificates of `authority`.
pub(super) async fn types_at(url: &str, authority: &Path, line: &str) -> Screen {
    let tools = Tools::load().expect("the tools are installed");
    let programs = function_path("keywheel");
    let aws = tools.aws().expect("there is an aws command line").to_owned();
    let directories = [&programs, &aws].map(|path| path.parent().expect("it is in a directory"));
    let usual = std::env::var("PATH").unwrap_or_default();
    let path = directories.map(|path| path.display().to_string()).join(":");
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .env_clear()
        .env("PATH", format!("{path}:{usual}"))
        .env("HOME", "/nonexistent")
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "tests")
        .env("AWS_SECRET_ACCESS_KEY", "tests")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_PAGER", "")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("FUNCTION_ARN", secrets_manager_local::function_arn("other"))
        .env("PGSSLROOTCERT", authority);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("it is waited for")
        .expect("it can be run");
    Screen::of(&output)
}

/// What a command printed.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) out: String,
    pub(super) err: String,
    pub(super) code: i32,
}

impl Screen {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            out: text(&output.stdout),
            err: text(&output.stderr),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// The verdict.
    pub(super) fn first(&self) -> &str {
        self.out.lines().next().unwrap_or_default()
    }

    /// The verdict has these words.
    #[track_caller]
    pub(super) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.first().contains(word), "{word}: {}\n{}", self.out, self.err);
        }
    }

    /// The commands that are printed, exactly as they are.
    pub(super) fn commands(&self) -> Vec<&str> {
        self.out
            .lines()
            .filter_map(|line| line.strip_prefix("       "))
            .filter(|line| !line.starts_with(' '))
            .collect()
    }

    /// The first of them that begins so and contains this.
    #[track_caller]
    pub(super) fn command(&self, beginning: &str, part: &str) -> &str {
        let commands = self.commands();
        let found = commands
            .iter()
            .find(|line| line.starts_with(beginning) && line.contains(part));
        found.unwrap_or_else(|| panic!("{beginning} … {part}: {}", self.out))
    }
}

/// A fault on whatever the function calls.
pub(super) fn denied(operation: &str) -> Fault {
    Fault::new(Effect::Error {
        code: "AccessDeniedException".to_owned(),
        message: "User: u is not authorized".to_owned(),
    })
    .on(operation)
    .by_function(FUNCTION)
}
