"""Reads secrets as services do: by boto3, as JSON, every value of the type that it had.

Argument: a JSON list of {"url": endpoint, "secret": ARN}. Prints a JSON list of what was read.
"""

import json
import sys

import boto3

SUPPORTED_ENGINES = ("postgres", "aurora-postgresql")


def as_a_rotation_template_reads(document):
    """AWS's own rotation functions, should they take over again: None if this is no document of theirs."""
    if document.get("engine") not in SUPPORTED_ENGINES:
        return None
    return {
        "host": document["host"],
        "user": document["username"],
        "port": int(document.get("port", 5432)),
        "database": document.get("dbname", "postgres"),
    }


def read(place):
    client = boto3.client(
        "secretsmanager",
        endpoint_url=place["url"],
        region_name="us-east-1",
        aws_access_key_id="tests",
        aws_secret_access_key="tests",
    )
    document = json.loads(client.get_secret_value(SecretId=place["secret"])["SecretString"])
    return {
        "document": document,
        "types": {key: type(value).__name__ for key, value in document.items()},
        "template": as_a_rotation_template_reads(document),
    }


print(json.dumps([read(place) for place in json.loads(sys.argv[1])]))
