"""Checks the Terraform modules: what Terraform says of them (terraform_cli.py), and what it does not mind."""

import re

import terraform_cli
from template import INFRA
from tools import node

TERRAFORM = INFRA / "terraform"
PAGES = (INFRA.parent / "docs/install/terraform.md", TERRAFORM / "README.md")
WITHOUT_STRINGS = re.compile(r"#[^\n]*")


def modules():
    """The directories with Terraform in them."""
    return sorted({path.parent for path in TERRAFORM.rglob("*.tf")})


def label(path):
    """A file or directory as a person names it."""
    return str(path.relative_to(INFRA.parent))


def load():
    """Every module's files: their text as it is, and parsed."""
    texts = {label(path): path.read_text() for path in sorted(TERRAFORM.rglob("*.tf"))}
    return texts, node("hcl.mjs", {"files": texts})


class Module:
    """One directory: what it declares and what it says."""

    def __init__(self, directory, texts, parsed):
        self.directory = directory
        names = [name for name in texts if (INFRA.parent / name).parent == directory]
        self.text = "\n".join(WITHOUT_STRINGS.sub("", texts[name]) for name in names)
        self.blocks = {}
        for name in names:
            for kind, content in parsed[name].items():
                self.merge(kind, content)

    def merge(self, kind, content):
        """Adds one file's blocks of a kind."""
        if isinstance(content, dict):
            for name, body in content.items():
                mine = self.blocks.setdefault(kind, {})
                if kind in ("resource", "data"):
                    mine.setdefault(name, {}).update(body)
                else:
                    mine[name] = body
        else:
            self.blocks.setdefault(kind, []).extend(content)

    def variables(self):
        """The variables by name."""
        return {name: body[0] for name, body in self.blocks.get("variable", {}).items()}

    def locals(self):
        """The names of the local values."""
        return {name for block in self.blocks.get("locals", []) for name in block}


def unused_problems(module):
    """Variables and local values that nothing uses."""
    here, text = label(module.directory), module.text
    for kind, names in (("var", module.variables()), ("local", module.locals())):
        used = set(re.findall(rf"\b{kind}\.(\w+)", text))
        yield from (f"{here}: nothing uses {kind}.{name}" for name in sorted(set(names) - used))


def declaration_problems(module):
    """Variables without a type, and variables and outputs without a description."""
    here = label(module.directory)
    for name, body in module.variables().items():
        for wanted in ("description", "type"):
            if wanted not in body:
                yield f"{here}: the variable {name} has no {wanted}"
    for name, body in module.blocks.get("output", {}).items():
        if "description" not in body[0]:
            yield f"{here}: the output {name} has no description"


def problems(root):
    """Everything that is wrong with the modules below a copy of infra/terraform."""
    yield from terraform_cli.problems(root, [directory.relative_to(TERRAFORM) for directory in modules()])
    for page in PAGES:
        yield from terraform_cli.page_problems(root, page)
    texts, parsed = load()
    for directory in modules():
        module = Module(directory, texts, parsed)
        yield from unused_problems(module)
        yield from declaration_problems(module)
