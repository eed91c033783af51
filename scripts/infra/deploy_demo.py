"""From an empty account to rotating secrets: `make deploy-demo`. The account is moto's; the zip files are those of `make build`.

deploy_demo.py ARCHITECTURE [--only FUNCTION]...
"""

import base64
import hashlib
import json
import os
import subprocess
import sys

import boto3

import calls
import check
import cloud
import policies
import stack
import template
from functions import FUNCTIONS
from tools import TOOLS

BUILT = template.ROOT / "target" / "lambda"


class Missing(Exception):
    """A zip file that is not there."""


def title(text):
    """One step of the story."""
    print(f"\n== {text}", flush=True)


def zips(built, architecture, functions):
    """The zip files by their key below the prefix."""
    found = {f"{architecture}/{name}.zip": built / architecture / f"{name}.zip" for name in functions}
    found["watch.zip"] = built / "watch.zip"
    for path in found.values():
        if not path.is_file():
            name = path.stem
            raise Missing(f"{path} is not there; run: make build ARCH={architecture} FUNCTIONS={name}")
    return found


def count(account):
    """What an account holds."""
    stacks = len(account.client("cloudformation").list_stacks()["StackSummaries"])
    functions = len(account.client("lambda").list_functions()["Functions"])
    roles = len(account.client("iam").list_roles()["Roles"])
    secrets = len(account.client("secretsmanager").list_secrets()["SecretList"])
    print(f"stacks: {stacks}, functions: {functions}, roles: {roles}, secrets: {secrets}")


def deploy(account, architecture, functions, files):
    """The stack with every function."""
    title("upload the zip files, and make the stack: infra/template.yaml through SAM's transform")
    stack.upload(account, "v1", files)
    wanted = {FUNCTIONS[name]: str(name in functions).lower() for name in FUNCTIONS}
    options = {"Architecture": architecture, "CreateSecretsManagerEndpoint": "true", **stack.network(account), **policies.PARAMETERS}
    by_call = stack.deploy(account, stack.parameters_of("v1", **options, **wanted))
    for name, kind, reference in [*stack.resources(account), *by_call]:
        print(f"  {kind:32} {name:44} {reference}")
    title("its outputs")
    for name, value in stack.outputs(account).items():
        print(f"  {name:40} {value}")


def show_functions(account, functions, files):
    """What Lambda has: the very bytes, who may invoke, and who may do what."""
    client = account.client("lambda")
    title("what Lambda has: the zip files to the byte, and who may invoke")
    for name in functions:
        configuration = client.get_function_configuration(FunctionName=f"keywheel-{name}")
        path = next(path for key, path in files.items() if key.endswith(f"/{name}.zip"))
        digest = base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
        same = "the same" if digest == configuration["CodeSha256"] else "DIFFERENT"
        print(f"  {name}: {configuration['Runtime']}, {configuration['MemorySize']} MB, {configuration['Timeout']} s, code {same} as {path.name}")
        if same != "the same":
            raise stack.Failed(f"{name} is not the code that was uploaded")
        for statement in json.loads(client.get_policy(FunctionName=f"keywheel-{name}")["Policy"])["Statement"]:
            print(f"    {statement['Principal']['Service']} may {statement['Action']} if {json.dumps(statement['Condition'])}")


def schedule(account, functions):
    """A secret for each function, with its schedule, from the examples."""
    title("a secret with a schedule for each function: infra/examples")
    examples = {"rotate-postgres-single-user": "single-user", "rotate-postgres-alternating-users": "alternating-users", "rotate-api-key": "api-key"}
    for function in functions:
        name = examples[function]
        stack.deploy(account, check.EXAMPLES[name], template.INFRA / "examples" / f"{name}.yaml", name)
    for secret in account.client("secretsmanager").list_secrets()["SecretList"]:
        print(f"  {secret['Name']}: {secret.get('RotationLambdaARN')}, {json.dumps(secret.get('RotationRules'))}")


def judge(account, functions):
    """The table of the policies, as the stack has them."""
    title("what each role may do, evaluated")
    known = [name for name in functions if calls.of_function(name, "own")]
    found = stack.policies_of_functions(account, known)
    wrong = check.judged("the stack's roles", list(policies.rows(known)), found)
    for name in sorted(set(functions) - set(known)):
        print(f"\n{name}: not evaluated, as infra/calls.txt has none of its calls")
    if wrong:
        raise stack.Failed("; ".join(wrong))


def watch(account, functions):
    """The watcher's own code, run against the account."""
    title("the watcher, run once: infra/watch")
    session = dict(region_name=template.REGION, endpoint_url=account.url, aws_access_key_id="moto", aws_secret_access_key="moto")
    secrets = check.watch.watched(boto3.client("secretsmanager", **session), [policies.function_arn(name) for name in functions])
    moment = check.watch.datetime.now(check.watch.timezone.utc)
    lines, totals = check.watch.report(secrets, moment, check.watch.timedelta(hours=2), check.watch.timedelta(hours=24))
    for line in lines:
        print(f"  {json.dumps(line)}")
    print(f"  {json.dumps(check.watch.metrics(totals, 'keywheel-watch', moment))}")


def cargo_lambda(account, built, architecture, functions):
    """The other way: cargo lambda deploy, with its endpoint pointed to the account."""
    title("the other way: make deploy, which is cargo lambda deploy")
    for name in functions:
        role = account.client("lambda").get_function_configuration(FunctionName=f"keywheel-{name}")["Role"]
        command = [str(template.ROOT / "scripts" / "deploy"), name, role, architecture, "--endpoint-url", account.url]
        environment = os.environ | account.environment | {"KEYWHEEL_TOOLS": str(TOOLS), "ZIPS": str(built)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise stack.Failed(f"cargo lambda deploy {name}: {done.stderr or done.stdout}")
        configuration = account.client("lambda").get_function_configuration(FunctionName=name)
        print(f"  {configuration['FunctionArn']}: {configuration['Architectures'][0]}, {configuration['CodeSize']} bytes")


def tell(account, built, architecture, functions):
    """The whole story, with what make build wrote."""
    files = zips(built, architecture, functions)
    title("an empty account")
    count(account)
    deploy(account, architecture, functions, files)
    show_functions(account, functions, files)
    schedule(account, functions)
    judge(account, functions)
    watch(account, functions)
    cargo_lambda(account, built, architecture, functions)
    title("the account now")
    count(account)


def main(arguments):
    architecture, *rest = arguments
    functions = [name for name in FUNCTIONS if "--only" not in rest or name in rest]
    try:
        with cloud.empty_account() as account:
            tell(account, BUILT, architecture, functions)
    except (Missing, stack.Failed) as problem:
        print(f"deploy-demo: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
