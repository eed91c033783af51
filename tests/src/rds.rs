//! An account with databases in RDS and Aurora: moto says what there is, real servers stand behind its names.
//!
//! | name | leads to |
//! |---|---|
//! | every name of RDS's in us-east-1 | 127.0.0.1, where a server is that takes writes |
//! | those of [`Cloud::followers`] | 127.0.0.2, where on the same port its streaming standby is |
//!
//! The servers' certificates are for the names that moto gives, so that every login is verified.

#![expect(
    clippy::missing_panics_doc,
    reason = "an account panics wherever the test it stands for could not go on"
)]

use std::sync::OnceLock;

use serde_json::{Value, json};
use staging_labels::Label;

use crate::moto::Moto;
use crate::net::{self, Forward};
use crate::postgres::{Cluster, Options, Server, TestDatabase};
use crate::world::{Setup, World};

/// What moto's names end with.
const REGION: &str = "us-east-1.rds.amazonaws.com";
/// The marks of the account in moto's names, and of each kind of endpoint.
const MARKS: [&str; 4] = [
    "aaaaaaaaaa",
    "cluster-aaaaaaaaaaaa",
    "cluster-ro-aaaaaaaaaaaa",
    "cluster-custom-aaaaaaaaaaaa",
];

/// Names for certificates: every endpoint that moto can name.
pub fn endpoint_names() -> Vec<String> {
    MARKS.iter().map(|mark| format!("*.{mark}.{REGION}")).collect()
}

/// The server that takes writes, shared by all tests.
pub fn primary() -> &'static Cluster {
    static PRIMARY: OnceLock<Cluster> = OnceLock::new();
    PRIMARY.get_or_init(|| {
        let names = endpoint_names();
        let options = names.iter().fold(Options::new(Server::Main), |options, name| {
            options.with_name(name)
        });
        Cluster::start(&options).expect("a server starts")
    })
}

/// The server that follows it, on the same port of 127.0.0.2.
pub fn follower() -> &'static Cluster {
    static FOLLOWER: OnceLock<(Cluster, Forward)> = OnceLock::new();
    let (follower, _) = FOLLOWER.get_or_init(|| {
        let follower = primary().standby().expect("a standby starts");
        let forward = Forward::start(primary().port(), follower.port());
        (follower, forward.expect("the same port is free on 127.0.0.2"))
    });
    follower
}

/// One test's account.
pub struct Cloud {
    /// RDS.
    pub moto: Moto,
    followers: Vec<String>,
}

impl Cloud {
    /// An account without databases.
    pub fn new() -> Self {
        Self {
            moto: Moto::start().expect("moto starts"),
            followers: Vec::new(),
        }
    }

    /// An endpoint's name, as moto gives it: `host("orders", "cluster-ro-")`, or with nothing for an instance.
    pub fn host(id: &str, kind: &str) -> String {
        let mark = if kind.is_empty() {
            MARKS[0].to_owned()
        } else {
            format!("{kind}{}", "a".repeat(12))
        };
        format!("{id}.{mark}.{REGION}")
    }

    /// Lets these names lead to the follower.
    #[must_use]
    pub fn followers(mut self, hosts: &[String]) -> Self {
        follower();
        self.followers.extend_from_slice(hosts);
        self
    }

    /// An Aurora cluster on `port`, with these instances; RDS keeps its master user's password.
    pub fn cluster(&self, id: &str, port: u16, instances: &[&str]) {
        let port = port.to_string();
        let cluster = [
            ("DBClusterIdentifier", id),
            ("Engine", "aurora-postgresql"),
            ("Port", &port),
            ("MasterUsername", "master"),
            ("ManageMasterUserPassword", "true"),
        ];
        self.moto.rds("CreateDBCluster", &cluster);
        for instance in instances {
            let member = [
                ("DBInstanceIdentifier", *instance),
                ("DBInstanceClass", "db.r6g.large"),
                ("Engine", "aurora-postgresql"),
                ("DBClusterIdentifier", id),
            ];
            self.moto.rds("CreateDBInstance", &member);
        }
    }

    /// An instance of its own on `port`; RDS keeps its master user's password.
    pub fn instance(&self, id: &str, port: u16) {
        let port = port.to_string();
        let instance = [
            ("DBInstanceIdentifier", id),
            ("DBInstanceClass", "db.t4g.micro"),
            ("AllocatedStorage", "20"),
            ("Engine", "postgres"),
            ("Port", &port),
            ("MasterUsername", "master"),
            ("ManageMasterUserPassword", "true"),
        ];
        self.moto.rds("CreateDBInstance", &instance);
    }

    /// A read replica.
    pub fn replica(&self, id: &str, source: &str) {
        let replica = [
            ("DBInstanceIdentifier", id),
            ("SourceDBInstanceIdentifier", source),
        ];
        self.moto.rds("CreateDBInstanceReadReplica", &replica);
    }

    /// The ARN of the secret that RDS keeps a cluster's or an instance's master user's password in.
    pub fn master_secret(&self, kind: &str, id: &str) -> String {
        let (action, parameter) = match kind {
            "cluster" => ("DescribeDBClusters", "DBClusterIdentifier"),
            _ => ("DescribeDBInstances", "DBInstanceIdentifier"),
        };
        let answer = self.moto.rds(action, &[(parameter, id)]);
        let (_, rest) = answer.split_once("<SecretArn>").expect("RDS keeps the password");
        rest.split_once("</SecretArn>")
            .expect("it is an element")
            .0
            .to_owned()
    }

    /// A set-up of the function in this account, whose secrets' ARNs end like that of `master`.
    pub fn setup(&self, master: Option<&str>) -> Setup {
        let followers = format!(",{},", self.followers.join(","));
        let setup = Setup::on(Server::Main)
            .env("LD_PRELOAD", &net::resolver())
            .env("KEYWHEEL_FOLLOWERS", &followers)
            .env("AWS_ENDPOINT_URL_RDS", &self.moto.url());
        match master {
            Some(arn) => setup.arn_suffix(&arn[arn.len() - 6..]),
            None => setup,
        }
    }

    /// A role on the shared server, its secret with these fields changed (`null` takes one away), and the function.
    pub async fn world(&self, setup: Setup, changes: Value) -> World {
        let database = TestDatabase::new(primary()).await;
        let document = changed(database.document(), changes);
        self.moto.forget_calls();
        setup.start_with_document(database, &document.to_string()).await
    }

    /// Puts the secret that RDS made for a cluster or an instance (`db`) into the world's Secrets Manager: the same ARN, the
    /// tag of RDS, and the superuser's credential in it, without a host.
    pub async fn put_master_secret(&self, world: &World, kind: &str, id: &str) {
        let (user, password) = primary().superuser();
        let document = json!({"username": user, "password": password}).to_string();
        let arn = self.master_secret(kind, id);
        let name = arn.rsplit(':').next().expect("an ARN has a name");
        let call = world.client.create_secret().name(&name[..name.len() - 7]);
        let created = call.secret_string(document).send().await.expect("it is created");
        assert_eq!(created.arn.as_deref(), Some(arn.as_str()));
        let key = match kind {
            "cluster" => "aws:rds:primaryDBClusterArn",
            _ => "aws:rds:primaryDBInstanceArn",
        };
        let resource = format!("arn:aws:rds:us-east-1:{}:{kind}:{id}", crate::moto::ACCOUNT);
        let tagged = world.aws.set_system_tag(&arn, key, &resource);
        tagged.expect("it is tagged");
        self.moto.forget_calls();
    }

    /// The questions that the function asked RDS.
    pub fn questions(&self) -> Vec<String> {
        self.moto.calls()
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self::new()
    }
}

/// `document` with the fields of `changes`; `null` takes one away.
pub fn changed(mut document: Value, changes: Value) -> Value {
    let fields = document.as_object_mut().expect("a document is an object");
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    for (name, value) in changes {
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
    document
}

/// Whether the world's secret logs in and is another than before.
pub async fn rotates(world: &World) {
    let before = world.password(&Label::Current).await;
    let rotated = world.rotate().await;
    rotated.unwrap_or_else(|error| panic!("{error}\n{}", world.log()));
    assert_ne!(world.password(&Label::Current).await, before);
    assert!(world.current_logs_in().await);
}
