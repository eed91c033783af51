"""A Superblocks workflow: its Python step reads the secret by boto3 in each run, text or bytes."""

import json

import boto3
import login


def run(*_):
    response = login.secret_value(boto3.client("secretsmanager"))
    # boto3 has undone the Base64 of SecretBinary.
    text = response["SecretString"] if "SecretString" in response else response["SecretBinary"]
    secret = json.loads(text)
    yield login.attempt(secret["username"], secret["password"], secret["host"], secret["port"], secret["dbname"])


login.answer(run)
