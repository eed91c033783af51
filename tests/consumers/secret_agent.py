"""An agent that reads a secret by its full ARN, as the Aerospike Secret Agent does, with credentials of the kind that CREDENTIALS names:
a profile of `aws_config`, or `temporary` for the keys of a session that STS gave out."""

import json
import os

import boto3
import login

KIND = os.environ["CREDENTIALS"]


def session():
    if KIND != "temporary":
        return boto3.Session(profile_name=KIND)
    role = {"RoleArn": "arn:aws:iam::000000000000:role/agent", "RoleSessionName": "agent"}
    keys = boto3.Session(profile_name="static").client("sts").assume_role(**role)["Credentials"]
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def run(*_):
    secret = json.loads(login.secret_value(CLIENT)["SecretString"])
    assert secret["nested"] == {"b": 1, "a": [1, 2.5, 1000]} and secret["note"] == "übergabe", "other members stay"
    yield login.attempt(secret["username"], secret["password"], secret["host"], secret["port"], "app")


SESSION = session()
CLIENT = SESSION.client("secretsmanager")
CALLER = SESSION.client("sts").get_caller_identity()["Arn"]
assert (":assumed-role/" in CALLER) == (KIND != "static"), CALLER
login.answer(run)
