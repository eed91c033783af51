"""The calls that the functions were seen to make: what their roles must allow, and no more.

infra/calls.txt is what the end-to-end suite recorded (KEYWHEEL_RECORD_CALLS), a line each: FUNCTION OPERATION WHERE. Of Secrets Manager, `own` is the secret that
is being rotated and `other` any other one, such as the admin's; of the rest WHERE is the service: iam, rds, sts, and rds-db for a login by token.

calls.py            prints what is recorded
calls.py RECORDING  fails if the recording has a call that infra/calls.txt lacks
calls.py --add RECORDING
                    adds what it lacks
calls.py --update RECORDING
                    puts the recording, which must be of a whole run of the suite, in its place
"""

import sys
from pathlib import Path

from functions import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "infra" / "calls.txt"
HEAD = "# The calls that the functions made in the end-to-end suite: scripts/infra/calls.py says how it is made.\n"


def read(path):
    """The recorded calls as a set of (function, operation, where)."""
    lines = path.read_text().splitlines()
    return {tuple(line.split()) for line in lines if line and not line.startswith("#")}


# Both find and read their admin in the same way (crates/rotate-postgres/src/admin): what one was seen to do with an admin, the other does too.
SAME_ADMIN = {"rotate-postgres-single-user", "rotate-postgres-alternating-users"}
OF_THE_ADMIN = {"other", "rds", "rds-db"}


def those_like(function, where):
    """The functions that make these calls by the same code."""
    if where == "sts":  # crates/rotation assumes roles for all of them
        return set(FUNCTIONS)
    return SAME_ADMIN if where in OF_THE_ADMIN and function in SAME_ADMIN else {function}


def of_function(function, where):
    """The operations that one function calls there."""
    like = those_like(function, where)
    return {operation for name, operation, place in read(RECORDED) if place == where and name in like}


def is_known(function, operation, where):
    """Whether the policies are held against this call already (scripts/infra/policies.py asks of_function)."""
    return operation in of_function(function, where)


def is_here(function):
    """Whether a crate has a program of that name."""
    return any(ROOT.glob(f"crates/*/src/bin/{function}.rs")) or any(ROOT.glob(f"crates/*/src/bin/{function}/main.rs"))


def write(calls):
    """Writes infra/calls.txt: the functions' own calls, without those of programs that only tests have."""
    known = sorted(call for call in calls if call[0] in FUNCTIONS)
    RECORDED.write_text(HEAD + "".join(" ".join(call) + "\n" for call in known))


def tell_unknown(recording):
    """Says what infra/calls.txt lacks, and what to do; answers with whether it lacks something."""
    unknown = sorted(call for call in read(Path(recording)) if call[0] in FUNCTIONS and not is_known(*call))
    for call in unknown:
        print(f"calls: {' '.join(call)} was called, and infra/calls.txt lacks it")
    if unknown:
        print(f"calls: if the call is meant, run: {sys.executable} scripts/infra/calls.py --add {recording}; then make infra-check, which says what policy must change")
    return bool(unknown)


def main(arguments):
    match arguments:
        case ["--add", recording]:
            write(read(RECORDED) | read(Path(recording)))
        case ["--update", recording]:
            write(read(Path(recording)))
        case [recording]:
            return int(tell_unknown(recording))
        case _:
            print(RECORDED.read_text(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
