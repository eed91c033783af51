"""The policy for people on call: it allows what `keywheel doctor` and `status` ask, for the secrets, functions and logs of the stack, and nothing else."""

import json
import re

import policies
import terraform_cli
from cloud import ACCOUNT
from functions import FUNCTIONS
from policies import KEY, KEY_POLICY, NAMES_FUNCTION, OWN, PREFIX, REGION, Row, function_arn, secret
from template import ROOT

WHO = "who is on call"
SECRETS = {"DescribeSecret", "GetResourcePolicy", "ListSecretVersionIds"}
LISTS = {"ListSecrets"}  # of all secrets: the call knows no narrower resource
LAMBDA = {"GetFunctionConcurrency", "GetFunctionConfiguration", "GetPolicy"}
LOGS = {"FilterLogEvents", "StartQuery"}
RESULTS = {"GetQueryResults"}
METRICS = {"DescribeAlarms", "GetDashboard", "GetMetricData"}
NETWORK = {"DescribeNetworkAcls", "DescribeRouteTables", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcAttribute", "DescribeVpcEndpoints"}  # EC2 knows no narrower resource for these
DATABASES = {"DescribeDBInstances"}  # of all instances: a cluster's are found by a filter
STATEMENT = re.compile(r'statement\("(\w+)", &\[(.*?)\]\)', re.DOTALL)


def statements():
    """What `keywheel doctor --policy` prints, read off its source: the actions of each statement."""
    source = (ROOT / "crates/keywheel/src/aws/permissions.rs").read_text()
    return {sid: set(re.findall(r'"(\w+:\w+)"', actions)) for sid, actions in STATEMENT.findall(source)}


def role(name):
    """The role of a function, as the stack and the module name it here."""
    return f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}{name}"


def log(name):
    """A log group, as requests name it."""
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{name}:log-stream:x"


def of_terraform():
    """The module's policy. The ARNs of the roles are made up, as AWS gives them; here they get those of their names."""
    state, _ = terraform_cli.applied(policies.VARIABLES)
    policy = state["aws_iam_policy.on_call"]["policy"]
    for address, values in state.items():
        if address.startswith("aws_iam_role."):
            policy = policy.replace(json.dumps(values["arn"]), json.dumps(role(values["name"].removeprefix(PREFIX))))
    return {WHO: {"on-call": json.loads(policy)}}


def rows(roles):
    """The table, not yet evaluated. `roles` are the ARNs of the functions' roles."""

    def row(target, resource, service, wanted, context=None, policy=None):
        return Row(WHO, target, resource, service, wanted, context or {}, resource_policy=policy, by_code=False)

    for name in FUNCTIONS:
        yield row(f"a secret of {name}", OWN, "secretsmanager", SECRETS | LISTS, {NAMES_FUNCTION: function_arn(name)})
        yield row(f"the function {name}", function_arn(name), "lambda", LAMBDA)
    yield row("a secret of another function", OWN, "secretsmanager", LISTS, {NAMES_FUNCTION: function_arn("somebody-elses")})
    yield row("a secret outside the prefix", secret("other/db"), "secretsmanager", LISTS, {NAMES_FUNCTION: function_arn("rotate-api-key")})
    yield row("another function", function_arn("somebody-elses"), "lambda", set())
    for name in (*FUNCTIONS, "watch"):
        yield row(f"the log of {name}", log(PREFIX + name), "logs", LOGS | RESULTS)
    yield row("another log", log("somebody-elses"), "logs", RESULTS)
    for arn in roles:
        yield row(f"the role {arn.rpartition('/')[2]}", arn, "iam", {"SimulatePrincipalPolicy"})
    yield row("another role", f"arn:aws:iam::{ACCOUNT}:role/somebody-elses", "iam", set())
    yield row("the key of the secrets", KEY, "kms", {"DescribeKey"}, policy=KEY_POLICY)
    yield row("another key", policies.ADMIN_KEY, "kms", set(), policy=KEY_POLICY)
    yield row("the trail", "*", "cloudtrail", {"LookupEvents"})
    yield row("networks", "*", "ec2", NETWORK)
    yield row("databases", "*", "rds", DATABASES)
    yield row("alarms and metrics", "*", "cloudwatch", METRICS)


def gaps(table):
    """Where the policy and the command line differ: a question that is not allowed, or a change or value that is."""
    allowed = {f"{row.service}:{action}" for row in table for action in row.allowed}
    known = statements()
    asked = known["KeywheelDoctor"] | known["KeywheelStatus"]
    others = set().union(*(actions for sid, actions in known.items() if sid not in ("KeywheelDoctor", "KeywheelStatus")))
    yield from (f"keywheel doctor asks {action}, and the policy for people on call does not allow it" for action in sorted(asked - allowed))
    yield from (f"the policy for people on call allows {action}, which does more than ask" for action in sorted(others & allowed))
