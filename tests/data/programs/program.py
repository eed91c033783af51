"""A server that is a program of its own: it runs for as long as our standard input is open, in a directory that goes with it."""

import contextlib
import http.client
import socket
import subprocess
import sys
import time
import urllib.request

# A machine that is busy with other tests starts them slowly.
START_SECONDS = 120


def free_ports(count):
    with contextlib.ExitStack() as held:
        listeners = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]


def request(url, body=None, headers=None):
    """The content of the answer, which must be one of success."""
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"} | (headers or {}))
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return answer.read()


def serve(command, directory, port, path, prepare=lambda url: None, headers=None):
    """Runs `command` until our input ends. When `path` is answered with success, `prepare` is called, and the port printed."""
    child = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                request(url + path, headers=headers)
                break
            except (OSError, http.client.HTTPException) as error:
                # An error of HTTP: the server listens, and is not ready.
                if child.poll() is not None or time.monotonic() > until:
                    sys.exit(f"{command[0]} does not answer: {error}")
            time.sleep(0.05)
        prepare(url)
        print(port, flush=True)
        # The kernel closes our input when whoever started us is gone, even if it was killed.
        sys.stdin.buffer.read()
    finally:
        child.kill()
        child.wait()
