//! A definition, tried: what it would call, what of that is safe to try, and how a key that was made is taken back.

use rotation::secrets::KeyDocument;
use rotation::{Cause, Context, NoTransaction, Strategy, Tags, Target};
use secrecy::SecretString;

use super::ApiKey;
use crate::class::overlap::Overlap;
use crate::description::{Call, Class, Description};
use crate::key::Marks;

/// What a definition calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// What secrets call the provider.
    pub provider: String,
    /// The name of its admin secret, if it has one.
    pub admin: Option<String>,
    /// Scheme, host and beginning of each path, as a template.
    pub base: String,
    /// Why no key is made in a trial; none if one is.
    pub only_tested: Option<&'static str>,
    /// Why there is nothing to try at all.
    pub nothing: Option<String>,
    /// What a trial calls: section, and `METHOD /path` as a template.
    pub called: Vec<(&'static str, String)>,
    /// What a trial writes and does not send.
    pub written: Vec<(&'static str, String)>,
}

impl Outline {
    /// That of a definition.
    pub fn of(it: &Description) -> Self {
        let only_tested = match it.class {
            Class::Overlap if it.list.as_ref().is_some_and(|list| list.exclusive) => Some(
                "its list is exclusive: createSecret takes a younger key for a lost one, and a rotation under way may just have made it",
            ),
            Class::Overlap | Class::None => None,
            Class::InPlace => {
                Some("class in-place: [roll] would replace the key in use, and the old one dies at once")
            }
            Class::Staged => Some(
                "class staged: there is one place for a second key, and a rotation under way may have its own there",
            ),
            Class::Chosen => Some("class chosen: [set] would replace the value in use"),
        };
        let nothing = match (&it.reason, it.native) {
            (Some(reason), _) => Some(format!("no key can be made: {reason}")),
            (None, Some(_)) => Some("this provider is programmed, and has no calls to try".to_owned()),
            (None, None) => None,
        };
        let call = |section, call: Option<Call<'_>>| {
            let request = call.map(|call| call.request.to_owned());
            request.map(|request| (section, request))
        };
        let check = it.check.as_ref().map(|check| {
            let grant = check.client_credentials.as_ref();
            let request = grant.map_or(&check.request, |grant| &grant.request);
            ("check", request.clone())
        });
        let mint = it
            .auth
            .mint
            .as_ref()
            .and_then(|mint| call("mint", Some(mint.call())));
        let reads = [
            mint,
            check,
            call("list", it.list.as_ref().map(|it| it.call())),
            call("admin-check", it.admin_check.as_ref().map(|it| it.call())),
        ];
        let changes = [
            call("create", it.create.as_ref().map(|it| it.call())),
            call("roll", it.roll.as_ref().map(|it| it.call())),
            call("recover", it.recover.as_ref().map(|it| it.call())),
            call("stage", it.stage.as_ref().map(|it| it.call())),
            call("unstage", it.unstage.as_ref().map(|it| it.call())),
            call("promote", it.promote.as_ref().map(|it| it.call())),
            call("set", it.set.as_ref().map(|it| it.call())),
        ];
        let revokes = it.revoke.iter().filter_map(|it| call("revoke", Some(it.call())));
        let mut called: Vec<_> = reads.into_iter().flatten().collect();
        let mut written: Vec<_> = changes.into_iter().flatten().chain(revokes).collect();
        if only_tested.is_none() {
            called.append(&mut written);
        }
        Self {
            provider: it.provider.clone(),
            admin: it.admin.clone(),
            base: it.base.clone().unwrap_or_default(),
            only_tested,
            nothing,
            called,
            written,
        }
    }
}

/// What the name of every key has that is made for the secret with this ARN.
pub fn mark_of(secret: &str) -> String {
    Marks::of(secret).common().to_owned()
}

/// A target whose createSecret revokes the key that a trial's createSecret has made. No other step of it does anything.
#[derive(Debug)]
pub struct TakeBack<'t>(pub &'t ApiKey);

impl Target for TakeBack<'_> {
    const STRATEGY: Strategy = Strategy::ApiKey;
    type Secret = KeyDocument;
    type Prepared = NoTransaction;

    fn read(&self, text: &SecretString, tags: &Tags) -> Result<KeyDocument, Cause> {
        self.0.read(text, tags)
    }

    fn text<'a>(&self, secret: &'a KeyDocument) -> &'a SecretString {
        self.0.text(secret)
    }

    fn check_pair(&self, _: &KeyDocument, _: &KeyDocument) -> Result<(), Cause> {
        Ok(())
    }

    async fn propose(&self, current: &KeyDocument, context: &Context<'_>) -> Result<KeyDocument, Cause> {
        let client = self.0.open(current, context).await?;
        if client.description.class == Class::Overlap {
            Overlap::of(&client)?.take_back().await?;
        }
        Ok(current.clone())
    }

    async fn apply(&self, _: &KeyDocument, _: &KeyDocument, _: &Context<'_>) -> Result<(), Cause> {
        Ok(())
    }

    async fn verify(&self, _: &KeyDocument, _: &KeyDocument, _: &Context<'_>) -> Result<(), Cause> {
        Ok(())
    }
}
