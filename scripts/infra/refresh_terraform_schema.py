"""Makes infra/terraform/schema.json anew: the resources of the AWS provider that the modules use, with their arguments.

The data is the jsii assembly inside the npm package @cdktf/provider-aws (37 MB, MPL-2.0), which HashiCorp generated from the provider's own schema. The
package is fetched by npm, read, and thrown away; no code of it runs.

refresh_terraform_schema.py VERSION
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "infra" / "terraform"
PACKAGE = "@cdktf/provider-aws"
ANCHOR = re.compile(r"/docs/(?:resources|data-sources)/(\w+)#(\w+)")


def assembly(version):
    """The package's description of itself."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["npm", "pack", "--silent", "--pack-destination", directory, f"{PACKAGE}@{version}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        archive = next(Path(directory).glob("*.tgz"))
        with tarfile.open(archive) as files:
            return json.load(files.extractfile("package/.jsii")), json.load(files.extractfile("package/package.json"))


def used():
    """The kinds of resource and data source that the modules name."""
    text = "".join(path.read_text() for path in TERRAFORM.rglob("*.tf"))
    resources = set(re.findall(r'^resource "(\w+)"', text, re.MULTILINE))
    return resources | {f"data.{kind}" for kind in re.findall(r'^data "(\w+)"', text, re.MULTILINE)}


def names(documented):
    """The names that Terraform has for a documented property: the resource's and the argument's."""
    docs = documented.get("docs", {})
    return ANCHOR.search(docs.get("summary", "") + docs.get("remarks", ""))


def block_type(kind):
    """The fully qualified name of a block's own type, if the property is a block."""
    found = re.findall(r'"fqn": "(@cdktf/[^"]+)"', json.dumps(kind))
    return found[0] if found else None


def arguments(types, interface):
    """The arguments of a resource or block: whether they are required, their type, and, for a block, its own."""
    found = {}
    for entry in types[interface].get("properties", []):
        anchor = names(entry)
        if not anchor:
            continue
        argument = {"required": not entry.get("optional", False)}
        nested = block_type(entry["type"])
        if nested:
            argument["block"] = arguments(types, nested)
        found[anchor[2]] = argument
    return found


def snake(name):
    """The name of an attribute as Terraform writes it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def attributes(types, kind):
    """What can be read of a resource: what the class has, beside its arguments."""
    entries = types[kind].get("properties", [])
    return sorted({snake(entry["name"]) for entry in entries if not entry["name"].endswith("Input") and not entry.get("static")})


def schema(version):
    """The schema of what is used."""
    described, package = assembly(version)
    types = described["types"]
    wanted, found = used(), {}
    for name, entry in types.items():
        if not name.endswith("Config") or entry["kind"] != "interface":
            continue
        anchors = [names(one) for one in entry.get("properties", []) if names(one)]
        if not anchors:
            continue
        prefix = "data.aws_" if "/data-sources/" in anchors[0][0] else "aws_"
        kind = prefix + anchors[0][1]
        owner = name[: -len("Config")]
        if kind in wanted and any(base == "cdktf.TerraformMetaArguments" for base in entry.get("interfaces", [])):
            found[kind] = {"arguments": arguments(types, name), "attributes": attributes(types, owner)}
    missing = wanted - set(found)
    if missing:
        sys.exit(f"refresh-terraform-schema: the package has no {', '.join(sorted(missing))}")
    source = f"npm {PACKAGE} {version} (MPL-2.0), made from hashicorp/aws {package['cdktf']['provider']['version']}"
    return {"source": source, "resources": dict(sorted(found.items()))}


if __name__ == "__main__":
    made = schema(sys.argv[1])
    (TERRAFORM / "schema.json").write_text(json.dumps(made, indent=1) + "\n")
    print(f"{len(made['resources'])} kinds from {made['source']}")
