"""Runs the function of infra/examples/copy-to-followers.yaml as AWS would, from the template itself.

copy_to_followers.py TEMPLATE URL LEADER FOLLOWERS [CALL [VALUE]]

CALL is the number of a call, counted from 1. After it the process dies. With VALUE, the leader gets that value before it instead, and another
invocation of the function runs to its end. Prints what the function prints, and its calls.
"""

import os
import subprocess
import sys
import textwrap

import boto3

template, url, leader, followers, *rest = sys.argv[1:]
at, value = (int(rest[0]) if rest else None), (rest[1] if len(rest) > 1 else None)

with open(template, encoding="utf-8") as file:
    block = file.read().partition("ZipFile: |\n")[2]
lines = block.splitlines()
indented = len(lines[0]) - len(lines[0].lstrip())
end = next(number for number, line in enumerate(lines) if line and not line.startswith(" " * indented))
code = textwrap.dedent("\n".join(lines[:end])) + "\n"
assert len(code.encode()) <= 4096, f"CloudFormation takes 4096 bytes, and the code has {len(code.encode())}"
os.environ |= {
    "AWS_ENDPOINT_URL": url,
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "LEADER": leader,
    "FOLLOWERS": followers,
}
calls = 0
session = boto3.Session()


def before(**_):
    if value is not None and calls + 1 == at:
        boto3.Session().client("secretsmanager", region_name="us-east-1").put_secret_value(SecretId=leader, SecretString=value)
        subprocess.run([sys.executable, *sys.argv[:5]], check=True)


def after(model, **_):
    global calls
    calls += 1
    print(f"call {calls}: {model.name}", flush=True)
    if value is None and calls == at:
        os._exit(9)


session.events.register("before-call.secrets-manager", before)
session.events.register("after-call.secrets-manager", after)
boto3.DEFAULT_SESSION = session
namespace = {}
exec(compile(code, "index.py", "exec"), namespace)
namespace["handler"]({"detail": {"eventName": "RotationSucceeded"}}, None)
