"""The policies in AWS's other partitions: GovCloud and China. What is rendered there is evaluated there, to the same table, and no template names a partition.

The policies are those that Terraform and the CDK share. The SAM template's are held against a plain rule: an ARN begins with the partition's pseudo
parameter.
"""

import json
import re

import policies
import template
import terraform
import terraform_cli
from template import REGION

PARTITIONS = {"aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
LITERAL = re.compile(r"arn:aws[\w-]*:(?!states:::aws-sdk)")  # Step Functions' own names of calls have one partition, everywhere
SOURCES = ("*.yaml", "*.tf", "*.tftpl", "*.ts")


def moved(value, partition):
    """The same value, there: ARNs in the partition, and its region."""
    return json.loads(json.dumps(value).replace("arn:aws:", f"arn:{partition}:").replace(REGION, PARTITIONS[partition]))


def rows(functions, partition):
    """The table, there."""
    for row in policies.rows(functions):
        for name in ("resource", "context", "resource_policy"):
            setattr(row, name, moved(getattr(row, name), partition))
        row.partition, row.region = partition, PARTITIONS[partition]
        yield row


def of_terraform(functions, partition):
    """The policies, there."""
    variables = moved(policies.SCENARIOS[0].variables, partition)
    return policies.of_state(functions, terraform_cli.applied(variables, partition=partition, region=PARTITIONS[partition])[0])


def literals(text):
    """The numbers of the lines that name a partition, outside of comments and descriptions."""
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r"#.*|^\s*(//|\*|/\*\*).*", "", line)
        if LITERAL.search(code) and not re.match(r"\s*description\b", code, re.IGNORECASE):
            yield number


def literal_problems():
    """Templates that name a partition."""
    for pattern in SOURCES:
        for path in sorted(template.INFRA.rglob(pattern)):
            if "node_modules" not in path.parts and "cross-account" not in path.parts:  # that example names the ARNs of its accounts
                yield from (f"{terraform.label(path)}:{number}: names a partition; it fails in the others" for number in literals(path.read_text()))
