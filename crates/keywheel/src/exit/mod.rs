//! How the program ends.

mod credentials;

use std::process::ExitCode;

use rotation::CallError;

pub(crate) use credentials::advice;

/// The exit codes, which scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Well = 0,
    /// Something was found, or a rotation failed.
    Finding = 1,
    /// The command line cannot be used.
    Usage = 2,
    /// It could not be found out.
    Unanswered = 3,
    /// There are no credentials, or AWS does not accept them.
    NoCredentials = 4,
    /// A rotation still ran when the time was up.
    StillRunning = 8,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command cannot go on: what is the matter, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What is the matter: one line.
    pub(crate) problem: String,
    /// What to do: one line.
    pub(crate) remedy: String,
    /// How the program ends.
    pub(crate) exit: Exit,
}

/// Ends at Ctrl-C, and says what became of the work.
pub(crate) async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Trouble>>,
    then: &str,
) -> Result<T, Trouble> {
    tokio::select! {
        ended = work => ended,
        _ = tokio::signal::ctrl_c() => Err(Trouble {
            problem: "interrupted".to_owned(),
            remedy: then.to_owned(),
            exit: Exit::Interrupted,
        }),
    }
}

impl Trouble {
    /// Something that could not be found out.
    pub(crate) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: remedy.into(),
            exit: Exit::Unanswered,
        }
    }

    /// A call that has no answer.
    pub(crate) fn of_call(call: &str, error: &CallError, permission: &str) -> Self {
        let (problem, remedy, exit) = match error {
            CallError::Denied(words) => (words.clone(), format!("it needs {permission}"), Exit::Unanswered),
            CallError::CredentialsRefused(words) => (
                words.clone(),
                "sign in again (aws sso login, aws configure), or name another --profile".to_owned(),
                Exit::NoCredentials,
            ),
            CallError::NotSent(words) if credentials::is_unreached(words) => (
                format!(
                    "no answer to the question for credentials: {}",
                    credentials::cause(words)
                ),
                "check the network, and what the profile names".to_owned(),
                Exit::Unanswered,
            ),
            CallError::NotSent(words) => (
                format!("no usable credentials: {}", credentials::cause(words)),
                "sign in (aws sso login, aws configure), or name a --profile".to_owned(),
                Exit::NoCredentials,
            ),
            CallError::Throttled => (
                "throttled".to_owned(),
                "try again in a minute".to_owned(),
                Exit::Unanswered,
            ),
            CallError::Unreachable(words) => (
                format!("no answer: {words}"),
                "check the network, --region and --endpoint-url".to_owned(),
                Exit::Unanswered,
            ),
            CallError::Unreadable => (
                "an answer that cannot be read".to_owned(),
                "check --endpoint-url".to_owned(),
                Exit::Unanswered,
            ),
            CallError::Other { code, message } if code == "ResourceNotFoundException" => (
                message.clone(),
                "check the name, --region and --profile".to_owned(),
                Exit::Unanswered,
            ),
            CallError::Other { code, message } => (
                format!("{code}: {message}"),
                "see what AWS says".to_owned(),
                Exit::Unanswered,
            ),
        };
        Self {
            problem: format!("{call}: {problem}"),
            remedy,
            exit,
        }
    }
}
