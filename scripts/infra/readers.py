"""The policies of those who read and manage a secret (infra/terraform/modules/secret), evaluated like those of the functions."""

import policies
import terraform
from policies import FOREIGN, KEY, KEY_POLICY, OWN, VIA, Row

TEMPLATES = terraform.TERRAFORM / "modules/secret/policies"
READER, MANAGER, FAR, STRANGER = "who reads it", "who manages it", "who reads it from another account", "who may not, though its own account says so"
THERE = policies.secret("myapp/prod/orders/db", FOREIGN)
READS = {"DescribeSecret", "GetSecretValue"}
MANAGES = READS | {
    *("CancelRotateSecret", "GetResourcePolicy", "ListSecretVersionIds", "PutSecretValue", "RestoreSecret", "RotateSecret"),
    *("TagResource", "UntagResource", "UpdateSecret", "UpdateSecretVersionStage"),
}
FUNCTION = policies.function_arn("rotate-postgres-single-user")


def rendered(name, secret=OWN):
    """One of the templates."""
    values = {
        "secret_arn": secret,
        "kms_key_arn": KEY,
        "region": policies.REGION,
        "rotation_lambda_arn": FUNCTION,
        "reader_principal_arns": [policies.role_arn(FAR)],
    }
    return terraform.render(TEMPLATES / f"{name}.json.tftpl", values)


def of_terraform():
    """Everybody's own policies."""
    return {
        READER: {name: rendered(name) for name in ("read-secret", "read-secret-key")},
        MANAGER: {name: rendered(name) for name in ("admin-secret", "admin-secret-key")},
        FAR: {"read-secret": rendered("read-secret", THERE)},
        STRANGER: {"read-secret": rendered("read-secret", THERE)},
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
    for who, wanted in ((FAR, READS), (STRANGER, set())):
        yield Row(who, "the secret", THERE, "secretsmanager", wanted, {}, FOREIGN, rendered("cross-account-secret"), by_code=False)
