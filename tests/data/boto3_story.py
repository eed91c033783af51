"""A service's whole life with Secrets Manager, told in boto3.

Arguments: the endpoint, the ARN of the rotation function, the secret's document. Prints a JSON object with what
only the caller can check: the password that is current in the end. Every other expectation is checked here.
"""

import json
import sys
import time

import boto3

ENDPOINT, FUNCTION, DOCUMENT = sys.argv[1:4]
NAME = "service/db"


def client(service):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        aws_access_key_id="tests",
        aws_secret_access_key="tests",
    )


secrets = client("secretsmanager")
errors = secrets.exceptions


def refused(error, call, **arguments):
    """The call fails with an error of this very class, as a service catches it."""
    try:
        call(**arguments)
    except error as refusal:
        assert refusal.response["Error"]["Message"], refusal.response
        return
    raise AssertionError(f"{call.__name__} was not refused with {error.__name__}")


def wait_until_current(version):
    for _ in range(600):
        described = secrets.describe_secret(SecretId=NAME)
        current = "AWSCURRENT" in described["VersionIdsToStages"].get(version, [])
        # The label moves in the last step; the date is set when that step has answered.
        if current and "LastRotatedDate" in described:
            return described
        time.sleep(0.05)
    raise AssertionError("the rotation does not end")


def create_and_rotate():
    refused(errors.ResourceNotFoundException, secrets.describe_secret, SecretId=NAME)
    created = secrets.create_secret(Name=NAME, SecretString=DOCUMENT, Tags=[{"Key": "team", "Value": "payments"}])
    refused(errors.ResourceExistsException, secrets.create_secret, Name=NAME, SecretString="x")
    refused(errors.InvalidRequestException, secrets.rotate_secret, SecretId=NAME)
    rules = {"AutomaticallyAfterDays": 30}
    rotated = secrets.rotate_secret(SecretId=NAME, RotationLambdaARN=FUNCTION, RotationRules=rules)
    described = wait_until_current(rotated["VersionId"])
    assert described["RotationEnabled"] and described["RotationRules"] == rules, described
    assert described["LastRotatedDate"] and described["NextRotationDate"] > described["LastRotatedDate"], described
    assert described["VersionIdsToStages"][created["VersionId"]] == ["AWSPREVIOUS"], described
    return created["VersionId"], rotated["VersionId"]


def read(first, second):
    current = secrets.get_secret_value(SecretId=NAME)
    assert current["VersionId"] == second and "AWSCURRENT" in current["VersionStages"], current["VersionStages"]
    before = secrets.get_secret_value(SecretId=NAME, VersionId=first)
    assert before["SecretString"] == DOCUMENT
    assert secrets.get_secret_value(SecretId=NAME, VersionStage="AWSPREVIOUS")["VersionId"] == first
    get = secrets.get_secret_value
    refused(errors.ResourceNotFoundException, get, SecretId=NAME, VersionStage="NOBODYS")
    refused(errors.InvalidRequestException, get, SecretId=NAME, VersionId=first, VersionStage="AWSCURRENT")
    return json.loads(current["SecretString"])["password"]


def move_labels(first, second):
    move = secrets.update_secret_version_stage
    refused(
        errors.InvalidParameterException, move, SecretId=NAME, VersionStage="AWSCURRENT", MoveToVersionId=first
    )
    move(SecretId=NAME, VersionStage="MINE", MoveToVersionId=first)
    assert secrets.get_secret_value(SecretId=NAME, VersionStage="MINE")["VersionId"] == first
    move(SecretId=NAME, VersionStage="MINE", RemoveFromVersionId=first)


def store_bytes():
    content = bytes(range(256))
    secrets.create_secret(Name="service/bytes", SecretBinary=content)
    assert secrets.get_secret_value(SecretId="service/bytes")["SecretBinary"] == content


def page_through():
    names = ["service/bytes", NAME, "service/other"]
    secrets.create_secret(Name=names[2], SecretString="{}")
    pages = list(secrets.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 1}))
    assert len(pages) >= 3 and all(len(page["SecretList"]) <= 1 for page in pages), len(pages)
    listed = sorted(entry["Name"] for page in pages for entry in page["SecretList"])
    assert listed == names, listed
    page = secrets.list_secret_version_ids(SecretId=NAME, MaxResults=1)
    rest = secrets.list_secret_version_ids(SecretId=NAME, MaxResults=1, NextToken=page["NextToken"])
    both = [version["VersionId"] for version in page["Versions"] + rest["Versions"]]
    assert len(set(both)) == 2 and not rest.get("NextToken"), both
    batch = secrets.batch_get_secret_value(SecretIdList=[*names, "service/missing"])
    assert sorted(value["Name"] for value in batch["SecretValues"]) == names
    missing = [(error["SecretId"], error["ErrorCode"]) for error in batch["Errors"]]
    assert missing == [("service/missing", "ResourceNotFoundException")], missing


def draw_passwords():
    drawn = secrets.get_random_password(PasswordLength=64, ExcludeCharacters="abc", ExcludePunctuation=True)
    assert len(drawn["RandomPassword"]) == 64 and drawn["RandomPassword"].isalnum()
    assert not set("abc") & set(drawn["RandomPassword"])
    refused(errors.InvalidParameterException, secrets.get_random_password, PasswordLength=3)


def invoke():
    event = {"Step": "testSecret", "SecretId": "nowhere", "ClientRequestToken": "0" * 36}
    answer = client("lambda").invoke(FunctionName=FUNCTION, Payload=json.dumps(event))
    assert answer["FunctionError"] == "Unhandled", answer
    assert json.loads(answer["Payload"].read())["errorType"] == "SecretNotFound"


def cancel_delete_and_restore():
    secrets.cancel_rotate_secret(SecretId=NAME)
    assert secrets.describe_secret(SecretId=NAME)["RotationEnabled"] is False
    secrets.delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    refused(errors.InvalidRequestException, secrets.get_secret_value, SecretId=NAME)
    secrets.restore_secret(SecretId=NAME)
    secrets.delete_secret(SecretId="service/other", ForceDeleteWithoutRecovery=True)
    refused(errors.ResourceNotFoundException, secrets.get_secret_value, SecretId="service/other")


first, second = create_and_rotate()
password = read(first, second)
move_labels(first, second)
store_bytes()
page_through()
draw_passwords()
invoke()
cancel_delete_and_restore()
assert read(first, second) == password
print(json.dumps({"password": password}))
