"""Kinto with its accounts, on a free port of 127.0.0.1, for as long as this program's standard input is open.

The environment has the accounts: KINTO_ACCOUNTS is a JSON object of names and passwords. The account `admin` may write
all of them. Everything is kept in memory. Prints the port once it listens.
"""

import contextlib
import json
import os
import sys
import threading

import kinto
from kinto.authorization import RouteFactory
from kinto.plugins.accounts.scripts import create_user
from pyramid.config import Configurator
from waitress.server import create_server

SETTINGS = {
    "kinto.includes": "kinto.plugins.accounts",
    "kinto.account_create_principals": "account:admin",
    "kinto.account_write_principals": "account:admin",
    "kinto.userid_hmac_secret": "of no importance here",
    "multiauth.policies": "account",
    "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
}


def end_with_input():
    """The kernel closes our input when whoever started us is gone, even if it was killed."""
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
config = Configurator(settings=SETTINGS, root_factory=RouteFactory)
application = kinto.main({}, config=config)
with contextlib.redirect_stdout(sys.stderr):
    for name, password in json.loads(os.environ["KINTO_ACCOUNTS"]).items():
        create_user({"registry": config.registry}, name, password)
server = create_server(application, host="127.0.0.1", port=0)
print(server.effective_port, flush=True)
server.run()
