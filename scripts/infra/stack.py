"""Deploys the SAM template into moto's account: by CloudFormation, and by the services' own calls for the kinds of resource that moto's CloudFormation does not make."""

import ast
import json

from template import INFRA, transformed

STACK = "keywheel"
BUCKET = "keywheel-code"


class Failed(Exception):
    """The stack was not made; the text says why."""


def parameters_of(prefix, **others):
    """The parameters of a stack whose zip files are in the folder `prefix`."""
    return {"CodeBucket": BUCKET, "CodePrefix": prefix} | others


def upload(account, prefix, zips):
    """Puts the zip files, named by their key below the prefix, where the template looks for them."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for key, path in zips.items():
        s3.upload_file(str(path), BUCKET, f"{prefix}/{key}")


def deploy(account, parameters, template=INFRA / "template.yaml", stack=STACK):
    """Makes the stack, and what moto's CloudFormation left out. Answers with the plain template."""
    plain = transformed(template, parameters)
    body = json.dumps(plain, default=str)
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=body,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    status = description(account, stack)["StackStatus"]
    if status != "CREATE_COMPLETE":
        raise Failed(f"the stack {stack} is {status}")
    return plain


def description(account, stack=STACK):
    """What CloudFormation says of the stack."""
    return account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]


def outputs(account, stack=STACK):
    """The stack's outputs by name."""
    return {output["OutputKey"]: output["OutputValue"] for output in description(account, stack).get("Outputs", [])}


def resources(account, stack=STACK):
    """The stack's resources, as (logical id, type, physical id)."""
    pages = account.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            yield resource["LogicalResourceId"], resource["ResourceType"], resource.get("PhysicalResourceId", "")


def document(stored):
    """A policy as moto's CloudFormation stored it: a Python literal with None in the place of each AWS::NoValue."""
    policy = ast.literal_eval(stored) if isinstance(stored, str) else stored
    statements = [statement for statement in policy["Statement"] if statement is not None]
    return policy | {"Statement": statements}


def role_policies(account, role):
    """Every policy of a role, inline and attached, by name."""
    iam = account.client("iam")
    policies = {}
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        policies[name] = document(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        policies[attached["PolicyName"]] = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return policies


def policies_of_functions(account, functions, stack=STACK):
    """The policies of each function's role, as the functions have them."""
    found = {}
    for function in functions:
        configuration = account.client("lambda").get_function_configuration(FunctionName=f"keywheel-{function}")
        found[function] = role_policies(account, configuration["Role"].rpartition("/")[2])
    return found


def network(account):
    """A VPC of the account with two of its subnets, as parameters of the stack."""
    ec2 = account.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    return {"VpcId": vpc, "VpcSubnetIds": ",".join(subnet["SubnetId"] for subnet in subnets[:2])}
