//! Names of RDS's that lead to this machine.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// Every program on Linux looks names up through this one function. A name of RDS's is 127.0.0.1; one that stands in
/// `KEYWHEEL_FOLLOWERS`, with commas around it, 127.0.0.2.
const RESOLVER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static const char *address(const char *node) {
    const char *end = ".us-east-1.rds.amazonaws.com", *followers = getenv("KEYWHEEL_FOLLOWERS");
    char entry[300];
    size_t length = strlen(node);
    if (length > 250 || length < strlen(end) || strcmp(node + length - strlen(end), end) != 0) return node;
    snprintf(entry, sizeof entry, ",%s,", node);
    return followers && strstr(followers, entry) ? "127.0.0.2" : "127.0.0.1";
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    lookup *real = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node ? address(node) : node, service, hints, result);
}
"#;

/// A library for `LD_PRELOAD`, compiled once with the C compiler that also links this very program.
///
/// # Panics
/// If it cannot be compiled.
pub fn resolver() -> String {
    static LIBRARY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = LIBRARY.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let (source, library) = (
            directory.path().join("names.c"),
            directory.path().join("names.so"),
        );
        std::fs::write(&source, RESOLVER).expect("a file can be written");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(&source)
            .arg("-ldl");
        assert!(cc.status().expect("there is a C compiler").success());
        (directory, library)
    });
    library.display().to_string()
}
