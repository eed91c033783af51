//! Puts a client together: which provider, which parameters, which members.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rotation::secrets::KeyDocument;
use rotation::{Cause, Context};

use super::variables::{Used, Variables};
use super::{Client, KeyMembers};
use crate::call::client_credentials;
use crate::description::{Description, Parameter, RESERVED, SetBy};
use crate::fault::ProviderFault;
use crate::key::Key;
use crate::key::Marks;
use crate::notation::near::hint;
use crate::settings::{Given, Settings};

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
    /// What the secret's tag says. Who may tag a secret need not be able to write it: a tag decides only what the function leaves to tags.
    async fn tag(
        &mut self,
        name: &str,
        is_allowed: bool,
        context: &Context<'_>,
    ) -> Result<Option<String>, Cause> {
        self.ask_tags(context).await?;
        match self.tags.as_ref().and_then(|tags| tags.get(name)) {
            Some(_) if !is_allowed => Err(ProviderFault::TagNotAllowed {
                name: name.to_owned(),
            }
            .into()),
            said => Ok(said.cloned()),
        }
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

impl<'a> Client<'a> {
    /// Reads what `current` says of itself, and finds the description that it names.
    ///
    /// # Errors
    /// `ProviderUnknown`, `ProviderDefinitionInvalid`, `ParameterInvalid`, `ProviderCannotRotate`, or the document's.
    pub(crate) async fn open(
        settings: &'a Settings,
        made: &'a RefCell<Option<Key>>,
        current: &KeyDocument,
        context: &'a Context<'a>,
    ) -> Result<Client<'a>, Cause> {
        let mut said = Said {
            document: current.settings()?,
            tags: None,
        };
        let provider = provider(&mut said, settings, context).await?;
        let description = settings.registry.get(&provider)?;
        if let Some(reason) = &description.reason {
            return Err(ProviderFault::ProviderCannotRotate {
                title: description.title.clone(),
                reason: reason.clone(),
            }
            .into());
        }
        check_names(&said.document, &description)?;
        let members = members(&mut said, &description, settings, current, context).await?;
        let mut parameters = BTreeMap::new();
        let mut open = Vec::new();
        for (name, parameter) in &description.parameters {
            let asked = Asked {
                given: settings.given(&description.provider, name),
                provider: &description.provider,
                name,
                parameter,
                is_host: description.decides_a_host(name),
            };
            let (value, is_open) = asked.answer(current, &mut said, context).await?;
            parameters.insert(name.clone(), value);
            if is_open && description.is_of_the_admin(name) {
                open.push(name.clone());
            }
        }
        let mut client = Client {
            description,
            settings,
            context,
            parameters,
            open,
            members,
            marks: Marks::of(context.secret()),
            current: Key::default(),
            made,
            admin: RefCell::default(),
            used: Used::default(),
            minted: RefCell::default(),
        };
        client.current = client.key_of(current)?;
        client.check_endpoint(current)?;
        Ok(client)
    }

    /// The same step's work with another of the secret's documents.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub(crate) async fn open_another(&self, document: &KeyDocument) -> Result<Client<'a>, Cause> {
        // A client is large, and lives in the future of one already.
        Box::pin(Client::open(self.settings, self.made, document, self.context)).await
    }

    /// Whether both are of the same provider, with the same parameters.
    pub(crate) fn is_of_the_account_of(&self, other: &Client<'_>) -> bool {
        self.description.provider == other.description.provider && self.parameters == other.parameters
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
        let variables = Variables::default().with_all("parameters", &self.parameters);
        let expected = client_credentials::endpoint(&self.description, &variables.value())?;
        if said == expected {
            return Ok(());
        }
        Err(ProviderFault::KeyOfAnotherAccount {
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
                problem: format!(
                    "is not one of its parameters{}",
                    hint(name, names.iter().copied().chain(RESERVED))
                ),
                allowed: format!("its parameters are: {}", names.join(", ")),
            })
        }
    }
}

/// The provider: the secret's value names it, or a tag, among those that the function has; or the function has just one.
async fn provider(said: &mut Said, settings: &Settings, context: &Context<'_>) -> Result<String, Cause> {
    let known = &settings.providers;
    let named = match (said.document.get("provider"), known.as_slice()) {
        (Some(named), _) => named.clone(),
        (None, [one]) => return Ok(one.clone()),
        (None, _) => {
            let tagged = said.tag("provider", !known.is_empty(), context).await?;
            tagged.ok_or(ProviderFault::ProviderMissing)?
        }
    };
    if known.is_empty() || known.contains(&named) {
        return Ok(named);
    }
    Err(ProviderFault::ParameterInvalid {
        provider: known.join(", "),
        parameter: "provider".to_owned(),
        problem: "is another one in the secret than the function's PROVIDER".to_owned(),
        allowed: format!("{}, or add it to PROVIDER, with | between", known.join(", ")),
    }
    .into())
}

/// Which members of the secret are the key and its id. The function says it, or the secret's value, or the definition; a tag only among
/// what the function lists: another member would be sent to the provider, and overwritten.
async fn members(
    said: &mut Said,
    description: &Description,
    settings: &Settings,
    document: &KeyDocument,
    context: &Context<'_>,
) -> Result<KeyMembers, Cause> {
    let mut member = async |name: &'static str, described: &Option<String>| {
        let given = settings.given(&description.provider, name);
        if let Given::Value(value) = given {
            return Ok(Some(value.to_owned()));
        }
        let listed = matches!(given, Given::OneOf(_));
        let chosen = match said.document.get(name).or(described.as_ref()) {
            Some(own) => Some(own.clone()),
            // A bare string has no members, and a key needs no id.
            None if !document.is_object() || (name == "id" && !listed) => None,
            None => said.tag(name, listed, context).await?,
        };
        if let (Given::OneOf(list), Some(chosen)) = (&given, &chosen)
            && !list.contains(&chosen.as_str())
        {
            return Err(Cause::from(ProviderFault::ParameterInvalid {
                provider: description.provider.clone(),
                parameter: name.to_owned(),
                problem: "is another member in the secret than the function allows".to_owned(),
                allowed: format!("one of {}", list.join(", ")),
            }));
        }
        Ok(chosen)
    };
    let key = member("key", &description.secret.key).await?;
    let id = member("id", &description.secret.id).await?;
    if document.is_object() && key.is_none() {
        return Err(ProviderFault::ParameterInvalid {
            provider: description.provider.clone(),
            parameter: "key".to_owned(),
            problem: "says which member of the secret value is the key, and is not given".to_owned(),
            allowed: "the name of a top-level member".to_owned(),
        }
        .into());
    }
    let written: Vec<_> = description.written().into_iter().map(str::to_owned).collect();
    for (name, member) in [("key", &key), ("id", &id)] {
        if member.as_ref().is_some_and(|member| written.contains(member)) {
            return Err(ProviderFault::ParameterInvalid {
                provider: description.provider.clone(),
                parameter: name.to_owned(),
                problem: "is a member to which the definition writes something else".to_owned(),
                allowed: "the name of another top-level member".to_owned(),
            }
            .into());
        }
    }
    if key.is_some() && id == key {
        return Err(ProviderFault::ParameterInvalid {
            provider: description.provider.clone(),
            parameter: "id".to_owned(),
            problem: "is the same member of the secret value as `key`".to_owned(),
            allowed: "the name of another top-level member".to_owned(),
        }
        .into());
    }
    Ok(KeyMembers {
        key: key.unwrap_or_default(),
        id,
        written,
    })
}

/// A parameter whose value is looked for.
struct Asked<'a> {
    given: Given<'a>,
    provider: &'a str,
    name: &'a str,
    parameter: &'a Parameter,
    /// It decides where a credential is sent.
    is_host: bool,
}

impl Asked<'_> {
    /// The function's own value, the document's, the tags', or the default, in this order; and whether it is the choice of
    /// the secret's writer.
    async fn answer(
        &self,
        document: &KeyDocument,
        said: &mut Said,
        context: &Context<'_>,
    ) -> Result<(String, bool), Cause> {
        if self.is_host && self.given == Given::Any {
            return Err(self.host_left_open().into());
        }
        let value = match (&self.given, self.parameter.set_by) {
            (Given::Value(value), _) => Some((*value).to_owned()),
            (Given::Nothing, SetBy::Function) => None,
            _ => self.said(document, said, context).await?,
        };
        let is_open = self.given == Given::Nothing && !self.parameter.is_closed() && value.is_some();
        let value = value.or_else(|| self.parameter.default.clone());
        let is_in_document = said.document.contains_key(self.name);
        Ok((self.check(value, is_in_document)?, is_open))
    }

    /// No secret says where a credential goes.
    fn host_left_open(&self) -> ProviderFault {
        ProviderFault::ParameterInvalid {
            provider: self.provider.to_owned(),
            parameter: self.name.to_owned(),
            problem:
                "decides where credentials are sent, and PROVIDER_PARAMETERS (*) leaves it to the secret"
                    .to_owned(),
            allowed: format!(
                "{}.{}=VALUE in PROVIDER_PARAMETERS, or several with | between, of which a secret chooses one",
                self.provider, self.name
            ),
        }
    }

    async fn said(
        &self,
        document: &KeyDocument,
        said: &mut Said,
        context: &Context<'_>,
    ) -> Result<Option<String>, Cause> {
        let member = match &self.parameter.member {
            Some(member) => document.plain(member)?,
            None => None,
        };
        match said.document.get(self.name).cloned().or(member) {
            Some(own) => Ok(Some(own)),
            None => said.tag(self.name, self.tags_may_choose(), context).await,
        }
    }

    /// The function leaves it to secrets, or the definition has a list of harmless values.
    fn tags_may_choose(&self) -> bool {
        match self.given {
            Given::OneOf(_) | Given::Any => true,
            Given::Nothing => self.parameter.is_closed() && !self.is_host,
            Given::Value(_) => false,
        }
    }

    fn check(&self, value: Option<String>, is_in_document: bool) -> Result<String, ProviderFault> {
        let problem = match value {
            Some(value) if self.allows(&value) => return Ok(value),
            // What stands in the document may be the credential itself, where two members were mixed up.
            Some(_) if is_in_document || self.parameter.member.is_some() => {
                "has another value in the secret, which is not shown".to_owned()
            }
            Some(value) => {
                let shown: String = value.chars().take(80).collect();
                format!("is {shown:?}")
            }
            None => match (&self.given, &self.parameter.member) {
                (Given::Nothing, Some(member)) if self.parameter.set_by == SetBy::Secret => {
                    format!("is not given: the secret has no member `{member}`")
                }
                _ => "is not given".to_owned(),
            },
        };
        Err(ProviderFault::ParameterInvalid {
            provider: self.provider.to_owned(),
            parameter: self.name.to_owned(),
            problem,
            allowed: self.allowed(),
        })
    }

    fn allows(&self, value: &str) -> bool {
        let listed = match &self.given {
            Given::OneOf(list) => list.contains(&value),
            _ => true,
        };
        listed && self.parameter.allows(value)
    }

    fn allowed(&self) -> String {
        match (&self.given, self.parameter.set_by) {
            (Given::OneOf(list), _) => format!("one of {}, as the function says", list.join(", ")),
            (Given::Nothing, SetBy::Function) => format!(
                "{}; only the function says which: PROVIDER_PARAMETERS has {}.{}=VALUE, or several with | between, of which a secret chooses one",
                self.parameter.allowed(),
                self.provider,
                self.name
            ),
            (Given::Nothing, SetBy::Secret) => {
                let member = self.parameter.member.as_ref();
                let member = member.map(|member| format!("the secret's member `{member}`, "));
                member.unwrap_or_default() + &self.parameter.allowed()
            }
            _ => self.parameter.allowed(),
        }
    }
}
