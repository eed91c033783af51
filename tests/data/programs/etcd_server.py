"""etcd on a free port of 127.0.0.1, for as long as this program's standard input is open.

The first argument is the program. The environment has the users: ETCD_USERS is a JSON object of names and passwords, one of
them `root`, who may change all of them. Prints the port once it listens.
"""

import json
import os
import sys
import tempfile

from program import free_ports, request, serve


def prepare(url):
    def post(path, **body):
        request(f"{url}/v3/auth/{path}", json.dumps(body).encode())

    for name, password in json.loads(users).items():
        post("user/add", name=name, password=password)
    post("role/add", name="root")
    post("user/grant", user="root", role="root")
    post("enable")


# etcd reads ETCD_… itself, and warns of what it does not know.
users = os.environ.pop("ETCD_USERS")
ports = free_ports(2)
client, peer = (f"http://127.0.0.1:{port}" for port in ports)
with tempfile.TemporaryDirectory() as directory:
    command = [
        sys.argv[1],
        f"--data-dir={directory}/data",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--logger=zap",
        "--log-level=error",
        # Passwords are hashed: the least of it is enough here.
        "--bcrypt-cost=4",
    ]
    serve(command, directory, ports[0], "/health", prepare)
