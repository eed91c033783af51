"""Evaluates the functions' policies: every call that a function makes is allowed, and nothing else of the services that it calls, on no other secret.

The evaluator is @cloud-copilot/iam-simulate; the calls are those that the end-to-end suite recorded (calls.py).
"""

import json
import re
from dataclasses import dataclass, field

import calls
import terraform_cli
from cloud import ACCOUNT
from template import REGION, ROOT
from tools import node

PREFIX = "keywheel-"
FOREIGN = "999999999999"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"
ADMIN_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/22222222-2222-2222-2222-222222222222"
FOREIGN_KEY = f"arn:aws:kms:{REGION}:{FOREIGN}:key/33333333-3333-3333-3333-333333333333"
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
# What Secrets Manager asks of a secret's key in its caller's name (AWS's user guide, "Secret encryption and decryption").
OF_KEY = {"GetSecretValue": {"Decrypt"}, "PutSecretValue": {"Decrypt", "GenerateDataKey"}}
ALWAYS = {"GetCallerIdentity"}  # of STS: it needs no permission, and none can take it away
VIA = f"secretsmanager.{REGION}.amazonaws.com"
NAMES_FUNCTION = "secretsmanager:resource/AllowRotationLambdaArn"
ADMIN_DB_USER = f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:cluster-ABCDEFGHIJ/rotation_admin"
IAM_USER = f"arn:aws:iam::{ACCOUNT}:user/rotated/billing"
ENVIRONMENT_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/44444444-4444-4444-4444-444444444444"
DESTINATION = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed-invocations"
ROTATOR = f"arn:aws:iam::{FOREIGN}:role/keywheel-rotator"
EXTERNAL_ID = "an-external-id"


def secret(name, account=ACCOUNT):
    """The ARN of a secret."""
    return f"arn:aws:secretsmanager:{REGION}:{account}:secret:{name}-AbCdEf"


def function_arn(name):
    """The ARN of one of the stack's functions."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}{name}"


OWN = secret("myapp/prod/orders/db")
ADMIN = secret("admins/orders")
OF_PROVIDER = secret("admins/provider")

# The stack that is evaluated: every parameter that opens something is set, but those that a scenario sets.
PARAMETERS = {
    "SecretNamePrefix": "myapp/prod/",
    "KmsKeyArn": KEY,
    "SuperuserSecretArn": ADMIN,
    "SuperuserSecretKmsKeyArn": ADMIN_KEY,
    "AdminDbUserArn": ADMIN_DB_USER,
    "ApiKeyAdminSecretArn": OF_PROVIDER,
    "AdminSecrets": f"admin={OF_PROVIDER}",
    "IamUserArn": IAM_USER,
    "ApiKeyInVpc": "true",
    "EnvironmentKmsKeyArn": ENVIRONMENT_KEY,
    "LogKmsKeyArn": KEY,
    "OnFailureDestinationArn": DESTINATION,
    "TracingMode": "Active",
}

# The same for the Terraform module.
CODE = {"code_bucket": "code", "code_prefix": "keywheel/0123456789abcdef"}
VARIABLES = CODE | {
    "secret_name_prefix": "myapp/prod/",
    "kms_key_arns": [KEY],
    "superuser_secret_arns": [ADMIN],
    "superuser_secret_kms_key_arns": [ADMIN_KEY],
    "admin_db_user_arns": [ADMIN_DB_USER],
    "api_key_admin_secret_arns": [OF_PROVIDER],
    "admin_secrets": {"admin": OF_PROVIDER},
    "iam_user_arns": [IAM_USER],
    "subnet_ids": ["subnet-1", "subnet-2"],
    "security_group_ids": ["sg-1"],
    "api_key_in_vpc": True,
    "environment_kms_key_arn": ENVIRONMENT_KEY,
    "log_kms_key_arn": KEY,
    "on_failure_destination_arn": DESTINATION,
    "tracing_mode": "Active",
}


@dataclass(frozen=True)
class Scenario:
    """A way to set the stack up, as far as the table depends on it."""

    name: str = ""
    single_user_has_admin: bool = False
    assumes: bool = False
    by_policy: bool = False
    has_admin: bool = True

    @property
    def parameters(self):
        """What the template is given, beside PARAMETERS."""
        given = {"SingleUserMayUseSuperuser": str(self.single_user_has_admin).lower()}
        if not self.has_admin:
            given |= {"SuperuserSecretArn": "", "SuperuserSecretKmsKeyArn": ""}
        if self.assumes:
            given |= {"SecretsAccountId": FOREIGN, "AssumeRoleArn": ROTATOR, "AssumeRoleExternalId": EXTERNAL_ID}
        if self.by_policy:
            given |= {"SecretsAccountId": FOREIGN, "KmsKeyArn": FOREIGN_KEY}
        return given

    @property
    def variables(self):
        """What the Terraform module is given."""
        given = VARIABLES | {"single_user_may_use_superuser": self.single_user_has_admin}
        if not self.has_admin:
            given |= {"superuser_secret_arns": [], "superuser_secret_kms_key_arns": []}
        if self.assumes:
            given |= {"secrets_account_id": FOREIGN, "assume_roles": [{"arn": ROTATOR, "external_id": EXTERNAL_ID}]}
        if self.by_policy:
            given |= {"secrets_account_id": FOREIGN, "kms_key_arns": [FOREIGN_KEY]}
        return given

    def shows(self, row):
        """Whether a row of the table differs from the first scenario's."""
        if self.single_user_has_admin:
            return row.function == "rotate-postgres-single-user" and row.service in ("secretsmanager", "kms", "rds", "rds-db")
        if not self.has_admin:
            return row.service == "secretsmanager"
        return not (self.assumes or self.by_policy) or row.service in ("secretsmanager", "kms", "sts")


SCENARIOS = (
    Scenario(),
    Scenario("without any superuser secret", has_admin=False),
    Scenario("with an admin for single users", single_user_has_admin=True),
    Scenario("secrets of another account, through a role there", assumes=True),
    Scenario("secrets of another account, by policies on them", by_policy=True),
)


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
    partition: str = "aws"
    region: str = REGION
    allowed: set = field(default_factory=set)
    inapplicable: set = field(default_factory=set)
    denied: int = 0

    @property
    def right(self):
        """Whether exactly what should be allowed is."""
        return self.allowed == self.wanted - self.inapplicable


def role_arn(function):
    """The role of a function, as the requests name it."""
    return f"arn:aws:iam::{ACCOUNT}:role/{function}"


def admin_of(function, scenario):
    """The admin secret that a function may read, if it may."""
    if scenario.assumes:
        return None
    if function == "rotate-api-key":
        return OF_PROVIDER
    return ADMIN if scenario.has_admin and uses_admins(function, scenario) else None


def superuser_secrets(function, scenario):
    """SUPERUSER_SECRETS of a function: which superuser secrets its secrets may name."""
    return ADMIN if scenario.has_admin and uses_admins(function, scenario) else ""


def uses_admins(function, scenario):
    """Whether a function may act as an admin of a database."""
    return function == "rotate-postgres-alternating-users" or (function == "rotate-postgres-single-user" and scenario.single_user_has_admin)


def documented(sid):
    """A policy of docs/install/cross-account.md, for one function: the one with this statement, or the first."""
    text = (ROOT / "docs/install/cross-account.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    return next(block for block in blocks if block.get("Sid") == sid)


def on_secret(function):
    """The resource policy that lets a function of another account at a secret, as the documentation has it."""
    policy = documented(None)
    policy["Statement"][0]["Principal"] = {"AWS": role_arn(function)}
    return policy


def on_key(function):
    """The same of a key's policy."""
    statement = json.loads(json.dumps(documented("RotationOfSecrets")).replace("REGION", REGION))
    return KEY_POLICY | {"Statement": [*KEY_POLICY["Statement"], statement | {"Principal": {"AWS": role_arn(function)}}]}


def secret_rows(function, scenario):
    """What the role may do to secrets."""
    own, other = calls.of_function(function, "own"), calls.of_function(function, "other")
    mine = {NAMES_FUNCTION: function_arn(function)}
    theirs = {NAMES_FUNCTION: function_arn("somebody-elses")}
    service, admin = "secretsmanager", admin_of(function, scenario)
    foreign = secret("myapp/prod/orders/db", FOREIGN)
    home = {"resource": foreign, "account": FOREIGN, "resource_policy": on_secret(function)} if scenario.by_policy else {"resource": OWN}
    yield Row(function, "its secret", service=service, wanted=set() if scenario.assumes else own, context=mine, **home)
    yield Row(function, "a secret of another function", service=service, wanted=set(), context=theirs, **home)
    yield Row(function, "a secret without a function", service=service, wanted=set(), **home)
    yield Row(function, "its secret, outside the prefix", **home | {"resource": home["resource"].replace("myapp/prod/", "")}, service=service, wanted=set(), context=mine)
    if scenario.by_policy:
        yield Row(function, "its secret, in this account", OWN, service, set(), mine)
    yield Row(function, "its secret, in another account", foreign, service, set(), mine, FOREIGN)
    for arn, name in ((ADMIN, "the databases' admin secret"), (OF_PROVIDER, "the provider's admin secret")):
        yield Row(function, name, arn, service, other if arn == admin else set())
    others = secret("admins/another-team")
    yield Row(function, "another team's superuser secret", others, service, set())
    yield Row(function, "the same, rotated by another function", others, service, set(), theirs)


def key_rows(function, scenario):
    """What the role may do with the keys of the secrets."""
    wanted = set() if scenario.assumes else of_key(calls.of_function(function, "own"))
    own = secret("myapp/prod/orders/db", FOREIGN) if scenario.by_policy else OWN
    key = {"resource": KEY, "resource_policy": KEY_POLICY}
    if scenario.by_policy:
        key = {"resource": FOREIGN_KEY, "account": FOREIGN, "resource_policy": on_key(function)}
    cases = [
        ("the key, for its secret", {"kms:ViaService": VIA, "kms:EncryptionContext:SecretARN": own}, wanted),
        ("the key, not through Secrets Manager", {"kms:EncryptionContext:SecretARN": own}, set()),
        ("the key, for a secret outside the prefix", {"kms:ViaService": VIA, "kms:EncryptionContext:SecretARN": ADMIN}, set()),
        ("the key, for no secret", {"kms:ViaService": VIA}, set()),
    ]
    for target, context, allowed in cases:
        yield Row(function, target, service="kms", wanted=allowed, context=context, **key)
    opens = of_key(calls.of_function(function, "other")) if admin_of(function, scenario) == ADMIN else set()
    context = {"kms:ViaService": VIA, "kms:EncryptionContext:SecretARN": ADMIN}
    yield Row(function, "the admin secret's key", ADMIN_KEY, "kms", opens, context, resource_policy=KEY_POLICY)


def of_key(operations):
    """What those operations on a secret need of its key."""
    return set().union(*(OF_KEY.get(operation, set()) for operation in operations))


def role_rows(function, scenario):
    """Which role the function's role may assume."""
    trust = json.loads(rotator([function])["aws_iam_role.rotator"]["assume_role_policy"])
    knows = {"sts:ExternalId": EXTERNAL_ID}
    wanted = calls.of_function(function, "sts") if scenario.assumes else set()
    yield Row(function, "the role that reaches the secrets", ROTATOR, "sts", wanted | ALWAYS, knows, FOREIGN, trust)
    yield Row(function, "the same, without its external id", ROTATOR, "sts", ALWAYS, {}, FOREIGN, trust)
    yield Row(function, "another role that trusts it", ROTATOR + "2", "sts", ALWAYS, knows, FOREIGN, trust)


def other_rows(function, scenario):
    """What else the role may do."""
    has_admin = uses_admins(function, scenario)
    log = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{PREFIX}{function}:log-stream:x"
    elses = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/somebody-elses:log-stream:x"
    yield Row(function, "its log", log, "logs", {"CreateLogStream", "PutLogEvents"})
    yield Row(function, "another log", elses, "logs", set())
    yield from run_rows(function)
    yield Row(function, "an admin without a secret", ADMIN_DB_USER, "rds-db", calls.of_function(function, "rds-db") if has_admin else set())
    yield Row(function, "another user without a secret", ADMIN_DB_USER + "2", "rds-db", set())
    for kind, name in (("cluster", "a database cluster"), ("db", "a database instance")):
        arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:{kind}:orders"
        yield Row(function, name, arn, "rds", calls.of_function(function, "rds") if has_admin else set())
    yield Row(function, "the IAM user", IAM_USER, "iam", calls.of_function(function, "iam"))
    yield Row(function, "another IAM user", IAM_USER + "2", "iam", set())
    interface = f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/eni-1"
    yield Row(function, "a network interface", interface, "ec2", set())
    yield Row(function, "the same, by Lambda itself", interface, "ec2", NETWORK, by_code=False)


def run_rows(function):
    """What Lambda asks of the role beside the log: the key of the environment, traces, the destination of failures."""
    for name, wanted in ((function, {"Decrypt"}), ("somebody-elses", set())):
        context = {"kms:EncryptionContext:aws:lambda:FunctionArn": function_arn(name)}
        target = "the key of its environment" if wanted else "the same, for another function's"
        yield Row(function, target, ENVIRONMENT_KEY, "kms", wanted, context, resource_policy=KEY_POLICY)
    yield Row(function, "traces", "*", "xray", {"PutTelemetryRecords", "PutTraceSegments"})
    yield Row(function, "the destination of failures", DESTINATION, "sqs", {"SendMessage"})
    yield Row(function, "another queue", DESTINATION + "2", "sqs", set())


def rows(functions, scenario=SCENARIOS[0]):
    """The whole table of a scenario, not yet evaluated."""
    for function in functions:
        for some in (secret_rows, key_rows, role_rows, other_rows):
            yield from (row for row in some(function, scenario) if scenario.shows(row))


def page_rows(function):
    """The part of the table that the policy of docs/install/by-hand.md is for: it has no prefix, and lets the function make its log group."""
    for row in [*secret_rows(function, Scenario()), *other_rows(function, Scenario())]:
        if row.service in ("secretsmanager", "logs") and "outside the prefix" not in row.target:
            row.wanted = row.wanted | {"CreateLogGroup"} if row.target == "its log" else row.wanted
            yield row


def of_page(function):
    """That policy."""
    text = (ROOT / "docs/install/by-hand.md").read_text()
    policy = re.search(r"--policy-document '(\{.*?^\})'", text, re.DOTALL | re.MULTILINE)[1]
    for name, value in (("'$REGION:$ACCOUNT'", f"{REGION}:{ACCOUNT}"), ("'$FUNCTION_ARN'", function_arn(function)), (f"/{function}:", f"/{PREFIX}{function}:")):
        policy = policy.replace(name, value)
    return {function: {"secrets": json.loads(policy)}}


def rotator_rows(functions):
    """What the role in the secrets' account may do, for all of the functions."""
    own = set().union(*(calls.of_function(function, "own") for function in functions))
    other = set().union(*(calls.of_function(function, "other") for function in functions))
    service, name = "secretsmanager", "keywheel-rotator"
    for function in functions:
        yield Row(name, f"a secret of {function}", OWN, service, own, {NAMES_FUNCTION: function_arn(function)}, by_code=False)
    mine = {NAMES_FUNCTION: function_arn(functions[0])}
    theirs = {NAMES_FUNCTION: function_arn("somebody-elses")}
    yield Row(name, "a secret of another function", OWN, service, set(), theirs, by_code=False)
    yield Row(name, "a secret outside the prefix", secret("other/db"), service, set(), mine, by_code=False)
    for arn in (ADMIN, OF_PROVIDER):
        yield Row(name, f"the secret {arn.split(':')[-1]}", arn, service, other, by_code=False)
    yield Row(name, "another admin's secret", secret("admins/others"), service, set(), by_code=False)
    through = {"kms:ViaService": VIA}
    for key, arn, wanted in ((KEY, OWN, of_key(own)), (KEY, ADMIN, set()), (ADMIN_KEY, ADMIN, of_key(other)), (ADMIN_KEY, OWN, set())):
        context = through | {"kms:EncryptionContext:SecretARN": arn}
        target = f"the {'admin secrets' if key == ADMIN_KEY else 'secrets'}' key, for {arn.split(':')[-1]}"
        yield Row(name, target, key, "kms", wanted, context, resource_policy=KEY_POLICY, by_code=False)


def uncovered(functions, tables):
    """Recorded calls that no row of any table allows: the table does not ask for them."""
    allowed = {(row.function, row.service, action) for table in tables for row in table for action in row.allowed}
    for function, operation, where in sorted(calls.read(calls.RECORDED)):
        service = "secretsmanager" if where in ("own", "other") else where
        if function in functions and (function, service, operation) not in allowed:
            yield f"{function} was seen to call {service}:{operation}, and no row of the table allows it"


def of_terraform(functions, scenario=SCENARIOS[0]):
    """The policies that the Terraform module gives each function."""
    return of_state(functions, terraform_cli.applied(scenario.variables)[0])


def of_state(functions, state):
    """The policies of each function's role in Terraform's state."""
    found = {function: {} for function in functions}
    for address, values in state.items():
        name = re.fullmatch(r'aws_iam_role_policy\.rotation\["(.*)/.*"\]', address)
        if name and name[1] in found:
            found[name[1]][values["name"]] = json.loads(values["policy"])
    return found


def rotator(functions):
    """What Terraform makes of the module rotator-role."""
    variables = {
        "trusted_role_arns": [role_arn(function) for function in functions],
        "function_arns": [function_arn(function) for function in functions],
        "external_id": EXTERNAL_ID,
        "secret_name_prefix": "myapp/prod/",
        "kms_key_arns": [KEY],
        "admin_secret_arns": [ADMIN, OF_PROVIDER],
        "admin_secret_kms_key_arns": [ADMIN_KEY],
    }
    return terraform_cli.applied(variables, "modules/rotator-role")[0]


def of_terraform_rotator(functions):
    """The policies of the module rotator-role."""
    found = rotator(functions)
    return {"keywheel-rotator": {values["name"]: json.loads(values["policy"]) for address, values in found.items() if "_role_policy." in address}}


def evaluate(table, policies):
    """Fills in what is allowed. `policies` are each function's, by name."""
    services = sorted({row.service for row in table})
    actions = node("simulate.mjs", {"actions": services, "requests": []})["actions"]
    asked = [(row, action) for row in table for action in actions[row.service]]
    answers = node("simulate.mjs", {"actions": [], "requests": [request(row, action, policies) for row, action in asked]})
    for (row, action), answer in zip(asked, answers["results"], strict=True):
        if answer == "Allowed":
            row.allowed.add(action)
        elif answer == "NotApplicable":
            row.inapplicable.add(action)
        else:
            row.denied += 1
    return table


def request(row, action, policies):
    """One question to the evaluator."""
    source = function_arn(row.function).replace("arn:aws:", f"arn:{row.partition}:").replace(REGION, row.region)
    return {
        "principal": f"arn:{row.partition}:sts::{ACCOUNT}:assumed-role/{row.function}/{PREFIX}{row.function}",
        "policies": policies[row.function],
        "action": f"{row.service}:{action}",
        "resource": row.resource,
        "account": row.account,
        "context": row.context | ({"lambda:SourceFunctionArn": source} if row.by_code else {}),
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
