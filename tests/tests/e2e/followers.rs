//! Several secrets of one user: the function of `infra/examples/copy-to-followers.yaml` copies what a rotation has made.

use std::path::Path;
use std::process::{Command, Output};

use aws_sdk_secretsmanager::types::Tag;
use keywheel_tests::postgres::Server;
use keywheel_tests::tools::Tools;
use keywheel_tests::world::{Setup, World};
use serde_json::Value;
use staging_labels::Label;

/// A rotated secret, and its followers.
struct Followed {
    world: World,
    followers: Vec<String>,
}

impl Followed {
    async fn new(names: &[&str]) -> Self {
        let world = Setup::on(Server::Main).start().await;
        let mut followers = Vec::new();
        for name in names {
            let follower = world.other_secret(name, "before").await;
            let tag = Tag::builder().key("keywheel:leader").value(&world.secret).build();
            let call = world.client.tag_resource().secret_id(&follower).tags(tag);
            call.send().await.expect("it is tagged");
            followers.push(follower);
        }
        Self { world, followers }
    }

    fn command(&self, rest: &[&str]) -> Command {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tools = Tools::load().expect("the tools are installed");
        let mut python = Command::new(tools.python().expect("there is a Python"));
        python
            .arg(here.join("data/copy_to_followers.py"))
            .arg(here.join("../infra/examples/copy-to-followers.yaml"))
            .args([
                &self.world.aws.url(),
                &self.world.secret,
                &self.followers.join(","),
            ])
            .args(rest);
        python
    }

    /// Runs the function; the test goes on to serve Secrets Manager meanwhile.
    async fn run(&self, rest: &[&str]) -> Output {
        let mut command = self.command(rest);
        let output = tokio::task::spawn_blocking(move || command.output());
        output.await.expect("it runs").expect("Python can be run")
    }

    async fn copied(&self) {
        let output = self.run(&[]).await;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        self.check_silence(&output).await;
    }

    async fn value(&self, secret: &str) -> String {
        let answer = self
            .world
            .client
            .get_secret_value()
            .secret_id(secret)
            .send()
            .await;
        answer.expect("it has a value").secret_string.expect("as text")
    }

    async fn check_same(&self) {
        let leader = self
            .world
            .text(&Label::Current)
            .await
            .expect("the leader has a value");
        for follower in &self.followers {
            assert!(
                self.value(follower).await == leader,
                "{follower} has the leader's value"
            );
        }
    }

    /// No password is in what the function prints.
    async fn check_silence(&self, output: &Output) {
        let printed = [&output.stdout[..], &output.stderr[..]].concat();
        let printed = String::from_utf8_lossy(&printed);
        for label in [Label::Current, Label::Previous] {
            let Some(text) = self.world.text(&label).await else {
                continue;
            };
            let document: Value = serde_json::from_str(&text).expect("it is JSON");
            let password = document["password"].as_str().expect("a password");
            assert!(!printed.contains(password), "a password is printed");
        }
    }
}

#[tokio::test]
async fn followers_get_the_value_of_each_rotation_whenever_the_function_dies() {
    let followed = Followed::new(&["reports"]).await;
    // One more than it makes calls: in the last round it does not die.
    for call in 1..=7 {
        followed.world.rotate().await.expect("it rotates");
        let output = followed.run(&[&call.to_string()]).await;
        assert_eq!(
            output.status.success(),
            call > 6,
            "call {call}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        followed.check_silence(&output).await;
        // Lambda runs it again; and EventBridge may deliver an event twice.
        followed.copied().await;
        followed.check_same().await;
    }
    let versions = async || {
        let list = followed.world.client.list_secret_version_ids();
        let answer = list.secret_id(&followed.followers[0]).send().await;
        answer.expect("it is there").versions().len()
    };
    let before = versions().await;
    followed.copied().await;
    assert_eq!(versions().await, before, "what is there is not written again");
}

/// While one invocation is at work, the leader changes once more and another invocation copies that.
#[tokio::test]
async fn of_two_invocations_at_once_the_newest_value_wins() {
    let followed = Followed::new(&["reports"]).await;
    let mut document = followed.world.database.document();
    // Before each of its calls.
    for call in 1..=5 {
        document["note"] = call.into();
        followed.world.rotate().await.expect("it rotates");
        document["password"] = followed.world.password(&Label::Current).await.into();
        let output = followed.run(&[&call.to_string(), &document.to_string()]).await;
        assert!(
            output.status.success(),
            "call {call}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        followed.check_same().await;
        followed.check_silence(&output).await;
    }
}

#[tokio::test]
async fn a_secret_that_is_no_follower_of_this_leader_gets_nothing() {
    let followed = Followed::new(&["reports", "jobs"]).await;
    followed.world.rotate().await.expect("it rotates");
    let call = followed
        .world
        .client
        .tag_resource()
        .secret_id(&followed.followers[0]);
    let other = Tag::builder()
        .key("keywheel:leader")
        .value("arn:of:another")
        .build();
    call.tags(other).send().await.expect("it is tagged");
    let output = followed.run(&[]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("does not name the leader"),
        "{said}"
    );
    followed.check_silence(&output).await;
    assert_eq!(followed.value(&followed.followers[0]).await, "before");
    let leader = followed
        .world
        .text(&Label::Current)
        .await
        .expect("it has a value");
    assert!(
        followed.value(&followed.followers[1]).await == leader,
        "the others get it"
    );
}
