#!/usr/bin/env python3
"""Start time, requests a second and memory of this server and of moto's, in turns.

    figures.py target/release/secrets-manager-local .../venv/bin/moto_server

Each run starts both programs afresh and sends GetSecretValue of one secret over one connection at a time, without a
signature. Printed are the medians of the runs, with the least and the most. Standard library only.
"""

import http.client
import json
import re
import socket
import statistics
import subprocess
import sys
import time

RUNS, REQUESTS = 7, 1000
UNITS = {"start, s": 3, "requests a second": 0, "memory after, MB": 1}


def call(connection, operation, parameters):
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"secretsmanager.{operation}",
        "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0",
    }
    connection.request("POST", "/", json.dumps(parameters), headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{operation}: {answer.status} {body}")


def connected(port):
    """A connection that has answered, however long that takes to come."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            call(connection, "ListSecrets", {})
            return connection
        except OSError:
            time.sleep(0.002)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def run(command, tells_port):
    """One server's start time, requests a second, and resident memory."""
    port = None if tells_port else free_port()
    began = time.monotonic()
    server = subprocess.Popen([*command, str(port)] if port else command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        connection = connected(port or int(json.loads(server.stdout.readline())["url"].rpartition(":")[2]))
        start = time.monotonic() - began
        call(connection, "CreateSecret", {"Name": "db", "SecretString": "value", "ClientRequestToken": "1" * 32})
        began = time.monotonic()
        for _ in range(REQUESTS):
            call(connection, "GetSecretValue", {"SecretId": "db"})
        rate = REQUESTS / (time.monotonic() - began)
        with open(f"/proc/{server.pid}/status") as status:
            memory = int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024
        return start, rate, memory
    finally:
        server.kill()
        server.wait()


def main(local, moto):
    servers = {"secrets-manager-local": ([local, "serve"], True), "moto_server": ([moto, "-p"], False)}
    results = {name: [] for name in servers}
    for _ in range(RUNS):
        for name, (command, tells_port) in servers.items():
            results[name].append(run(command, tells_port))
    for name, runs in results.items():
        for (what, digits), values in zip(UNITS.items(), zip(*runs)):
            low, middle, high = (f"{of(values):.{digits}f}" for of in (min, statistics.median, max))
            print(f"{name:22} {what:18} {middle} [{low}-{high}]")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
