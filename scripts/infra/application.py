"""The SAM template as a nested application: packaged by the aws command line, transformed, and deployed into moto's account."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlparse

import stack
from template import INFRA, transformed
from tools import TOOLS

EXAMPLE = INFRA / "examples/application.yaml"


def packaged(account, target):
    """What `aws cloudformation package` makes of the example: the nested template is in the bucket, and the example names it there."""
    command = ["cloudformation", "package", "--template-file", EXAMPLE, "--s3-bucket", stack.BUCKET, "--output-template-file", target]
    done = subprocess.run([TOOLS / "venv/bin/aws", *command], env=os.environ | account.environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise stack.Failed(f"aws cloudformation package: {done.stderr}")


def object_at(account, url):
    """The object of S3 that a URL names."""
    bucket, _, key = urlparse(url).path.lstrip("/").partition("/")
    return account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def deploy(account, parameters, name):
    """Makes the example's stack. The nested one is made first, as a stack of its own: moto does not know a nested stack's outputs."""
    with tempfile.TemporaryDirectory() as directory:
        outer, inner = Path(directory) / "outer.yaml", Path(directory) / "inner.yaml"
        packaged(account, outer)
        plain = transformed(outer, parameters)
        nested = plain["Resources"].pop("Keywheel")["Properties"]
        inner.write_bytes(object_at(account, nested["TemplateURL"]))
        given = {key: parameters[value["Ref"]] if isinstance(value, dict) else value for key, value in nested["Parameters"].items()}
        stack.deploy(account, given, inner, f"{name}-Keywheel")
        text = json.dumps(plain)
        for key, value in stack.outputs(account, f"{name}-Keywheel").items():
            text = text.replace(json.dumps({"Fn::GetAtt": ["Keywheel", f"Outputs.{key}"]}), json.dumps(value))
        outer.write_text(text)
        stack.deploy(account, parameters, outer, name)
