//! The access keys of an IAM user, by IAM's query API. Nothing here uses a definition's calls.
//!
//! IAM's keys have no names. What is certainly the user's and this secret's is told by id: the current key by the document,
//! the displaced one by the previous document. A key that nobody knows is one that a crash lost only if it was never used
//! and is younger than the current version; otherwise it is somebody's, and the limit of two is reported.

mod query;
mod xml;

use std::time::{Duration, SystemTime};

use rotation::Cause;
use rotation::password::Password;

use crate::client::Client;
use crate::clock;
use crate::fault::{ProviderFault, is_key_elsewhere, is_key_refused, is_not_there, is_refused};
use crate::health::{Health, settled};
use crate::key::Key;
use crate::provider::{Listed, Provider, certain};
use crate::settings::Given;
use query::{Caller, Service};
use xml::Xml;

/// The parameter that names the user.
const USER: &str = "user";
/// Most answers that a list of two keys may come in.
const MOST_PAGES: usize = 10;

/// IAM, for one user.
pub(crate) struct Iam<'a> {
    client: &'a Client<'a>,
    caller: Caller<'a>,
    user: &'a str,
}

impl<'a> Iam<'a> {
    /// IAM for the user that the client's parameters name.
    ///
    /// # Errors
    /// `ConfigurationInvalid`: the function has no credentials, as it has in Lambda.
    pub(crate) fn of(client: &'a Client<'a>) -> Result<Self, ProviderFault> {
        let user = client.parameters.get(USER).map_or("", String::as_str);
        Ok(Self {
            client,
            caller: Caller {
                aws: &client.settings.aws,
                own: client.settings.aws.credentials()?,
                roots: &client.settings.roots,
                budget: client.context.budget(),
                limit: Duration::from_secs(client.description.timeout_seconds),
            },
            user,
        })
    }

    async fn iam(&self, section: &str, parameters: &[(&str, &str)]) -> Result<Xml, Cause> {
        let repeatable = section != "create";
        self.caller
            .call(section, Service::Iam, None, parameters, repeatable)
            .await
    }

    /// The user's keys. IAM may send fewer in an answer than there are, and then says so.
    async fn keys(&self) -> Result<Vec<Xml>, Cause> {
        let mut keys = Vec::new();
        let mut marker = None;
        for _ in 0..MOST_PAGES {
            let mut parameters = vec![("Action", "ListAccessKeys"), ("UserName", self.user)];
            parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let answer = self.iam("list", &parameters).await?;
            keys.extend(answer.members("AccessKeyMetadata"));
            if answer.text("IsTruncated").as_deref() != Some("true") {
                return Ok(keys);
            }
            marker = answer.text("Marker");
        }
        Err(ProviderFault::unusable("list at aws-iam", "has more pages than two keys can have").into())
    }

    /// Whose key it is.
    async fn identity(&self, key: &Key, whose: &'static str) -> Result<String, Cause> {
        let answer = self
            .caller
            .call(
                "check",
                Service::Sts,
                Some((key, whose)),
                &[("Action", "GetCallerIdentity")],
                true,
            )
            .await?;
        Ok(answer.text("Arn").unwrap_or_default())
    }

    /// A user of that name may be somebody's in another account: it is this account's that IAM lists the key of.
    async fn check_account(&self, key: &Key) -> Result<(), Cause> {
        let keys = self.keys().await?;
        let mut ids = keys.iter().filter_map(|key| key.text("AccessKeyId"));
        if ids.any(|id| key.id.as_deref() == Some(id.as_str())) {
            return Ok(());
        }
        Err(self.elsewhere())
    }

    /// The current key was deleted, or deactivated: an older one of the same user shows as much.
    async fn prove_by_an_older_key(&self) -> Result<(), Cause> {
        for old in self.client.older_keys().await? {
            let outcome = match self.identity(&old, "older").await {
                Ok(arn) => self.check_arn(&arn),
                Err(cause) => Err(cause),
            };
            let outcome = match outcome {
                Ok(()) => self.check_account(&old).await,
                refused => refused,
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(cause) if is_key_refused(&cause) || is_key_elsewhere(&cause) || is_refused(&cause) => {}
                Err(cause) => return Err(cause),
            }
        }
        Err(self.client.unproven())
    }

    fn elsewhere(&self) -> Cause {
        ProviderFault::KeyOfAnotherAccount {
            provider: self.client.description.provider.clone(),
            member: USER.to_owned(),
            expected: "the user of this account whose key the secret has".to_owned(),
        }
        .into()
    }

    fn check_arn(&self, arn: &str) -> Result<(), Cause> {
        if arn.contains(":user/") && arn.rsplit('/').next() == Some(self.user) {
            return Ok(());
        }
        Err(self.elsewhere())
    }

    /// Whether a key that no version has is one that a crash lost.
    async fn is_lost(
        &self,
        id: &str,
        made: Option<&str>,
        current_made: Option<SystemTime>,
    ) -> Result<bool, Cause> {
        if made
            .and_then(clock::parse)
            .zip(current_made)
            .is_none_or(|(made, current)| made < current)
        {
            return Ok(false);
        }
        let used = [("Action", "GetAccessKeyLastUsed"), ("AccessKeyId", id)];
        let answer = self.iam("list", &used).await?;
        Ok(answer.text("LastUsedDate").is_none())
    }
}

impl Provider for Iam<'_> {
    /// Refuses to make keys of a user whose key the secret does not have: a person who may write the secret could name any user.
    /// Where the function itself names the user, or those among whom a secret may choose, that is enough.
    async fn prove(&self) -> Result<Health, Cause> {
        let given = self
            .client
            .settings
            .given(&self.client.description.provider, USER);
        match self.identity(&self.client.current, "current").await {
            Ok(arn) => self.check_arn(&arn)?,
            Err(refused) if is_key_refused(&refused) => {
                if given == Given::Nothing {
                    self.prove_by_an_older_key().await?;
                }
                return Ok(Health::Dead);
            }
            Err(cause) => return Err(cause),
        }
        if given == Given::Nothing {
            self.check_account(&self.client.current).await?;
        }
        Ok(Health::Healthy)
    }

    /// As its owner would, until IAM's copies have it.
    async fn check_settled(&self, key: &Key) -> Result<(), Cause> {
        let settle = Duration::from_secs(self.client.description.settle_seconds);
        settled(settle, self.client.context.budget(), async || {
            let arn = self.identity(key, "pending").await?;
            self.check_arn(&arn)
        })
        .await
    }

    async fn list(&self) -> Result<Option<Vec<Listed>>, Cause> {
        let mut keys = Vec::new();
        let mut current_made = None;
        for member in self.keys().await? {
            let Some(id) = member.text("AccessKeyId") else {
                continue;
            };
            let mut unused = false;
            if self.client.current.id.as_deref() != Some(id.as_str()) {
                if current_made.is_none() {
                    current_made = self.client.context.current_made().await?;
                }
                unused = self
                    .is_lost(&id, member.text("CreateDate").as_deref(), current_made)
                    .await?;
            }
            keys.push(Listed {
                id,
                name: None,
                unused,
            });
        }
        Ok(Some(keys))
    }

    async fn create(&self, _: &str) -> Result<Key, Cause> {
        let answer = self
            .iam(
                "create",
                &[("Action", "CreateAccessKey"), ("UserName", self.user)],
            )
            .await?;
        let (id, value) = (answer.text("AccessKeyId"), answer.text("SecretAccessKey"));
        let (Some(id), Some(value)) = (id, value) else {
            return Err(ProviderFault::unusable("create at aws-iam", "has no access key").into());
        };
        Ok(Key {
            value: Some(Password::from(value)),
            id: Some(id),
            ..Key::default()
        })
    }

    /// Inactive first: if the deletion then fails, the key is dead all the same.
    async fn revoke(&self, key: &Key) -> Result<(), Cause> {
        let id = key.id.as_deref().unwrap_or_default();
        let about = [("UserName", self.user), ("AccessKeyId", id)];
        let inactive = [
            &[("Action", "UpdateAccessKey"), ("Status", "Inactive")][..],
            &about,
        ]
        .concat();
        let delete = [&[("Action", "DeleteAccessKey")][..], &about].concat();
        for parameters in [inactive, delete] {
            match self.iam("revoke", &parameters).await {
                Err(cause) if is_not_there(&cause) => return Ok(()),
                outcome => outcome.map(drop)?,
            }
        }
        Ok(())
    }

    async fn is_dead(&self, key: &Key) -> Result<bool, Cause> {
        certain(self.identity(key, "revoked").await)
    }

    fn lists_names(&self) -> bool {
        false
    }

    async fn can_be_used(&self, _: &Key) -> Result<(), Cause> {
        Ok(())
    }

    fn makes_the_same_again(&self) -> bool {
        false
    }
}
