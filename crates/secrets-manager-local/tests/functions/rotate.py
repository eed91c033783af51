#!/usr/bin/env -S python3 -I -S
"""A rotation function of the tests: a Lambda runtime client and the four steps, standard library only.

What it is told by the environment:
  BEHAVIOUR  none; "nothing" (at any step); "fail STEP"; "crash STEP"; "hang STEP"; "no-init"; "init-error"; "forget-promotion";
             "fail-once STEP" (fails until the file STATE exists); "slow SECONDS"; "child";
             "quote STEP" (fails with an error that has the value in it)
  STATE      a file for "fail-once"
"""

import json
import os
import socket
import sys
import time

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"
BEHAVIOUR = os.environ.get("BEHAVIOUR", "").split()


class Refused(Exception):
    """An error of the Secrets Manager API, or of the rotation itself."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


def http(method, url, headers=(), body=""):
    """One request on a connection of its own: status, headers, body. The library's client takes longer to import than a step."""
    address, _, path = url.removeprefix("http://").partition("/")
    host, _, port = address.rpartition(":")
    body = body.encode()
    lines = [f"{method} /{path} HTTP/1.1", f"Host: {address}", "Connection: close", f"Content-Length: {len(body)}", *headers]
    answer = b""
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        while chunk := connection.recv(65536):
            answer += chunk
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        raise ConnectionError(f"{address} closed the connection without an answer")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


def post(url, payload):
    http("POST", url, body=json.dumps(payload))


def secrets_manager(operation, **parameters):
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/{os.environ['AWS_REGION']}/secretsmanager/aws4_request"
    headers = [
        "Content-Type: application/x-amz-json-1.1",
        f"X-Amz-Target: secretsmanager.{operation}",
        f"Authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00",
    ]
    status, _, body = http("POST", os.environ["AWS_ENDPOINT_URL"], headers, json.dumps(parameters))
    answer = json.loads(body)
    if status != 200:
        raise Refused(answer["__type"], answer["Message"])
    return answer


def create(secret, token, rotation_token):
    try:
        secrets_manager("GetSecretValue", SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
        return
    except Refused as error:
        if error.code != "ResourceNotFoundException":
            raise
    current = secrets_manager("GetSecretValue", SecretId=secret, VersionStage="AWSCURRENT")
    value = json.loads(current["SecretString"])
    value["password"] = secrets_manager("GetRandomPassword", PasswordLength=20)["RandomPassword"]
    secrets_manager(
        "PutSecretValue",
        SecretId=secret,
        ClientRequestToken=token,
        SecretString=json.dumps(value),
        VersionStages=["AWSPENDING"],
        RotationToken=rotation_token,
    )


def finish(secret, token, stages):
    current = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
    if "forget-promotion" in BEHAVIOUR or current == token:
        return
    secrets_manager(
        "UpdateSecretVersionStage",
        SecretId=secret,
        VersionStage="AWSCURRENT",
        MoveToVersionId=token,
        RemoveFromVersionId=current,
    )


def misbehave(step):
    behaviour, which = (BEHAVIOUR + ["", ""])[:2]
    if behaviour == "slow":
        time.sleep(float(which))
    if step != which:
        return
    if behaviour == "crash":
        sys.exit(7)
    if behaviour == "hang":
        time.sleep(600)
    if behaviour == "fail":
        raise Refused("Asked", f"{step} fails because the test wants it to")
    if behaviour == "fail-once" and not os.path.exists(os.environ["STATE"]):
        open(os.environ["STATE"], "w").close()
        raise Refused("Asked", f"{step} fails once")


def handle(event):
    if "Print" in event:
        print(event["Print"], flush=True)
    if "Variable" in event:
        return os.environ[event["Variable"]]
    if "Step" not in event:
        return event
    if "nothing" in BEHAVIOUR:
        return None
    step, secret, token = event["Step"], event["SecretId"], event["ClientRequestToken"]
    print(f"{step} of {token}", flush=True)
    misbehave(step)
    if BEHAVIOUR == ["quote", step]:
        value = secrets_manager("GetSecretValue", SecretId=secret)["SecretString"]
        raise Refused("Quoted", f"the server refuses {value}; make it take the value")
    stages = secrets_manager("DescribeSecret", SecretId=secret)["VersionIdsToStages"]
    if "AWSPENDING" not in stages.get(token, []) and "AWSCURRENT" not in stages.get(token, []):
        raise Refused("Abandoned", f"{token} carries neither AWSPENDING nor AWSCURRENT")
    if step == "createSecret":
        create(secret, token, event["RotationToken"])
    elif step in ("setSecret", "testSecret"):
        secrets_manager("GetSecretValue", SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
    elif step == "finishSecret":
        finish(secret, token, stages)
    return None


def main():
    print("started", flush=True)
    if "no-init" in BEHAVIOUR:
        sys.exit(3)
    if "init-error" in BEHAVIOUR:
        post(f"{RUNTIME}/init/error", {"errorType": "Function.NoConfiguration", "errorMessage": "nothing is configured"})
        sys.exit(1)
    if "child" in BEHAVIOUR:
        print("child", os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "600"), flush=True)
    while True:
        _, headers, body = http("GET", f"{RUNTIME}/invocation/next")
        request_id = headers["lambda-runtime-aws-request-id"]
        event = json.loads(body)
        try:
            post(f"{RUNTIME}/invocation/{request_id}/response", handle(event))
        except Exception as error:  # whatever it is, Lambda must hear of it
            print(f"failed: {error}", file=sys.stderr, flush=True)
            post(
                f"{RUNTIME}/invocation/{request_id}/error",
                {"errorType": type(error).__name__, "errorMessage": str(error)},
            )


main()
