"""Checks infra/: `make infra-check`. Prints what it checked and the table of the policies; fails if anything is wrong."""

import json
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import application
import calls
import cdk
import cloud
import followers
import lockout
import on_call
import partitions
import policies
import readers
import stack
import template
import terraform
import terraform_cli
import terraform_readme
from functions import FUNCTIONS
from tools import TOOLS

sys.path.insert(0, str(template.INFRA / "watch"))
import watch  # noqa: E402

SECRET = policies.secret("myapp/prod/orders/db")
EXAMPLES = {
    "single-user": {"DatabaseHost": "db.example.com", "FirstPassword": "first"},
    "alternating-users": {"DatabaseHost": "db.example.com", "FirstPassword": "first", "AdminSecretArn": policies.ADMIN, "SecretName": "myapp/prod/stock/db"},
    "api-key": {"FirstValue": "first"},
    "rotator-role": {
        "FunctionRoleArns": f"arn:aws:iam::{cloud.ACCOUNT}:role/rotator",
        "FunctionArns": ",".join(map(policies.function_arn, FUNCTIONS)),
        "ExternalId": policies.EXTERNAL_ID,
        "SecretNamePrefix": "myapp/prod/",
        "KmsKeyArn": policies.KEY,
        "AdminSecretArn": f"{policies.ADMIN},{policies.OF_PROVIDER}",
        "AdminSecretKmsKeyArn": policies.ADMIN_KEY,
    },
    "restart-ecs-services": {"SecretArn": SECRET, "Cluster": "shop", "Services": "orders,stock"},
    "reload-pgbouncer": {"SecretArn": SECRET},
    "copy-to-followers": followers.PARAMETERS,
}


def cfn_lint():
    """CloudFormation's linter, to which a warning is an error."""
    return linted(template.templates())


def linted(paths, *options):
    """What it says of templates."""
    command = [str(TOOLS / "venv/bin/cfn-lint"), *options, "--", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode else []


def metrics_of_functions(filtered):
    """The metrics that the functions write, as (metric, dimensions), read off the source that writes them, and those that log filters make."""
    source = (template.ROOT / "crates/rotation/src/lambda/metrics.rs").read_text()
    sets = re.search(r'"Dimensions": (\[\[.*?\]\])', source)[1]
    names = re.findall(r'\{"Name": "(\w+)"', source)
    found = {(name, frozenset(dimensions)) for name in names for dimensions in json.loads(sets)}
    directive = watch.metrics({name: 0 for name in watch.TOTALS}, "f", watch.datetime.now())["_aws"]["CloudWatchMetrics"][0]
    found |= {(metric["Name"], frozenset(directive["Dimensions"][0])) for metric in directive["Metrics"]}
    return found | {(one["metricName"], frozenset(one["dimensions"])) for one in filtered}


def metrics_of_dashboard(body):
    """The metrics of ours that a dashboard shows, in the same form."""
    for widget in json.loads(body)["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                for names in re.findall(r"\{Keywheel,([\w,]+)\} MetricName=\"(\w+)\"", metric[0]["expression"]):
                    yield names[1], frozenset(names[0].split(","))
            elif metric[0] == "Keywheel":
                words = [word for word in metric[2:] if isinstance(word, str)]
                yield metric[1], frozenset(words[::2])


def dashboard_problems(account):
    """A dashboard or an alarm that shows what nobody measures, and two dashboards that differ."""
    body = account.client("cloudwatch").get_dashboard(DashboardName="keywheel-rotations")["DashboardBody"]
    filters = account.client("logs").describe_metric_filters()["metricFilters"]
    written = metrics_of_functions([one for found in filters for one in found["metricTransformations"]])
    shown = set(metrics_of_dashboard(body))
    for alarm in account.client("cloudwatch").describe_alarms()["MetricAlarms"]:
        if alarm["Namespace"] == "Keywheel":
            shown.add((alarm["MetricName"], frozenset(one["Name"] for one in alarm["Dimensions"])))
    for metric, dimensions in sorted(shown - written, key=str):
        yield f"the dashboard or an alarm shows {metric} by {', '.join(sorted(dimensions))}, which no function writes"
    if len(shown) < 5:
        yield f"only {len(shown)} metrics of ours are shown"
    state, _ = terraform_cli.applied(policies.VARIABLES)
    if json.loads(state["aws_cloudwatch_dashboard.rotations"]["dashboard_body"]) != json.loads(body):
        yield "the dashboards of the SAM template and of the Terraform module differ"


def functions():
    """The functions whose calls are known; one that is here and whose calls are not is a problem."""
    return [function for function in FUNCTIONS if calls.of_function(function, "own")]


def unrecorded():
    """Functions whose program is here, and whose calls were never recorded."""
    for function in FUNCTIONS:
        if calls.is_here(function) and function not in functions():
            yield f"no call of {function} is in infra/calls.txt; run make test, then scripts/infra/calls.py --update target/calls.txt"


# The tables that were evaluated: (title, rows, requests).
EVALUATED = []


def judged(title, table, found):
    """Prints an evaluated table, and tells its wrong rows."""
    policies.evaluate(table, found)
    wrong = [row for row in table if not row.right]
    EVALUATED.append((title, len(table), sum(len(row.allowed) + row.denied for row in table)))
    print("\n{}: {} rows, {} requests, {} wrong".format(*EVALUATED[-1], len(wrong)))
    policies.show(table)
    return [f"{title}: {row.function}, {row.target}: allowed {sorted(row.allowed)}, should be {sorted(row.wanted)}" for row in wrong]


@contextmanager
def empty_account_with_code():
    """An account that has nothing but the zip files."""
    with cloud.empty_account() as account, tempfile.TemporaryDirectory() as directory:
        code = Path(directory) / "code.zip"
        code.write_bytes(b"PK\x05\x06" + bytes(18))  # an empty archive: what is in it does not matter here
        stack.upload(account, cdk.PREFIX, {f"arm64/{name}.zip": code for name in FUNCTIONS} | {"watch.zip": code})
        yield account


def deployed(scenario, tables):
    """Deploys the template into an empty account; yields the account's problems."""
    with empty_account_with_code() as account:
        options = policies.PARAMETERS | scenario.parameters | {"CreateSecretsManagerEndpoint": "true"}
        stack.deploy(account, stack.parameters_of(cdk.PREFIX, **stack.network(account), **options))
        found = stack.policies_of_functions(account, FUNCTIONS)
        tables.append(list(policies.rows(functions(), scenario)))
        yield from judged(titled("the SAM template", scenario), tables[-1], found)
        yield from superuser_problems(account, scenario)
        yield from settings_problems(account, "the SAM template", scenario)
        if not scenario.name:
            yield from dashboard_problems(account)
            yield from on_call_problems(account, "the SAM template", stack.outputs(account)["OnCallPolicyArn"])
            yield from examples_problems(account)


def cdk_problems(tables):
    """Compiles the constructs; lints, deploys and judges a stack of them for each scenario."""
    templates = cdk.templates()
    with tempfile.TemporaryDirectory() as directory:
        paths = {name: Path(directory) / f"{name}.json" for name in templates}
        for name, path in paths.items():
            path.write_text(json.dumps(templates[name]))
        yield from linted(paths.values(), "--ignore-checks", "W3005")  # CDK names a dependency on a role that a reference makes already
        print(f"CDK: compiled by jsii, its tests, {len(paths)} stacks synthesised and linted")
        for scenario in policies.SCENARIOS:
            yield from deployed_by_cdk(scenario, paths[cdk.name_of(scenario)], tables)


def deployed_by_cdk(scenario, path, tables):
    """Deploys a stack of the constructs into an empty account; yields the account's problems."""
    with empty_account_with_code() as account:
        stack.deploy(account, stack.network(account), path, path.stem)
        found = stack.policies_of_functions(account, FUNCTIONS)
        tables.append(list(policies.rows(functions(), scenario)))
        yield from judged(titled("the CDK constructs", scenario), tables[-1], found)
        yield from superuser_problems(account, scenario)
        yield from settings_problems(account, "the CDK constructs", scenario)
        if not scenario.name:
            yield from dashboard_problems(account)
            yield from on_call_problems(account, "the CDK constructs", cdk.on_call_arn(account, path.stem))
            yield from cdk.secret_problems(account)


def on_call_problems(account, what, arn):
    """What is wrong with the policy for people on call."""
    iam = account.client("iam")
    document = iam.get_policy_version(PolicyArn=arn, VersionId=iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"])["PolicyVersion"]["Document"]
    found = {on_call.WHO: {"on-call": stack.document(document)}}
    lambdas = account.client("lambda")
    roles = [lambdas.get_function_configuration(FunctionName=policies.PREFIX + name)["Role"] for name in (*FUNCTIONS, "watch")]
    table = list(on_call.rows(roles))
    yield from judged(f"{what}, who is on call", table, found)
    yield from on_call.gaps(table)


def superuser_problems(account, scenario):
    """A function whose environment allows other superuser secrets than its role's policy."""
    for function in FUNCTIONS:
        configuration = account.client("lambda").get_function_configuration(FunctionName=policies.PREFIX + function)
        allowed = configuration.get("Environment", {}).get("Variables", {}).get("SUPERUSER_SECRETS", "")
        wanted = policies.superuser_secrets(function, scenario)
        if allowed != wanted:
            yield f"{titled('the SAM template', scenario)}: {function} has SUPERUSER_SECRETS={allowed!r}, should be {wanted!r}"


def settings_problems(account, what, scenario):
    """Functions that are set up otherwise than the Terraform module's. A variable that is left out, or empty, has its default;
    with EXCLUDE_CHARACTERS, empty means none."""
    state, _ = terraform_cli.applied(scenario.variables)
    plain, _ = terraform_cli.applied(policies.CODE)
    for function in FUNCTIONS:
        address = f'aws_lambda_function.rotation["{function}"]'
        here = account.client("lambda").get_function_configuration(FunctionName=policies.PREFIX + function)
        names = {"Timeout": "timeout", "MemorySize": "memory_size", "Runtime": "runtime", "Handler": "handler"}
        mine, theirs = {name: here[name] for name in names}, {name: state[address][other] for name, other in names.items()}
        defaults = plain[address]["environment"][0]["variables"]
        set_here = here.get("Environment", {}).get("Variables", {})
        mine |= defaults | {name: value for name, value in set_here.items() if value != "" or name == "EXCLUDE_CHARACTERS"}
        theirs |= defaults | state[address]["environment"][0]["variables"]
        for name in sorted(mine.keys() | theirs.keys()):
            if str(mine.get(name)) != str(theirs.get(name)):
                yield f"{titled(what, scenario)}: {function} has {name}={mine.get(name)!r}, and the Terraform module's has {theirs.get(name)!r}"


def rotation_problems(account):
    """Gives a secret that is there a rotation by the one-page template."""
    manager, path = account.client("secretsmanager"), template.INFRA / "examples/existing-secret.yaml"
    arn = manager.create_secret(Name="myapp/prod/existing/db", SecretString="{}")["ARN"]
    stack.deploy(account, {"SecretArn": arn}, path, "existing-secret")
    described = manager.describe_secret(SecretId=arn)
    if described.get("RotationLambdaARN") != policies.function_arn("rotate-postgres-single-user") or not described.get("RotationEnabled"):
        yield "examples/existing-secret.yaml gave the secret no rotation by the single-user function"
    if len(path.read_text().splitlines()) > 20:
        yield "examples/existing-secret.yaml has more than 20 lines"


def nested_problems():
    """Deploys the template as a nested application, beside the rotation of a secret."""
    with empty_account_with_code() as account:
        manager = account.client("secretsmanager")
        arn = manager.create_secret(Name="orders/db", SecretString="{}")["ARN"]
        application.deploy(account, stack.parameters_of(cdk.PREFIX, SecretArn=arn), "nested")
        if manager.describe_secret(SecretId=arn).get("RotationLambdaARN") != policies.function_arn("rotate-postgres-single-user"):
            yield "examples/application.yaml gave the secret no rotation by the single-user function"
        made = {one["FunctionName"] for one in account.client("lambda").list_functions()["Functions"]}
        if made != {"keywheel-rotate-postgres-single-user", "keywheel-watch"}:
            yield f"examples/application.yaml made {', '.join(sorted(made))}"


def application_problems():
    """The metadata for AWS's application repository, as far as it must agree with the rest."""
    metadata = template.read(template.INFRA / "template.yaml")["Metadata"]["AWS::ServerlessRepo::Application"]
    version = re.search(r'^version = "(.*)"$', (template.ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    if metadata["SemanticVersion"] != version:
        yield f"template.yaml: SemanticVersion is {metadata['SemanticVersion']}, and the workspace's version {version}"
    for name in ("LicenseUrl", "ReadmeUrl"):
        if not (template.INFRA / metadata[name]).is_file():
            yield f"template.yaml: {name} names no file"
    if len(metadata["Description"]) > 256:
        yield "template.yaml: the application's description has more than 256 characters"


def examples_problems(account):
    """Deploys the examples beside the stack, and judges the role among them."""
    yield from rotation_problems(account)
    for name, parameters in EXAMPLES.items():
        stack.deploy(account, parameters, template.INFRA / "examples" / f"{name}.yaml", name)
    print(f"\ndeployed beside it: {', '.join(EXAMPLES)}")
    role = stack.outputs(account, "rotator-role")["RotatorRoleArn"].rpartition("/")[2]
    found = {"keywheel-rotator": stack.role_policies(account, role)}
    copier = stack.outputs(account, "copy-to-followers")["RoleArn"].rpartition("/")[2]
    yield from judged("the example copy-to-followers.yaml", list(followers.rows()), {followers.WHO: stack.role_policies(account, copier)})
    yield from judged("the example rotator-role.yaml", list(policies.rotator_rows(functions())), found)


def titled(what, scenario):
    """A table's title."""
    return f"{what}, {scenario.name}" if scenario.name else what


def terraform_policy_problems(tables):
    """What is wrong with the policies of the Terraform module, in each scenario."""
    for scenario in policies.SCENARIOS:
        tables.append(list(policies.rows(functions(), scenario)))
        yield from judged(titled("the Terraform module", scenario), tables[-1], policies.of_terraform(functions(), scenario))


def other_policy_problems():
    """What is wrong with all other policies: the page's, those of other partitions, of other accounts, of people and of readers."""
    by_hand = "rotate-postgres-single-user"
    yield from judged("by hand", list(policies.page_rows(by_hand)), policies.of_page(by_hand))
    yield from partitions.literal_problems()
    for partition in partitions.PARTITIONS:
        table = list(partitions.rows(functions(), partition))
        yield from judged(f"Terraform and the CDK, in {partition}", table, partitions.of_terraform(functions(), partition))
    found = policies.of_terraform_rotator(functions())
    yield from judged("the Terraform module rotator-role", list(policies.rotator_rows(functions())), found)
    table = list(on_call.rows([on_call.role(name) for name in (*FUNCTIONS, "watch")]))
    yield from judged("the Terraform module, who is on call", table, on_call.of_terraform())
    yield from on_call.gaps(table)
    yield from judged("the Terraform module secret", list(readers.rows()), readers.of_terraform())


def cfn_lint_problems():
    """What cfn-lint says of the templates as they are."""
    yield from cfn_lint()
    print(f"cfn-lint: {len(template.templates())} templates")


def terraform_problems():
    """What is wrong with the Terraform modules as they are."""
    with terraform_cli.checkout() as root:
        yield from terraform.problems(root)
    yield from terraform_readme.problems()
    print(f"Terraform {terraform_cli.version()}: fmt, validate and test of {len(terraform.modules())} modules")


def other_problems():
    """Where files disagree that must say the same."""
    yield from lockout.problems(template.INFRA / "template.yaml", terraform.TERRAFORM, cdk.CDK)
    print(f"log filters: {sum(map(len, lockout.codes()))} codes by which applications may be locked out, as the runbook's pages say")
    yield from application_problems()
    yield from unrecorded()


def figures_problems():
    """Whether infra/README.md has the figures of today."""

    def of(*titles):
        found = [(rows, requests) for title, rows, requests in EVALUATED if title.startswith(titles)]
        return f"{sum(rows for rows, _ in found)}, {sum(requests for _, requests in found):,}"

    sam, terraform, elsewhere = of("the SAM template", "the example"), of("the Terraform module"), of("Terraform and the CDK")
    cells = (sam, f"{terraform}, and {elsewhere} in two other partitions", f"{of('the CDK')}; the other partitions' are Terraform's", of("by hand"), "as by hand")
    row = f"| policies evaluated: rows, requests | {' | '.join(cells)} |"
    lint = f"cfn-lint: no warning in {len(template.templates())} templates"
    for text in (row, lint):
        if text not in (template.INFRA / "README.md").read_text():
            yield f"infra/README.md should say: {text}"


def parts():
    """Everything that may be wrong, by name."""
    tables = []
    yield "cfn-lint", cfn_lint_problems()
    yield "Terraform's files", terraform_problems()
    yield "other files", other_problems()
    yield "SAM", (problem for scenario in policies.SCENARIOS for problem in deployed(scenario, tables))
    yield "nested", nested_problems()
    yield "Terraform's policies", terraform_policy_problems(tables)
    yield "CDK", cdk_problems(tables)
    yield "other policies", other_policy_problems()
    yield "recorded calls", policies.uncovered(functions(), tables)
    yield "figures", figures_problems()


def main():
    found, took = [], []
    for name, problems in parts():
        started = time.monotonic()
        found += problems
        took.append(f"{name} {time.monotonic() - started:.0f}")
    print(f"\nseconds: {', '.join(took)}")
    for problem in found:
        print(f"infra-check: {problem}", file=sys.stderr)
    print(f"\ninfra-check: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
