//! The calls of a description.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::pagination::Next;
use crate::notation::json::Json;
use crate::notation::pointer::{Pointer, Source};
use crate::notation::status::Statuses;

/// How a call shows who is calling; nothing at all is a call without authentication.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Auth {
    /// `Authorization: Bearer …`.
    pub(crate) bearer: Option<String>,
    /// `Authorization: Basic …`.
    pub(crate) basic: Option<Basic>,
    /// Any headers.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A call that is made before, for `{{ minted }}`.
    pub(crate) mint: Option<Box<Mint>>,
}

/// The two halves of basic authentication.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Basic {
    /// Before the colon, and without one.
    pub(crate) username: String,
    /// After the colon.
    #[serde(default)]
    pub(crate) password: String,
}

/// A GraphQL operation.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GraphQl {
    /// The operation as it is: no template.
    pub(crate) query: String,
    /// Its variables, whose strings are templates.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Value>,
}

/// What all calls have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'d> {
    /// `METHOD /path`.
    pub(crate) request: &'d str,
    /// Another base than the description's.
    pub(crate) base: Option<&'d str>,
    /// The query's parameters.
    pub(crate) query: &'d BTreeMap<String, String>,
    /// Headers.
    pub(crate) headers: &'d BTreeMap<String, String>,
    /// A JSON body.
    pub(crate) json: Option<&'d Value>,
    /// A form as the body.
    pub(crate) form: Option<&'d BTreeMap<String, String>>,
    /// A GraphQL operation as the body.
    pub(crate) graphql: Option<&'d GraphQl>,
    /// In place of the description's.
    pub(crate) auth: Option<&'d Auth>,
    /// Statuses of success, if not 2xx.
    pub(crate) ok: Option<&'d Statuses>,
    /// Where an error stands inside an answer that says success.
    pub(crate) error: Option<&'d Pointer>,
    /// Where the provider's words stand.
    pub(crate) message: Option<&'d Pointer>,
    /// Whether it may be sent again though an answer was lost.
    pub(crate) repeatable: Option<bool>,
}

impl Call<'_> {
    /// The same call, which may be sent again though an answer was lost: to make it twice is to make it once.
    pub(crate) fn repeatable(self) -> Self {
        Self {
            repeatable: Some(true),
            ..self
        }
    }

    /// The method; empty if there is none.
    pub(crate) fn method(&self) -> &str {
        self.request.split_once(' ').map_or("", |(method, _)| method)
    }

    /// The path's template; empty if there is none.
    pub(crate) fn path(&self) -> &str {
        self.request
            .split_once(' ')
            .map_or("", |(_, path)| path.trim_start())
    }

    /// Whether it may be sent again though an answer was lost.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.repeatable
            .unwrap_or_else(|| matches!(self.method(), "GET" | "HEAD" | "PUT" | "DELETE"))
    }
}

/// Defines a section of a description that is a call and has keys of its own. serde's `flatten` would lose both the
/// check for unknown keys and the place of an error.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct $name {
            /// `METHOD /path`; values in the path are percent-encoded, each as one segment.
            #[serde(default)]
            pub(crate) request: String,
            /// Another base than the description's.
            pub(crate) base: Option<String>,
            /// The query's parameters.
            #[serde(default)]
            pub(crate) query: BTreeMap<String, String>,
            /// Headers.
            #[serde(default)]
            pub(crate) headers: BTreeMap<String, String>,
            /// A JSON body, whose strings are templates; a string that is one expression keeps its type.
            pub(crate) json: Option<Value>,
            /// A form as the body.
            pub(crate) form: Option<BTreeMap<String, String>>,
            /// A GraphQL operation as the body.
            pub(crate) graphql: Option<GraphQl>,
            /// In place of the description's `auth`.
            pub(crate) auth: Option<Auth>,
            /// Statuses of success, if not 2xx.
            pub(crate) ok: Option<Statuses>,
            /// Where an error stands inside an answer that says success.
            pub(crate) error: Option<Pointer>,
            /// Where the provider's words stand, for errors.
            pub(crate) message: Option<Pointer>,
            /// Whether it may be sent again though an answer was lost: by default GET, HEAD, PUT, DELETE.
            pub(crate) repeatable: Option<bool>,
            $($(#[$field_doc])* pub(crate) $field: $type,)*
        }

        impl $name {
            /// What it has in common with other calls.
            pub(crate) fn call(&self) -> Call<'_> {
                Call {
                    request: &self.request,
                    base: self.base.as_deref(),
                    query: &self.query,
                    headers: &self.headers,
                    json: self.json.as_ref(),
                    form: self.form.as_ref(),
                    graphql: self.graphql.as_ref(),
                    auth: self.auth.as_ref(),
                    ok: self.ok.as_ref(),
                    error: self.error.as_ref(),
                    message: self.message.as_ref(),
                    repeatable: self.repeatable,
                }
            }
        }
    )*};
}

calls! {
    /// A call that answers with a new key.
    Issue {
        /// Where the key stands in the answer.
        value: Source,
        /// Where its id stands.
        id: Option<Pointer>,
        /// Members of the secret that are written with the key, such as the day it expires, and where they stand.
        #[serde(default)]
        write: BTreeMap<String, Pointer>,
    }
    /// A call that answers with a second key, which is not in force yet.
    Stage {
        /// Where the key stands in the answer.
        value: Source,
        /// Where its id stands.
        id: Option<Pointer>,
        /// Members of the secret that are written with the key, and where they stand.
        #[serde(default)]
        write: BTreeMap<String, Pointer>,
        /// Statuses that mean: there is a second key already.
        exists: Option<Statuses>,
    }
    /// A call that lists keys.
    List {
        /// The array of keys.
        #[serde(default)]
        keys: Pointer,
        /// Inside an element: the key's name.
        name: Option<Pointer>,
        /// Inside an element: the key's id.
        id: Pointer,
        /// Every key that is listed belongs to this secret alone.
        #[serde(default)]
        exclusive: bool,
        /// Inside an element: when the key was made (RFC 3339, or seconds since 1970). With `exclusive`: a key that no version
        /// has is one that a crash lost only if it is younger than the current version.
        created: Option<Pointer>,
        /// How to ask for the next page.
        next: Option<Next>,
    }
    /// A call that revokes a key.
    Revoke {
        /// Statuses that mean: it is gone already. 404 by default.
        gone: Option<Statuses>,
    }
    /// A call that makes the staged key the first.
    Promote {
        /// After AWSCURRENT has moved, or in setSecret.
        #[serde(default)]
        when: PromoteWhen,
        /// Statuses that mean: there is nothing to promote any more. 404 by default.
        gone: Option<Statuses>,
    }
    /// A call that uploads the key.
    Set {
    }
    /// A call that shows that the admin's credential works, and changes nothing.
    AdminCheck {
    }
    /// A call whose answer has a token.
    Mint {
        /// Where the token stands in the answer.
        token: Pointer,
    }
    /// A call that an application would make with the key.
    Check {
        /// The OAuth 2.0 client-credentials grant, instead of a request of its own.
        client_credentials: Option<ClientCredentials>,
        /// Statuses of a key that works. 2xx by default.
        healthy: Option<Statuses>,
        /// Statuses of a key that does not. 401 and 403 by default.
        dead: Option<Statuses>,
        /// Statuses that say nothing of the key. 408, 425, 429 and 5xx by default.
        again: Option<Statuses>,
        /// What a healthy answer must have.
        expect: Option<Expect>,
        /// Where a healthy answer has what a parameter, or the key's `id`, must be: so it shows whose key it is.
        #[serde(default)]
        same: BTreeMap<String, Pointer>,
    }
}

/// The OAuth 2.0 client-credentials grant (RFC 6749, section 4.4).
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ClientCredentials {
    /// `POST /path` of the token endpoint.
    pub(crate) request: String,
    /// The client's id.
    pub(crate) client_id: String,
    /// How the endpoint takes id and secret.
    #[serde(default)]
    pub(crate) sent: Sent,
    /// The scope to ask for.
    pub(crate) scope: Option<String>,
    /// The audience to ask for, where a provider wants one.
    pub(crate) audience: Option<String>,
}

/// What only a key that works is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "must be a JSON pointer, such as \"/user/id\", or { at = \"/status\", is = \"active\" }"
)]
pub(crate) enum Expect {
    /// Something stands there that is neither null nor false.
    Something(Pointer),
    /// This very text, or number, stands there.
    Text(ExpectedText),
}

/// See [`Expect`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedText {
    /// Where.
    pub(crate) at: Pointer,
    /// What.
    pub(crate) is: String,
}

impl Expect {
    /// Whether an answer has it.
    pub(crate) fn is_in(&self, answer: Json<'_>) -> bool {
        match self {
            Self::Something(place) => answer.at(place).is_some_and(|found| !found.is_null_or_false()),
            Self::Text(expected) => {
                let found = answer.at(&expected.at).and_then(Json::text);
                found.as_deref() == Some(expected.is.as_str())
            }
        }
    }
}

/// How a token endpoint takes a client's id and secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sent {
    /// In the header Authorization (`client_secret_basic`).
    #[default]
    Basic,
    /// In the form (`client_secret_post`).
    Form,
}

/// When a staged key is promoted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PromoteWhen {
    /// After AWSCURRENT has moved: for providers that take the staged key as they take the first.
    #[default]
    Finish,
    /// In setSecret: for providers that take a staged key only once it is promoted. AWSCURRENT's key is dead until
    /// finishSecret.
    Set,
}

/// One table, or an array of tables.
pub(super) fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Revoke>, D::Error> {
    struct OneOrMany;
    impl<'de> serde::de::Visitor<'de> for OneOrMany {
        type Value = Vec<Revoke>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a call, or an array of calls")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Revoke::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(|call| vec![call])
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(seq))
        }
    }
    deserializer.deserialize_any(OneOrMany)
}

#[cfg(test)]
pub(super) fn one_or_many_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let one = generator.subschema_for::<Revoke>();
    schemars::json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
}
