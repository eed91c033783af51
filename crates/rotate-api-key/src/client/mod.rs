//! One step's client of one provider: the definition, the secret's parameters, and the credentials, put together. Which calls
//! a step makes is decided in `health`, `provider` and `class`.

mod open;
mod rehearsal;
mod stored;
pub(crate) mod variables;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rotation::password::Password;
use rotation::secrets::KeyDocument;
use rotation::{Cause, Context, Fault};
use secrecy::SecretString;

use crate::call::answer::Reply;
use crate::call::patience;
use crate::call::request::{self, Setting};
use crate::clock;
use crate::description::{Auth, Call, Description, Mint, Page};
use crate::fault::{ProviderFault, Unfit};
use crate::http::Outgoing;
use crate::key::mark::{self, Marks};
use crate::key::{Key, State};
use crate::notation::near::hint;
use crate::notation::status::Statuses;
use crate::notation::template::{self, Unfilled};
use crate::settings::Settings;
use variables::{Used, Variables};

/// A step at work.
pub(crate) struct Client<'a> {
    /// The provider's description.
    pub(crate) description: Arc<Description>,
    /// The function's settings.
    pub(crate) settings: &'a Settings,
    /// The step.
    pub(crate) context: &'a Context<'a>,
    /// The parameters, checked.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Those of them that the secret's writer chose, by a pattern.
    pub(crate) open: Vec<String>,
    /// Where an object has the key, and its id.
    pub(crate) members: KeyMembers,
    /// How names of keys are marked.
    pub(crate) marks: Marks,
    /// AWSCURRENT's key.
    pub(crate) current: Key,
    /// The key that this process made last.
    pub(crate) made: &'a RefCell<Option<Key>>,
    admin: RefCell<Option<SecretString>>,
    used: Used,
    minted: RefCell<Option<Password>>,
}

/// Where a JSON object has the key, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyMembers {
    /// The key; not used for a bare string.
    pub(crate) key: String,
    /// Its id.
    pub(crate) id: Option<String>,
    /// What else is written with a key.
    pub(crate) written: Vec<String>,
}

impl KeyMembers {
    /// Those that a rotation changes.
    pub(crate) fn of_the_key(&self) -> Vec<&str> {
        let others = self.id.iter().chain(&self.written).map(String::as_str);
        [self.key.as_str()].into_iter().chain(others).collect()
    }
}

/// What a call is made with, in addition to the client.
#[derive(Clone, Copy, Default)]
pub(crate) struct With<'a> {
    /// The key that the call is about.
    pub(crate) key: Option<&'a Key>,
    /// Another key than AWSCURRENT's as `{{ current }}`.
    pub(crate) current: Option<&'a Key>,
    /// Statuses of success beyond the call's own.
    pub(crate) also: Option<&'a Statuses>,
    /// For a list: which page of it.
    pub(crate) page: Option<Page<'a>>,
    /// Its answer has a token.
    pub(crate) mints: bool,
}

impl Client<'_> {
    /// The key of a document.
    ///
    /// # Errors
    /// The document has none.
    pub(crate) fn key_of(&self, document: &KeyDocument) -> Result<Key, Cause> {
        let id = match &self.members.id {
            Some(member) => document.plain(member)?,
            None => None,
        };
        Ok(Key {
            value: Some(document.key(&self.members.key)?),
            id,
            ..Key::default()
        })
    }

    /// The key of another version's value, if that has one.
    pub(crate) fn key_in(&self, text: &SecretString) -> Option<Key> {
        self.key_of(&KeyDocument::parse(text).ok()?).ok()
    }

    /// The current document with another key.
    ///
    /// # Errors
    /// It would not come back as it is, or not fit.
    pub(crate) fn document_with(&self, current: &KeyDocument, key: &Key) -> Result<KeyDocument, Cause> {
        let unusable = |problem: &str| ProviderFault::unusable(&self.description.provider, problem);
        let value = key.value.as_ref().ok_or_else(|| unusable("has no key"))?;
        let bare =
            |_| unusable("has a key that a bare string cannot hold: store the secret as a JSON object");
        let mut next = current.with_key(&self.members.key, value).map_err(|error| {
            if current.is_object() {
                Cause::from(error)
            } else {
                bare(error).into()
            }
        })?;
        if next.key(&self.members.key).ok().as_ref() != Some(value) || next.is_object() != current.is_object()
        {
            return Err(unusable(
                "has a key that a bare string cannot hold: store the secret as a JSON object",
            )
            .into());
        }
        if let (Some(member), Some(id)) = (&self.members.id, &key.id) {
            next = next.with_id(member, id)?;
        }
        for (member, text) in key.written.iter().filter(|(member, _)| current.has(member)) {
            next = next.with_id(member, text)?;
        }
        Ok(next)
    }

    /// Refuses a document that could not take a new key and its id, before one is made.
    ///
    /// # Errors
    /// The document's.
    pub(crate) fn check_takes_a_key(&self, current: &KeyDocument) -> Result<(), Cause> {
        let overlap = self.description.create.as_ref();
        if self.members.id.is_some() && overlap.is_some_and(|create| create.id.is_none()) {
            // The old id beside the new key would name the wrong one as current.
            return Err(ProviderFault::ParameterInvalid {
                provider: self.description.provider.clone(),
                parameter: "id".to_owned(),
                problem: "cannot be kept: the definition does not say where an answer has a new key's id"
                    .to_owned(),
                allowed: "add `id` to [create] in the definition, or leave it out of the secret".to_owned(),
            }
            .into());
        }
        match (&self.members.id, &self.current.id) {
            (Some(member), Some(id)) => current.with_id(member, id).map(drop)?,
            (Some(member), None) => current.with_id(member, "0").map(drop)?,
            (None, _) => {}
        }
        for member in self.members.written.iter().filter(|member| current.has(member)) {
            current.with_id(member, "0").map(drop)?;
        }
        Ok(())
    }

    /// The name of the key that this rotation makes.
    ///
    /// # Errors
    /// `RequestUnfit`.
    pub(crate) fn name(&self) -> Result<String, Cause> {
        let unfit = |problem| ProviderFault::RequestUnfit {
            call: self.description.provider.clone(),
            place: "name".to_owned(),
            problem,
        };
        let filled = template::text(&self.description.name, &self.common().value());
        let name = filled.map_err(|problem| unfit(problem.into()))?;
        // By a mark a key is revoked: the secret's own name must not have another secret's in it.
        if mark::marks_in(&name) > 1 {
            return Err(unfit(Unfit::Marked).into());
        }
        Ok(name)
    }

    /// Whether all keys that the provider lists are this secret's.
    pub(crate) fn has_its_own_list(&self) -> bool {
        let it = &self.description;
        it.native.is_some() || it.list.as_ref().is_some_and(|list| list.exclusive)
    }

    /// Whose keys a provider was asked for. What came out of a member of the document is not shown, which may be the
    /// credential, where two members were mixed up; but a user of IAM was found to be one.
    pub(crate) fn whose(&self) -> String {
        let shown = |name: &str| {
            let parameter = self.description.parameters.get(name);
            self.description.native.is_some() || parameter.is_some_and(|parameter| parameter.member.is_none())
        };
        let parameters = self.parameters.iter().filter(|(name, _)| shown(name));
        let all: Vec<_> = parameters
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        if all.is_empty() {
            "here".to_owned()
        } else {
            format!("for {}", all.join(", "))
        }
    }

    /// Says in the log what needs attention and stops nothing: with the code of a page in the runbook, and a metric.
    pub(crate) fn warn(&self, fault: &ProviderFault) {
        tracing::warn!(
            secret.id = self.context.secret(),
            code = fault.code(),
            "{fault}; {}",
            fault.advice().remedy
        );
    }

    /// Says in the log in which state a key is.
    pub(crate) fn log_state(&self, state: State, name: Option<&str>, what: &str) {
        state.log(self.context.secret(), name, what);
    }

    /// Makes a call of the description's management: everything but the check.
    ///
    /// # Errors
    /// Whatever came of it.
    pub(crate) async fn call(&self, section: &str, call: Call<'_>, with: With<'_>) -> Result<Reply, Cause> {
        let (auth, variables) = self.authenticated(&call, with).await?;
        self.send(section, call, auth, &variables, with).await
    }

    /// What a call of the management is written with. A token is minted if it needs one.
    async fn authenticated<'c>(
        &'c self,
        call: &Call<'c>,
        with: With<'_>,
    ) -> Result<(&'c Auth, Variables), Cause> {
        let auth = call.auth.unwrap_or(&self.description.auth);
        let mut variables = self.variables(with).await?;
        if let Some(mint) = &auth.mint {
            let token = self.minted(mint, &variables).await?;
            variables = variables.with_secret("minted", &token);
        }
        Ok((auth, variables))
    }

    /// Sends a call with these variables.
    async fn send(
        &self,
        section: &str,
        call: Call<'_>,
        auth: &Auth,
        variables: &Variables,
        with: With<'_>,
    ) -> Result<Reply, Cause> {
        let request = self.request(section, &call, auth, variables, with.page)?;
        let (roots, budget) = (&self.settings.roots, self.context.budget());
        patience::call(
            &request,
            &call,
            (with.also, with.mints),
            &variables.secrets(),
            roots,
            budget,
        )
        .await
    }

    /// The request of a call.
    ///
    /// # Errors
    /// `RequestUnfit`.
    pub(crate) fn request(
        &self,
        section: &str,
        call: &Call<'_>,
        auth: &Auth,
        variables: &Variables,
        page: Option<Page<'_>>,
    ) -> Result<Outgoing, ProviderFault> {
        let request = request::build(
            call,
            &Setting {
                section,
                provider: &self.description.provider,
                base: self.description.base.as_deref(),
                auth,
                variables: &variables.value(),
                page,
                limit: Duration::from_secs(self.description.timeout_seconds),
            },
        );
        request.map_err(|fault| self.with_the_member(fault))
    }

    /// Names the member of the secret that has not the id which a template uses.
    fn with_the_member(&self, fault: ProviderFault) -> ProviderFault {
        match (fault, &self.members.id) {
            (
                ProviderFault::RequestUnfit {
                    call,
                    place,
                    problem: Unfit::Template(Unfilled::Undefined(name)),
                },
                Some(member),
            ) if matches!(name.as_str(), "key.id" | "current.id") => ProviderFault::RequestUnfit {
                call,
                place,
                problem: Unfit::NoId {
                    name,
                    member: member.clone(),
                },
            },
            (fault, _) => fault,
        }
    }

    /// All that templates of management may use.
    async fn variables(&self, with: With<'_>) -> Result<Variables, Cause> {
        let mut variables = self.common().with("name", self.name()?);
        variables = variables.with_key("current", with.current.unwrap_or(&self.current));
        if let Some(key) = with.key {
            variables = variables.with_key("key", key);
        }
        match &self.description.admin {
            Some(admin) => Ok(variables.with_document("admin", &self.admin(admin).await?)),
            None => Ok(variables),
        }
    }

    /// All that templates of the check may use. The admin's credential is fetched only if one does.
    ///
    /// # Errors
    /// The admin secret's.
    pub(crate) async fn check_variables(&self, key: &Key) -> Result<Variables, Cause> {
        if self.description.check_uses_admin() {
            return self
                .variables(With {
                    key: Some(key),
                    ..With::default()
                })
                .await;
        }
        let variables = self.common().with("name", self.name()?);
        Ok(variables.with_key("current", &self.current).with_key("key", key))
    }

    /// What is no credential.
    fn common(&self) -> Variables {
        let secret = self.context.secret();
        let about = BTreeMap::from([
            ("arn".to_owned(), secret.to_owned()),
            ("name".to_owned(), mark::name_of(secret).to_owned()),
            ("slug".to_owned(), mark::slug_of(secret)),
        ]);
        let token = self.context.token();
        let variables = Variables::noting(&self.used)
            .with_all("parameters", &self.parameters)
            .with_all("secret", &about)
            .with("version", token.as_str())
            .with("mark", self.marks.mark(token));
        match self.description.lifetime_days {
            Some(days) => variables.with("expires", variables::expires(clock::now(), days)),
            None => variables,
        }
    }

    /// The admin's credential, fetched once a step, and only if both the description and the function name it.
    async fn admin(&self, name: &str) -> Result<SecretString, Cause> {
        if let Some(fetched) = &*self.admin.borrow() {
            return Ok(fetched.clone());
        }
        let arn = self.arn_of(name)?;
        let text = self.context.other_secret(arn).await?;
        let uses = |what: &str| self.description.uses_of_the_admin(what);
        let problem = match variables::is_object(&text) {
            None => Some("is neither a bare credential nor a JSON object".to_owned()),
            Some(true) => uses("").map(|_| {
                "is a JSON object, and the definition uses it as a bare string, {{ admin }}".to_owned()
            }),
            Some(false) => uses(".").map(|used| {
                format!("is a bare string, and the definition uses a member of it, {{{{ {used} }}}}")
            }),
        };
        if let Some(problem) = problem {
            let admin = name.to_owned();
            return Err(ProviderFault::AdminSecretUnusable { admin, problem }.into());
        }
        *self.admin.borrow_mut() = Some(text.clone());
        Ok(text)
    }

    /// Refuses before anything is asked of the provider.
    pub(crate) fn check_admin_is_named(&self) -> Result<(), ProviderFault> {
        match &self.description.admin {
            Some(name) => self.arn_of(name).map(drop),
            None => Ok(()),
        }
    }

    fn arn_of(&self, admin: &str) -> Result<&str, ProviderFault> {
        let arn = self.settings.admins.get(admin).map(String::as_str);
        arn.ok_or_else(|| ProviderFault::AdminSecretNotNamed {
            provider: self.description.provider.clone(),
            admin: admin.to_owned(),
            near: hint(admin, self.settings.admins.keys().map(String::as_str)),
        })
    }

    /// The token that authenticates, minted once a step.
    async fn minted(&self, mint: &Mint, variables: &Variables) -> Result<Password, Cause> {
        if let Some(minted) = &*self.minted.borrow() {
            return Ok(minted.clone());
        }
        let call = mint.call();
        let none = Auth::default();
        let auth = call.auth.unwrap_or(&none);
        let with = With {
            mints: true,
            ..With::default()
        };
        let reply = self.send("mint", call, auth, variables, with).await?;
        let token = Password::from(reply.text(&mint.token)?);
        *self.minted.borrow_mut() = Some(token.clone());
        Ok(token)
    }
}
