"""The policies of those who read and manage a secret (infra/terraform/modules/secret), evaluated like those of the functions."""

import json

import policies
import terraform_cli
from policies import FOREIGN, KEY, KEY_POLICY, OWN, VIA, Row

READER, MANAGER, FAR, STRANGER = "who reads it", "who manages it", "who reads it from another account", "who may not, though its own account says so"
THERE = policies.secret("myapp/prod/orders/db", FOREIGN)
READS = {"DescribeSecret", "GetSecretValue"}
MANAGES = READS | {
    *("CancelRotateSecret", "GetResourcePolicy", "ListSecretVersionIds", "PutSecretValue", "RestoreSecret", "RotateSecret"),
    *("TagResource", "UntagResource", "UpdateSecret", "UpdateSecretVersionStage"),
}
FUNCTION = policies.function_arn("rotate-postgres-single-user")


def made(arn):
    """What Terraform makes of the module, for a secret that gets this ARN: its resources, and its outputs."""
    variables = {
        "context": "myapp",
        "environment": "prod",
        "path": "orders",
        "name": "db",
        "kms_key_id": KEY,
        "rotation_lambda_arn": FUNCTION,
        "reader_principal_arns": [policies.role_arn(FAR)],
    }
    return terraform_cli.applied(variables, "modules/secret", resources={"aws_secretsmanager_secret": {"arn": arn}})


def of_terraform():
    """Everybody's own policies."""

    def outputs(arn, *names):
        return {name: json.loads(made(arn)[1][name]) for name in names}

    return {
        READER: outputs(OWN, "read_secret_policy", "read_key_policy"),
        MANAGER: outputs(OWN, "admin_secret_policy", "admin_key_policy"),
        FAR: outputs(THERE, "read_secret_policy"),
        STRANGER: outputs(THERE, "read_secret_policy"),
    }


def rows():
    """The table, not yet evaluated."""
    for who, on_secret, on_key in ((READER, READS, {"Decrypt"}), (MANAGER, MANAGES, {"Decrypt", "GenerateDataKey"})):
        yield Row(who, "the secret", OWN, "secretsmanager", on_secret, by_code=False)
        yield Row(who, "another secret", policies.secret("myapp/prod/stock/db"), "secretsmanager", set(), by_code=False)
        for arn, wanted in ((OWN, on_key), (policies.ADMIN, set())):
            context = {"kms:ViaService": VIA, "kms:EncryptionContext:SecretARN": arn}
            target = "its key" if arn == OWN else "its key, for another secret"
            yield Row(who, target, KEY, "kms", wanted, context, resource_policy=KEY_POLICY, by_code=False)
    for arn, wanted in ((FUNCTION, {"InvokeFunction"}), (FUNCTION + "2", set())):
        yield Row(MANAGER, "its function" if wanted else "another function", arn, "lambda", wanted, by_code=False)
    on_secret = json.loads(made(THERE)[0]["aws_secretsmanager_secret_policy.cross_account[0]"]["policy"])
    for who, wanted in ((FAR, READS), (STRANGER, set())):
        yield Row(who, "the secret", THERE, "secretsmanager", wanted, {}, FOREIGN, on_secret, by_code=False)
