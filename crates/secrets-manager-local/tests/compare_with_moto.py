#!/usr/bin/env python3
"""Asks the same of this server and of moto, and reports where the answers differ.

    pip install boto3 'moto[server]'
    moto_server -p 5000 & secrets-manager-local serve --listen 127.0.0.1:4566 &
    compare_with_moto.py http://127.0.0.1:4566 http://127.0.0.1:5000

Compared are the error's code, or the names and types of the answer's members, and the labels of each version. Both servers
must be empty. A difference that is known comes with its reason, and must still be there; any other ends in exit code 1.
Rotation is left out: moto runs none as AWS does.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

POLICY = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }],
})
# What moto never answers, or always does.
MEMBERS_NOT_COMPARED = {"LastAccessedDate", "KmsKeyIds", "NextToken", "ResponseMetadata"}


def v(number):
    return f"{number:032}"


def calls():
    """Operation, parameters, and why moto differs if it does."""
    db = {"SecretId": "compare/db"}
    stage = {**db, "VersionStage": "AWSCURRENT"}
    yield "create_secret", {"Name": "compare/db", "SecretString": "one", "ClientRequestToken": v(1), "Description": "d"}, None
    yield "create_secret", {"Name": "compare/db", "SecretString": "two"}, None
    yield "create_secret", {"Name": "compare/db", "SecretString": "one", "ClientRequestToken": v(1)}, None
    yield "create_secret", {"Name": "not a name"}, "moto takes names that AWS refuses"
    yield "create_secret", {"Name": "compare/empty"}, None
    yield "describe_secret", {"SecretId": "compare/empty"}, None
    yield "get_secret_value", {"SecretId": "compare/empty"}, None
    yield "describe_secret", {"SecretId": "compare/none"}, None
    yield "describe_secret", db, None
    yield "get_secret_value", db, None
    yield "get_secret_value", {**db, "VersionStage": "AWSPENDING"}, None
    yield "get_secret_value", {**db, "VersionId": v(9)}, None
    yield "get_secret_value", {**db, "VersionId": v(1), "VersionStage": "AWSPENDING"}, None
    pending = {**db, "ClientRequestToken": v(2), "VersionStages": ["AWSPENDING"]}
    yield "put_secret_value", {**pending, "SecretString": "two"}, None
    yield "put_secret_value", {**pending, "SecretString": "two"}, None
    yield "put_secret_value", {**pending, "SecretString": "other"}, "moto overwrites a pending value"
    yield "put_secret_value", {**db, "SecretString": "x", "ClientRequestToken": "short"}, None
    yield "put_secret_value", db, None
    yield "describe_secret", db, None
    yield "update_secret_version_stage", {**stage, "MoveToVersionId": v(2)}, None
    yield "update_secret_version_stage", {**stage, "MoveToVersionId": v(2), "RemoveFromVersionId": v(2)}, None
    yield "update_secret_version_stage", {**stage, "MoveToVersionId": v(2), "RemoveFromVersionId": v(1)}, None
    yield "describe_secret", db, None
    yield "update_secret_version_stage", {**db, "VersionStage": "AWSPENDING", "RemoveFromVersionId": v(2)}, None
    yield "describe_secret", db, None
    yield "list_secret_version_ids", db, None
    yield "put_secret_value", {**db, "SecretBinary": b"\0\1", "ClientRequestToken": v(3)}, None
    yield "get_secret_value", db, None
    yield "get_secret_value", {**db, "VersionStage": "AWSPREVIOUS"}, None
    yield "describe_secret", db, "moto lists versions without a label in VersionIdsToStages"
    yield "update_secret", {**db, "Description": "e"}, None
    yield "update_secret", {**db, "SecretString": "four", "ClientRequestToken": v(4)}, None
    yield "batch_get_secret_value", {"SecretIdList": ["compare/db", "compare/none"]}, None
    yield "batch_get_secret_value", {"Filters": [{"Key": "name", "Values": ["compare/db"]}]}, None
    yield "list_secrets", {"Filters": [{"Key": "name", "Values": ["compare/e"]}]}, None
    yield "list_secrets", {"Filters": [{"Key": "colour", "Values": ["x"]}]}, None
    yield "get_random_password", {}, None
    yield "get_random_password", {"PasswordLength": 3}, None
    yield "tag_resource", {**db, "Tags": [{"Key": "k", "Value": "v"}]}, None
    yield "untag_resource", {**db, "TagKeys": ["k"]}, None
    yield "put_resource_policy", {**db, "ResourcePolicy": POLICY}, None
    yield "get_resource_policy", db, None
    yield "delete_resource_policy", db, None
    yield "get_resource_policy", db, None
    yield "cancel_rotate_secret", db, None
    yield "rotate_secret", {**db, "RotationRules": {"AutomaticallyAfterDays": 0}}, None
    yield "rotate_secret", db, "moto rotates without a function"
    yield "put_secret_value", {**db, "SecretString": "other", "ClientRequestToken": v(4)}, None
    yield "put_secret_value", {**db, "SecretString": "x", "SecretBinary": b"x"}, "moto takes both kinds of value at once"
    yield "delete_secret", {**db, "RecoveryWindowInDays": 3}, None
    yield "delete_secret", {**db, "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True}, None
    yield "delete_secret", {**db, "RecoveryWindowInDays": 7}, None
    yield "get_secret_value", db, None
    yield "put_secret_value", {**db, "SecretString": "x"}, "moto writes to a secret that is marked for deletion"
    yield "create_secret", {"Name": "compare/db"}, "moto does not see that the secret is marked for deletion"
    yield "restore_secret", db, None
    yield "delete_secret", {**db, "ForceDeleteWithoutRecovery": True}, None
    yield "delete_secret", {"SecretId": "compare/none"}, None


def client(url):
    config = Config(retries={"max_attempts": 0}, parameter_validation=False)
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return boto3.client("secretsmanager", endpoint_url=url, region_name="us-east-1", config=config, **keys)


def shape(value):
    """Names and types; the labels of each version as they are."""
    if isinstance(value, dict):
        labels = {"VersionIdsToStages", "SecretVersionsToStages"}
        return {
            name: {version: sorted(stages) for version, stages in member.items()} if name in labels else shape(member)
            for name, member in sorted(value.items())
            if name not in MEMBERS_NOT_COMPARED
        }
    if isinstance(value, list):
        return [shape(member) for member in value]
    return type(value).__name__


def ask(server, operation, parameters):
    try:
        return shape(getattr(server, operation)(**parameters))
    except ClientError as error:
        return error.response["Error"]["Code"]


def main():
    local, moto = (client(url) for url in sys.argv[1:3])
    unexpected = 0
    for operation, parameters, reason in calls():
        ours, theirs = ask(local, operation, parameters), ask(moto, operation, parameters)
        if (ours != theirs) == (reason is not None):
            continue
        unexpected += 1
        print(f"{operation} {parameters}\n    here: {ours}\n    moto: {theirs}\n    known: {reason}")
    print(f"{unexpected} unexpected differences")
    return unexpected > 0


sys.exit(main())
