//! Names are looked up where a step needs them, and nowhere else.

use std::path::Path;
use std::process::Command;

use keywheel_tests::postgres::Server;
use keywheel_tests::world::{Setup, World};
use staging_labels::Step;

/// Every program on Linux looks names up through this one function, and lets itself be listened to there.
const LISTENER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    const char *path = getenv("KEYWHEEL_LOOKUPS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fprintf(file, "%s\n", node ? node : "");
        fclose(file);
    }
    lookup *real = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, result);
}
"#;

/// Compiles [`LISTENER`] with the C compiler that also links this very program.
fn listener(directory: &Path) -> String {
    let (source, library) = (directory.join("listener.c"), directory.join("listener.so"));
    std::fs::write(&source, LISTENER).expect("a file can be written");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl");
    assert!(cc.status().expect("there is a C compiler").success());
    library.display().to_string()
}

/// The names that `step` looks up.
async fn looked_up(world: &World, token: &str, step: Step, notes: &Path) -> Vec<String> {
    let _ = std::fs::remove_file(notes);
    world.step(token, step).await.expect("the step goes through");
    let names = std::fs::read_to_string(notes).unwrap_or_default();
    names.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn create_secret_looks_up_no_name_and_each_later_step_the_servers_for_each_login() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let notes = directory.path().join("names");
    let world = Setup::on(Server::Main)
        .env("LD_PRELOAD", &listener(directory.path()))
        .env("KEYWHEEL_LOOKUPS", &notes.display().to_string())
        .start()
        .await;
    // The second rotation is a warm start.
    for _ in 0..2 {
        let token = world.stage();
        for (step, expected) in [
            (Step::Create, &[][..]),
            // The login before the change, and the one after the commit.
            (Step::Set, &["localhost", "localhost"]),
            (Step::Test, &["localhost"]),
            (Step::Finish, &["localhost"]),
        ] {
            assert_eq!(looked_up(&world, &token, step, &notes).await, expected, "{step}");
        }
    }
}
