"""Looks after the secrets that a rotation function is responsible for, and says in metrics and log lines which ones are stuck, overdue or stopped.

It reads the list of secrets, no value of any. It runs on AWS's Python, with nothing but what is there: docs/see-it-run.md.

| variable | |
|---|---|
| `ROTATION_FUNCTION_ARNS` | the functions, separated by commas |
| `STUCK_AFTER_MINUTES` | a pending version that is not current, and that nothing has changed for so long, is stuck |
| `OVERDUE_AFTER_HOURS` | so long after its time a rotation is overdue |
"""

import json
import os
from datetime import datetime, timedelta, timezone

NAMESPACE = "Keywheel"
DAY = timedelta(days=1)
TOTALS = ("SecretsWatched", "SecretsStuck", "SecretsOverdue", "SecretsStopped", "OldestRotationDays")


def is_stuck(secret, now, limit):
    """Whether a version waits in AWSPENDING, is not AWSCURRENT, and nothing has changed for longer than `limit`."""
    waiting = any(
        "AWSPENDING" in stages and "AWSCURRENT" not in stages for stages in secret.get("SecretVersionsToStages", {}).values()
    )
    return waiting and now - changed(secret) > limit


def is_overdue(secret, now, grace):
    """Whether the rotation that was due has not happened `grace` after its time."""
    due = due_date(secret)
    return bool(secret.get("RotationEnabled")) and due is not None and now - due > grace


def due_date(secret):
    """When the next rotation is due: an interval after the last one, or what Secrets Manager says if that is earlier."""
    interval = interval_of(secret.get("RotationRules", {}))
    dates = [last_success(secret) + interval] if interval else []
    if secret.get("NextRotationDate"):
        dates.append(secret["NextRotationDate"])
    return min(dates, default=None)


def interval_of(rules):
    """The time between two rotations; None for a cron expression, whose next date Secrets Manager knows."""
    expression = rules.get("ScheduleExpression", "")
    if expression.startswith("rate("):
        count, unit = expression[len("rate(") : -1].split()
        return timedelta(**{unit.rstrip("s") + "s": int(count)})
    if not expression and rules.get("AutomaticallyAfterDays"):
        return timedelta(days=rules["AutomaticallyAfterDays"])
    return None


def last_success(secret):
    """When it was rotated last, or, if it never was, when it was made."""
    return secret.get("LastRotatedDate") or secret["CreatedDate"]


def changed(secret):
    """When anything of it changed last."""
    return secret.get("LastChangedDate") or secret["CreatedDate"]


def report(secrets, now, stuck_after, overdue_after):
    """The findings, a line each, and the totals."""
    totals = dict.fromkeys(TOTALS, 0)
    lines = []
    for secret in secrets:
        days = round((now - last_success(secret)) / DAY, 2)
        line = {
            "secret": secret["ARN"],
            "days_since_success": days,
            "rotated_before": "LastRotatedDate" in secret,
            "stuck": is_stuck(secret, now, stuck_after),
            "overdue": is_overdue(secret, now, overdue_after),
            "stopped": not secret.get("RotationEnabled"),
        }
        totals["SecretsWatched"] += 1
        totals["SecretsStuck"] += line["stuck"]
        totals["SecretsOverdue"] += line["overdue"]
        totals["SecretsStopped"] += line["stopped"]
        totals["OldestRotationDays"] = max(totals["OldestRotationDays"], days)
        lines.append(line | {"level": "WARN" if line["stuck"] or line["overdue"] or line["stopped"] else "INFO"})
    return lines, totals


def metrics(totals, function, now):
    """The totals in CloudWatch's embedded metric format."""
    names = [{"Name": name, "Unit": "None" if name.endswith("Days") else "Count"} for name in totals]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": names}
    stamp = int(now.timestamp() * 1000)
    return {"_aws": {"Timestamp": stamp, "CloudWatchMetrics": [directive]}, "Function": function, **totals}


def watched(client, functions):
    """The secrets whose rotation function is one of `functions`; those marked for deletion are not listed."""
    for page in client.get_paginator("list_secrets").paginate():
        yield from (secret for secret in page["SecretList"] if secret.get("RotationLambdaARN") in functions)


def handler(_event, context):
    """Lambda's entry point."""
    import boto3  # here, so that the decisions above can be tested without it

    now = datetime.now(timezone.utc)
    secrets = watched(boto3.client("secretsmanager"), os.environ["ROTATION_FUNCTION_ARNS"].split(","))
    stuck_after = timedelta(minutes=float(os.environ["STUCK_AFTER_MINUTES"]))
    overdue_after = timedelta(hours=float(os.environ["OVERDUE_AFTER_HOURS"]))
    lines, totals = report(secrets, now, stuck_after, overdue_after)
    for line in lines:
        print(json.dumps(line))
    print(json.dumps(metrics(totals, context.function_name, now)))
    return totals
