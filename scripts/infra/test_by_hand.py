"""Runs the commands of docs/install/by-hand.md in moto's account, word for word, but those that build or deploy by cargo, and the rotation: moto runs no function."""

import contextlib
import re
import sys
import tempfile
import unittest
from pathlib import Path

import cloud
from template import ROOT
from test_release import built, ran

PAGE = ROOT / "docs/install/by-hand.md"
NAME = "rotate-postgres-single-user"
ROTATES = re.compile(r"^aws secretsmanager rotate-secret --secret-id \S+ +#.*$", re.MULTILINE)


def commands():
    """The page's commands, as a script that ends at the first one that fails."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return "set -eu\n" + "".join(ROTATES.sub("", block) for block in blocks if not block.startswith("make "))


class ByHand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.account = stack.enter_context(cloud.empty_account())
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cls.zips = built(root / "target/lambda")
        (root / "infra").symlink_to(ROOT / "infra")
        cls.account.client("secretsmanager").create_secret(Name="orders/db", SecretString="{}")
        cls.done = ran("bash", "-c", commands(), cwd=root, **cls.account.environment)

    def test_every_command_succeeds(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        self.assertGreaterEqual(commands().count("\naws "), 9)

    def test_the_function_is_there_and_only_secrets_manager_may_invoke_it(self):
        client = self.account.client("lambda")
        found = client.get_function_configuration(FunctionName=NAME)
        self.assertEqual(found["CodeSize"], (self.zips / f"arm64/{NAME}.zip").stat().st_size)
        self.assertEqual((found["Runtime"], found["Timeout"], found["MemorySize"]), ("provided.al2023", 30, 128))
        self.assertEqual(found["Role"], f"arn:aws:iam::{cloud.ACCOUNT}:role/keywheel-single-user")
        policy = client.get_policy(FunctionName=NAME)["Policy"]
        self.assertIn("secretsmanager.amazonaws.com", policy)
        self.assertIn(f'"AWS:SourceAccount": "{cloud.ACCOUNT}"', policy)

    def test_the_secret_names_the_function(self):
        found = self.account.client("secretsmanager").describe_secret(SecretId="orders/db")
        self.assertTrue(found["RotationLambdaARN"].endswith(f":function:{NAME}"))

    def test_the_log_has_an_end_and_a_failure_has_an_alarm(self):
        groups = self.account.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{NAME}")["logGroups"]
        self.assertEqual([group["retentionInDays"] for group in groups], [90])
        alarms = self.account.client("cloudwatch").describe_alarms()["MetricAlarms"]
        self.assertEqual([alarm["AlarmName"] for alarm in alarms], [f"{NAME}-failed"])


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=1).result.wasSuccessful())
