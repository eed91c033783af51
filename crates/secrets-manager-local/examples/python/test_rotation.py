"""What a rotation function must do, the day that something breaks included."""

import json

import pytest


@pytest.fixture
def secret(secrets_manager):
    value = json.dumps({"username": "app", "password": "old"})
    return secrets_manager.client("secretsmanager").create_secret(Name="db", SecretString=value)["ARN"]


def password(secrets_manager, stage):
    answer = secrets_manager.client("secretsmanager").get_secret_value(SecretId="db", VersionStage=stage)
    return json.loads(answer["SecretString"])["password"]


def test_the_password_is_new_and_the_old_one_is_kept(secrets_manager, secret):
    run = secrets_manager.rotate(secret)
    assert run["outcome"] == "succeeded"
    steps = [step["step"] for step in run["attempts"][0]["steps"]]
    assert steps == ["createSecret", "setSecret", "testSecret", "finishSecret"]
    assert password(secrets_manager, "AWSPREVIOUS") == "old"
    assert password(secrets_manager, "AWSCURRENT") != "old"


def test_a_function_that_dies_after_a_write_goes_on_with_what_it_wrote(secrets_manager, secret):
    secrets_manager.fault(operation="PutSecretValue", function="rotate", effect="kill_after")
    run = secrets_manager.rotate(secret)
    assert (run["outcome"], len(run["attempts"])) == ("succeeded", 2)
    versions = secrets_manager.client("secretsmanager").list_secret_version_ids(SecretId=secret)["Versions"]
    assert len(versions) == 2


def test_an_error_is_the_functions_own(secrets_manager, secret):
    client = secrets_manager.client("secretsmanager")
    client.put_secret_value(SecretId=secret, SecretString="no JSON")
    run = secrets_manager.rotate(secret)
    assert run["outcome"] == "failed"
    assert run["attempts"][0]["steps"][0]["error"]["errorType"] == "JSONDecodeError"
    assert client.get_secret_value(SecretId=secret)["SecretString"] == "no JSON"


def test_metrics_and_logs_can_be_read(secrets_manager, secret):
    before = len(secrets_manager.local("GET", "functions/rotate/metrics"))
    secrets_manager.rotate(secret)
    metrics = secrets_manager.local("GET", "functions/rotate/metrics")[before:]
    assert [metric["Dimensions"]["Step"] for metric in metrics] == [
        "createSecret",
        "setSecret",
        "testSecret",
        "finishSecret",
    ]
    logs = secrets_manager.client("logs")
    found = logs.filter_log_events(logGroupName="/aws/lambda/rotate", filterPattern="finishSecret")
    assert found["events"]


def test_what_tools_ask_before_a_rotation(secrets_manager):
    sts = secrets_manager.client("sts")
    assert sts.get_caller_identity()["Account"] == secrets_manager.account
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/deploy", RoleSessionName="me")
    assert role["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/deploy/me"
    functions = secrets_manager.client("lambda")
    assert functions.get_function(FunctionName="rotate")["Configuration"]["Handler"] == "rotation.lambda_handler"
    functions.add_permission(
        FunctionName="rotate",
        StatementId="more",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
        SourceAccount=secrets_manager.account,
    )
    policy = json.loads(functions.get_policy(FunctionName="rotate")["Policy"])
    assert "more" in [statement["Sid"] for statement in policy["Statement"]]
    functions.remove_permission(FunctionName="rotate", StatementId="more")
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.remove_permission(FunctionName="rotate", StatementId="more")
