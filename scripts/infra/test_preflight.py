"""Tests of scripts/preflight against moto: in an empty account it says what is missing, and once that is there it has nothing to say.

One test runs it as you do. The others run it, and the aws command line, in this process: the command line takes a second to start, and
is asked some hundred times.
"""

import contextlib
import io
import os
import subprocess
import tempfile
import types
import unittest
from unittest import mock
from pathlib import Path

import cloud
import policies
from awscli.clidriver import create_clidriver
import stack
from functions import FUNCTIONS
from template import ROOT
from tools import TOOLS


PROGRAM = ROOT / "scripts/preflight"


def loaded():
    """The program as a module, with the aws command line in this process."""
    module = types.ModuleType("preflight")
    module.__file__ = str(PROGRAM)
    exec(compile(PROGRAM.read_text(), str(PROGRAM), "exec"), module.__dict__)  # importing it would leave a compiled file beside it
    driver = create_clidriver()

    def run(arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = driver.main(arguments)
        return code, out.getvalue(), err.getvalue()

    module.run = run
    return module


def environment_of(account):
    """Where the aws command line is, and which account it asks."""
    return os.environ | account.environment | {"PATH": f"{TOOLS / 'venv/bin'}:{os.environ['PATH']}"}


def preflight(account, *arguments, **parameters):
    """What it prints, and whether something is missing."""
    given = [f"{name}={value}" for name, value in stack.parameters_of("v1", **parameters).items()]
    out = io.StringIO()
    with mock.patch.dict(os.environ, environment_of(account)):
        module = loaded()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = module.main([*arguments, *given])
    return out.getvalue(), code


def upload(account):
    """Zip files, which are empty: nobody runs them here."""
    with tempfile.TemporaryDirectory() as directory:
        code = Path(directory) / "code.zip"
        code.write_bytes(b"PK\x05\x06" + bytes(18))
        stack.upload(account, "v1", {f"arm64/{name}.zip": code for name in FUNCTIONS} | {"watch.zip": code})


class Preflight(unittest.TestCase):
    def setUp(self):
        context = cloud.empty_account()
        self.account = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        network = stack.network(self.account)
        self.vpc, self.subnets = network["VpcId"], network["VpcSubnetIds"]

    def told(self, *arguments, **parameters):
        text, _ = preflight(self.account, *arguments, **parameters)
        return text

    def group(self, name):
        return self.account.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]

    def test_an_empty_account_lacks_everything_that_is_named(self):
        topic = f"arn:aws:sns:us-east-1:{cloud.ACCOUNT}:on-call"
        text, code = preflight(
            self.account, VpcSubnetIds=self.subnets, VpcSecurityGroupIds="sg-0abc1234", AlarmTopicArn=topic, SuperuserSecretArn=policies.ADMIN, KmsKeyArn=policies.KEY
        )
        self.assertEqual(code, 1, text)
        for missing in (
            "there is no bucket keywheel-code",
            "there is no security group sg-0abc1234",
            "no security group lets the functions in at port 5432",
            "no NAT gateway and no endpoint leads to Secrets Manager",
            f"SuperuserSecretArn: there is no secret {policies.ADMIN}",
            f"KmsKeyArn: the key {policies.KEY} is not there",
            f"AlarmTopicArn: {topic} is not there",
        ):
            self.assertIn(missing, text)

    def test_with_everything_there_nothing_is_missing_and_the_stack_is_made(self):
        upload(self.account)
        database, admin = self.group("database"), self.account.client("secretsmanager").create_secret(Name="admins/orders", SecretString="{}")["ARN"]
        topic = self.account.client("sns").create_topic(Name="on-call")["TopicArn"]
        given = {
            "VpcId": self.vpc,
            "VpcSubnetIds": self.subnets,
            "CreateSecretsManagerEndpoint": "true",
            "DatabaseSecurityGroupId": database,
            "SuperuserSecretArn": admin,
            "AlarmTopicArn": topic,
            "ReservedConcurrency": "-1",
        }
        self.account.client("ec2").modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        text, code = preflight(self.account, **given)
        self.assertEqual((code, "not known" in text), (0, False), text)
        stack.deploy(self.account, stack.parameters_of("v1", **given))
        rules = self.account.client("ec2").describe_security_groups(GroupIds=[database])["SecurityGroups"][0]["IpPermissions"]
        functions = stack.outputs(self.account)["FunctionSecurityGroupId"]
        self.assertEqual([(rule["FromPort"], rule["UserIdGroupPairs"][0]["GroupId"]) for rule in rules], [(5432, functions)])
        # What this stack made is in the way of another one, and not of itself.
        self.assertNotIn("there is a function", self.told(**given))
        other = self.told("--stack-name", "other", **given)
        self.assertIn("there is a function keywheel-watch, which is not of the stack other", other)
        self.assertIn("has an endpoint of Secrets Manager with private DNS, and takes no second", other)

    def test_a_rule_that_is_there_is_found_and_so_is_a_nat_gateway(self):
        upload(self.account)
        ec2, functions, database = self.account.client("ec2"), self.group("functions"), self.group("database")
        rule = {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 6000, "UserIdGroupPairs": [{"GroupId": functions}]}
        ec2.authorize_security_group_ingress(GroupId=database, IpPermissions=[rule])
        table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["RouteTables"][0]["RouteTableId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        given = {"VpcSubnetIds": self.subnets, "VpcSecurityGroupIds": functions, "ReservedConcurrency": "-1"}
        self.assertIn("no NAT gateway", self.told(**given))
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
        nat = ec2.create_nat_gateway(SubnetId=self.subnets.split(",")[0], ConnectivityType="private")["NatGateway"]["NatGatewayId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        text, code = preflight(self.account, **given)
        self.assertEqual(code, 0, text)
        self.assertIn("no security group lets the functions in at port 6001", self.told(**given, DatabasePort="6001"))

    def test_it_runs_as_a_program(self):
        command = [str(PROGRAM), "CodeBucket=keywheel-code", "CodePrefix=v1", "ReservedConcurrency=-1"]
        done = subprocess.run(command, env=environment_of(self.account), capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("preflight: 1 missing", done.stdout)

    def test_a_word_that_is_no_parameter(self):
        self.assertIn("no parameter of infra/template.yaml: VpcID=vpc-1", self.told(VpcID="vpc-1"))

    def test_the_key_of_a_superuser_secret_must_be_named(self):
        upload(self.account)
        key = self.account.client("kms").create_key()["KeyMetadata"]["Arn"]
        secret = self.account.client("secretsmanager").create_secret(Name="admins/orders", SecretString="{}", KmsKeyId=key)["ARN"]
        self.assertIn(f"do: SuperuserSecretKmsKeyArn={key}", self.told(SuperuserSecretArn=secret))
        self.assertNotIn("SuperuserSecretKmsKeyArn", self.told(SuperuserSecretArn=secret, SuperuserSecretKmsKeyArn=key))


if __name__ == "__main__":
    unittest.main()
