//! From the command line to the exit code.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::aws::{self, Session, policy};
use crate::command_line::{Command, CommandLine};
use crate::exit::{Exit, Trouble, unless_interrupted};
use crate::offline::{explain, passwords};
use crate::words::print;
use crate::{doctor, fleet, local, provider, rotate, status};

/// The program.
pub fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    command_line.color.apply();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run_or_advise(command_line)),
        Err(error) => Err(Trouble::new(error.to_string(), "free some resources")),
    };
    let exit = ended.unwrap_or_else(|trouble| {
        print::progress(&format!("keywheel: {}", trouble.problem));
        print::progress(&format!("          {}", trouble.remedy));
        trouble.exit
    });
    exit.into()
}

/// Without credentials, what to do depends on the profile.
async fn run_or_advise(command_line: CommandLine) -> Result<Exit, Trouble> {
    let profile = command_line.place.profile.clone();
    let mut ended = Box::pin(run(command_line)).await;
    if let Err(trouble) = &mut ended
        && trouble.exit == Exit::NoCredentials
    {
        trouble.remedy = aws::remedy(&trouble.problem, profile.as_deref()).await;
    }
    ended
}

async fn run(command_line: CommandLine) -> Result<Exit, Trouble> {
    let place = command_line.place;
    match command_line.command {
        Command::Doctor { policy: true, .. } => {
            print::answer(&format!("{:#}", policy()));
            Ok(Exit::Well)
        }
        Command::Doctor {
            secrets,
            login,
            json,
            bundle,
            fix,
            yes,
            dry_run,
            ..
        } => {
            let place = place.of_secret(secrets.first().map_or("", String::as_str));
            let session = Session::open(&place).await?;
            let options = doctor::Options {
                login,
                json,
                bundle: bundle.as_deref(),
                fix: fix.map(|name| doctor::Wanted {
                    name,
                    yes,
                    dry_run,
                    json,
                }),
            };
            doctor::run(&session, &secrets, &options).await
        }
        Command::Rotate {
            secret,
            test,
            no_wait,
            timeout,
            retry_within,
            local,
            json,
        } => {
            let session = Session::open(&place.of_secret(&secret)).await?;
            if local.is_asked_for() {
                return Box::pin(rotate::carry_on(&session, &secret, &local, json)).await;
            }
            let options = rotate::Options {
                test,
                no_wait,
                timeout,
                retry_within,
                json,
            };
            let cause = async || doctor::cause(&session, &secret).await;
            Box::pin(rotate::run(&session, &secret, &options, cause)).await
        }
        Command::Status(options) => {
            let session = Session::open(&place).await?;
            let listed = status::run(&session, &options);
            unless_interrupted(listed, "nothing was changed").await
        }
        Command::RotateAll(options) => {
            let session = Session::open(&place).await?;
            fleet::rotate_all(&session, &options).await
        }
        Command::Pause(options) => {
            let session = Session::open(&place).await?;
            fleet::pause(&session, &options).await
        }
        Command::Resume(options) => {
            let session = Session::open(&place).await?;
            fleet::resume(&session, &options).await
        }
        Command::Migrate(options) => {
            let session = Session::open(&place).await?;
            unless_interrupted(fleet::migrate(&session, &options), "nothing was changed").await
        }
        Command::Explain { code } => Ok(explain(code.as_deref())),
        Command::Password(options) => {
            let function = match &options.like {
                None => BTreeMap::new(),
                Some(secret) => {
                    let session = Session::open(&place.of_secret(secret)).await?;
                    rotate::settings_of(&session, secret).await?
                }
            };
            passwords::run(&options, &function)
        }
        Command::Provider(command) => Box::pin(provider::run(command, place)).await,
        Command::Local(options) => local::run(options).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut CommandLine::command(), "keywheel", &mut io::stdout());
            Ok(Exit::Well)
        }
        Command::Man { command } => man(command.as_deref()),
    }
}

fn explain(code: Option<&str>) -> Exit {
    let Some(code) = code else {
        explain::codes().for_each(print::answer);
        return Exit::Well;
    };
    if let Some(text) = explain::explain(code) {
        print::answer(text.trim_end());
        return Exit::Well;
    }
    print::progress(&format!("keywheel: there is no code or state {code:?}"));
    match explain::near(code).as_slice() {
        [] => print::progress("          keywheel explain lists them all"),
        near => print::progress(&format!("          similar: {}", near.join(", "))),
    }
    Exit::Usage
}

fn man(command: Option<&str>) -> Result<Exit, Trouble> {
    let mut all = CommandLine::command();
    all.build();
    let wanted = match command {
        None => Some(all),
        Some(name) => all.find_subcommand(name).cloned(),
    };
    let Some(wanted) = wanted else {
        return Err(Trouble {
            problem: format!("there is no command {:?}", command.unwrap_or_default()),
            remedy: "keywheel help lists them".to_owned(),
            exit: Exit::Usage,
        });
    };
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(wanted).render(&mut page);
    // Nobody is left to tell if stdout is closed.
    let _ = rendered.and_then(|()| io::stdout().write_all(&page));
    Ok(Exit::Well)
}
