"""moto in the place of an AWS account: its server, and clients for it."""

import subprocess
import sys
from contextlib import contextmanager

import boto3

from template import REGION, ROOT

ACCOUNT = "123456789012"


class Account:
    """An account that begins empty."""

    def __init__(self, url):
        self.url = url
        self.environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "moto",
            "AWS_SECRET_ACCESS_KEY": "moto",
        }

    def client(self, service):
        """A client of boto3 for one service."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="moto",
            aws_secret_access_key="moto",
        )


@contextmanager
def empty_account():
    """Starts moto; it ends with the block, or with this process."""
    program = [sys.executable, str(ROOT / "tests/data/moto_server.py")]
    # moto warns of each kind of resource that its CloudFormation does not know; stack.py knows them.
    server = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield Account(f"http://127.0.0.1:{int(server.stdout.readline())}")
    finally:
        server.stdin.close()
        server.wait(timeout=30)
