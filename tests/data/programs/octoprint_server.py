"""OctoPrint, which drives 3D printers and here has none, on a free port of 127.0.0.1, for as long as our standard input is open.

The environment has the users: OCTOPRINT_USERS is a JSON object of names and API keys. `admin` is an administrator. Prints the
port once it listens.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from program import free_ports, serve

# What would ask the network, or take time to start.
UNUSED = ["announcements", "backup", "discovery", "errortracking", "pi_support", "pluginmanager", "softwareupdate", "tracking"]
CONFIGURATION = {
    "server": {"firstRun": False, "onlineCheck": {"enabled": False}, "pluginBlacklist": {"enabled": False}},
    "plugins": {"_disabled": UNUSED},
}


def user(name, key):
    return {
        "active": True,
        "apikey": key,
        "groups": ["admins"] if name == "admin" else ["users"],
        "permissions": [],
        "password": "nobody logs in by one",
        "roles": ["user"],
        "settings": {},
    }


port = free_ports(1)[0]
with tempfile.TemporaryDirectory() as directory:
    # YAML is a superset of JSON.
    Path(directory, "config.yaml").write_text(json.dumps(CONFIGURATION))
    users = json.loads(os.environ["OCTOPRINT_USERS"])
    known = {"_version": 2} | {name: user(name, key) for name, key in users.items()}
    Path(directory, "users.yaml").write_text(json.dumps(known))
    command = [sys.executable, "-m", "octoprint", "serve", "--iknowwhatimdoing", "--host=127.0.0.1", f"--port={port}"]
    command.append(f"--basedir={directory}")
    serve(command, directory, port, "/api/version", headers={"X-Api-Key": users["admin"]})
