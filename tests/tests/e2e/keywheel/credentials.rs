//! Credentials as the aws command line has them: profiles with a role, a process or an SSO session. STS, SSO and Secrets Manager are
//! stand-ins, which see with whose access key they are asked.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::bad_input::{answering, two_lines};
use super::desk::{Screen, types_at};

/// The file of a session's token, as the aws command line names it: the SHA-1 of `corp`.
const TOKEN: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
    <SecretAccessKey>x</SecretAccessKey><SessionToken>x</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
    <AssumedRoleUser><Arn>arn:aws:sts::222222222222:assumed-role/on-call/jane</Arn><AssumedRoleId>AROA:jane</AssumedRoleId>\
    </AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";
const REFUSED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
    <Message>User: arn:aws:iam::000000000000:user/jane is not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>";
const SIGNED_IN: &str = r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"x","sessionToken":"x","expiration":4070908800000}}"#;

/// A home with a folder `.aws`, and who was asked what.
struct Home {
    directory: TempDir,
    aws: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Home {
    async fn new() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let aws = answering(move |request| {
            seen.lock().expect("no test has failed").push(request.to_owned());
            if request.contains("Action=AssumeRole") {
                let may = request.contains("ExternalId=ext-1");
                if may { (200, ASSUMED) } else { (403, REFUSED) }
            } else if request.contains("/federation/credentials") {
                (200, SIGNED_IN)
            } else {
                (200, r#"{"SecretList":[]}"#)
            }
        })
        .await;
        let home = Self {
            directory: tempfile::tempdir().expect("there is room"),
            aws,
            asked,
        };
        home.write(
            ".aws/config",
            &format!(
                "[profile keys]\nregion = us-east-1\naws_access_key_id = AKIAKEYS\naws_secret_access_key = x\n\
                 [profile on-call]\nregion = us-east-1\nservices = here\nrole_arn = arn:aws:iam::222222222222:role/team/on-call\n\
                 source_profile = keys\nexternal_id = ext-1\nrole_session_name = jane\n\
                 [services here]\nsts =\n  endpoint_url = {aws}\nsecrets-manager =\n  endpoint_url = {aws}\n\
                 [profile refused]\nregion = us-east-1\nrole_arn = arn:aws:iam::222222222222:role/on-call\nsource_profile = keys\n\
                 [profile dangling]\nregion = us-east-1\nrole_arn = arn:aws:iam::222222222222:role/on-call\nsource_profile = nobody\n\
                 [profile process]\nregion = us-east-1\ncredential_process = {process}\n\
                 [profile failing]\nregion = us-east-1\ncredential_process = sh -c 'echo no vault >&2; exit 3'\n\
                 [profile sso]\nregion = us-east-1\nsso_session = corp\nsso_account_id = 222222222222\nsso_role_name = on-call\n\
                 [profile behind]\nregion = us-east-1\nrole_arn = arn:aws:iam::222222222222:role/on-call\nsource_profile = sso\n\
                 external_id = ext-1\n\
                 [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n\
                 [profile login]\nregion = us-east-1\nlogin_session = arn:aws:iam::222222222222:user/jane\n",
                aws = home.aws,
                process = home.directory.path().join("process.sh").display(),
            ),
        );
        home.write(
            "process.sh",
            "#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"x\"}'\n",
        );
        home
    }

    fn write(&self, file: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.directory.path().join(file);
        fs::create_dir_all(path.parent().expect("it is in a directory")).expect("there is room");
        fs::write(&path, text).expect("there is room");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("it is ours");
    }

    /// The token of the SSO session, as `aws sso login` leaves it.
    fn sign_in(&self, until: &str) {
        let token = format!(
            r#"{{"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"sso-token","expiresAt":"{until}"}}"#
        );
        self.write(&format!(".aws/sso/cache/{TOKEN}"), &token);
    }

    /// A shell in this home, without credentials in its environment.
    async fn types(&self, line: &str) -> Screen {
        let home = self.directory.path().display();
        let line = format!(
            "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION; export HOME={home}; {line}"
        );
        types_at(&self.aws, Path::new("/nonexistent"), &line).await
    }

    /// `keywheel status` by these credentials: this access key signed the call.
    async fn works(&self, line: &str, key: &str) {
        self.asked.lock().expect("no test has failed").clear();
        let screen = self.types(line).await;
        assert_eq!(screen.code, 0, "{line}: {}{}", screen.out, screen.err);
        let asked = self.asked();
        let last = asked.last().expect("it asked");
        assert!(last.contains(&format!("Credential={key}/")), "{line}: {last}");
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test has failed").clone()
    }
}

#[tokio::test]
async fn a_profile_can_name_a_role_or_a_process() {
    let home = Home::new().await;
    home.works("keywheel status --profile keys", "AKIAKEYS").await;
    home.works("keywheel status --profile process", "AKIAPROCESS")
        .await;
    // STS and Secrets Manager by the profile's own section of services.
    let line = "unset AWS_ENDPOINT_URL; keywheel status --profile on-call";
    home.works(line, "ASIAROLE").await;
    let asked = home.asked();
    let assumes = asked
        .iter()
        .find(|request| request.contains("Action=AssumeRole"))
        .expect("the role is assumed");
    for part in [
        "Credential=AKIAKEYS/",
        "RoleSessionName=jane",
        "ExternalId=ext-1",
        "role%2Fteam%2Fon-call",
    ] {
        assert!(assumes.contains(part), "{part}: {assumes}");
    }
}

/// As with the aws command line: a flag goes before the environment, which goes before its own `AWS_PROFILE`.
#[tokio::test]
async fn a_flag_goes_before_the_environment() {
    let home = Home::new().await;
    let keys = "export AWS_ACCESS_KEY_ID=AKIAENVIRONMENT AWS_SECRET_ACCESS_KEY=x";
    home.works(&format!("{keys}; keywheel status --profile keys"), "AKIAKEYS")
        .await;
    home.works(
        &format!("{keys} AWS_PROFILE=keys; keywheel status"),
        "AKIAENVIRONMENT",
    )
    .await;
    home.works("export AWS_PROFILE=keys; keywheel status", "AKIAKEYS")
        .await;
    home.works(
        "export AWS_PROFILE=keys; keywheel status --profile process",
        "AKIAPROCESS",
    )
    .await;
    // The aws command line agrees.
    let list = "aws secretsmanager list-secrets";
    home.works(&format!("{keys}; {list} --profile keys"), "AKIAKEYS")
        .await;
    home.works(&format!("{keys} AWS_PROFILE=keys; {list}"), "AKIAENVIRONMENT")
        .await;
}

#[tokio::test]
async fn an_sso_session_is_used_and_its_end_names_the_command() {
    let home = Home::new().await;
    let sign_in = "sign in: aws sso login --profile sso";
    for profile in ["sso", "behind"] {
        for line in [
            format!("keywheel status --profile {profile}"),
            format!("AWS_PROFILE={profile} keywheel doctor orders/db"),
        ] {
            let never = home.types(&line).await;
            two_lines(&never, 4, &["SSO session is not signed in", sign_in]);
            home.sign_in("2020-01-01T00:00:00Z");
            let expired = home.types(&line).await;
            two_lines(&expired, 4, &["SSO session has expired", sign_in]);
            fs::remove_file(home.directory.path().join(".aws/sso/cache").join(TOKEN)).expect("it is there");
        }
    }
    home.sign_in("2099-01-01T00:00:00Z");
    home.works("keywheel status --profile sso", "ASIASSO").await;
    let asked = home.asked();
    let token = |request: &String| request.contains("sso-token") && request.contains("role_name=on-call");
    assert!(asked.iter().any(token), "{asked:?}");
    home.works("keywheel status --profile behind", "ASIAROLE").await;
}

#[tokio::test]
async fn what_a_profile_lacks_is_two_lines() {
    let home = Home::new().await;
    for (line, code, words) in [
        (
            "--profile nobody",
            2,
            ["there is no profile nobody", "aws configure list-profiles"],
        ),
        (
            "--profile dangling",
            4,
            [
                "there is no source profile nobody",
                "sign in (aws sso login --profile dangling",
            ],
        ),
        (
            "--profile refused",
            4,
            [
                "is not authorized to perform: sts:AssumeRole",
                "sign in (aws sso login --profile refused",
            ],
        ),
        (
            "--profile failing",
            4,
            ["no vault", "run the profile's credential_process by hand"],
        ),
        (
            "--profile login",
            4,
            [
                "credentials",
                "aws configure export-credentials --format env --profile login",
            ],
        ),
    ] {
        let screen = home.types(&format!("keywheel status {line}")).await;
        two_lines(&screen, code, &words);
        assert!(!screen.err.contains("an error occurred"), "{}", screen.err);
    }
    let nowhere = "export AWS_ENDPOINT_URL_STS=http://127.0.0.1:1; keywheel status --profile refused";
    two_lines(&home.types(nowhere).await, 3, &["no answer", "check the network"]);
    let none = home.types("export AWS_REGION=us-east-1; keywheel status").await;
    two_lines(
        &none,
        4,
        &[
            "neither the environment nor the profile has any",
            "sign in (aws sso login, ",
        ],
    );
    home.write(".aws/config", "[profile keys\nregion");
    let unread = home.types("keywheel status --profile keys").await;
    two_lines(&unread, 2, &["the aws configuration cannot be read"]);
}
