"""Tests of the checks themselves, and of the watcher: a check that finds nothing wrong in what is wrong is worth nothing."""

import copy
import json
import sys
import tempfile
import unittest
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import calls
import importlib
import lockout
import on_call
import partitions
import policies
import template
import terraform
import terraform_cli

sys.path.insert(0, str(template.INFRA / "watch"))
import watch  # noqa: E402

zip_file = importlib.import_module("zip")
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
FUNCTION = "rotate-postgres-single-user"


def secret(**changes):
    """A secret as ListSecrets tells it: rotated five days ago, due in 25."""
    listed = {
        "ARN": policies.OWN,
        "CreatedDate": NOW - timedelta(days=400),
        "LastChangedDate": NOW - timedelta(days=5),
        "LastRotatedDate": NOW - timedelta(days=5),
        "RotationEnabled": True,
        "RotationLambdaARN": policies.function_arn(FUNCTION),
        "RotationRules": {"AutomaticallyAfterDays": 30},
        "SecretVersionsToStages": {"a": ["AWSCURRENT"], "b": ["AWSPREVIOUS"]},
    }
    return listed | changes


class Watcher(unittest.TestCase):
    LIMIT, GRACE = timedelta(hours=2), timedelta(days=1)

    def overdue(self, **changes):
        return watch.is_overdue(secret(**changes), NOW, self.GRACE)

    def stuck(self, stages, hours):
        listed = secret(SecretVersionsToStages=stages, LastChangedDate=NOW - timedelta(hours=hours))
        return watch.is_stuck(listed, NOW, self.LIMIT)

    def test_a_pending_version_is_stuck_once_nothing_has_changed_for_the_limit(self):
        waiting = {"a": ["AWSCURRENT"], "b": ["AWSPENDING"]}
        self.assertFalse(self.stuck(waiting, 1.9))
        self.assertTrue(self.stuck(waiting, 2.1))

    def test_pending_on_the_current_version_is_the_end_of_a_rotation(self):
        self.assertFalse(self.stuck({"a": ["AWSCURRENT", "AWSPENDING"]}, 100))

    def test_overdue_is_an_interval_and_the_grace_after_the_last_success(self):
        self.assertFalse(self.overdue(LastRotatedDate=NOW - timedelta(days=30.9)))
        self.assertTrue(self.overdue(LastRotatedDate=NOW - timedelta(days=31.1)))

    def test_one_that_was_never_rotated_counts_from_when_it_was_made(self):
        listed = secret(CreatedDate=NOW - timedelta(days=32))
        del listed["LastRotatedDate"]
        self.assertTrue(watch.is_overdue(listed, NOW, self.GRACE))

    def test_a_rate_has_its_interval_and_a_cron_expression_the_date_of_secrets_manager(self):
        rate = {"ScheduleExpression": "rate(4 hours)", "AutomaticallyAfterDays": 1}
        self.assertTrue(self.overdue(RotationRules=rate, LastRotatedDate=NOW - timedelta(hours=29)))
        cron = {"ScheduleExpression": "cron(0 3 1 * ? *)", "AutomaticallyAfterDays": 30}
        self.assertFalse(self.overdue(RotationRules=cron, LastRotatedDate=NOW - timedelta(days=300)))
        self.assertTrue(self.overdue(RotationRules=cron, NextRotationDate=NOW - timedelta(days=2)))

    def test_a_rotation_that_was_cancelled_is_stopped_and_not_overdue(self):
        lines, totals = watch.report([secret(RotationEnabled=False, LastRotatedDate=NOW - timedelta(days=90))], NOW, self.LIMIT, self.GRACE)
        self.assertEqual((totals["SecretsStopped"], totals["SecretsOverdue"], lines[0]["level"]), (1, 0, "WARN"))

    def test_the_metrics_are_the_totals_in_the_embedded_format(self):
        _, totals = watch.report([secret(), secret(LastRotatedDate=NOW - timedelta(days=40))], NOW, self.LIMIT, self.GRACE)
        line = watch.metrics(totals, "keywheel-watch", NOW)
        self.assertEqual((line["SecretsWatched"], line["SecretsOverdue"], line["OldestRotationDays"]), (2, 1, 40))
        named = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        self.assertEqual({metric["Name"] for metric in named}, set(watch.TOTALS))

    def test_only_secrets_of_the_functions_are_watched(self):
        class Client:
            def get_paginator(self, _):
                return self

            def paginate(self):
                yield {"SecretList": [secret(), secret(RotationLambdaARN="another"), {"ARN": "never rotated"}]}

        found = list(watch.watched(Client(), [policies.function_arn(FUNCTION)]))
        self.assertEqual([one["ARN"] for one in found], [policies.OWN])


class Policies(unittest.TestCase):
    """A policy that allows too much, or too little, is found."""

    def wrong(self, change, function=FUNCTION, services=("secretsmanager", "kms"), scenario=policies.SCENARIOS[0]):
        found = copy.deepcopy(policies.of_terraform([function], scenario))
        change(found[function])
        table = [row for row in policies.rows([function], scenario) if row.service in services]
        return {row.target for row in policies.evaluate(table, found) if not row.right}

    def test_as_they_are_nothing_is_wrong(self):
        self.assertEqual(self.wrong(lambda _: None), set())

    def test_a_missing_call(self):
        self.assertEqual(self.wrong(lambda found: found["rotate"]["Statement"][0]["Action"].remove("secretsmanager:PutSecretValue")), {"its secret"})

    def test_a_call_too_many(self):
        self.assertEqual(self.wrong(lambda found: found["rotate"]["Statement"][0]["Action"].append("secretsmanager:DeleteSecret")), {"its secret"})

    def test_a_lost_condition(self):
        wrong = self.wrong(lambda found: found["rotate"]["Statement"][0].pop("Condition"))
        self.assertIn("a secret of another function", wrong)
        self.assertIn("a secret without a function", wrong)

    def test_a_wildcard(self):
        def widen(found):
            found["rotate"]["Statement"][0]["Resource"] = "*"

        self.assertIn("its secret, outside the prefix", self.wrong(widen))

    def test_a_missing_call_of_another_service(self):
        def narrow(found):
            found["describe-rds"]["Statement"][0]["Action"].remove("rds:DescribeDBClusters")

        self.assertEqual(self.wrong(narrow, "rotate-postgres-alternating-users", ("rds",)), {"a database cluster"})

    def test_any_role_in_the_place_of_the_first(self):
        def widen(found):
            found["assume-role"]["Statement"][0]["Resource"] = "*"

        through_a_role = next(scenario for scenario in policies.SCENARIOS if scenario.assumes)
        self.assertEqual(self.wrong(widen, services=("sts",), scenario=through_a_role), {"another role that trusts it"})

    def test_a_recorded_call_that_the_table_does_not_ask_for(self):
        told = list(policies.uncovered([FUNCTION], []))
        self.assertIn(f"{FUNCTION} was seen to call rds:DescribeDBClusters, and no row of the table allows it", told)

    def test_a_key_for_every_secret(self):
        wrong = self.wrong(lambda found: found["keys"]["Statement"][0].pop("Condition"))
        self.assertIn("the key, not through Secrets Manager", wrong)


class OnCall(unittest.TestCase):
    """The policy for people on call, and the filter behind their alarm."""

    def gaps(self, change):
        found = on_call.of_terraform()
        change(found[on_call.WHO]["on-call"]["Statement"])
        return list(on_call.gaps(policies.evaluate(list(on_call.rows([on_call.role("rotate-api-key")])), found)))

    def test_it_allows_what_the_command_line_asks_and_no_change(self):
        self.assertEqual(self.gaps(lambda _: None), [])

    def test_a_question_that_is_not_allowed_and_a_change_that_is(self):
        def change(statements):
            statements[0]["Action"] = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]

        told = "\n".join(self.gaps(change))
        self.assertIn("asks secretsmanager:ListSecretVersionIds", told)
        self.assertIn("allows secretsmanager:GetSecretValue", told)

    def test_a_filter_that_lacks_a_code_of_the_runbook(self):
        with tempfile.TemporaryDirectory() as directory:
            copied = Path(directory)
            for source in (template.INFRA / "template.yaml", terraform.TERRAFORM / "watch.tf"):
                (copied / source.name).write_text(source.read_text().replace("CurrentRefused", "Internal"))
            told = list(lockout.problems(copied / "template.yaml", copied, template.INFRA / "cdk"))
        self.assertEqual(len(told), 2)


class Partitions(unittest.TestCase):
    def test_a_literal_partition_is_found_and_words_about_one_are_not(self):
        text = "a: arn:aws:iam::1:role/a\n# arn:aws:b\n  Description: as arn:aws:rds-db:c\n   * arn:aws:d\ne: arn:${partition}:f\ng: arn:aws-cn:h\n"
        self.assertEqual(list(partitions.literals(text)), [1, 6])

    def test_a_policy_of_another_partition_allows_nothing_there(self):
        table = [row for row in partitions.rows([FUNCTION], "aws-cn") if row.target == "its secret"]
        policies.evaluate(table, policies.of_terraform([FUNCTION]))
        self.assertEqual([row.allowed for row in table], [set()])


class Terraform(unittest.TestCase):
    """A fault planted in a module is found."""

    def found(self, old, new, file="main.tf"):
        with terraform_cli.checkout() as root:
            text = (root / file).read_text()
            self.assertIn(old, text)
            (root / file).write_text(text.replace(old, new, 1))
            return "\n".join(terraform_cli.problems(root, [(root / file).parent.relative_to(root)]))

    def test_an_argument_that_the_provider_does_not_have(self):
        self.assertIn('An argument named "memory_sise" is not expected here', self.found("memory_size ", "memory_sise "))

    def test_an_argument_of_a_block(self):
        self.assertIn('An argument named "log_formt" is not expected here', self.found("log_format ", "log_formt  "))

    def test_a_required_argument_that_is_missing(self):
        self.assertIn('The argument "principal" is required', self.found('  principal      = "secretsmanager.amazonaws.com"\n', ""))

    def test_an_argument_of_another_type(self):
        self.assertIn('Inappropriate value for attribute "timeout"', self.found("lookup(var.timeouts, each.key, local.timeouts[each.key])", "[30]"))

    def test_a_reference_to_nothing(self):
        self.assertIn("Reference to undeclared input variable", self.found("[var.architecture]", "[var.architectur]"))
        self.assertIn('This object does not have an attribute named "arm"', self.found(".rotation[each.key].arn", ".rotation[each.key].arm"))

    def test_what_terraform_fmt_would_change(self):
        self.assertIn("terraform fmt would change", self.found("  for_each = local.functions", "  for_each=local.functions"))

    def test_a_call_without_a_required_argument(self):
        self.assertIn('The argument "context" is required', self.found('  context             = "myapp"\n', "", "examples/single-user/main.tf"))

    def test_a_rotation_that_does_not_wait(self):
        self.assertIn("does not wait for module.keywheel.aws_vpc_endpoint", self.found("    aws_vpc_endpoint.secrets_manager,\n", "", "outputs.tf"))

    def test_a_function_that_is_not_told_a_setting(self):
        self.assertIn("terraform test", self.found("= var.default_host", "= null", "environment.tf"))


class Files(unittest.TestCase):
    def test_a_zip_has_the_same_bytes_every_time_and_its_program_may_be_run(self):
        with tempfile.TemporaryDirectory() as directory:
            source, first, second = (Path(directory) / name for name in ("program", "1.zip", "2.zip"))
            source.write_bytes(b"program")
            zip_file.pack(source, "bootstrap", first)
            source.touch()
            zip_file.pack(source, "bootstrap", second)
            self.assertEqual(first.read_bytes(), second.read_bytes())
            entry = zipfile.ZipFile(first).getinfo("bootstrap")
            self.assertEqual(entry.external_attr >> 16 & 0o777, 0o755)

    def test_a_call_that_is_not_recorded_is_told(self):
        with tempfile.TemporaryDirectory() as directory:
            recording = Path(directory) / "calls"
            recording.write_text(f"{FUNCTION} DeleteSecret own\n")
            self.assertEqual(calls.main([str(recording)]), 1)
            recording.write_text(f"{FUNCTION} DescribeDBSnapshots rds\n")
            self.assertEqual(calls.main([str(recording)]), 1)
            recording.write_text(f"{FUNCTION} DescribeSecret own\n{FUNCTION} connect rds-db\nsome-test-function DeleteSecret own\n")
            self.assertEqual(calls.main([str(recording)]), 0)

    def test_every_policy_template_is_json_and_has_a_function(self):
        attached = json.loads((terraform.TERRAFORM / "policies/attached.json").read_text())
        named = {policy for one in attached.values() for policy in one}
        there = {path.name.removesuffix(".json.tftpl") for path in (terraform.TERRAFORM / "policies").glob("*.json.tftpl")}
        self.assertEqual(there - named, {"watch", "on-call"})
        self.assertEqual(named - there, set())


if __name__ == "__main__":
    unittest.main()
