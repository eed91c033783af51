"""Evaluates the functions' policies: every call that a function makes is allowed, and nothing else of Secrets Manager, on no other secret.

The evaluator is @cloud-copilot/iam-simulate; the calls are those that the end-to-end suite recorded (calls.py).
"""

import json
from dataclasses import dataclass, field

import calls
import terraform
from cloud import ACCOUNT
from template import REGION
from tools import node

PREFIX = "keywheel-"
FOREIGN = "999999999999"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"
ADMIN_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/22222222-2222-2222-2222-222222222222"
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}],
}
NETWORK = {
    "AssignPrivateIpAddresses",
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "DescribeNetworkInterfaces",
    "DescribeSubnets",
    "UnassignPrivateIpAddresses",
}
VIA = f"secretsmanager.{REGION}.amazonaws.com"
NAMES_FUNCTION = "secretsmanager:resource/AllowRotationLambdaArn"
ADMIN_DB_USER = f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:cluster-ABCDEFGHIJ/rotation_admin"
IAM_USER = f"arn:aws:iam::{ACCOUNT}:user/rotated/billing"


def secret(name, account=ACCOUNT):
    """The ARN of a secret."""
    return f"arn:aws:secretsmanager:{REGION}:{account}:secret:{name}-AbCdEf"


def function_arn(name):
    """The ARN of one of the stack's functions."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}{name}"


OWN = secret("myapp/prod/orders/db")
ADMIN = secret("admins/orders")
OF_PROVIDER = secret("admins/provider")

# The stack that is evaluated: every parameter that opens something is set, but the one by which a single user may use an admin.
PARAMETERS = {
    "SecretNamePrefix": "myapp/prod/",
    "KmsKeyArn": KEY,
    "SuperuserSecretArn": ADMIN,
    "SuperuserSecretKmsKeyArn": ADMIN_KEY,
    "AdminDbUserArn": ADMIN_DB_USER,
    "ApiKeyAdminSecretArn": OF_PROVIDER,
    "IamUserArn": IAM_USER,
}

# The same for the Terraform module: the values of its policies' templates, and which of its conditions hold (roles.tf).
VALUES = {
    "partition": "aws",
    "region": REGION,
    "account": ACCOUNT,
    "secrets_account": ACCOUNT,
    "secret_name_prefix": "myapp/prod/",
    "kms_key_arns": [KEY],
    "superuser_secret_arns": [ADMIN],
    "superuser_secret_kms_key_arns": [ADMIN_KEY],
    "admin_db_user_arns": [ADMIN_DB_USER],
    "api_key_admin_secret_arns": [OF_PROVIDER],
    "iam_user_arns": [IAM_USER],
}
HOLDS = {
    *("always", "in_vpc", "api_key_vpc", "reads_here", "keys", "superuser", "superuser_tags", "superuser_key"),
    *("admin_db_user", "describe_rds", "api_key_admin", "iam_users"),
}
SINGLE_USER_WITH_ADMIN = {
    *("single_superuser", "single_superuser_tags", "single_superuser_key"),
    *("single_admin_db_user", "single_describe_rds"),
}


@dataclass
class Row:
    """One line of the table: what a role may do to one thing, and what it should."""

    function: str
    target: str
    resource: str
    service: str
    wanted: set
    context: dict = field(default_factory=dict)
    account: str = ACCOUNT
    resource_policy: dict | None = None
    by_code: bool = True
    allowed: set = field(default_factory=set)
    denied: int = 0

    @property
    def right(self):
        """Whether exactly what should be allowed is."""
        return self.allowed == self.wanted


def admin_of(function, single_user_has_admin):
    """The admin secret that a function may read, if it may."""
    if function == "rotate-api-key":
        return OF_PROVIDER
    return ADMIN if function == "rotate-postgres-alternating-users" or single_user_has_admin else None


def secret_rows(function, admin):
    """What the role may do to secrets."""
    own, other = calls.of_function(function)
    mine = {NAMES_FUNCTION: function_arn(function)}
    theirs = {NAMES_FUNCTION: function_arn("somebody-elses")}
    service = "secretsmanager"
    yield Row(function, "its secret", OWN, service, own, mine)
    yield Row(function, "a secret of another function", OWN, service, set(), theirs)
    yield Row(function, "a secret without a function", OWN, service, set())
    yield Row(function, "its secret, outside the prefix", secret("other/db"), service, set(), mine)
    yield Row(function, "its secret, in another account", secret("myapp/prod/orders/db", FOREIGN), service, set(), mine, FOREIGN)
    for arn, name in ((ADMIN, "the databases' admin secret"), (OF_PROVIDER, "the provider's admin secret")):
        yield Row(function, name, arn, service, other if arn == admin else set())


def key_rows(function, admin):
    """What the role may do with the keys of the secrets."""
    both = {"Decrypt", "GenerateDataKey"}
    cases = [
        ("the key, for its secret", {"kms:ViaService": VIA, "kms:EncryptionContext:SecretARN": OWN}, both),
        ("the key, not through Secrets Manager", {"kms:EncryptionContext:SecretARN": OWN}, set()),
        ("the key, for a secret outside the prefix", {"kms:ViaService": VIA, "kms:EncryptionContext:SecretARN": ADMIN}, set()),
        ("the key, for no secret", {"kms:ViaService": VIA}, set()),
    ]
    for target, context, wanted in cases:
        yield Row(function, target, KEY, "kms", wanted, context, resource_policy=KEY_POLICY)
    opens = {"Decrypt"} if admin == ADMIN else set()
    context = {"kms:ViaService": VIA, "kms:EncryptionContext:SecretARN": ADMIN}
    yield Row(function, "the admin secret's key", ADMIN_KEY, "kms", opens, context, resource_policy=KEY_POLICY)


def other_rows(function, admin):
    """What else the role may do."""
    has_admin = admin == ADMIN
    api_key = function == "rotate-api-key"
    log = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{PREFIX}{function}:log-stream:x"
    elses = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/somebody-elses:log-stream:x"
    yield Row(function, "its log", log, "logs", {"CreateLogStream", "PutLogEvents"})
    yield Row(function, "another log", elses, "logs", set())
    yield Row(function, "an admin without a secret", ADMIN_DB_USER, "rds-db", {"connect"} if has_admin else set())
    yield Row(function, "another user without a secret", ADMIN_DB_USER + "2", "rds-db", set())
    instance = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders"
    yield Row(function, "a database instance", instance, "rds", {"DescribeDBInstances"} if has_admin else set())
    keys = {"CreateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed", "ListAccessKeys", "UpdateAccessKey"}
    yield Row(function, "the IAM user", IAM_USER, "iam", keys if api_key else set())
    yield Row(function, "another IAM user", IAM_USER + "2", "iam", set())
    interface = f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/eni-1"
    yield Row(function, "a network interface", interface, "ec2", set())
    yield Row(function, "the same, by Lambda itself", interface, "ec2", NETWORK, by_code=False)


def rows(functions, single_user_has_admin=False):
    """The whole table, not yet evaluated."""
    for function in functions:
        admin = admin_of(function, single_user_has_admin)
        yield from secret_rows(function, admin)
        yield from key_rows(function, admin)
        yield from other_rows(function, admin)


def of_terraform(functions, single_user_has_admin=False):
    """The policies that the Terraform module gives each function."""
    directory = terraform.TERRAFORM / "policies"
    attached = json.loads((directory / "attached.json").read_text())
    holds = HOLDS | (SINGLE_USER_WITH_ADMIN if single_user_has_admin else set())
    found = {}
    for function in functions:
        values = VALUES | {"function_name": PREFIX + function, "function_arn": function_arn(function)}
        names = [name for name, condition in attached[function].items() if condition in holds]
        found[function] = {name: terraform.render(directory / f"{name}.json.tftpl", values) for name in names}
    return found


def evaluate(table, policies):
    """Fills in what is allowed. `policies` are each function's, by name."""
    services = sorted({row.service for row in table})
    actions = node("simulate.mjs", {"actions": services, "requests": []})["actions"]
    asked = [(row, action) for row in table for action in actions[row.service]]
    answers = node("simulate.mjs", {"actions": [], "requests": [request(row, action, policies) for row, action in asked]})
    for (row, action), answer in zip(asked, answers["results"], strict=True):
        if answer == "Allowed":
            row.allowed.add(action)
        elif answer != "NotApplicable":
            row.denied += 1
    return table


def request(row, action, policies):
    """One question to the evaluator."""
    return {
        "principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/{row.function}/{PREFIX}{row.function}",
        "policies": policies[row.function],
        "action": f"{row.service}:{action}",
        "resource": row.resource,
        "account": row.account,
        "context": row.context | ({"lambda:SourceFunctionArn": function_arn(row.function)} if row.by_code else {}),
        "resourcePolicy": row.resource_policy,
    }


def show(table):
    """The table, for a person."""
    last = None
    for row in table:
        if row.function != last:
            print(f"\n{row.function}")
            last = row.function
        verdict = "" if row.right else f"   WRONG: should be {', '.join(sorted(row.wanted)) or 'nothing'}"
        allowed = ", ".join(sorted(row.allowed)) or "nothing"
        print(f"  {row.target:42} {row.service:15} allowed: {allowed}; denied: {row.denied}{verdict}")
