//! The top level of a definition.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::call::{self, AdminCheck, Auth, Check, Issue, List, Promote, Revoke, Set, Stage};
use super::parameter::Parameter;

/// How a provider's keys change hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Class {
    /// A new key is created beside the old one, which is revoked later (class A).
    Overlap,
    /// One call replaces the key, and the old one dies at once (class B).
    InPlace,
    /// A second value is staged, and promoted later (class C).
    Staged,
    /// The rotation chooses the value and uploads it (class D).
    Chosen,
    /// The provider has no way to issue a key (class E): a rotation is refused, with the reason.
    None,
}

/// A provider that is programmed, because its protocol cannot be described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Native {
    /// The access keys of an IAM user.
    AwsIam,
}

/// A provider of keys, described.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Description {
    /// What secrets call it: small letters, digits and dashes.
    pub(crate) provider: String,
    /// What people call it.
    pub(crate) title: String,
    /// The page of the provider's documentation that the description was made from.
    #[expect(dead_code, reason = "for people; a key that is not known would be refused")]
    documentation: Option<String>,
    /// The day on which every call was last compared with that page: `YYYY-MM-DD`.
    pub(super) checked: Option<String>,
    /// How its keys change hands.
    pub(crate) class: Class,
    /// Class `none`: why a rotation is refused, in one sentence.
    pub(crate) reason: Option<String>,
    /// A provider that is programmed: no calls are described.
    pub(crate) native: Option<Native>,
    /// Scheme, host, and a path that all requests begin with. Parameters in it must be from a closed list, or the
    /// function's own.
    pub(crate) base: Option<String>,
    /// The name by which `ADMIN_SECRETS` says which secret holds the admin's credential.
    pub(crate) admin: Option<String>,
    /// The name of a new key, which must have `{{ mark }}` in it.
    #[serde(default = "default_name")]
    pub(crate) name: String,
    /// The most live keys that the provider allows.
    pub(crate) limit: Option<usize>,
    /// How long a new key is valid, for `{{ expires… }}`.
    pub(crate) lifetime_days: Option<u32>,
    /// How long a new key may take until the provider honours it.
    #[serde(default = "ten")]
    pub(crate) settle_seconds: u64,
    /// How long one call may take.
    #[serde(default = "ten")]
    pub(crate) timeout_seconds: u64,
    /// What a secret, or the function, must say in addition.
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, Parameter>,
    /// Where a JSON document has the key.
    #[serde(default)]
    pub(crate) secret: Members,
    /// How all calls but `check` are authenticated.
    #[serde(default)]
    pub(crate) auth: Auth,
    /// Class `overlap`: creates a key.
    pub(crate) create: Option<Issue>,
    /// Class `overlap`: lists the keys.
    pub(crate) list: Option<List>,
    /// Class `overlap`: the call that revokes a key, or several in order.
    #[serde(default, deserialize_with = "call::one_or_many")]
    #[cfg_attr(test, schemars(schema_with = "call::one_or_many_schema"))]
    pub(crate) revoke: Vec<Revoke>,
    /// Class `overlap`: when a displaced key is revoked.
    #[serde(default)]
    pub(crate) retire: Retire,
    /// Uses a key as an application would.
    pub(crate) check: Option<Check>,
    /// Shows that the admin's credential works: before a key is put at risk that only it can replace, and in a test rotation.
    pub(crate) admin_check: Option<AdminCheck>,
    /// Class `in-place`: replaces the key.
    pub(crate) roll: Option<Issue>,
    /// Class `in-place`: the same by an admin, for when the only key is lost.
    pub(crate) recover: Option<Issue>,
    /// Class `staged`: makes a second value.
    pub(crate) stage: Option<Stage>,
    /// Class `staged`: removes a second value that nobody knows.
    pub(crate) unstage: Option<Revoke>,
    /// Class `staged`: makes the second value the first.
    pub(crate) promote: Option<Promote>,
    /// Class `chosen`: uploads the value.
    pub(crate) set: Option<Set>,
    #[serde(skip)]
    pub(super) derived: Derived,
}

/// What a description comes to, seen as a whole.
#[derive(Debug, Clone, Default)]
pub(super) struct Derived {
    pub(super) check_uses_admin: bool,
    pub(super) rolls_by_admin: bool,
    pub(super) adoption: Adoption,
    pub(super) of_the_admin: BTreeSet<String>,
    pub(super) hosts: BTreeSet<String>,
    pub(super) admin_names: BTreeSet<String>,
}

/// Whether a displaced key that Keywheel did not make may be revoked: a document may name anybody's id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Adoption {
    /// It may.
    #[default]
    Yes,
    /// If the key passes the check, which shows that the id is its own.
    IfItWorks,
    /// Nothing shows whose id it is.
    No,
}

/// Where a JSON document has the key, by top-level members.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Members {
    /// The member that is the key.
    pub(crate) key: Option<String>,
    /// The member that is the key's id; it is added to a document that has none.
    pub(crate) id: Option<String>,
}

/// When a displaced key is revoked, and what shows it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Retire {
    /// At the next rotation, or as soon as the new key is current.
    #[serde(default)]
    pub(crate) when: RetireWhen,
    /// How long a displaced key must live: a rotation that would have to revoke it earlier is refused.
    #[serde(default)]
    pub(crate) least_overlap_hours: u64,
    /// Whether a displaced key that was not made by Keywheel may be revoked. By default if the check shows that the id in the
    /// document is that key's.
    pub(crate) adopted: Option<bool>,
    /// How long a revoked key may still be listed and accepted, before its revocation counts as not shown.
    #[serde(default = "ten")]
    pub(crate) shown_within_seconds: u64,
    /// Why this provider cannot show that a key is revoked, in one sentence: then it is not asked.
    pub(crate) not_shown: Option<String>,
}

impl Retire {
    /// Whether a displaced key should be dead when createSecret begins. The previous one is only revoked by then if that was
    /// done at finish; any other was revoked by an earlier rotation, or lost by a crash.
    pub(crate) fn is_overdue(&self, is_previous: bool) -> bool {
        !is_previous || self.when == RetireWhen::Finish
    }
}

impl Default for Retire {
    fn default() -> Self {
        Self {
            when: RetireWhen::default(),
            least_overlap_hours: 0,
            adopted: None,
            shown_within_seconds: ten(),
            not_shown: None,
        }
    }
}

/// See [`Retire`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RetireWhen {
    /// Applications have a whole interval to read the new key.
    #[default]
    NextRotation,
    /// As soon as AWSCURRENT has moved.
    Finish,
}

impl Description {
    /// Whether the check needs the admin's credential.
    pub(crate) fn check_uses_admin(&self) -> bool {
        self.derived.check_uses_admin
    }

    /// Whether a parameter reaches a call that the admin's credential makes.
    pub(crate) fn is_of_the_admin(&self, parameter: &str) -> bool {
        self.native.is_some() || self.derived.of_the_admin.contains(parameter)
    }

    /// Whether a parameter decides where a credential is sent.
    pub(crate) fn decides_a_host(&self, parameter: &str) -> bool {
        self.derived.hosts.contains(parameter)
    }

    /// Whether the admin's credential replaces the key, and not the key itself.
    pub(crate) fn rolls_by_admin(&self) -> bool {
        self.derived.rolls_by_admin
    }

    /// A name by which templates use the admin secret: with `.` one of a member, with nothing that of the whole.
    pub(crate) fn uses_of_the_admin(&self, behind: &str) -> Option<&str> {
        let names = self.derived.admin_names.iter().map(String::as_str);
        let is_meant = |name: &&str| {
            let rest = name.strip_prefix("admin");
            rest.is_some_and(|rest| rest.get(..1).unwrap_or_default() == behind)
        };
        names.into_iter().find(is_meant)
    }

    /// Members of the secret that are written with a new key, in addition to the key and its id.
    pub(crate) fn written(&self) -> BTreeSet<&str> {
        let issues = [&self.create, &self.roll, &self.recover];
        let issues = issues.into_iter().flatten().map(|issue| &issue.write);
        let all = issues.chain(self.stage.as_ref().map(|stage| &stage.write));
        all.flat_map(|write| write.keys().map(String::as_str)).collect()
    }

    /// Whether a displaced key that Keywheel did not make may be revoked.
    pub(crate) fn adoption(&self) -> Adoption {
        match self.retire.adopted {
            Some(true) => Adoption::Yes,
            Some(false) => Adoption::No,
            None => self.derived.adoption,
        }
    }
}

fn default_name() -> String {
    "{{ secret.slug }}-{{ mark }}".to_owned()
}

const fn ten() -> u64 {
    10
}
