"""Makes infra/terraform/schema.json anew: the resources of the AWS provider that the modules use, with what Terraform must know of them.

The data is in the npm package @cdktf/provider-aws (37 MB, MPL-2.0), which HashiCorp generated from the provider's own schema. The package is fetched by
npm, read, and thrown away; no code of it runs. Its description (.jsii) says what is required, its code which type something has.

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
ANCHOR = re.compile(r"/docs/(resources|data-sources)/(\w+)#(\w+)")
# What the code says of an argument: its name, whether it is a list, whether it is a block, of which kind, and of what.
ARGUMENT = re.compile(r'^ +(\w+): \{\n +value: (.*),\n +isBlock: (true|false),\n +type: "(\w+)",\n +storageClassType: "(\w+)",$', re.MULTILINE)
# What can only be read.
COMPUTED = re.compile(r"// (\w+) - computed: true, optional: false, required: false\n +get \w+\(\) \{\n.*?this\.get(\w+)Attribute\(", re.MULTILINE)
# What the provider fills in if it is not set. The package does not say which these are; no module sets them.
FILLED_IN = {"arn", "id", "region", "tags_all"}
TYPES = {"string": "string", "number": "number", "boolean": "bool"}
READ = {"String": "string", "Number": "number", "Boolean": "bool", "StringMap": ["map", "string"], "List": ["list", "string"]}


class Package:
    """The npm package's files."""

    def __init__(self, version):
        with tempfile.TemporaryDirectory() as directory:
            command = ["npm", "pack", "--silent", "--pack-destination", directory, f"{PACKAGE}@{version}"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            with tarfile.open(next(Path(directory).glob("*.tgz"))) as archive:
                wanted = re.compile(r"package/(\.jsii|package\.json|lib/[\w-]+/index\.js)$")
                self.files = {member.name: archive.extractfile(member).read() for member in archive if wanted.match(member.name)}
        self.types = json.loads(self.files["package/.jsii"])["types"]
        self.made_from = json.loads(self.files["package/package.json"])["cdktf"]["provider"]["version"]

    def code(self, name):
        """The code of the class that has this name in the description."""
        module = self.types[name]["symbolId"].split(":")[0].removesuffix("/index")
        return self.files[f"package/{module.replace('src/', 'lib/')}/index.js"].decode()


def used():
    """The kinds of resource and data source that the modules name."""
    text = "".join(path.read_text() for path in TERRAFORM.rglob("*.tf"))
    resources = set(re.findall(r'^resource "(\w+)"', text, re.MULTILINE))
    return resources | {f"data.{kind}" for kind in re.findall(r'^data "(\w+)"', text, re.MULTILINE)}


def anchor(documented):
    """The kind and the argument that a documented property is about."""
    docs = documented.get("docs", {})
    return ANCHOR.search(docs.get("summary", "") + docs.get("remarks", ""))


def required(types, interface):
    """The arguments of a resource or block that must be set."""
    return {anchor(entry)[3] for entry in types[interface].get("properties", []) if anchor(entry) and not entry.get("optional", False)}


def block(package, interface, text, code):
    """A resource or block: its attributes, and the blocks in it. `text` is the part of the code that is about it."""
    musts, attributes, blocks = required(package.types, interface), {}, {}
    for name, value, is_block, kind, stored in ARGUMENT.findall(text):
        if is_block == "true":
            inner = stored.removesuffix("List") if kind in ("list", "set") else stored
            part = re.search(rf"^function {inner[0].lower()}{inner[1:]}ToHclTerraform\(.*?^\}}", code, re.MULTILINE | re.DOTALL)[0]
            nested = block(package, f"{interface.rsplit('.', 1)[0]}.{inner}", part, code)
            at_most = {} if kind == "struct" or "listMapperHcl(" in value else {"at_most": 1}
            blocks[name] = {"nesting": {"struct": "single"}.get(kind, kind), "at_least": int(name in musts)} | at_most | nested
        else:
            scalar = TYPES[re.sub(r"(List|Map)$", "", stored)]
            mode = "required" if name in musts else "filled in" if name in FILLED_IN else "optional"
            attributes[name] = {"type": scalar if kind == "simple" else [kind, scalar], "mode": mode}
    return {"attributes": attributes, "blocks": blocks}


def resource(package, name):
    """A resource or data source."""
    code = package.code(name)
    found = block(package, f"{name}Config", re.search(r"synthesizeHclAttributes\(\) \{.*?^    \}", code, re.MULTILINE | re.DOTALL)[0], code)
    own = code[code.rindex("super(scope, id, {") :]
    for attribute, read in COMPUTED.findall(own):
        found["attributes"].setdefault(attribute, {"type": READ[read], "mode": "read"})
    return found


def schema(version):
    """The schema of what is used."""
    package = Package(version)
    wanted, found = used(), {}
    for name, entry in package.types.items():
        if not name.endswith("Config") or "cdktf.TerraformMetaArguments" not in entry.get("interfaces", []):
            continue
        anchors = [anchor(one) for one in entry.get("properties", []) if anchor(one)]
        kind = f"{'data.' if anchors and anchors[0][1] == 'data-sources' else ''}aws_{anchors[0][2]}" if anchors else ""
        if kind in wanted:
            found[kind] = resource(package, name.removesuffix("Config"))
    missing = wanted - set(found)
    if missing:
        sys.exit(f"refresh-terraform-schema: the package has no {', '.join(sorted(missing))}")
    source = f"npm {PACKAGE} {version} (MPL-2.0), made from hashicorp/aws {package.made_from}"
    return {"source": source, "resources": dict(sorted(found.items()))}


if __name__ == "__main__":
    made = schema(sys.argv[1])
    (TERRAFORM / "schema.json").write_text(json.dumps(made, indent=1) + "\n")
    print(f"{len(made['resources'])} kinds from {made['source']}")
