"""moto's server on a free port of 127.0.0.1, for as long as this program's standard input is open.

Prints the port once it listens. The marks of account and region in the names of clusters' endpoints are not random, so that
a certificate for them can be made beforehand. Two things that moto lacks:

GET    /_calls   the operations that were called since the last DELETE, one a line
DELETE /_calls
POST   /_faults  {"action": "DescribeDBInstances", "code": "Throttling", "times": 2}: so many calls are refused with this
                 code, with "status" (400), after "delay" seconds (0); without a code the call is only delayed; with
                 "body" it is answered with that

What functions call is added to the file KEYWHEEL_RECORD_CALLS, if there is such a variable: what their roles must allow
(scripts/infra/calls.py). A function is known by its session token, as tests/src/calls.rs makes them.
"""

import base64
import json
import os
import re
import sys
import threading
import time
import urllib.parse
from io import BytesIO

import moto.rds.models
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

LOCK = threading.Lock()
RECORD = os.environ.get("KEYWHEEL_RECORD_CALLS")
RECORDED = set()


class Quiet(MotoRequestHandler):
    """Writes no line a request."""

    def log(self, *_):
        pass


class Watched:
    """moto, with every call noted, and failing where it is told to."""

    def __init__(self, moto):
        self.moto, self.calls, self.faults = moto, [], []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        request = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if request == ("POST", "/_faults"):
            with LOCK:
                self.faults.append({"times": 1, "status": 400, "delay": 0, "code": None, "body": None} | json.loads(body))
            return answer(start_response, "200 OK", "")
        if request == ("GET", "/_calls"):
            return answer(start_response, "200 OK", "\n".join(self.calls))
        if request == ("DELETE", "/_calls"):
            self.calls.clear()
            return answer(start_response, "200 OK", "")
        action = operation(environ, body)
        record(environ, action)
        with LOCK:
            self.calls.append(action)
            fault = next((fault for fault in self.faults if fault["action"] == action and fault["times"] > 0), None)
            if fault:
                fault["times"] -= 1
        if fault:
            time.sleep(fault["delay"])
            if fault["body"]:
                return answer(start_response, "200 OK", fault["body"])
            if fault["code"]:
                return answer(start_response, f"{fault['status']} Refused", refusal(fault["code"]))
        return self.moto(environ, start_response)


def operation(environ, body):
    """The operation's name: in the form of the query protocol, or behind the dot of the JSON protocols' header."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return target.rpartition(".")[2]
    form = urllib.parse.parse_qs(body.decode(errors="replace"))
    return form.get("Action", [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"])[0]


def record(environ, action):
    """Notes what a function called with its own credentials: `FUNCTION OPERATION SERVICE`, once."""
    before, mark, name = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "").partition("function.")
    service = re.search(r"Credential=[^,\s]+/(\w[\w-]*)/aws4_request", environ.get("HTTP_AUTHORIZATION", ""))
    if RECORD and mark and not before and service:
        function = base64.urlsafe_b64decode(name + "==").decode()
        line = f"{function} {action} {service[1]}\n"
        with LOCK:
            if line not in RECORDED:
                RECORDED.add(line)
                with open(RECORD, "a") as file:
                    file.write(line)


def refusal(code):
    """An error of the query protocol."""
    message = f"User: arn:aws:sts::123456789012:assumed-role/rotation/function: {code}"
    return (
        "<ErrorResponse><Error><Type>Sender</Type>"
        f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>0</RequestId></ErrorResponse>"
    )


def answer(start_response, status, text):
    body = text.encode()
    start_response(status, [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))])
    return [body]


def end_with_input():
    """The kernel closes our input when whoever started us is gone, even if it was killed."""
    sys.stdin.buffer.read()
    os._exit(0)


class FixedMarks:
    """moto's source of chance for RDS, but for the letters that it puts into names."""

    def __init__(self, random):
        self.random = random

    def __getattr__(self, name):
        return getattr(self.random, name)

    def choice(self, letters):
        return letters[0]


moto.rds.models.random = FixedMarks(moto.rds.models.random)
app = Watched(DomainDispatcherApplication(create_backend_app))
server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
threading.Thread(target=end_with_input, daemon=True).start()
print(server.port, flush=True)
server.serve_forever()
