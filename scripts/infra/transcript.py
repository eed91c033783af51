"""Holds docs/install/transcript.md against what `make deploy-demo` prints today, with stand-ins for the programs: what is shown does not depend on them.

transcript.py             says whether the page is stale, and in which lines
transcript.py --update    writes the page
"""

import contextlib
import difflib
import io
import re
import struct
import sys
import tempfile
from pathlib import Path

import cloud
import deploy_demo
from functions import FUNCTIONS
from template import INFRA, ROOT

zip_file = __import__("zip")

PAGE = ROOT / "docs/install/transcript.md"
COMMAND = "$ make deploy-demo\n"
# Whose table of policies the page shows.
SHOWN = "rotate-postgres-alternating-users"
# What is another one each time.
CHANGES = {
    r"(keywheel-\w+-)[0-9A-Z]{12}\b": r"\1…",
    r"\b(sg|vpce)-[0-9a-f]{17}\b": r"\1-…",
    r"(:secret:[\w/-]+-)\w{6}\b": r"\1…",
    r'"_aws": \{.*\}, "Function"': '"_aws": …, "Function"',
    r"\d+ bytes": "… bytes",
    r" +$": "",
}


def stand_ins(directory):
    """What make build leaves for arm64. cargo lambda reads the processor off a program's header; there is nothing else in these."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 183, 1, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0)
    for name in FUNCTIONS:
        program = directory / "arm64" / name / "bootstrap"
        program.parent.mkdir(parents=True)
        program.write_bytes(header)
        zip_file.pack(program, "bootstrap", directory / "arm64" / f"{name}.zip")
    zip_file.pack(INFRA / "watch/watch.py", "watch.py", directory / "watch.zip")


def shortened(text):
    """Without what changes, and with one of the functions' tables of policies."""
    for pattern, replacement in CHANGES.items():
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    for function in set(FUNCTIONS) - {SHOWN}:
        text = re.sub(rf"(?<=\n\n{function}\n)(  .*\n)+", "  …\n", text)
    return text


def told():
    """What make deploy-demo prints, shortened."""
    with tempfile.TemporaryDirectory() as name, cloud.empty_account() as account, contextlib.redirect_stdout(io.StringIO()) as printed:
        stand_ins(Path(name))
        deploy_demo.tell(account, Path(name), "arm64", list(FUNCTIONS))
    return shortened(printed.getvalue())


def rewritten(page, text):
    """The page with this text in the place of what it shows."""
    start = page.index(COMMAND) + len(COMMAND)
    return page[:start] + text + page[page.index("```", start) :]


def problems():
    """Whether the page is stale."""
    page = PAGE.read_text()
    new = rewritten(page, told())
    if new != page:
        yield f"{PAGE.relative_to(ROOT)} is stale: run make transcript"
        yield from difflib.unified_diff(page.splitlines(), new.splitlines(), "the page", "make deploy-demo", n=0, lineterm="")


def main(arguments):
    if arguments == ["--update"]:
        PAGE.write_text(rewritten(PAGE.read_text(), told()))
        return 0
    found = list(problems())
    for problem in found:
        print(f"transcript: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
