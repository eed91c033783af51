//! What the sample events need: servers, a Secrets Manager, and the secret that they name.

use std::fs;
use std::path::Path;

use keywheel_tests::keys;
use keywheel_tests::pair::{Admin, Power, admin_document};
use keywheel_tests::peers::Unleash;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{ALTERNATING, FUNCTION, client};
use secrets_manager_local::LocalSecretsManager;
use serde_json::Value;
use staging_labels::Labels;

use crate::Anything;

/// The six characters at the end of the ARN in the events.
const ARN_SUFFIX: &str = "AbCdEf";
/// The functions that have sample events.
const FUNCTIONS: [&str; 3] = [FUNCTION, ALTERNATING, keys::FUNCTION];

/// A Secrets Manager with the secret of one function, and the servers behind it.
pub(crate) struct Scene {
    /// The function that the events are for.
    pub(crate) function: &'static str,
    /// Secrets Manager's URL.
    pub(crate) url: String,
    /// The function's settings.
    pub(crate) settings: Vec<(&'static str, String)>,
    aws: LocalSecretsManager,
    secret: String,
    behind: Behind,
}

/// What stays while the function runs, in the order in which it goes: a server before its database.
struct Behind {
    unleash: Option<Unleash>,
    admin: Option<Admin>,
    database: TestDatabase<'static>,
}

impl Scene {
    /// For the function in whose folder `event` lies, or for the first if it is one that any function refuses. Its
    /// token is staged.
    pub(crate) async fn of(event: &Path) -> Anything<Self> {
        let folder = event.parent().and_then(Path::file_name).unwrap_or_default();
        let known = FUNCTIONS.into_iter().find(|name| folder == *name);
        let function = known.unwrap_or(FUNCTION);
        let aws = LocalSecretsManager::builder().arn_suffix(ARN_SUFFIX);
        let aws = aws.start().await?;
        let database = TestDatabase::new(cluster(Server::Main)).await;
        let mut scene = Self {
            function,
            url: aws.url(),
            settings: Vec::new(),
            aws,
            secret: function.replace("postgres-", "").replace("rotate-", "keywheel/"),
            behind: Behind {
                unleash: None,
                admin: None,
                database,
            },
        };
        let document = match function {
            keys::FUNCTION => scene.token_of_unleash().await?,
            _ => scene.user().await?,
        };
        scene.create(&scene.secret, &document).await?;
        let event: Value = serde_json::from_slice(&fs::read(event)?)?;
        if let Some(token) = event["ClientRequestToken"].as_str() {
            // A token that is none is what a malformed event is there to show.
            let _ = scene.aws.stage_pending(&scene.secret, token);
        }
        Ok(scene)
    }

    /// A user's document; with a superuser secret in it, for alternating users.
    async fn user(&mut self) -> Anything<String> {
        let database = &self.behind.database;
        let authority = database.cluster().authority_path();
        self.settings
            .push(("PGSSLROOTCERT", authority.display().to_string()));
        let mut document = database.document();
        if self.function == ALTERNATING {
            let admin = Admin::new(database, Power::CreateRole).await;
            let value = admin_document(database, &admin).to_string();
            let superuser_secret = self.create("keywheel/admin", &value).await?;
            document["masterarn"] = superuser_secret.as_str().into();
            self.settings.push(("SUPERUSER_SECRETS", superuser_secret));
            self.behind.admin = Some(admin);
        }
        Ok(document.to_string())
    }

    /// The bare token of an Unleash, which starts for it.
    async fn token_of_unleash(&mut self) -> Anything<String> {
        let database = &self.behind.database;
        let unleash = Unleash::start(database, database.password(), &Unleash::new_admin_token())?;
        let admin = self.create("keywheel/admin", unleash.admin_token()).await?;
        self.settings = Unleash::settings(&unleash.url(), &admin).into();
        let token = unleash.create_token("made-by-hand");
        self.behind.unleash = Some(unleash);
        Ok(token.secret)
    }

    /// Stores a secret; answers with its ARN.
    async fn create(&self, name: &str, value: &str) -> Anything<String> {
        let create = client(&self.url).create_secret().name(name);
        let created = create.secret_string(value).send().await?;
        Ok(created.arn.unwrap_or_default())
    }

    /// Where everything listens, for a person.
    pub(crate) fn servers(&self) -> String {
        let server = self.behind.database.cluster();
        let unleash = &self.behind.unleash;
        let unleash = unleash
            .as_ref()
            .map(|unleash| format!("Unleash on {}, ", unleash.url()));
        format!(
            "PostgreSQL {} on localhost:{}, {}Secrets Manager on {}",
            server.version(),
            server.port(),
            unleash.unwrap_or_default(),
            self.url
        )
    }

    /// Which version of the secret carries which label.
    pub(crate) async fn labels(&self) -> Anything<Labels> {
        let describe = client(&self.url).describe_secret();
        let described = describe.secret_id(&self.secret).send().await?;
        let versions = described.version_ids_to_stages.unwrap_or_default();
        Ok(versions.into_iter().collect())
    }
}
