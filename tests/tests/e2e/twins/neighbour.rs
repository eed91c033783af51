//! Many secrets on one server, rotated at once.

use keywheel_tests::pair::Pair;
use keywheel_tests::world::World;
use secrets_manager_local::RotationOutcome;
use serde_json::Value;
use uuid::Uuid;

/// Secrets rotated at once on one server.
const SECRETS: usize = 30;

/// A role of its own in the world's database, its secret and its rotation.
pub(crate) struct Neighbour {
    role: String,
    /// User and password before the rotation.
    before: (String, String),
    secret: String,
    token: String,
}

impl Neighbour {
    pub(crate) async fn new(world: &World, number: usize) -> Self {
        Self::with(world, number, |_| {}).await
    }

    /// One that alternates, through the admin of `pair`.
    pub(crate) async fn of_pair(pair: &Pair, number: usize) -> Self {
        let admin = Value::from(pair.admin_secret.as_str());
        let neighbour = Self::with(pair, number, |document| document["masterarn"] = admin).await;
        let grant = format!(
            "GRANT {} TO {} WITH ADMIN OPTION",
            neighbour.role, pair.admin.name
        );
        pair.database.sql(&grant).await;
        neighbour
    }

    async fn with(world: &World, number: usize, amend: impl FnOnce(&mut Value)) -> Self {
        let role = format!("{}_{number}", world.database.name());
        let password = Uuid::new_v4().to_string();
        let create = format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'");
        world.database.sql(&create).await;
        let mut document = world.database.document();
        document["username"] = role.as_str().into();
        document["password"] = password.as_str().into();
        amend(&mut document);
        let secret = world.other_secret(&role, &document.to_string()).await;
        let token = Uuid::new_v4().to_string();
        Self {
            before: (role.clone(), password),
            role,
            secret,
            token,
        }
    }

    /// Makes ready for its next rotation.
    async fn renew(&mut self, world: &World) {
        self.before = self.credential(world).await;
        self.token = Uuid::new_v4().to_string();
    }

    /// User and password of AWSCURRENT.
    async fn credential(&self, world: &World) -> (String, String) {
        let call = world.client.get_secret_value().secret_id(&self.secret);
        let value = call.send().await.expect("it has a value");
        let text = value.secret_string().unwrap_or_default();
        let document: Value = serde_json::from_str(text).expect("the document is JSON");
        let field = |key: &str| {
            document[key]
                .as_str()
                .expect("it has user and password")
                .to_owned()
        };
        (field("username"), field("password"))
    }

    async fn start_rotation(&self, world: &World) {
        let arn = secrets_manager_local::function_arn(world.function);
        let call = world.client.rotate_secret().secret_id(&self.secret);
        let call = call.client_request_token(&self.token).rotation_lambda_arn(arn);
        call.send().await.expect("RotateSecret is accepted");
    }

    async fn has_rotated(&self, world: &World) {
        let run = world.aws.wait_for_rotation(&self.secret, &self.token).await;
        let run = run.expect("it was begun");
        assert_eq!(
            run.outcome,
            Some(RotationOutcome::Succeeded),
            "{:?}",
            run.last_error()
        );
        let (user, password) = self.credential(world).await;
        assert_ne!((&user, &password), (&self.before.0, &self.before.1));
        let (cluster, name) = (world.database.cluster(), world.database.name());
        assert!(cluster.accepts(&user, &password, name).await);
        let still = cluster.accepts(&self.before.0, &self.before.1, name).await;
        assert_eq!(
            still,
            world.takes_turns(),
            "whether the password before is still taken"
        );
    }

    pub(crate) async fn leave(self, world: &World) {
        let drop = format!("DROP ROLE {}; DROP ROLE IF EXISTS {0}_clone", self.role);
        world.database.sql(&drop).await;
    }
}

/// Rotates them all at once; answers when all have succeeded.
pub(crate) async fn rotate_at_once(world: &World, neighbours: &mut [Neighbour]) {
    for neighbour in neighbours.iter_mut() {
        neighbour.renew(world).await;
    }
    for neighbour in neighbours.iter() {
        neighbour.start_rotation(world).await;
    }
    for neighbour in neighbours.iter() {
        neighbour.has_rotated(world).await;
    }
}

#[tokio::test]
async fn thirty_secrets_on_one_server_rotate_at_once() {
    let world = World::new().await;
    let mut neighbours = Vec::new();
    for number in 0..SECRETS {
        neighbours.push(Neighbour::new(&world, number).await);
    }
    rotate_at_once(&world, &mut neighbours).await;
    for neighbour in neighbours {
        neighbour.leave(&world).await;
    }
}
