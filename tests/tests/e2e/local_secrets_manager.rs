//! The local Secrets Manager against others: moto's answers, and the service model that botocore publishes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keywheel_tests::functions::function_path;
use keywheel_tests::moto::Moto;
use keywheel_tests::tools::Tools;
use secrets_manager_local::{Function, LocalSecretsManager};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn python(script: &str, arguments: &[&str]) -> Output {
    let tools = Tools::load().expect("the tools are installed");
    let python = tools
        .python_with_moto()
        .expect("there is a Python that has moto and boto3");
    let mut command = Command::new(python);
    command.arg(repository().join(script)).args(arguments);
    let output = command.output().expect("Python can be run");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{script}\n{out}\n{err}");
    output
}

#[tokio::test]
async fn it_answers_as_moto_does_but_for_the_differences_that_are_known() {
    let local = LocalSecretsManager::builder().start().await.expect("it starts");
    let moto = Moto::start().expect("moto starts");
    let script = "crates/secrets-manager-local/tests/compare_with_moto.py";
    python(script, &[&local.url(), &moto.url()]);
}

#[test]
fn its_service_model_is_that_of_the_botocore_that_is_installed() {
    let published = python("scripts/service-model", &[]).stdout;
    let ours = std::fs::read(repository().join("crates/secrets-manager-local/src/model/service.json"));
    let ours = ours.expect("the file is there");
    assert!(
        published == ours,
        "scripts/service-model > crates/secrets-manager-local/src/model/service.json"
    );
}

#[tokio::test]
async fn rotations_differ_from_motos_as_the_table_in_the_readme_says() {
    let function = "crates/secrets-manager-local/tests/functions/rotate.py";
    let nothing = Function::new("nothing", repository().join(function)).env("BEHAVIOUR", "nothing");
    let local = LocalSecretsManager::builder()
        .function(nothing)
        .retry_delays([])
        .start()
        .await
        .expect("it starts");
    let moto = Moto::start().expect("moto starts");
    let script = "crates/secrets-manager-local/tests/rotate_with_moto.py";
    python(script, &[&local.url(), &moto.url()]);
}

#[tokio::test]
async fn its_token_and_its_regions_are_what_boto3_sends() {
    let token = "canary-0123456789";
    let builder = LocalSecretsManager::builder()
        .regions(["us-east-1", "eu-west-1"])
        .token(token);
    let server = builder.start().await.expect("it starts");
    let script = "crates/secrets-manager-local/tests/remote_with_boto3.py";
    python(script, &[&server.url(), token]);
}

/// Runs a command in a copy of an example, as somebody who took it would.
fn run_example(name: &str, prepare: impl FnOnce(&Path) -> Command) -> String {
    let directory = tempfile::tempdir().expect("there is room");
    let from = repository()
        .join("crates/secrets-manager-local/examples")
        .join(name);
    for file in std::fs::read_dir(from).expect("the example is there") {
        let file = file.expect("it can be listed").path();
        let copy = directory.path().join(file.file_name().expect("a file"));
        std::fs::copy(&file, copy).expect("it can be copied");
    }
    let mut command = prepare(directory.path());
    command
        .current_dir(directory.path())
        .env("SECRETS_MANAGER_LOCAL", function_path("secrets-manager-local"))
        .env_remove("AWS_PROFILE");
    let output = command.output().expect("it can be run");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[test]
fn its_example_for_pytest_passes_with_boto3_and_awslambdaric() {
    let tools = Tools::load().expect("the tools are installed");
    let pytest = tools.pytest().expect("pytest is installed");
    let passed = run_example("python", |_| {
        let mut command = Command::new(pytest);
        command.args(["-p", "no:cacheprovider"]);
        command
    });
    assert!(passed.contains("5 passed"), "{passed}");
}

#[test]
fn its_example_for_node_passes_with_the_aws_sdk_for_javascript() {
    let tools = Tools::load().expect("the tools are installed");
    let (node, modules) = tools.npm_sdk().expect("the SDK is installed");
    let passed = run_example("node", |directory| {
        std::os::unix::fs::symlink(modules, directory.join("node_modules")).expect("it can be linked");
        let mut command = Command::new(node);
        command.args(["--test", "--test-reporter=tap"]);
        command
    });
    assert!(passed.contains("# pass 2"), "{passed}");
}
