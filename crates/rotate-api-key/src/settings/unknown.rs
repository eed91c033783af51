//! A name in `PROVIDER_PARAMETERS` that nothing reads: its value would be passed over, and a default used in its place.

use std::collections::{BTreeMap, BTreeSet};

use outbound::Scrub;
use secrecy::SecretString;

use super::registry::Registry;
use crate::description::Class;
use crate::fault::ProviderFault;
use crate::notation::near::hint;

/// The members of a secret that a function may name as well.
const MEMBERS: [&str; 2] = ["key", "id"];

/// Refuses a name that is no parameter of its provider; or, of all providers that the function has, of none.
///
/// # Errors
/// `ConfigurationInvalid`. A definition that cannot be used is reported where it is used.
pub(super) fn check(
    parameters: &BTreeMap<(Option<String>, String), String>,
    providers: &[String],
    registry: &Registry,
) -> Result<(), ProviderFault> {
    let named = parameters.keys();
    for (scope, name) in named.filter(|(_, name)| !MEMBERS.contains(&name.as_str())) {
        let asked = match scope {
            Some(provider) => vec![provider.as_str()],
            None if providers.is_empty() => registry.known(),
            None => providers.iter().map(String::as_str).collect(),
        };
        let mut known = BTreeSet::new();
        let mut is_certain = false;
        for provider in asked {
            match registry.get(provider) {
                // It is refused where it is used, with its own reason.
                Ok(description) if description.class == Class::None => continue,
                Ok(description) => {
                    is_certain = true;
                    known.extend(description.parameters.keys().cloned());
                }
                Err(ProviderFault::ProviderUnknown { .. }) if scope.is_some() => {
                    return Err(unknown(provider, "provider", &registry.known()));
                }
                // One that cannot be used may have it.
                Err(_) => is_certain = false,
            }
            if !is_certain || known.contains(name) {
                is_certain = false;
                break;
            }
        }
        if is_certain {
            let known: Vec<_> = known.iter().map(String::as_str).chain(MEMBERS).collect();
            return Err(unknown(name, "parameter", &known));
        }
    }
    Ok(())
}

fn unknown(name: &str, what: &'static str, known: &[&str]) -> ProviderFault {
    // What stands before an equals sign may be a part of a credential.
    let shown = Scrub::new::<SecretString>([]).clean(name);
    ProviderFault::ParameterUnknown {
        problem: format!(
            "names a {what} that there is not, `{shown}`{}",
            hint(name, known.iter().copied())
        ),
        known: format!("the {what}s are: {}", known.join(", ")),
    }
}
