"""What the consumers in Python have in common: for each line on standard input they log in with their secret as it is to them, and
print `ok` or `refused` for each attempt. The line has the time in seconds and the number of the worker that logs in."""

import os
import sys

import psycopg


def answer(log_in):
    for line in sys.stdin:
        now, worker = line.split()
        print(*log_in(float(now), int(worker)), flush=True)


def attempt(user, password, host=None, port=None, dbname=None):
    """One login. What is not given is in PGHOST and the like, and so is how TLS is verified."""
    try:
        psycopg.connect(user=user, password=password, host=host, port=port, dbname=dbname).close()
        return "ok"
    except psycopg.OperationalError as error:
        if "password authentication failed" not in str(error):
            raise
        return "refused"


def secret_value(client):
    return client.get_secret_value(SecretId=os.environ["SECRET"])
