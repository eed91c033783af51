//! What stands at the end of a command's help: examples, and how it ends.

/// `provider check`.
pub(crate) const CHECK: &str = "\
Examples:
  keywheel provider check acme.toml
  keywheel provider check providers/*.toml --json

Exit codes: 0 all can be used, 1 one cannot, 2 usage, 3 one cannot be read.";

/// `provider try`.
pub(crate) const TRY: &str = "\
A definition of class overlap makes a key beside the secret's own. In the
other classes the key in use would be replaced: of those, as with an exclusive
list, only what changes nothing is tried. The real secret is only read. After
a kill -9, the same command removes the key that was left.

Examples:
  keywheel provider try acme.toml --dry-run
  keywheel provider try acme.toml --secret acme/key --admin-secret acme/admin
  keywheel provider try acme.toml --value-file - --yes <key.txt

Exit codes: 0 every call went well, 1 one failed or a key may be left,
2 usage, 3 it could not be found out, 4 no credentials, 130 Ctrl-C.";

/// `local`.
pub(crate) const LOCAL: &str = "\
Examples:
  keywheel local
  keywheel local --listen 127.0.0.1:4599 --function mine=./my-function

Exit codes: 2 usage, 3 it cannot start, 130 Ctrl-C: all is ended and removed.";
