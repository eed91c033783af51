"""Synapse, a Matrix server, on a free port of 127.0.0.1, for as long as this program's standard input is open.

The environment has the users: SYNAPSE_USERS is a JSON object of names and passwords. `admin` is a server administrator.
Everything is kept in memory. Prints the port once it listens.
"""

import hashlib
import hmac
import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from program import free_ports, request, serve

REGISTRATION = secrets.token_hex()


def configuration(directory, port):
    # Some seconds apart, a user may log in five times: here, one user logs in all the time.
    often = {"per_second": 1000, "burst_count": 1000}
    return {
        "server_name": "matrix.test",
        "pid_file": f"{directory}/pid",
        "listeners": [{"port": port, "type": "http", "bind_addresses": ["127.0.0.1"], "resources": [{"names": ["client"]}]}],
        "database": {"name": "sqlite3", "args": {"database": ":memory:"}},
        "log_config": f"{directory}/log.json",
        "media_store_path": f"{directory}/media",
        "signing_key_path": f"{directory}/signing.key",
        "registration_shared_secret": REGISTRATION,
        "macaroon_secret_key": secrets.token_hex(),
        "form_secret": secrets.token_hex(),
        "trusted_key_servers": [],
        "report_stats": False,
        # Passwords are hashed: the least of it is enough here.
        "bcrypt_rounds": 4,
        "rc_login": {"address": often, "account": often, "failed_attempts": often},
    }


def prepare(url):
    path = f"{url}/_synapse/admin/v1/register"
    for name, password in json.loads(os.environ["SYNAPSE_USERS"]).items():
        nonce = json.loads(request(path))["nonce"]
        kind = "admin" if name == "admin" else "notadmin"
        signed = "\0".join([nonce, name, password, kind]).encode()
        body = {
            "nonce": nonce,
            "username": name,
            "password": password,
            "admin": name == "admin",
            "mac": hmac.new(REGISTRATION.encode(), signed, hashlib.sha1).hexdigest(),
        }
        request(path, json.dumps(body).encode())


port = free_ports(1)[0]
with tempfile.TemporaryDirectory() as directory:
    # YAML is a superset of JSON.
    Path(directory, "homeserver.yaml").write_text(json.dumps(configuration(directory, port)))
    log = {
        "version": 1,
        "handlers": {"stderr": {"class": "logging.StreamHandler"}},
        "root": {"level": "ERROR", "handlers": ["stderr"]},
    }
    Path(directory, "log.json").write_text(json.dumps(log))
    run = [sys.executable, "-m", "synapse.app.homeserver", "--config-path", "homeserver.yaml"]
    # One run makes the key, the next one serves.
    subprocess.run([*run, "--generate-keys"], cwd=directory, check=True, stdout=sys.stderr)
    serve(run, directory, port, "/health", prepare)
