//! The local Secrets Manager against others: moto's answers, and the service model that botocore publishes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keywheel_tests::moto::Moto;
use keywheel_tests::tools::Tools;
use secrets_manager_local::LocalSecretsManager;

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
