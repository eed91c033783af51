"""Checks the Terraform modules without Terraform, which no package brings: parsed and formatted by Terraform's own HCL library, every resource and argument
held against the AWS provider's schema, every reference followed, and the policies rendered.

terraform.py    formats the files as `terraform fmt` would
"""

import json
import re

from template import INFRA
from tools import node

TERRAFORM = INFRA / "terraform"
META = {"count", "for_each", "depends_on", "provider", "lifecycle", "dynamic", "providers", "source", "version"}
WITHOUT_STRINGS = re.compile(r"#[^\n]*")


def modules():
    """The directories with Terraform in them."""
    return sorted({path.parent for path in TERRAFORM.rglob("*.tf")})


def label(path):
    """A file or directory as a person names it."""
    return str(path.relative_to(INFRA.parent))


def load():
    """Every module's files: their text as it is, as Terraform would format it, and parsed."""
    texts = {label(path): path.read_text() for path in sorted(TERRAFORM.rglob("*.tf"))}
    answer = node("hcl.mjs", {"files": texts})
    return texts, answer["formatted"], answer["parsed"]


def format_problems(texts, formatted):
    """The files that `terraform fmt` would change."""
    for name, text in texts.items():
        if text != formatted[name]:
            line = next((n for n, (a, b) in enumerate(zip(text.splitlines(), formatted[name].splitlines()), 1) if a != b), 0)
            yield f"{name}:{line}: not formatted as terraform fmt does"


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

    def resources(self):
        """(kind, name, body) of every resource and data source; the kind of a data source begins with `data.`."""
        for prefix, section in (("", "resource"), ("data.", "data")):
            for kind, instances in self.blocks.get(section, {}).items():
                for name, bodies in instances.items():
                    yield prefix + kind, name, bodies[0]


def argument_problems(where, body, arguments):
    """Arguments that the provider does not have, and required ones that are missing."""
    given = {name: value for name, value in body.items() if name not in META}
    for entry in body.get("dynamic", {}).items():
        given[entry[0]] = [content for one in entry[1] for content in one["content"]]
    for name, value in given.items():
        if name not in arguments:
            yield f"{where}: no argument {name}"
            continue
        nested = arguments[name].get("block")
        for inner in value if nested and isinstance(value, list) else []:
            yield from argument_problems(f"{where}.{name}", inner, nested)
    for name, argument in arguments.items():
        if argument["required"] and name not in given:
            yield f"{where}: {name} is required"


def schema_problems(module, schema):
    """What the provider would refuse of a module's resources."""
    for kind, name, body in module.resources():
        where = f"{label(module.directory)}: {kind}.{name}"
        if kind not in schema:
            yield f"{where}: no such resource in schema.json; run scripts/infra/refresh_terraform_schema.py"
        else:
            yield from argument_problems(where, body, schema[kind]["arguments"])


def reference_problems(module, schema):
    """References to what is not declared, and variables that nothing uses."""
    here, text = label(module.directory), module.text
    variables, declared = module.variables(), {(kind, name) for kind, name, _ in module.resources()}
    used = set(re.findall(r"\bvar\.(\w+)", text))
    yield from (f"{here}: var.{name} is not declared" for name in sorted(used - set(variables)))
    yield from (f"{here}: nothing uses the variable {name}" for name in sorted(set(variables) - used))
    locals_used = set(re.findall(r"\blocal\.(\w+)", text))
    yield from (f"{here}: local.{name} is not declared" for name in sorted(locals_used - module.locals()))
    yield from (f"{here}: nothing uses local.{name}" for name in sorted(module.locals() - locals_used))
    references = re.findall(r"(?<![\w.])((?:data\.)?aws_\w+)\.(\w+)(?:\[[^\]]*\])?(?:\.(\w+))?", text)
    for kind, name, attribute in references:
        if (kind, name) not in declared:
            yield f"{here}: {kind}.{name} is not declared"
        elif attribute and kind in schema and attribute not in schema[kind]["attributes"]:
            yield f"{here}: {kind}.{name} has no attribute {attribute}"


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


def call_problems(module, by_directory):
    """Calls of modules with arguments that they do not have, or without what they need, and outputs that they do not give."""
    for name, bodies in module.blocks.get("module", {}).items():
        body, where = bodies[0], f"{label(module.directory)}: module.{name}"
        callee = by_directory.get((module.directory / body["source"]).resolve())
        if callee is None:
            yield f"{where}: no module in {body['source']}"
            continue
        given, variables = set(body) - META, callee.variables()
        yield from (f"{where}: no variable {one}" for one in sorted(given - set(variables)))
        needed = {one for one, variable in variables.items() if "default" not in variable}
        yield from (f"{where}: {one} is required" for one in sorted(needed - given))
        outputs = set(re.findall(rf"\bmodule\.{name}\.(\w+)", module.text)) - set(callee.blocks.get("output", {}))
        yield from (f"{where}: no output {one}" for one in sorted(outputs))


def template_problems(module):
    """Templates that are not there, or that ask for values that nobody gives."""
    given = set(re.findall(r"(?:^\s+|[{,]\s*)(\w+)\s+=", module.text, re.MULTILINE))
    for path in re.findall(r'templatefile\("\$\{path\.module\}/([^"]+)"', module.text):
        if "${" in path:
            continue
        file = module.directory / path
        if not file.is_file():
            yield f"{label(module.directory)}: no {path}"
            continue
        wanted = set(re.findall(r"\$\{(?:jsonencode\()?(\w+)\)?\}", file.read_text()))
        yield from (f"{label(file)}: nobody gives {name}" for name in sorted(wanted - given))


def problems():
    """Everything that is wrong with the modules."""
    return problems_of(*load())


def problems_of(texts, formatted, parsed):
    """The same, for files that were read."""
    schema = json.loads((TERRAFORM / "schema.json").read_text())["resources"]
    yield from format_problems(texts, formatted)
    by_directory = {directory.resolve(): Module(directory, texts, parsed) for directory in modules()}
    for module in by_directory.values():
        yield from schema_problems(module, schema)
        yield from reference_problems(module, schema)
        yield from declaration_problems(module)
        yield from call_problems(module, by_directory)
        yield from template_problems(module)


def render(path, values):
    """What `templatefile` makes of a template of ours, which has nothing but names and jsonencode(name)."""

    def value(match):
        return json.dumps(values[match[2]]) if match[1] else str(values[match[2]])

    return json.loads(re.sub(r"\$\{(jsonencode\()?(\w+)\)?\}", value, path.read_text()))


def main():
    texts, formatted, _ = load()
    for name in (name for name in texts if texts[name] != formatted[name]):
        (INFRA.parent / name).write_text(formatted[name])
        print(name)


if __name__ == "__main__":
    main()
