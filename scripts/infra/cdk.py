"""The CDK constructs: compiled by jsii, their own tests, and stacks of them synthesised as templates, which are then checked as the others are."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import policies
import stack
from template import INFRA, ROOT
from tools import TOOLS

CDK = INFRA / "cdk"
PACKAGES = TOOLS / "npm-cdk"
PREFIX = "v1"


class Failed(Exception):
    """The constructs do not compile, or a test of theirs fails; the text says why."""


def run(command, directory, question=None):
    """What a program of Node's answers."""
    environment = os.environ | {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}
    text = None if question is None else json.dumps(question)
    done = subprocess.run(command, cwd=directory, input=text, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[1:])}: {done.stdout.strip()[-3000:]} {done.stderr.strip()[-3000:]}")
    return done.stdout


def built(directory):
    """Compiles a copy of the package in `directory`; jsii accepts what every language of jsii's can use, and writes beside the source."""
    for name in ("lib", "test"):
        shutil.copytree(CDK / name, directory / name)
    for name in ("package.json", "README.md"):
        shutil.copy(CDK / name, directory)
    (directory / "node_modules").symlink_to(PACKAGES / "node_modules")
    for name in ("policies", "dashboard.json.tftpl"):
        source, target = INFRA / "terraform" / name, directory / "shared" / name
        target.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    run([str(PACKAGES / "node"), "node_modules/.bin/jsii", "--fail-on-warnings"], directory)
    run([str(PACKAGES / "node"), "--test", "test/constructs.test.js"], directory)
    compile_page(directory)


# What the page's example is given.
AROUND = """import * as cdk from 'aws-cdk-lib';
{imports}
declare const vpc: aws_ec2.Vpc, cluster: aws_rds.DatabaseCluster, secret: aws_secretsmanager.Secret, alarmTopic: cdk.aws_sns.ITopic;
declare const orders: Record<string, cdk.SecretValue>;
class Example extends Stack {{
  make(): void {{
{body}
  }}
}}
"""


def compile_page(directory):
    """The example of docs/install/cdk.md, against the package."""
    text = "".join(re.findall(r"^```ts\n(.*?)^```", (ROOT / "docs/install/cdk.md").read_text(), re.MULTILINE | re.DOTALL))
    is_import = re.compile(r"^import .*\n", re.MULTILINE)
    imports = "".join(is_import.findall(text)).replace("'keywheel-cdk'", "'./lib'")
    (directory / "example.ts").write_text(AROUND.format(imports=imports, body=is_import.sub("", text)))
    options = ("--ignoreConfig", "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "commonjs", "--types", "node")
    run([str(PACKAGES / "node"), "node_modules/typescript/bin/tsc", *options, "example.ts"], directory)


def values(scenario):
    """What the stack of a scenario is given: what the Terraform module is."""
    roles = [{"roleArn": role["arn"], "externalId": role["external_id"]} for role in scenario.variables.get("assume_roles", [])]
    given = {"code_bucket": stack.BUCKET, "code_prefix": PREFIX, "has_secrets": not scenario.name}
    return scenario.variables | given | ({"assume_roles": roles} if roles else {})


def name_of(scenario):
    """A scenario's stack."""
    return "Cdk" + "".join(word.capitalize() for word in scenario.name.replace(",", "").split())


def templates():
    """The templates of every scenario's stack, by name."""
    stacks = {name_of(scenario): values(scenario) for scenario in policies.SCENARIOS}
    with tempfile.TemporaryDirectory() as name:
        built(Path(name))
        return json.loads(run([str(PACKAGES / "node"), "test/stacks.js"], name, {"stacks": stacks}))


def on_call_arn(account, name):
    """The policy for people on call in a deployed stack."""
    return next(value for key, value in stack.outputs(account, name).items() if "OnCallPolicy" in key)


def secret_problems(account):
    """Secrets of the stack without the rotation that it gives them."""
    manager = account.client("secretsmanager")
    for name, function in (("orders", "rotate-postgres-single-user"), ("stock", "rotate-postgres-alternating-users")):
        described = manager.describe_secret(SecretId=f"myapp/prod/cdk/{name}")
        if described.get("RotationLambdaARN") != policies.function_arn(function):
            yield f"the CDK stack gave the secret {name} no rotation by {function}"
    for function in policies.calls.FUNCTIONS:
        policy = json.loads(account.client("lambda").get_policy(FunctionName=policies.PREFIX + function)["Policy"])
        allowed = [one for one in policy["Statement"] if one["Principal"].get("Service") == "secretsmanager.amazonaws.com"]
        if [one.get("Condition", {}).get("StringEquals", {}).get("AWS:SourceAccount") for one in allowed] != [policies.ACCOUNT]:
            yield f"the CDK stack lets Secrets Manager invoke {function} by {json.dumps(allowed)}"
