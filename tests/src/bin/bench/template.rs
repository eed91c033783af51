//! AWS's own function that does the same, from a checkout of its templates: measured beside ours.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use keywheel_tests::tools::Tools;
use keywheel_tests::world::{ALTERNATING, FUNCTION};

use super::Anything;

/// The program that runs it, below the line that names the interpreter.
const PROGRAM: &str = include_str!("template.py");
/// What it needs of Python.
const MODULES: &str = "import awslambdaric, boto3, pg, pgdb";

/// A template, ready to be run; goes with this value.
pub(crate) struct Template {
    /// AWS's name of it.
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    _directory: tempfile::TempDir,
}

impl Template {
    /// The one that does what our function of that name does; none for keys of an API.
    ///
    /// # Errors
    /// If the checkout does not have it, or Python not what it needs.
    pub(crate) fn like(function: &str, checkout: &Path) -> Anything<Option<Self>> {
        let name = match function {
            FUNCTION => "SecretsManagerRDSPostgreSQLRotationSingleUser",
            ALTERNATING => "SecretsManagerRDSPostgreSQLRotationMultiUser",
            _ => return Ok(None),
        };
        let source = checkout.join(name).join("lambda_function.py");
        let text = fs::read(&source).map_err(|error| {
            format!("AWS_TEMPLATES: {}: {error}; name a checkout of aws-samples/aws-secrets-manager-rotation-lambdas", source.display())
        })?;
        let python = python()?;
        // In a directory of its own, so that Python keeps the compiled module there, and not in the checkout.
        let directory = tempfile::tempdir()?;
        fs::write(directory.path().join("lambda_function.py"), text)?;
        let program = directory.path().join("start");
        fs::write(&program, format!("#!{}\n{PROGRAM}", python.display()))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(Some(Self {
            name,
            program,
            _directory: directory,
        }))
    }
}

/// A Python that has what the templates import.
fn python() -> Anything<PathBuf> {
    let python = Tools::load()?.python()?.to_owned();
    let tried = Command::new(&python).args(["-c", MODULES]).output()?;
    if tried.status.success() {
        return Ok(python);
    }
    let said = String::from_utf8_lossy(&tried.stderr);
    let last = said.lines().last().unwrap_or_default();
    Err(format!("AWS_TEMPLATES: {last}; run `scripts/setup templates`").into())
}
