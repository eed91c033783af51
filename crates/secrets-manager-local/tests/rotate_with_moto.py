#!/usr/bin/env python3
"""What comes of a rotation here, and at moto: the table in README.md, a case a row.

    rotate_with_moto.py http://127.0.0.1:4566 http://127.0.0.1:5000

Both servers must be empty. The first hosts the function `nothing`, which succeeds at every step and does nothing; moto gets
one here, which it invokes without Docker. A case that does not come out as CASES says, at either, ends in exit code 1.
"""

import io
import json
import sys
import time
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:nothing"


def v(number):
    return f"{number:032}"


def client(url, service):
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", config=Config(retries={"max_attempts": 0}), **keys)


def labels(server, name):
    """`1:AWSCURRENT 2:AWSPENDING`, without the versions that have none."""
    stages = server.describe_secret(SecretId=name).get("VersionIdsToStages", {})
    return " ".join(f"{version.lstrip('0')}:{'+'.join(sorted(labels))}" for version, labels in sorted(stages.items()) if labels)


def settled(server, name):
    """The labels, when they have not changed for a while: a rotation goes on after RotateSecret has answered."""
    seen, since = labels(server, name), time.monotonic()
    while time.monotonic() - since < 0.5:
        time.sleep(0.05)
        now = labels(server, name)
        if now != seen:
            seen, since = now, time.monotonic()
    return seen


def rotate(server, name, version, **parameters):
    try:
        server.rotate_secret(SecretId=name, ClientRequestToken=v(version), **parameters)
    except ClientError as error:
        return f"{error.response['Error']['Code']}, {labels(server, name)}"
    return settled(server, name)


def put(server, name, version, value, *stages):
    stages = {"VersionStages": list(stages)} if stages else {}
    server.put_secret_value(SecretId=name, ClientRequestToken=v(version), SecretString=value, **stages)


def unknown_function(server, name):
    return rotate(server, name, 2, RotationLambdaARN=FUNCTION.replace("nothing", "unknown"))


def current_value(server, name):
    try:
        return server.get_secret_value(SecretId=name).get("SecretString", "no value")
    except ClientError as error:
        return error.response["Error"]["Code"]


def no_function(server, name):
    return f"{rotate(server, name, 2)}: {current_value(server, name)}"


def function_that_does_nothing(server, name):
    rotate(server, name, 2, RotationLambdaARN=FUNCTION)
    return current_value(server, name)


def pending_on_current(server, name):
    put(server, name, 2, "two", "AWSCURRENT", "AWSPENDING")
    return rotate(server, name, 3, RotationLambdaARN=FUNCTION)


def pending_elsewhere(server, name):
    put(server, name, 2, "two", "AWSPENDING")
    return rotate(server, name, 3, RotationLambdaARN=FUNCTION)


def other_value_for_the_pending_version(server, name):
    put(server, name, 2, "two", "AWSPENDING")
    try:
        put(server, name, 2, "other", "AWSPENDING")
    except ClientError as error:
        return error.response["Error"]["Code"]
    return server.get_secret_value(SecretId=name, VersionStage="AWSPENDING")["SecretString"]


# What it is about, what comes of it here, as on AWS, and what at moto.
CASES = [
    (unknown_function, "AccessDeniedException, 1:AWSCURRENT", "ResourceNotFoundException, 1:AWSCURRENT 2:AWSPENDING"),
    (no_function, "InvalidRequestException, 1:AWSCURRENT: one", "1:AWSPREVIOUS 2:AWSCURRENT: ResourceNotFoundException"),
    (function_that_does_nothing, "one", "ResourceNotFoundException"),
    (
        pending_on_current,
        "1:AWSPREVIOUS 2:AWSCURRENT 3:AWSPENDING",
        "InvalidRequestException, 1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING",
    ),
    (pending_elsewhere, "InvalidRequestException, 1:AWSCURRENT 2:AWSPENDING", "1:AWSCURRENT 3:AWSPENDING"),
    (other_value_for_the_pending_version, "ResourceExistsException", "other"),
]


def prepare_moto(url):
    body = json.dumps({"lambda": {"use_docker": False}}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/config", body, {"Content-Type": "application/json"})).close()
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = client(url, "iam").create_role(RoleName="nothing", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("nothing.py", "def handler(event, context): pass")
    client(url, "lambda").create_function(
        FunctionName="nothing", Runtime="python3.13", Role=role, Handler="nothing.handler", Code={"ZipFile": code.getvalue()}
    )


def main():
    local_url, moto_url = sys.argv[1:3]
    prepare_moto(moto_url)
    servers = [client(url, "secretsmanager") for url in (local_url, moto_url)]
    unexpected = 0
    for case, *expected in CASES:
        name = case.__name__
        found = []
        for server in servers:
            server.create_secret(Name=name, SecretString="one", ClientRequestToken=v(1))
            found.append(case(server, name))
        if found != expected:
            unexpected += 1
            print(f"{name}\n    here: {found[0]}\n    moto: {found[1]}\n    expected: {expected}")
    print(f"{unexpected} of {len(CASES)} cases are not as expected")
    return unexpected > 0


sys.exit(main())
