//! The command line. Completions and man pages come from it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::aws::Place;
use crate::diagnosis::FixName;
use crate::doctor::Which;
use crate::local;
use crate::offline::passwords;
use crate::provider;
use crate::rotate;
use crate::words::help;
use crate::words::print::Color;
use crate::{fleet, status};

/// How the program ends, at the end of its help.
const EXIT_CODES: &str = "Exit codes: 0 all is well, 1 something was found or a rotation failed, 2 usage, 3 it could not be found out, \
4 no credentials, 8 still running at --timeout, 130 Ctrl-C.";

/// What to type first.
const BEGIN: &str =
    "To begin: status lists what needs you, and doctor says of a secret what is the matter and what to type.";

/// Says what stands in the way of a rotation in AWS Secrets Manager, follows one, and lists them all.
#[derive(Debug, Parser)]
#[command(name = "keywheel", version, after_help = format!("{BEGIN}\n\n{EXIT_CODES}"), propagate_version = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) place: Place,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Says whether applications can log in, why a rotation does not go on, and what to type. Changes nothing without --fix.
    #[command(after_help = EXIT_CODES)]
    Doctor {
        /// Names or ARNs of secrets.
        #[arg(required_unless_present = "policy", value_name = "SECRET")]
        secrets: Vec<String>,
        /// Log in to the database from here, with one refused login at most. =AWSCURRENT or =AWSPENDING tries that value first.
        #[arg(long, value_name = "VALUE", num_args = 0..=1, require_equals = true, default_missing_value = "auto")]
        login: Option<Which>,
        /// One JSON document.
        #[arg(long)]
        json: bool,
        /// Write all that was asked and answered into a new file, without any secret value.
        #[arg(long, value_name = "FILE")]
        bundle: Option<PathBuf>,
        /// Carry out one action that the diagnosis offers; without a name, the first.
        #[arg(long, value_name = "ACTION", num_args = 0..=1)]
        #[expect(clippy::option_option, reason = "the flag, and its value")]
        fix: Option<Option<FixName>>,
        /// With --fix: do not ask.
        #[arg(long, requires = "fix")]
        yes: bool,
        /// With --fix: only show the command.
        #[arg(long, requires = "fix")]
        dry_run: bool,
        /// Print the IAM policy that this program needs, and end.
        #[arg(long)]
        policy: bool,
    },
    /// Rotates a secret, and follows the rotation to its end.
    #[command(after_help = EXIT_CODES)]
    Rotate {
        /// The name or ARN of the secret.
        secret: String,
        /// Only test: the function runs testSecret, and nothing is changed.
        #[arg(long)]
        test: bool,
        /// Return as soon as the rotation has begun.
        #[arg(long)]
        no_wait: bool,
        /// Longest time to follow it, in seconds. The rotation goes on without us.
        #[arg(long, value_name = "SECONDS", default_value = "900", value_parser = seconds)]
        timeout: Duration,
        /// How long to wait for a retry after a failed step. [default: the function's time limit and 30 s]
        #[arg(long, value_name = "SECONDS", value_parser = seconds)]
        retry_within: Option<Duration>,
        #[command(flatten)]
        local: rotate::Local,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Lists all secrets that are rotated, those that need you first.
    #[command(after_help = EXIT_CODES)]
    Status(status::Options),
    /// Rotates many secrets, a few at once, and says what became of each.
    #[command(after_help = EXIT_CODES)]
    RotateAll(fleet::RotateAllOptions),
    /// Switches the rotation of many secrets off, and saves their schedules.
    #[command(after_help = EXIT_CODES)]
    Pause(fleet::PauseOptions),
    /// Switches it on again, with the schedules as they were.
    #[command(after_help = EXIT_CODES)]
    Resume(fleet::ResumeOptions),
    /// Lists the secrets that AWS's rotation templates rotate, and what each needs to move to Keywheel. Changes nothing.
    #[command(after_help = EXIT_CODES)]
    Migrate(fleet::MigrateOptions),
    /// Shows the runbook's page of an error code or a state. Needs no network.
    #[command(after_help = EXIT_CODES)]
    Explain {
        /// Such as `LoginRefused` or `not-invocable`. Without one, all names.
        code: Option<String>,
    },
    /// Shows what a password policy gives: its strength, its alphabet, and a password.
    #[command(after_help = EXIT_CODES)]
    Password(passwords::Options),
    /// Checks the definition of a provider of API keys, and tries it.
    #[command(subcommand, after_help = EXIT_CODES)]
    Provider(provider::Command),
    /// Starts a Secrets Manager on this machine, with the functions, a throwaway database and a secret to rotate.
    #[command(after_help = help::LOCAL)]
    Local(local::Options),
    /// Prints a completion script for a shell.
    #[command(after_help = EXIT_CODES)]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Prints a manual page: keywheel man doctor | man -l -
    #[command(after_help = EXIT_CODES)]
    Man {
        /// Of this command. Without one, of the program.
        command: Option<String>,
    },
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "write a number of seconds")?;
    if (0.0..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("must be from 0 to 86400".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_says_how_it_ends() {
        let mut left = vec![CommandLine::command()];
        while let Some(command) = left.pop() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.contains("Exit codes: "), "{}", command.get_name());
            left.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn a_typing_error_is_answered_with_what_is_near() {
        let error = CommandLine::try_parse_from(["keywheel", "doctr", "x"]).unwrap_err();
        assert!(
            error.to_string().contains("a similar subcommand exists"),
            "{error}"
        );
    }

    #[test]
    fn login_takes_its_value_only_behind_an_equals_sign() {
        let parsed = CommandLine::try_parse_from(["keywheel", "doctor", "--login", "orders/db"]).unwrap();
        let Command::Doctor { secrets, login, .. } = parsed.command else {
            panic!()
        };
        assert_eq!(
            (secrets, login),
            (vec!["orders/db".to_owned()], Some(Which::Auto))
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for arguments in [
            &["doctor"][..],
            &["rotate"],
            &["rotate", "x", "--timeout", "-1"],
            &["status", "--json", "--csv"],
            &["password", "LENGTH=3"],
            &["doctr", "x"],
        ] {
            let all = std::iter::once(&"keywheel").chain(arguments);
            assert!(CommandLine::try_parse_from(all).is_err(), "{arguments:?}");
        }
    }
}
