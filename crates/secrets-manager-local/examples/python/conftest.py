"""A local Secrets Manager for pytest: copy this file beside your tests, and name your functions in FUNCTIONS."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import boto3
import pytest

PROGRAM = os.environ.get("SECRETS_MANAGER_LOCAL", "secrets-manager-local")
HERE = Path(__file__).parent
FUNCTIONS = {"rotate": "rotation.lambda_handler"}


class LocalSecretsManager:
    def __init__(self, announced):
        self.url = announced["url"]
        self.account = announced["account"]
        self.function_arns = announced["functions"]

    def client(self, service, region="us-east-1"):
        """A client of boto3: secretsmanager, lambda, logs, cloudtrail or sts."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name=region, **keys)

    def local(self, method, path, body=None):
        """A call of what AWS has no call for, under /_local."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_local/{path}", data, method=method)
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def rotate(self, secret_id, function_arn=None):
        """Rotates a secret, and waits for the end: what came of it, with its attempts and steps."""
        arn = function_arn or self.function_arns[0]
        begun = self.client("secretsmanager").rotate_secret(SecretId=secret_id, RotationLambdaARN=arn)
        return self.local("GET", f"rotations/{begun['VersionId']}?secret={begun['ARN']}")

    def fault(self, **fault):
        """Makes calls fail: the README of secrets-manager-local has the effects."""
        self.local("POST", "faults", fault)


@pytest.fixture(scope="session")
def local_server():
    functions = [f"--function={name}={HERE / handler}" for name, handler in FUNCTIONS.items()]
    command = [PROGRAM, "serve", "--with-parent", f"--python={sys.executable}", *functions]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        # What stands in the way is on stderr.
        assert line, "secrets-manager-local did not start"
        yield LocalSecretsManager(json.loads(line))
        process.terminate()


@pytest.fixture
def secrets_manager(local_server):
    """A Secrets Manager without secrets."""
    local_server.local("POST", "reset")
    return local_server
