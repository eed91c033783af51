//! The commands of README and of the book. Each block of `sh` is run here as it is printed, or has a comment before it that says
//! why not: `<!-- not run: … -->`.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keywheel_tests::functions::function_path;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::tools::Tools;
use keywheel_tests::world::{FUNCTION, Setup, World};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use secrets_manager_local::Fault;
use staging_labels::Label;

/// The pages whose blocks are run, in addition to the runbook's.
const RUN: [&str; 3] = ["README.md", "docs/start.md", "docs/migrate.md"];
const MARK: &str = "<!-- not run: ";

/// What the runbook's commands change: such a page gets a world of its own.
const CHANGES: [&str; 6] = [
    "rotate-secret",
    "put-secret-value",
    "update-secret-version-stage",
    "add-permission",
    "update-function",
    "createuser",
];

/// A block of commands.
#[derive(Debug)]
struct Block {
    /// `page:line`.
    place: String,
    text: String,
    /// Why it is not run.
    mark: Option<String>,
}

impl Block {
    fn changes(&self) -> bool {
        CHANGES.iter().any(|word| self.text.contains(word))
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All pages, by their paths in the repository.
fn pages() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(workspace().join(&folder)).expect("it can be listed") {
            let entry = entry.expect("it can be listed");
            let name = entry.file_name();
            let path = folder.join(&name);
            let hidden = name.to_string_lossy().starts_with('.');
            if entry.path().is_dir()
                && !hidden
                && name != "target"
                && name != "fuzz"
                && name != "node_modules"
            {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path.to_str().expect("it is text").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The blocks of a page, in their order.
fn blocks(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(workspace().join(page)).expect("the page is there");
    let mut found = Vec::new();
    let (mut mark, mut block) = (None, None);
    for (event, at) in Parser::new(&text).into_offset_iter() {
        match event {
            Event::Html(html) => mark = html.trim().strip_prefix(MARK).map(str::to_owned),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                assert!(
                    !["bash", "shell", "zsh"].contains(&&*language),
                    "{page}: commands are in blocks of sh, not of {language}"
                );
                block = (&*language == "sh").then(|| Block {
                    place: format!("{page}:{}", text[..at.start].lines().count() + 1),
                    text: String::new(),
                    mark: mark.take(),
                });
            }
            Event::Text(part) => {
                mark = None;
                if let Some(block) = &mut block {
                    block.text.push_str(&part);
                }
            }
            Event::End(TagEnd::CodeBlock) => found.extend(block.take()),
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
            _ => mark = None,
        }
    }
    found
}

/// Where a person's machine differs from this one. A refusal is an answer, too. What the local Secrets Manager does not play, the
/// aws command line checks for its form, and does not send.
const PRELUDE: &str = r#"
eval "$(declare -f login | sed '1s/login/try_login/')"
login() { try_login "$1" || [ $? = 2 ]; }
# The answer does not change.
once() {
    answer=answer-$(cksum <<<"$*" | tr -d ' ')
    [ -e "$answer" ] || { command aws "$@" >new && mv new "$answer"; }
    cat "$answer"
}
aws() {
    case $1-$2 in
    secretsmanager-rotate-secret) command aws "$@" 2>said || grep 'will be reattempted' said || { cat said >&2; return 1; } ;;
    secretsmanager-*) if [ "$CHANGES" = true ]; then command aws "$@"; else once "$@"; fi ;;
    logs-filter-log-events) command aws "$@" ;;
    lambda-get-function-* | lambda-get-policy) once "$@" ;;
    lambda-wait) ;;
    *) once "$@" --generate-cli-skeleton input >/dev/null ;;
    esac
}
psql() {
    if [ -n "$PGUSER" ]; then command psql "$@"; return; fi
    PGUSER=$SUPERUSER_USER PGPASSWORD=$SUPERUSER_PASSWORD PGHOST=localhost PGPORT=$SUPERUSER_PORT PGDATABASE=$SUPERUSER_DATABASE command psql "$@"
}
keywheel() { command keywheel "$@" || [ $? = 1 ]; }
nc() { cat /dev/null; }
xxd() { cat; }
"#;

/// The version of AWSCURRENT.
const CURRENT: &str = r#"$(aws secretsmanager list-secret-version-ids --secret-id "$SECRET" --query "Versions[?contains(VersionStages, 'AWSCURRENT')].VersionId" --output text)"#;

/// A shell in which a person types what a page says.
struct Shell {
    world: World,
    token: String,
    folder: tempfile::TempDir,
}

impl Shell {
    /// A rotation waits: setSecret has changed nothing, and AWSPENDING has a value.
    async fn new() -> Self {
        let world = Setup::on(Server::Main)
            .named("orders/db")
            .also("other")
            .start()
            .await;
        world.rotate().await.expect("the first rotation succeeds");
        let denied = Fault::error("AccessDeniedException", "User: u is not authorized");
        let denied = denied.on("UpdateSecretVersionStage").by_function(FUNCTION);
        let fault = world.aws.faults().inject(denied.every());
        let error = world.rotate().await.expect_err("AWSCURRENT cannot be moved");
        assert_eq!(error.error_type, "PermissionDenied");
        world.aws.faults().remove(fault);
        let token = world.carrier(&Label::Pending).await.expect("AWSPENDING is there");
        Self {
            world,
            token,
            folder: tempfile::tempdir().expect("there is room"),
        }
    }

    /// Runs a block; the helpers of the runbook are there.
    async fn types(&self, block: &Block) -> Output {
        let database = &self.world.database;
        let (user, password) = database.cluster().superuser();
        let port = database.cluster().port();
        let helpers = self.filled_in(&helpers());
        let script = format!("set -e\n{helpers}\n{PRELUDE}\n{}", self.filled_in(&block.text));
        fs::write(
            self.folder.path().join("secret.json"),
            database.document().to_string(),
        )
        .expect("there is room");
        let mut shell = Command::new("bash");
        shell
            .args(["-c", &script])
            .current_dir(self.folder.path())
            .env("FUNCTION_ARN", secrets_manager_local::function_arn("other"))
            .env("EDITOR", "true")
            .env("CHANGES", block.changes().to_string())
            .envs(["KEY", "VPC", "REGION", "ASSUMED", "ROLE"].map(|name| (name, "a-name")))
            .env("PGSSLROOTCERT", database.cluster().authority_path());
        for (name, value) in [
            ("USER", user),
            ("PASSWORD", password),
            ("PORT", &port.to_string()),
            ("DATABASE", database.name()),
        ] {
            shell.env(format!("SUPERUSER_{name}"), value);
        }
        run(shell, &self.world.aws.url()).await
    }

    /// The text with a person's own names in it.
    fn filled_in(&self, text: &str) -> String {
        let database = &self.world.database;
        let port = database.cluster().port().to_string();
        let role = database.role();
        let role = role.trim_matches('"');
        let by_name = [
            (
                "FUNCTION=rotate-postgres-single-user ",
                &*format!("FUNCTION={FUNCTION} "),
            ),
            (
                "SECRET='arn:aws:secretsmanager:…'",
                &*format!("SECRET='{}'", self.world.secret),
            ),
            (
                "ADMIN='arn:aws:secretsmanager:…'",
                &*format!("ADMIN='{}'", self.world.secret),
            ),
            ("<the ARN in the message>", &*self.world.secret),
            ("<the version that logs in>", &*self.token),
            ("<the version without a value>", CURRENT),
            ("TOKEN='6f3c9a52-…'", &*format!("TOKEN='{}'", self.token)),
            ("HOST:PORT", &*format!("localhost:{port}")),
            ("HOST PORT", &*format!("localhost {port}")),
            ("HOST -p PORT", &*format!("localhost -p {port}")),
            ("getent hosts HOST", "getent hosts localhost"),
            ("the_role", role),
            ("the_admin", role),
            ("the_idle_user", role),
            ("'app_clone'::regrole", &*format!("'{role}'::regrole")),
            ("'app'::regrole", &*format!("'{role}'::regrole")),
        ];
        by_name
            .into_iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

/// The block of the runbook that defines `login` and `log_of`.
fn helpers() -> String {
    let blocks = blocks("docs/runbook/README.md");
    let block = blocks.into_iter().find(|block| block.text.contains("login() ("));
    block.expect("the runbook has its helpers").text
}

async fn run(mut shell: Command, url: &str) -> Output {
    let tools = Tools::load().expect("the tools are installed");
    let aws = tools.aws().expect("there is an aws command line");
    let programs = function_path("keywheel");
    let directories = [aws, &programs].map(|path| path.parent().expect("it is in a directory"));
    let usual = std::env::var("PATH").unwrap_or_default();
    let path = directories.map(|path| path.display().to_string()).join(":");
    for name in ["PGUSER", "PGHOST", "PGPASSWORD"] {
        shell.env_remove(name);
    }
    shell
        .env("PATH", format!("{path}:{usual}"))
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "tests")
        .env("AWS_SECRET_ACCESS_KEY", "tests")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_PAGER", "")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    tokio::task::spawn_blocking(move || shell.output())
        .await
        .expect("it is waited for")
        .expect("it can be run")
}

/// What is wrong with an answer, if something is.
fn wrong(block: &Block, output: &Output) -> Option<String> {
    let (out, error) = (&output.stdout, &output.stderr);
    let said = String::from_utf8_lossy(error);
    (!output.status.success()).then(|| {
        format!(
            "{}\n{}{said}{}\n",
            block.place,
            block.text,
            String::from_utf8_lossy(out)
        )
    })
}

#[test]
fn a_block_of_commands_is_run_or_says_why_not() {
    let mut untold = Vec::new();
    for page in pages() {
        let runs = page.starts_with("docs/runbook/") || RUN.contains(&&*page);
        for block in blocks(&page) {
            match &block.mark {
                Some(why) => assert!(why.len() > 12 && why.ends_with(" -->"), "{}", block.place),
                None if runs => {}
                None => untold.push(block.place),
            }
        }
    }
    assert!(untold.is_empty(), "neither run nor marked: {untold:#?}");
}

#[tokio::test]
async fn the_commands_of_the_runbook_s_pages_run() {
    let shell = Shell::new().await;
    let (mut seen, mut failed) = (BTreeSet::new(), Vec::new());
    let pages = pages()
        .into_iter()
        .filter(|page| page.starts_with("docs/runbook/"));
    for page in pages.filter(|page| page != "docs/runbook/README.md") {
        let blocks = blocks(&page);
        let mut own = None;
        for block in blocks.iter().filter(|block| block.mark.is_none()) {
            if !seen.insert(block.text.clone()) {
                continue;
            }
            if block.changes() && own.is_none() {
                own = Some(Shell::new().await);
            }
            let shell = own.as_ref().filter(|_| block.changes()).unwrap_or(&shell);
            failed.extend(wrong(block, &shell.types(block).await));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn the_commands_of_the_runbook_s_first_page_run() {
    let mut failed = Vec::new();
    for block in blocks("docs/runbook/README.md") {
        if block.mark.is_some() || block.text.contains("login() (") {
            continue;
        }
        let shell = Shell::new().await;
        failed.extend(wrong(&block, &shell.types(&block).await));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn the_commands_that_move_a_secret_from_aws_s_template_run() {
    let shell = Shell::new().await;
    shell.world.clean_up(&shell.token).await;
    let mut failed = Vec::new();
    for block in blocks("docs/migrate.md") {
        if block.mark.is_none() {
            failed.extend(wrong(&block, &shell.types(&block).await));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Waits until no rotation is under way, and says whether the secret has this many versions by then.
const SETTLED: &str = r#"
settled() {
    for _ in $(seq 600); do
        waits=$(aws secretsmanager describe-secret --secret-id orders/db --query 'length(values(VersionIdsToStages)[?@ == `["AWSPENDING"]`])')
        [ "$waits" != 0 ] || return 0
        sleep 0.1
    done
    return 1
}
"#;

/// Runs the blocks of a page one after the other, in one shell, in a checkout with its programs built.
async fn follow(page: &str) {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let folder = tempfile::tempdir().expect("there is room");
    let programs = function_path("secrets-manager-local");
    let programs = programs.parent().expect("it is in a directory");
    fs::create_dir_all(folder.path().join("target")).expect("there is room");
    std::os::unix::fs::symlink(programs, folder.path().join("target/debug")).expect("there is room");
    let document = database.document().to_string();
    fs::write(folder.path().join("secret.json"), &document).expect("there is room");
    let mut blocks = blocks(page);
    blocks.retain(|block| block.mark.is_none());
    // README shows how to attach a function before it shows the server on a laptop.
    blocks.sort_by_key(|block| !block.text.contains(" serve "));
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.expect("there is a port").port();
    let mut script = format!("set -e\ncargo() {{ :; }}\ntrap 'kill %1' EXIT\n{SETTLED}");
    for block in blocks {
        let text = block.text.replace("127.0.0.1:4599", &format!("127.0.0.1:{port}"));
        // Where a person takes a breath.
        let text = text.replace(
            "\nexport AWS_ACCESS_KEY_ID=",
            "\nuntil (: </dev/tcp/127.0.0.1/PORT) 2>/dev/null; do sleep 0.1; done\nexport AWS_ACCESS_KEY_ID=",
        );
        script.push_str(&text.replace("/PORT)", &format!("/{port})")));
        script.push_str(
            "if aws secretsmanager describe-secret --secret-id orders/db >/dev/null 2>&1; then settled; fi\n",
        );
    }
    script.push_str(
        "aws secretsmanager get-secret-value --secret-id orders/db --query SecretString --output text\n",
    );
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PGSSLROOTCERT", database.cluster().authority_path())
        .env("FUNCTION_ARN", secrets_manager_local::function_arn("rotate"));
    let output = run(shell, &format!("http://127.0.0.1:{port}")).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{page}: {script}\n{said}");
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = printed.lines().last().expect("the value is printed");
    let value: serde_json::Value = serde_json::from_str(last).expect("it is JSON");
    let password = value["password"].as_str().expect("it has a password");
    assert_ne!(password, database.password(), "it was rotated");
    assert!(database.accepts(password).await, "AWSCURRENT logs in");
}

#[tokio::test]
async fn the_readme_can_be_followed_on_a_laptop() {
    follow("README.md").await;
}

#[tokio::test]
async fn the_first_page_of_the_book_can_be_followed() {
    follow("docs/start.md").await;
}
