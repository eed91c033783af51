"""The README of each Terraform module and example: what it is for, and its inputs and outputs, made from its files.

terraform_readme.py    writes them again
"""

import json

import terraform

BEGIN = "<!-- made by scripts/infra/terraform_readme.py -->\n"


def cell(text):
    """A text as a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def code(text):
    """A text as code in a cell."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{cell(text)}{fence}"


def rows_of_inputs(module):
    """A line for each variable, in the order of their names."""
    for name, body in sorted(module.variables().items()):
        kind = body["type"].removeprefix("${").removesuffix("}")
        default = code(json.dumps(body["default"])) if "default" in body else "required"
        yield f"| `{name}` | {cell(body['description'])} | {code(kind)} | {default} |"


def made(module):
    """The part of a README that is made."""
    terraform_block = module.blocks["terraform"][0]
    provider = terraform_block["required_providers"][0]["aws"]
    lines = [BEGIN, "## Requirements\n", "| name | version |", "|---|---|"]
    lines += [f"| terraform | {code(terraform_block['required_version'])} |", f"| `{provider['source']}` | {code(provider['version'])} |"]
    lines += ["\n## Inputs\n", "| name | description | type | default |", "|---|---|---|---|", *rows_of_inputs(module)]
    outputs = sorted(module.blocks.get("output", {}).items())
    if outputs:
        lines += ["\n## Outputs\n", "| name | description |", "|---|---|"]
        lines += [f"| `{name}` | {cell(body[0]['description'])} |" for name, body in outputs]
    return "\n".join(lines) + "\n"


def readmes():
    """Each README as it is, and as it should be."""
    texts, parsed = terraform.load()
    for directory in terraform.modules():
        path = directory / "README.md"
        there = path.read_text() if path.is_file() else f"# {directory.name}\n\n{BEGIN}"
        yield path, there, there.split(BEGIN)[0] + made(terraform.Module(directory, texts, parsed))


def problems():
    """READMEs that are not there, or out of date."""
    for path, there, wanted in readmes():
        if not path.is_file() or there != wanted:
            yield f"{terraform.label(path)} is out of date; run scripts/infra/terraform_readme.py"


def main():
    for path, there, wanted in readmes():
        if not path.is_file() or there != wanted:
            path.write_text(wanted)
            print(terraform.label(path))


if __name__ == "__main__":
    main()
