//! Handlers in Python and Node, named as Lambda names them: a module, a dot and the function in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::program::is_found;

/// Node's runtime client is of C++ and has to be compiled where it is installed, so that this is ours.
const NODE_RUNTIME: &str = include_str!("runtime.mjs");

/// A handler, and what runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handler {
    language: Language,
    /// Where the module is: the function's working directory.
    pub(super) directory: PathBuf,
    /// `module.function`
    pub(super) name: String,
    /// The file of the module.
    file: PathBuf,
    interpreter: PathBuf,
}

/// What a handler is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Node,
}

impl Handler {
    /// The handler that `DIRECTORY/MODULE.FUNCTION` names, if that module is there.
    ///
    /// The dots in a module of Python are its packages.
    pub(super) fn find(text: &str) -> Option<Self> {
        let path = std::path::absolute(text).ok()?;
        let name = path.file_name()?.to_str()?.to_owned();
        let (module, _function) = name.rsplit_once('.')?;
        let directory = path.parent()?.to_owned();
        let candidates = [
            (Language::Python, format!("{}.py", module.replace('.', "/"))),
            (Language::Node, format!("{module}.mjs")),
            (Language::Node, format!("{module}.js")),
            (Language::Node, format!("{module}.cjs")),
        ];
        let found = candidates
            .into_iter()
            .map(|(language, file)| (language, directory.join(file)))
            .find(|(_, file)| file.is_file());
        found.map(|(language, file)| Self {
            interpreter: match language {
                Language::Python => "python3".into(),
                Language::Node => "node".into(),
            },
            language,
            directory,
            name,
            file,
        })
    }

    /// Runs by these interpreters instead of the ones in PATH.
    pub(super) fn run_by(&mut self, python: Option<&Path>, node: Option<&Path>) {
        let chosen = match self.language {
            Language::Python => python,
            Language::Node => node,
        };
        if let Some(chosen) = chosen {
            chosen.clone_into(&mut self.interpreter);
        }
    }

    /// What Lambda calls the runtime.
    pub(super) const fn runtime(&self) -> &'static str {
        match self.language {
            Language::Python => "python3.13",
            Language::Node => "nodejs22.x",
        }
    }

    /// The program that speaks the Runtime API for the handler.
    pub(super) fn program(&self) -> &Path {
        &self.interpreter
    }

    /// Its arguments.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        match self.language {
            Language::Python => ["-m", "awslambdaric", &self.name].map(OsString::from).to_vec(),
            Language::Node => {
                let function = self.name.rsplit_once('.').map_or("", |(_, function)| function);
                let before = ["--input-type=module", "--eval", NODE_RUNTIME].map(OsString::from);
                before
                    .into_iter()
                    .chain([self.file.clone().into_os_string(), function.into()])
                    .collect()
            }
        }
    }

    /// Why it cannot be run, and what helps.
    pub(super) fn obstacle(&self) -> Option<String> {
        let (interpreter, name) = (self.interpreter.display(), &self.name);
        if !is_found(&self.interpreter) {
            return Some(format!(
                "there is no program {interpreter}, which {name} needs; install it, or name another with --{}",
                match self.language {
                    Language::Python => "python",
                    Language::Node => "node",
                }
            ));
        }
        if self.language == Language::Node || self.has_runtime_client() {
            return None;
        }
        Some(format!(
            "{interpreter} has no awslambdaric, AWS's runtime client, which {name} needs; {interpreter} -m pip install awslambdaric"
        ))
    }

    fn has_runtime_client(&self) -> bool {
        let mut python = Command::new(&self.interpreter);
        python
            .args(["-c", "import awslambdaric"])
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        python.status().is_ok_and(|status| status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_is_found_by_its_module() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("package")).unwrap();
        for file in ["rotate.py", "package/module.py", "index.mjs", "old.js"] {
            std::fs::write(directory.path().join(file), "").unwrap();
        }
        let find = |name: &str| Handler::find(&directory.path().join(name).display().to_string());
        for (name, language) in [
            ("rotate.lambda_handler", Language::Python),
            ("package.module.lambda_handler", Language::Python),
            ("index.handler", Language::Node),
            ("old.handler", Language::Node),
        ] {
            let handler = find(name).unwrap();
            assert_eq!((handler.language, handler.name.as_str()), (language, name));
            assert_eq!(handler.directory, directory.path());
        }
        for name in ["rotate", "none.handler", "package", ".handler"] {
            assert_eq!(find(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_what_helps() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("rotate.py"), "").unwrap();
        let mut handler = Handler::find(&directory.path().join("rotate.f").display().to_string()).unwrap();
        handler.run_by(Some(Path::new("/nonexistent/python")), None);
        let obstacle = handler.obstacle().unwrap();
        assert!(
            obstacle.contains("/nonexistent/python") && obstacle.contains("--python"),
            "{obstacle}"
        );
        // `false` is a program that cannot import anything.
        handler.run_by(Some(Path::new("false")), None);
        let obstacle = handler.obstacle().unwrap();
        assert!(obstacle.contains("pip install awslambdaric"), "{obstacle}");
        handler.run_by(Some(Path::new("true")), None);
        assert_eq!(handler.obstacle(), None);
    }
}
