"""Deploys templates into moto's account by CloudFormation.

A few kinds of resource moto's CloudFormation does not make (`BY_CALL`). In the stack each of those becomes a parameter of Systems Manager that holds its
properties, so that moto resolves their references like all others; then the service's own call makes it.
"""

import ast
import json

from conditions import without_false_outputs
from template import INFRA, transformed

STACK = "keywheel"
BUCKET = "keywheel-code"


class Failed(Exception):
    """The stack was not made; the text says why."""


def make_alarm(account, properties):
    """CloudFormation's properties of an alarm are the call's parameters."""
    account.client("cloudwatch").put_metric_alarm(**{"AlarmName": properties["MetricName"]} | properties)
    return properties.get("AlarmName", properties["MetricName"])


def make_secret(account, properties):
    """A secret; its reference is its ARN."""
    given = {name: value for name, value in properties.items() if name != "GenerateSecretString"}
    if "GenerateSecretString" in properties:
        given["SecretString"] = account.client("secretsmanager").get_random_password(**properties["GenerateSecretString"])["RandomPassword"]
    return account.client("secretsmanager").create_secret(**given)["ARN"]


def set_schedule(account, properties):
    """A rotation's schedule."""
    account.client("secretsmanager").rotate_secret(
        SecretId=properties["SecretId"],
        RotationLambdaARN=properties["RotationLambdaARN"],
        RotationRules=properties["RotationRules"],
        RotateImmediately=properties.get("RotateImmediatelyOnUpdate", True),
    )
    return properties["SecretId"]


def set_secret_policy(account, properties):
    """A secret's resource policy."""
    policy = json.dumps(properties["ResourcePolicy"])
    account.client("secretsmanager").put_resource_policy(SecretId=properties["SecretId"], ResourcePolicy=policy)
    return properties["SecretId"]


def set_queue_policy(account, properties):
    """A queue's policy."""
    for queue in properties["Queues"]:
        attributes = {"Policy": json.dumps(properties["PolicyDocument"])}
        account.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=attributes)
    return properties["Queues"][0]


def make_filter(account, properties):
    """A filter that makes a metric of log lines."""
    one = properties["MetricTransformations"][0]
    transformation = {key[0].lower() + key[1:]: value for key, value in one.items() if key != "Dimensions"}
    transformation["dimensions"] = {pair["Key"]: pair["Value"] for pair in one["Dimensions"]}
    group, name = properties["LogGroupName"], one["MetricName"]
    given = {"logGroupName": group, "filterName": name, "filterPattern": properties["FilterPattern"]}
    account.client("logs").put_metric_filter(**given, metricTransformations=[transformation])
    return f"{group} {name}"


def set_destination(account, properties):
    """Where Lambda sends what it could not do."""
    account.client("lambda").put_function_event_invoke_config(**properties)
    return properties["FunctionName"]


# Of a role's properties, moto's CloudFormation leaves out this one.
ATTACHED = "ManagedPolicyArns"


def attach_policies(account, properties):
    """A role's managed policies; None if there are none."""
    for arn in properties.get("Arns", []):
        account.client("iam").attach_role_policy(RoleName=properties["RoleName"], PolicyArn=arn)
    return properties["RoleName"] if properties.get("Arns") else None


BY_CALL = {
    ATTACHED: attach_policies,
    "AWS::CloudWatch::Alarm": make_alarm,
    "AWS::Lambda::EventInvokeConfig": set_destination,
    "AWS::Logs::MetricFilter": make_filter,
    "AWS::SecretsManager::Secret": make_secret,
    "AWS::SecretsManager::ResourcePolicy": set_secret_policy,
    "AWS::SecretsManager::RotationSchedule": set_schedule,
    "AWS::SQS::QueuePolicy": set_queue_policy,
}


def parameters_of(prefix, **others):
    """The parameters of a stack whose zip files are in the folder `prefix`."""
    return {"CodeBucket": BUCKET, "CodePrefix": prefix} | others


def upload(account, prefix, zips):
    """Puts the zip files, named by their key below the prefix, where the template looks for them."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for key, path in zips.items():
        s3.upload_file(str(path), BUCKET, f"{prefix}/{key}")


def stand_in(stack, name):
    """Where the properties of a resource are stored that CloudFormation does not make here."""
    return f"/stand-in/{stack}/{name}"


def parameter(stack, name, properties, like):
    """A parameter that holds properties, made when the resource `like` would be."""
    text = {"Fn::ToJsonString": properties}
    kept = {key: like[key] for key in ("Condition",) if key in like}
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": stand_in(stack, name), "Type": "String", "Value": text}} | kept


def with_stand_ins(plain, stack):
    """The template with a parameter in the place of each resource that is made by a call, and what those parameters are for: (name, type)."""
    resources, made = {}, []
    for name, resource in plain["Resources"].items():
        if resource["Type"] in BY_CALL:
            made.append((name, resource["Type"]))
            resource = parameter(stack, name, resource["Properties"], resource)
        elif resource["Type"] == "AWS::IAM::Role" and "ManagedPolicyArns" in resource["Properties"]:
            attached = name + ATTACHED
            made.append((attached, ATTACHED))
            properties = {"RoleName": {"Ref": name}, "Arns": resource["Properties"]["ManagedPolicyArns"]}
            resources[attached] = parameter(stack, attached, properties, resource)
        resources[name] = resource
    return plain | {"Resources": resources}, made


def deploy(account, parameters, template=INFRA / "template.yaml", stack=STACK):
    """Makes the stack. Answers with what was made by call: (logical id, type, its name)."""
    plain = transformed(template, parameters)
    body, replaced = with_stand_ins(plain, stack)
    account.client("cloudformation").create_stack(
        StackName=stack,
        TemplateBody=json.dumps(without_false_outputs(body, parameters), default=str),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    status = description(account, stack)["StackStatus"]
    if status != "CREATE_COMPLETE":
        raise Failed(f"the stack {stack} is {status}")
    return make_by_call(account, stack, replaced)


def make_by_call(account, stack, names):
    """Makes what CloudFormation left out, in the order of the template; later ones may refer to earlier ones."""
    ssm, made = account.client("ssm"), []
    known = {}
    for name, kind in names:
        try:
            text = ssm.get_parameter(Name=stand_in(stack, name))["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            continue  # its condition is false
        for reference, value in known.items():
            text = text.replace(json.dumps(reference), json.dumps(value))
        reference = BY_CALL[kind](account, json.loads(text))
        known[stand_in(stack, name)] = reference
        if kind != ATTACHED:
            made.append((name, kind, reference))
    return made


def description(account, stack=STACK):
    """What CloudFormation says of the stack."""
    return account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]


def outputs(account, stack=STACK):
    """The stack's outputs by name."""
    return {output["OutputKey"]: output["OutputValue"] for output in description(account, stack).get("Outputs", [])}


def resources(account, stack=STACK):
    """The stack's resources, as (logical id, type, physical id), without the stand-ins."""
    pages = account.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            if resource["LogicalResourceId"] and resource["ResourceType"] != "AWS::SSM::Parameter":
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


def policies_of_functions(account, functions):
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
