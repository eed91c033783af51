"""The calls that the functions were seen to make: what their roles must allow, and no more.

infra/calls.txt is what the end-to-end suite recorded (KEYWHEEL_RECORD_CALLS), a line each: FUNCTION OPERATION own|other.
`own` is the secret that is being rotated, `other` any other one, such as the admin's.

calls.py            prints what is recorded
calls.py RECORDING  fails if the recording has a call that infra/calls.txt lacks
calls.py --update RECORDING
                    puts the recording in its place
"""

import sys
from pathlib import Path

from functions import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "infra" / "calls.txt"


def read(path):
    """The recorded calls as a set of (function, operation, own|other)."""
    lines = path.read_text().splitlines()
    return {tuple(line.split()) for line in lines if line and not line.startswith("#")}


# Both find and read their admin in the same way (crates/rotate-postgres/src/admin): what one was seen to do with an admin's secret, the other does too.
SAME_ADMIN = {"rotate-postgres-single-user", "rotate-postgres-alternating-users"}


def of_function(function):
    """What one function calls: its operations on its own secret, and on others."""
    calls = read(RECORDED)
    like = SAME_ADMIN if function in SAME_ADMIN else {function}
    own = {operation for name, operation, secret in calls if name == function and secret == "own"}
    return own, {operation for name, operation, secret in calls if name in like and secret == "other"}


def is_known(function, operation, secret):
    """Whether the policies are held against this call already (scripts/infra/policies.py asks of_function)."""
    own, others = of_function(function)
    return operation in (own if secret == "own" else others)


def is_here(function):
    """Whether a crate has a program of that name."""
    return any(ROOT.glob(f"crates/*/src/bin/{function}.rs")) or any(ROOT.glob(f"crates/*/src/bin/{function}/main.rs"))


def update(recording):
    """Writes the recording as infra/calls.txt."""
    head = "# The calls to Secrets Manager that the functions made in the end-to-end suite: scripts/infra/calls.py says how it is made.\n"
    known = sorted(call for call in read(recording) if call[0] in FUNCTIONS)
    RECORDED.write_text(head + "".join(" ".join(call) + "\n" for call in known))


def main(arguments):
    if arguments[:1] == ["--update"]:
        update(Path(arguments[1]))
        return 0
    if not arguments:
        print(RECORDED.read_text(), end="")
        return 0
    unknown = sorted(call for call in read(Path(arguments[0])) if call[0] in FUNCTIONS and not is_known(*call))
    for call in unknown:
        print(f"calls: {' '.join(call)} was called, and infra/calls.txt lacks it: run scripts/infra/calls.py --update, and look at the policies")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
