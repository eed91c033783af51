"""Atmos's OAuth document: a grant of client credentials at the token endpoint that the secret names."""

import json
import urllib.error
import urllib.parse
import urllib.request

import boto3
import login

CLIENT = boto3.client("secretsmanager")


def run(*_):
    secret = json.loads(login.secret_value(CLIENT)["SecretString"])
    form = {"grant_type": "client_credentials", "client_id": secret["clientId"], "client_secret": secret["clientSecret"]}
    try:
        with urllib.request.urlopen(secret["tokenEndpoint"], urllib.parse.urlencode(form).encode()) as response:
            assert json.load(response)["access_token"]
        yield "ok"
    except urllib.error.HTTPError as error:
        if error.code != 401:
            raise
        yield "refused"


login.answer(run)
