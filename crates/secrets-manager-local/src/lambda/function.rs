//! What a function is: a name, and a program or another server's Invoke API.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use hyper::Uri;

use super::environment::Variables;
use super::handler::Handler;
use super::program::is_found;

/// A function to host. `Debug` shows the names of its environment variables, not their values.
#[derive(Debug, Clone)]
pub struct Function {
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) environment: Variables,
    pub(crate) timeout: Option<Duration>,
    pub(crate) memory_mb: Option<u32>,
}

/// How a function's process is started.
pub(super) struct Program<'a> {
    pub(super) path: &'a Path,
    pub(super) arguments: Vec<OsString>,
    /// Where it runs, unless in the program's own directory.
    pub(super) directory: Option<&'a Path>,
}

/// Where the function runs.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A program that speaks the Runtime API.
    Program { path: PathBuf, arguments: Vec<OsString> },
    /// A function of a module in Python or Node.
    Handler(Handler),
    /// Somebody who speaks the Invoke API, such as `cargo lambda watch`.
    Remote(Uri),
}

impl Function {
    /// What Lambda calls its runtime and its handler.
    pub(crate) fn runtime(&self) -> (&'static str, String) {
        match &self.target {
            Target::Program { path, .. } if path.extension().is_some_and(|end| end == "py") => {
                let module = path.file_stem().unwrap_or_default().to_string_lossy();
                ("python3.13", format!("{module}.lambda_handler"))
            }
            Target::Handler(handler) => (handler.runtime(), handler.name.clone()),
            Target::Program { .. } | Target::Remote(_) => ("provided.al2023", "bootstrap".to_owned()),
        }
    }

    /// How its process is started; `None` if it runs elsewhere.
    pub(super) fn program(&self) -> Option<Program<'_>> {
        match &self.target {
            Target::Program { path, arguments } => Some(Program {
                path,
                arguments: arguments.clone(),
                directory: None,
            }),
            Target::Handler(handler) => Some(Program {
                path: handler.program(),
                arguments: handler.arguments(),
                directory: Some(&handler.directory),
            }),
            Target::Remote(_) => None,
        }
    }

    /// Why it cannot be run, as far as that shows before it is invoked.
    pub fn obstacle(&self) -> Option<String> {
        match &self.target {
            Target::Program { path, .. } if !is_found(path) => Some(format!(
                "there is no program {0}, and no module of a handler {0}",
                path.display()
            )),
            Target::Handler(handler) => handler.obstacle(),
            Target::Program { .. } | Target::Remote(_) => None,
        }
    }

    /// The programs that run handlers in Python and in Node, instead of `python3` and `node` from PATH.
    #[must_use]
    pub fn run_by(mut self, python: Option<&Path>, node: Option<&Path>) -> Self {
        if let Target::Handler(handler) = &mut self.target {
            handler.run_by(python, node);
        }
        self
    }

    /// `DIRECTORY/MODULE.FUNCTION`, a handler in Python or Node; `None` if there is no such module.
    pub fn handler(name: impl Into<String>, handler: &str) -> Option<Self> {
        Handler::find(handler).map(|handler| Self::of(name.into(), Target::Handler(handler)))
    }

    /// A program that speaks Lambda's Runtime API: a binary, or a script with a `#!` line.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self::of(
            name.into(),
            Target::Program {
                path: path.into(),
                arguments: Vec::new(),
            },
        )
    }

    /// A function that somebody else hosts: invoked at `URL/2015-03-31/functions/NAME/invocations`.
    pub fn remote(name: impl Into<String>, url: &str) -> Result<Self, InvalidFunction> {
        let uri: Uri = url.parse().map_err(|_| InvalidFunction(url.to_owned()))?;
        if uri.scheme_str() != Some("http") || uri.host().is_none() {
            return Err(InvalidFunction(url.to_owned()));
        }
        Ok(Self::of(name.into(), Target::Remote(uri)))
    }

    fn of(name: String, target: Target) -> Self {
        Self {
            name,
            target,
            environment: Variables::default(),
            timeout: None,
            memory_mb: None,
        }
    }

    /// An argument of the program's command line.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        if let Target::Program { arguments, .. } = &mut self.target {
            arguments.push(argument.into());
        }
        self
    }

    /// An environment variable; it wins over what the server sets.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.add(name, value);
        self
    }

    /// How long an invocation may take; the server's own limit if not set.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` in megabytes: told to the function, not enforced.
    #[must_use]
    pub const fn memory_mb(mut self, megabytes: u32) -> Self {
        self.memory_mb = Some(megabytes);
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// `NAME=PATH`, `NAME=MODULE.HANDLER` or `NAME=http://host:port`, as the command line has it.
impl FromStr for Function {
    type Err = InvalidFunction;

    fn from_str(text: &str) -> Result<Self, InvalidFunction> {
        let (name, target) = text
            .split_once('=')
            .ok_or_else(|| InvalidFunction(text.to_owned()))?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || target.is_empty() || !name.chars().all(allowed) {
            return Err(InvalidFunction(text.to_owned()));
        }
        if target.contains("://") {
            Self::remote(name, target)
        } else if is_found(Path::new(target)) {
            Ok(Self::new(name, target))
        } else {
            Ok(Self::handler(name, target).unwrap_or_else(|| Self::new(name, target)))
        }
    }
}

/// Not a function's description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is none of NAME=PATH, NAME=MODULE.HANDLER and NAME=http://host:port; write the function's name and what runs it"
)]
pub struct InvalidFunction(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_a_url_are_told_apart() {
        let program: Function = "rotate=/opt/bootstrap".parse().unwrap();
        assert!(matches!(program.target, Target::Program { .. }));
        let remote: Function = "rotate=http://127.0.0.1:9000".parse().unwrap();
        assert!(matches!(remote.target, Target::Remote(_)));
    }

    #[test]
    fn a_program_goes_before_a_handler_of_the_same_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(path("rotate.py"), "").unwrap();
        let parse = || {
            format!("rotate={}", path("rotate.main"))
                .parse::<Function>()
                .unwrap()
        };
        let function = parse();
        assert!(matches!(function.target, Target::Handler(_)));
        assert_eq!(function.runtime(), ("python3.13", "rotate.main".to_owned()));
        std::fs::write(path("rotate.main"), "").unwrap();
        assert!(matches!(parse().target, Target::Program { .. }));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "rotate",
            "=path",
            "rotate=",
            "a b=path",
            "rotate=https://host",
            "rotate=http://",
        ] {
            assert!(text.parse::<Function>().is_err(), "{text}");
        }
    }
}
