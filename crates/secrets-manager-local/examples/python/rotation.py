"""A rotation function: the four steps, for a secret that is a JSON object with a password."""

import json
import time

import boto3


def lambda_handler(event, _context):
    client = boto3.client("secretsmanager")
    secret, token = event["SecretId"], event["ClientRequestToken"]
    stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"].get(token, [])
    if "AWSCURRENT" in stages:
        return
    if "AWSPENDING" not in stages:
        raise ValueError(f"version {token} is not AWSPENDING")
    steps = {"createSecret": create, "setSecret": apply, "testSecret": check, "finishSecret": finish}
    steps[event["Step"]](client, event)
    count(event["Step"])


def create(client, event):
    secret, token = event["SecretId"], event["ClientRequestToken"]
    try:
        pending(client, event)
        return
    except client.exceptions.ResourceNotFoundException:
        pass
    value = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
    value["password"] = client.get_random_password(ExcludePunctuation=True)["RandomPassword"]
    client.put_secret_value(
        SecretId=secret,
        ClientRequestToken=token,
        SecretString=json.dumps(value),
        VersionStages=["AWSPENDING"],
        RotationToken=event["RotationToken"],
    )


def apply(client, event):
    pending(client, event)
    # Here the pending password is set where it is used.


def check(client, event):
    # And here it is used once.
    assert pending(client, event)["password"]


def finish(client, event):
    secret, token = event["SecretId"], event["ClientRequestToken"]
    stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    current = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(
        SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
    )


def pending(client, event):
    value = client.get_secret_value(
        SecretId=event["SecretId"], VersionId=event["ClientRequestToken"], VersionStage="AWSPENDING"
    )
    return json.loads(value["SecretString"])


def count(step):
    """A metric in CloudWatch's embedded format."""
    metric = {"Namespace": "Rotation", "Dimensions": [["Step"]], "Metrics": [{"Name": "Steps", "Unit": "Count"}]}
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]}
    print(json.dumps({"_aws": about, "Step": step, "Steps": 1}))
