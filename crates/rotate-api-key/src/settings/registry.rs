//! The descriptions that a function knows: the operator's own, and those inside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::description::{Description, DescriptionError};
use crate::fault::ProviderFault;
use crate::settings::builtin::BUILTIN;

/// Where a Lambda layer puts descriptions. They are looked for there and in `providers` beside the function.
const LAYER: &str = "/opt/providers";
const PATH: &str = "PROVIDER_PATH";
const EXPECTED: &str = "files and directories of provider definitions, separated by :";

/// All descriptions, by provider. An operator's own replaces the one inside of the same name.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    own: BTreeMap<String, Arc<Description>>,
    /// One that cannot be used stops those alone that would use it, for all one knows.
    broken: Vec<DescriptionError>,
}

impl Registry {
    /// Reads the operator's descriptions: `PROVIDER_PATH`, or the usual directories, and `PROVIDER_DESCRIPTION`.
    ///
    /// # Errors
    /// `ConfigurationInvalid` if something that `PROVIDER_PATH` names is not there.
    pub(crate) fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, ProviderFault> {
        let set = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let mut registry = Self::default();
        for path in paths(set(PATH), set("LAMBDA_TASK_ROOT"))? {
            registry.read_all(&path)?;
        }
        if let Some(text) = set("PROVIDER_DESCRIPTION") {
            registry.add("PROVIDER_DESCRIPTION", &text);
        }
        Ok(registry)
    }

    /// The description of a provider.
    ///
    /// # Errors
    /// `ProviderUnknown`; `ProviderDefinitionInvalid` if it may be one that cannot be used.
    pub(crate) fn get(&self, provider: &str) -> Result<Arc<Description>, ProviderFault> {
        if let Some(own) = self.own.get(provider) {
            return Ok(Arc::clone(own));
        }
        let builtin = BUILTIN.iter().find(|(name, _)| *name == provider);
        let meant = |broken: &&DescriptionError| builtin.is_none() || is_called(&broken.file, provider);
        if let Some(broken) = self.broken.iter().find(meant) {
            return Err(broken.clone().into());
        }
        let Some((name, text)) = builtin else {
            return Err(ProviderFault::ProviderUnknown {
                name: provider.to_owned(),
                known: self.known().join(", "),
            });
        };
        Ok(Arc::new(Description::load(&format!("{name}.toml"), text)?))
    }

    /// The names of all providers.
    pub(crate) fn known(&self) -> Vec<&str> {
        let builtin = BUILTIN.iter().map(|(name, _)| *name);
        let mut names: Vec<_> = self.own.keys().map(String::as_str).chain(builtin).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn read_all(&mut self, path: &Path) -> Result<(), ProviderFault> {
        let unreadable = |error: std::io::Error| ProviderFault::ConfigurationInvalid {
            name: PATH,
            problem: format!("names {}, which cannot be read: {error}", path.display()),
            expected: EXPECTED,
        };
        let mut files = if path.is_dir() {
            let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            entries
                .map_err(unreadable)?
                .into_iter()
                .map(|entry| entry.path())
                .collect()
        } else {
            vec![path.to_owned()]
        };
        files.retain(|file| file == path || file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        for file in files {
            let name = file.display().to_string();
            match std::fs::read_to_string(&file) {
                Ok(text) => self.add(&name, &text),
                Err(error) if file == path => return Err(unreadable(error)),
                Err(error) => self.broken.push(DescriptionError::unreadable(&name, &error)),
            }
        }
        Ok(())
    }

    fn add(&mut self, file: &str, text: &str) {
        match Description::load(file, text) {
            Ok(description) => {
                self.own
                    .insert(description.provider.clone(), Arc::new(description));
            }
            Err(error) => {
                tracing::error!("{error}");
                self.broken.push(error);
            }
        }
    }
}

fn is_called(file: &str, provider: &str) -> bool {
    Path::new(file).file_stem().is_some_and(|stem| stem == provider)
}

/// What was asked for, or else those of the usual directories that are there.
fn paths(asked: Option<String>, root: Option<String>) -> Result<Vec<PathBuf>, ProviderFault> {
    if let Some(asked) = asked {
        let paths = asked
            .split(':')
            .filter(|path| !path.is_empty())
            .map(PathBuf::from);
        let paths: Vec<_> = paths.collect();
        return match paths.iter().find(|path| !path.exists()) {
            None => Ok(paths),
            Some(missing) => Err(ProviderFault::ConfigurationInvalid {
                name: PATH,
                problem: format!("names {}, which is not there", missing.display()),
                expected: EXPECTED,
            }),
        };
    }
    let usual = [
        Some(PathBuf::from(LAYER)),
        root.map(|root| Path::new(&root).join("providers")),
    ];
    Ok(usual.into_iter().flatten().filter(|path| path.is_dir()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Registry, ProviderFault> {
        Registry::from_env(&|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    const NONE: &str = "provider = 'aws-iam'\ntitle = 'ours'\nclass = 'none'\nreason = 'we say so'";

    #[test]
    fn every_builtin_description_can_be_loaded_and_is_called_as_its_file() {
        let registry = Registry::default();
        for (name, _) in BUILTIN {
            assert_eq!(registry.get(name).unwrap().provider, *name);
        }
        assert!(BUILTIN.is_sorted(), "by provider");
    }

    #[test]
    fn an_own_description_replaces_the_one_inside() {
        let registry = of(&[("PROVIDER_DESCRIPTION", NONE)]).unwrap();
        assert_eq!(registry.get("aws-iam").unwrap().title, "ours");
        assert_eq!(
            registry.get("nobody").unwrap_err().to_string(),
            "there is no definition of a provider \"nobody\""
        );
    }

    #[test]
    fn files_and_directories_are_read_and_a_broken_one_is_told_when_it_may_matter() {
        let directory = std::env::temp_dir().join(format!("keywheel-registry-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("a.toml"), NONE).unwrap();
        std::fs::write(directory.join("b.toml"), "title = 1").unwrap();
        std::fs::write(directory.join("c.txt"), "no description").unwrap();
        let registry = of(&[("PROVIDER_PATH", directory.to_str().unwrap())]).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(registry.get("aws-iam").unwrap().title, "ours");
        let error = registry.get("b").unwrap_err().to_string();
        assert!(
            error.contains("b.toml") && error.contains("line 1: title"),
            "{error}"
        );
    }

    #[test]
    fn a_path_that_is_not_there_is_refused() {
        let error = of(&[("PROVIDER_PATH", "/nowhere/at/all")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable PROVIDER_PATH names /nowhere/at/all, which is not there"
        );
    }
}
