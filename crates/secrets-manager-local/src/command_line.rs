//! The command line.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand};
use secrets_manager_local::{Builder, Function, LocalSecretsManager, PendingRemoval};
use serde_json::{Map, Value as Json};
use strum::VariantNames as _;

/// The variable that has the token.
const TOKEN: &str = "SECRETS_MANAGER_LOCAL_TOKEN";

/// A local AWS Secrets Manager that runs rotations as AWS does, and hosts the rotation functions.
///
/// For tests and laptops, not for production: it checks no signature, keeps secrets in memory in the
/// clear, and forgets everything when it ends.
#[derive(Debug, Parser)]
#[command(name = "secrets-manager-local", version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves until SIGTERM or ctrl-C. The first line on stdout is a JSON object with the key `url`.
    Serve(Serve),
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Allows an address that other machines can reach. Callers then need a token.
    #[arg(long)]
    allow_remote: bool,

    /// What callers must send as their access key id, or as a bearer token.
    ///
    /// The variable `SECRETS_MANAGER_LOCAL_TOKEN` says the same, and others on the machine do not see it. If neither is
    /// given, `--allow-remote` makes one, and the first line on stdout has it.
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    token: Option<String>,

    /// Hosts a function. May be repeated.
    ///
    /// It is a program that speaks Lambda's Runtime API, or the handler of a module in Python or Node
    /// (`app/rotation.lambda_handler`, `app/index.handler`), or the URL of a server that speaks the Invoke API,
    /// such as `cargo lambda watch`.
    #[arg(
        long = "function",
        value_name = "NAME=PATH|NAME=MODULE.HANDLER|NAME=http://HOST:PORT"
    )]
    functions: Vec<Function>,

    /// The Python that runs handlers; it needs awslambdaric. `python3` if left out.
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,

    /// The Node that runs handlers. `node` if left out.
    #[arg(long, value_name = "PROGRAM")]
    node: Option<PathBuf>,

    /// How long an invocation may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = positive)]
    timeout: f64,

    /// The memory that functions are told they have, in MB. It is not enforced.
    #[arg(long, value_name = "MB", default_value_t = 128)]
    memory: u32,

    /// An environment variable for every function. May be repeated.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    environment: Vec<(String, String)>,

    /// A region; the first is where a request goes that names none. May be repeated.
    ///
    /// With several, the region that a request is signed for decides. With one, every request goes there.
    #[arg(long = "region", value_name = "REGION", default_value = secrets_manager_local::REGION, value_parser = region)]
    regions: Vec<String>,

    /// The account, in every ARN.
    #[arg(long, value_name = "TWELVE DIGITS", default_value = secrets_manager_local::ACCOUNT, value_parser = account)]
    account: String,

    /// The six characters at the end of every secret's ARN; random if left out.
    #[arg(long, value_name = "AbCdEf", value_parser = arn_suffix)]
    arn_suffix: Option<String>,

    /// The waits between a rotation's attempts, in seconds: there is one more attempt than waits.
    #[arg(long, value_name = "SECONDS,…", value_delimiter = ',', default_value = "0.1,0.2,0.4,0.8", value_parser = not_negative)]
    retry_delays: Vec<f64>,

    /// Delivers a rotation once, without attempting it again.
    #[arg(long, conflicts_with = "retry_delays")]
    no_retry: bool,

    /// Secrets to begin with: a file with one JSON object, a member for each. A value that is no string is stored as its JSON.
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,

    /// Ends when the process that started it has ended.
    #[arg(long)]
    with_parent: bool,

    /// When AWSPENDING leaves a version that a rotation has made AWSCURRENT. AWS's own sources disagree.
    #[arg(long, value_name = "WHEN", default_value = "when-complete",
        value_parser = PossibleValuesParser::new(PendingRemoval::VARIANTS).try_map(|name| name.parse::<PendingRemoval>()))]
    pending_removed: PendingRemoval,

    /// Shows secret values on the page at `/`.
    #[arg(long)]
    reveal: bool,

    /// Throttles PutSecretValue, `UpdateSecret` and `UpdateSecretVersionStage` beyond so many a second; AWS allows 50.
    #[arg(long, value_name = "PER_SECOND")]
    write_quota: Option<usize>,

    /// Throttles GetSecretValue beyond so many a second; AWS allows 10000.
    #[arg(long, value_name = "PER_SECOND")]
    value_quota: Option<usize>,

    /// Throttles DescribeSecret beyond so many a second; AWS allows 40000.
    #[arg(long, value_name = "PER_SECOND")]
    describe_quota: Option<usize>,
}

impl Serve {
    /// Whether to end with the parent process.
    pub(crate) const fn ends_with_parent(&self) -> bool {
        self.with_parent
    }

    /// The token that callers need, if they need one.
    pub(crate) fn token(&self) -> io::Result<Option<String>> {
        let set = std::env::var(TOKEN).ok().filter(|text| !text.is_empty());
        let set = set.map(|text| token(&text)).transpose();
        let set = set.map_err(|problem| io::Error::other(format!("{TOKEN}: {problem}")))?;
        let fresh = || {
            self.allow_remote
                .then(|| uuid::Uuid::new_v4().simple().to_string())
        };
        Ok(self.token.clone().or(set).or_else(fresh))
    }

    /// The names and values of `--secrets`. No error quotes the file.
    pub(crate) fn first_secrets(&self) -> io::Result<Vec<(String, String)>> {
        let Some(path) = &self.secrets else {
            return Ok(Vec::new());
        };
        let problem = |what: &str| io::Error::other(format!("--secrets: {}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| problem(&error.to_string()))?;
        let all: Map<String, Json> = serde_json::from_str(&text)
            .map_err(|error| problem(&format!("no JSON object, line {}", error.line())))?;
        let value = |value: Json| match value {
            Json::String(text) => text,
            other => other.to_string(),
        };
        Ok(all.into_iter().map(|(name, is)| (name, value(is))).collect())
    }

    /// The server that the command line describes.
    pub(crate) fn into_builder(self) -> io::Result<Builder> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(io::Error::other(format!(
                "{} can be reached from other machines; listen on 127.0.0.1, or say --allow-remote",
                self.listen
            )));
        }
        let (python, node) = (self.python.as_deref(), self.node.as_deref());
        let run_by = |function: Function| function.run_by(python, node);
        let functions: Vec<Function> = self.functions.into_iter().map(run_by).collect();
        if let Some(obstacle) = functions.iter().find_map(Function::obstacle) {
            return Err(io::Error::other(format!("--function: {obstacle}")));
        }
        let delays = if self.no_retry {
            Vec::new()
        } else {
            self.retry_delays
        };
        let mut builder = LocalSecretsManager::builder()
            .listen(self.listen)
            .regions(self.regions)
            .account(self.account)
            .timeout(Duration::from_secs_f64(self.timeout))
            .memory_mb(self.memory)
            .retry_delays(delays.into_iter().map(Duration::from_secs_f64))
            .pending_removal(self.pending_removed)
            .reveal(self.reveal)
            .echo(true);
        builder = functions.into_iter().fold(builder, Builder::function);
        builder = self
            .environment
            .into_iter()
            .fold(builder, |builder, (name, value)| builder.env(name, value));
        if let Some(suffix) = self.arn_suffix {
            builder = builder.arn_suffix(suffix);
        }
        if let Some(quota) = self.write_quota {
            builder = builder.write_quota(quota);
        }
        if let Some(quota) = self.value_quota {
            builder = builder.value_quota(quota);
        }
        if let Some(quota) = self.describe_quota {
            builder = builder.describe_quota(quota);
        }
        Ok(builder)
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What can be an access key id, and a part of a cookie.
fn token(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (16..=128).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err("write 16 to 128 letters, digits, - or _".to_owned())
}

fn region(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.contains('-') && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err("write a region such as eu-west-1".to_owned())
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("write twelve digits".to_owned())
}

fn arn_suffix(text: &str) -> Result<String, String> {
    if text.len() == 6 && text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(text.to_owned());
    }
    Err("write six letters or digits".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    not_negative(text).and_then(|seconds| {
        if seconds > 0.0 {
            Ok(seconds)
        } else {
            Err("must be above 0".to_owned())
        }
    })
}

/// Seconds that a duration can hold: a day at most is plenty here.
fn not_negative(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "write a number of seconds")?;
    if (0.0..=86_400.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("must be from 0 to 86400".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Serve, clap::Error> {
        let all = ["secrets-manager-local", "serve"].iter().chain(arguments);
        CommandLine::try_parse_from(all).map(
            |CommandLine {
                 command: Command::Serve(serve),
             }| serve,
        )
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        CommandLine::command().debug_assert();
    }

    #[test]
    fn an_address_that_others_can_reach_must_be_allowed() {
        assert!(parse(&["--listen", "0.0.0.0:0"]).unwrap().into_builder().is_err());
        assert!(
            parse(&["--listen", "0.0.0.0:0", "--allow-remote"])
                .unwrap()
                .into_builder()
                .is_ok()
        );
        assert!(parse(&["--listen", "[::1]:0"]).unwrap().into_builder().is_ok());
    }

    #[test]
    fn nonsense_is_refused() {
        for arguments in [
            ["--function", "rotate"],
            ["--timeout", "0"],
            ["--timeout", "NaN"],
            ["--retry-delays", "1,-1"],
            ["--arn-suffix", "toolong"],
            ["--env", "NAME"],
            ["--region", "nowhere"],
            ["--region", "eu-west-1/x"],
            ["--account", "1234"],
            ["--token", "short"],
            ["--token", "a token with blanks"],
        ] {
            assert!(parse(&arguments).is_err(), "{arguments:?}");
        }
    }
}
