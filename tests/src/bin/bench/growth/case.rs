//! What grows, one thing at a time.

use std::fmt;

use aws_sdk_secretsmanager::Client;
use keywheel_tests::world::{ALTERNATING, client};
use serde_json::{Map, Value};

use crate::Anything;
use crate::figures::milliseconds;
use crate::scene::Scene;

/// How many of something there are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Case {
    /// Versions of the secret, all but three without a label.
    Versions(usize),
    /// KiB of JSON beside the credentials.
    Json(usize),
    /// Roles that the user is a member of.
    Roles(usize),
    /// Tables that the user may read.
    Grants(usize),
    /// Schemas that the user may use.
    Schemas(usize),
}

impl Case {
    /// Those that may matter to the function.
    pub(super) fn of(function: &str) -> Vec<Self> {
        let mut cases: Vec<_> = [1, 100, 2_000].map(Self::Versions).to_vec();
        cases.extend([0, 60].map(Self::Json));
        if function == ALTERNATING {
            for made in [Self::Roles, Self::Grants, Self::Schemas] {
                cases.extend([1, 10, 100, 1_000].map(made));
            }
        }
        cases
    }

    /// Makes it so, before the first rotation.
    pub(super) async fn prepare(self, scene: &Scene) -> Anything<()> {
        let secrets = client(&scene.aws().url());
        match self {
            Self::Versions(versions) => {
                let value = value(&secrets, scene).await?;
                for _ in 1..versions {
                    put(&secrets, scene, &value).await?;
                }
            }
            Self::Json(kib) => {
                let mut value = value(&secrets, scene).await?;
                let more = (0..kib).map(|number| (format!("setting {number}"), "x".repeat(1_000).into()));
                value.extend(more);
                put(&secrets, scene, &value).await?;
            }
            Self::Roles(roles) => {
                let user = scene
                    .database()
                    .map(|database| database.user().to_owned())
                    .unwrap_or_default();
                let role = |number| format!("{user}_role_{number}");
                sql(scene, roles, |number| {
                    format!("CREATE ROLE {0}; GRANT {0} TO \"{user}\"", role(number))
                })
                .await;
                for number in 0..roles {
                    scene.give_to_admin(&role(number)).await;
                }
            }
            Self::Grants(tables) => {
                sql(scene, tables, |number| {
                    format!("CREATE TABLE table_{number} (); GRANT SELECT ON table_{number} TO :user")
                })
                .await;
            }
            Self::Schemas(schemas) => {
                sql(scene, schemas, |number| {
                    format!("CREATE SCHEMA schema_{number}; GRANT USAGE ON SCHEMA schema_{number} TO :user")
                })
                .await;
            }
        }
        Ok(())
    }

    /// How long setSecret takes when the password is that of the newest version without a label; none where nobody looks there.
    pub(super) async fn lose(self, scene: &Scene) -> Anything<Option<f64>> {
        if !matches!(self, Self::Versions(_)) || scene.function() == ALTERNATING {
            return Ok(None);
        }
        let secrets = client(&scene.aws().url());
        let mut value = value(&secrets, scene).await?;
        for wrong in ["wrong-once", "wrong-twice"] {
            value.insert("password".to_owned(), wrong.into());
            put(&secrets, scene, &value).await?;
        }
        let rotation = scene.rotate().await?;
        Ok(rotation.get(1).map(|set| milliseconds(set.duration)))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Versions(versions) => write!(f, "versions: {versions}"),
            Self::Json(kib) => write!(f, "json: {kib} KiB"),
            Self::Roles(roles) => write!(f, "roles: {roles}"),
            Self::Grants(tables) => write!(f, "grants: {tables}"),
            Self::Schemas(schemas) => write!(f, "schemas: {schemas}"),
        }
    }
}

/// So many statements at once; `:user` is the user.
async fn sql(scene: &Scene, count: usize, statement: impl Fn(usize) -> String) {
    if let Some(database) = scene.database() {
        let all: Vec<_> = (0..count).map(statement).collect();
        let all = all.join(";\n").replace(":user", &database.role());
        database.cluster().sql_in(database.name(), &all).await;
    }
}

async fn value(secrets: &Client, scene: &Scene) -> Anything<Map<String, Value>> {
    let current = secrets
        .get_secret_value()
        .secret_id(scene.secret())
        .send()
        .await?;
    Ok(serde_json::from_str(current.secret_string().unwrap_or_default())?)
}

async fn put(secrets: &Client, scene: &Scene, value: &Map<String, Value>) -> Anything<()> {
    let text = serde_json::to_string(value)?;
    secrets
        .put_secret_value()
        .secret_id(scene.secret())
        .secret_string(text)
        .send()
        .await?;
    Ok(())
}
