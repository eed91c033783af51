//! Puts a job together: which provider, which parameters, which members.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rotation::secrets::KeyDocument;
use rotation::{Cause, Context};

use super::{Job, Members};
use crate::description::{Description, Parameter, RESERVED, SetBy};
use crate::fault::ProviderFault;
use crate::key::Key;
use crate::mark::Marks;
use crate::settings::Settings;

/// What Keywheel's own tags begin with.
const TAG: &str = "keywheel:";
/// The member of an OAuth document that says where its grant is asked for.
const TOKEN_ENDPOINT: &str = "tokenEndpoint";

/// What a secret says of itself.
struct Said {
    document: BTreeMap<String, String>,
    /// Fetched only if document and function leave something open.
    tags: Option<BTreeMap<String, String>>,
}

impl Said {
    fn get(&self, name: &str) -> Option<&String> {
        self.document.get(name).or_else(|| self.tags.as_ref()?.get(name))
    }

    async fn ask_tags(&mut self, context: &Context<'_>) -> Result<(), Cause> {
        if self.tags.is_none() {
            let all = context.tags().await?.into_iter();
            let own = all.filter_map(|(key, value)| Some((key.strip_prefix(TAG)?.to_owned(), value)));
            self.tags = Some(own.collect());
        }
        Ok(())
    }
}

impl<'a> Job<'a> {
    /// Reads what `current` says of itself, and finds the description that it names.
    ///
    /// # Errors
    /// `ProviderUnknown`, `DescriptionInvalid`, `ParameterInvalid`, `ProviderCannotRotate`, or the document's.
    pub async fn open(
        settings: &'a Settings,
        made: &'a RefCell<Option<Key>>,
        current: &KeyDocument,
        context: &'a Context<'a>,
    ) -> Result<Job<'a>, Cause> {
        let mut said = Said {
            document: current.settings()?,
            tags: None,
        };
        if said.get("provider").is_none() && settings.provider.is_none() {
            said.ask_tags(context).await?;
        }
        let provider = said
            .get("provider")
            .or(settings.provider.as_ref())
            .ok_or(ProviderFault::ProviderMissing)?;
        let description = settings.registry.get(provider)?;
        if let Some(reason) = &description.reason {
            return Err(ProviderFault::CannotRotate {
                title: description.title.clone(),
                reason: reason.clone(),
            }
            .into());
        }
        check_names(&said.document, &description)?;
        let members = members(&mut said, &description, current, context).await?;
        let mut parameters = BTreeMap::new();
        for (name, parameter) in &description.parameters {
            if let Some(value) = parameter_of(
                settings,
                &description,
                name,
                parameter,
                current,
                &mut said,
                context,
            )
            .await?
            {
                parameters.insert(name.clone(), value);
            }
        }
        let mut job = Job {
            description,
            settings,
            context,
            parameters,
            members,
            marks: Marks::of(context.secret()),
            current: Key::default(),
            made,
            admin: RefCell::default(),
            minted: RefCell::default(),
        };
        job.current = job.key_of(current)?;
        job.check_endpoint(current)?;
        Ok(job)
    }

    /// Where the grant is asked for is the description's to say, not the document's.
    fn check_endpoint(&self, document: &KeyDocument) -> Result<(), Cause> {
        if self
            .description
            .check
            .as_ref()
            .is_none_or(|check| check.client_credentials.is_none())
        {
            return Ok(());
        }
        let Some(said) = document.plain(TOKEN_ENDPOINT)? else {
            return Ok(());
        };
        let expected = crate::grant::endpoint(self)?;
        if said == expected {
            return Ok(());
        }
        Err(ProviderFault::Elsewhere {
            provider: self.description.provider.clone(),
            member: TOKEN_ENDPOINT.to_owned(),
            expected,
        }
        .into())
    }
}

/// Nothing stands in `keywheel` that would be passed over.
fn check_names(document: &BTreeMap<String, String>, description: &Description) -> Result<(), ProviderFault> {
    let known = |name: &str| RESERVED.contains(&name) || description.parameters.contains_key(name);
    match document.keys().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => {
            let names: Vec<_> = description.parameters.keys().map(String::as_str).collect();
            Err(ProviderFault::ParameterInvalid {
                provider: description.provider.clone(),
                parameter: name.clone(),
                problem: "is not one of its parameters".to_owned(),
                allowed: format!("its parameters are: {}", names.join(", ")),
            })
        }
    }
}

async fn members(
    said: &mut Said,
    description: &Description,
    document: &KeyDocument,
    context: &Context<'_>,
) -> Result<Members, Cause> {
    let open = description.secret.key.is_none() && said.get("key").is_none();
    if document.is_object() && open {
        said.ask_tags(context).await?;
    }
    let key = said.get("key").or(description.secret.key.as_ref()).cloned();
    if document.is_object() && key.is_none() {
        return Err(ProviderFault::ParameterInvalid {
            provider: description.provider.clone(),
            parameter: "key".to_owned(),
            problem: "says which member of the document is the key, and is not given".to_owned(),
            allowed: "the name of a top-level member".to_owned(),
        }
        .into());
    }
    Ok(Members {
        key: key.unwrap_or_default(),
        id: said.get("id").or(description.secret.id.as_ref()).cloned(),
    })
}

/// The function's own value, the document's, the tags', or the default, in this order.
async fn parameter_of(
    settings: &Settings,
    description: &Description,
    name: &str,
    parameter: &Parameter,
    document: &KeyDocument,
    said: &mut Said,
    context: &Context<'_>,
) -> Result<Option<String>, Cause> {
    let invalid = |problem: String| ProviderFault::ParameterInvalid {
        provider: description.provider.clone(),
        parameter: name.to_owned(),
        problem,
        allowed: parameter.allowed(),
    };
    let fixed = settings.parameter(&description.provider, name).map(str::to_owned);
    let value = match (fixed, parameter.set_by) {
        (Some(fixed), _) => Some(fixed),
        (None, SetBy::Function) => None,
        (None, SetBy::Secret) => {
            let member = match &parameter.member {
                Some(member) => document.plain(member)?,
                None => None,
            };
            let own = said.document.get(name).cloned().or(member);
            if own.is_none() {
                said.ask_tags(context).await?;
            }
            own.or_else(|| said.get(name).cloned())
        }
    };
    match value.or_else(|| parameter.default.clone()) {
        Some(value) if parameter.allows(&value) => Ok(Some(value)),
        // A member of the document may be the credential itself, where two members were mixed up.
        Some(_) if parameter.member.is_some() => {
            Err(invalid("has another value in the secret, which is not shown".to_owned()).into())
        }
        Some(value) => {
            let shown: String = value.chars().take(80).collect();
            Err(invalid(format!("is {shown:?}")).into())
        }
        None => Err(invalid("is not given".to_owned()).into()),
    }
}
