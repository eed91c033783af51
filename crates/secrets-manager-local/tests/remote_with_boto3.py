#!/usr/bin/env python3
"""Regions, and the token of a server that other machines can reach, as boto3 sees them.

    remote_with_boto3.py http://127.0.0.1:4566 TOKEN

The server has the regions us-east-1 and eu-west-1.
"""

import sys
import time

import boto3
from botocore.exceptions import ClientError

url, token = sys.argv[1:3]


def client(service, region="us-east-1", key=token):
    return boto3.client(service, endpoint_url=url, region_name=region, aws_access_key_id=key, aws_secret_access_key="x")


def refusal(call):
    try:
        return call()
    except ClientError as error:
        return error.response["Error"]["Code"]


assert refusal(client("secretsmanager", key="test").list_secrets) == "UnrecognizedClientException"
assert refusal(client("lambda", key="test").list_functions) == "UnrecognizedClientException"
assert refusal(client("sts", key="test").get_caller_identity) == "InvalidClientTokenId"
assert client("sts").get_caller_identity()["Account"] == "000000000000"
assert refusal(client("secretsmanager", "ap-south-1").list_secrets) == "InvalidSignatureException"

home, away = client("secretsmanager"), client("secretsmanager", "eu-west-1")
created = home.create_secret(Name="db", SecretString="one", AddReplicaRegions=[{"Region": "eu-west-1"}])
assert created["ReplicationStatus"][0]["Status"] == "InProgress", created
assert away.list_secrets()["SecretList"] == []
deadline = time.monotonic() + 30
while home.describe_secret(SecretId="db")["ReplicationStatus"][0]["Status"] != "InSync":
    assert time.monotonic() < deadline, "the replica does not follow"
    time.sleep(0.1)
value = away.get_secret_value(SecretId="db")
assert value["SecretString"] == "one" and ":eu-west-1:" in value["ARN"], value
assert refusal(lambda: away.put_secret_value(SecretId="db", SecretString="x")) == "InvalidParameterException"
away.stop_replication_to_replica(SecretId="db")
away.put_secret_value(SecretId="db", SecretString="own")
assert home.get_secret_value(SecretId="db")["SecretString"] == "one"
assert "ReplicationStatus" not in home.describe_secret(SecretId="db")

# An assumed role is another caller, who needs no other token.
role = client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/deploy", RoleSessionName="me")
assumed = client("secretsmanager", key=role["Credentials"]["AccessKeyId"])
assert [secret["Name"] for secret in assumed.list_secrets()["SecretList"]] == ["db"]
