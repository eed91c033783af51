"""JupyterHub on a free port of 127.0.0.1, for as long as this program's standard input is open.

The environment has the user (HUB_USER) and the token of a service that may manage this user's tokens (HUB_ADMIN_TOKEN).
Only the hub runs: no proxy in front of it, and nobody's notebook. Everything is kept in memory. Prints the port once it
listens.
"""

import asyncio
import os
import socket
import sys
import threading

from jupyterhub.app import JupyterHub
from jupyterhub.proxy import Proxy
from traitlets.config import Config


class NoProxy(Proxy):
    """The API is asked directly."""

    should_start = False

    async def add_route(self, routespec, target, data):
        pass

    async def delete_route(self, routespec):
        pass

    async def get_all_routes(self):
        return {}


def end_with_input():
    """The kernel closes our input when whoever started us is gone, even if it was killed."""
    sys.stdin.buffer.read()
    os._exit(0)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def configuration(port):
    config = Config()
    hub = config.JupyterHub
    hub.authenticator_class = "dummy"
    hub.proxy_class = NoProxy
    hub.bind_url = "http://127.0.0.1:1"
    hub.hub_bind_url = f"http://127.0.0.1:{port}"
    hub.db_url = "sqlite:///:memory:"
    hub.cookie_secret = os.urandom(32)
    hub.log_level = "ERROR"
    hub.services = [{"name": "rotator", "api_token": os.environ["HUB_ADMIN_TOKEN"]}]
    scopes = ["tokens", "read:users"]
    hub.load_roles = [{"name": "rotator", "services": ["rotator"], "scopes": scopes}]
    config.Authenticator.allowed_users = {os.environ["HUB_USER"]}
    return config


async def run():
    port = free_port()
    hub = JupyterHub(config=configuration(port))
    await hub.initialize([])
    await hub.start()
    print(port, flush=True)
    await asyncio.Event().wait()


threading.Thread(target=end_with_input, daemon=True).start()
asyncio.run(run())
