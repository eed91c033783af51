"""Where scripts/setup put the tools, and the Node helpers among them."""

import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = Path(os.environ["KEYWHEEL_TOOLS"]) if "KEYWHEEL_TOOLS" in os.environ else Path("/var/cache/keywheel")
PACKAGES = TOOLS / "npm-infra"


def node(program, question):
    """Asks a program of this directory, which reads JSON and answers with JSON."""
    command = [str(PACKAGES / "node"), str(HERE / program), str(PACKAGES)]
    done = subprocess.run(command, input=json.dumps(question), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{program}: {done.stderr.strip()}")
    return json.loads(done.stdout)
