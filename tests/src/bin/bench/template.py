"""Runs lambda_function.py beside this file as Lambda does: by AWS's runtime client.

The certificate of the test server's authority stands in for /etc/pki/tls/cert.pem, which the function names and only Lambda has.
"""

import os
import runpy
import sys

import pgdb

connect = pgdb.connect


def connect_with_authority(**options):
    if "sslrootcert" in options:
        options["sslrootcert"] = os.environ["PGSSLROOTCERT"]
    return connect(**options)


pgdb.connect = connect_with_authority
# Empty, it means "none" to our functions; botocore refuses it.
if not os.environ.get("AWS_CA_BUNDLE"):
    os.environ.pop("AWS_CA_BUNDLE", None)
os.environ["SECRETS_MANAGER_ENDPOINT"] = os.environ["AWS_ENDPOINT_URL"]
os.chdir(os.path.dirname(os.path.abspath(__file__)))
sys.argv = ["awslambdaric", "lambda_function.lambda_handler"]
runpy.run_module("awslambdaric", run_name="__main__")
