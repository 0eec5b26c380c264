"""Starts the built program as its users do, and talks HTTP to it."""

import http.client
import os
import signal
import socket
import subprocess
import time
from urllib.parse import urlsplit

BINARY = os.environ.get("MARTLET_BINARY", ".build/release/martlet")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """`martlet ARGUMENTS` with only the given environment."""

    def __init__(self, arguments, environment, log, port):
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.log = log
        base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [BINARY, *arguments],
                env={**base, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self, path):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"it ended: {self.output()}"
            try:
                if Client(self.url, timeout=10).get(path).status == 200:
                    return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"not ready after 10 s: {self.output()}")

    def output(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        """Ends it as an operator would; a crash or a hang fails the test."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still there 30 s after SIGTERM: {self.output()}") from None
        assert code == 0, f"exit {code}: {self.output()}"


def run_to_end(arguments, environment=(), seconds=60):
    """Runs `martlet ARGUMENTS` until it ends by itself: its exit code, and what it printed to
    standard output and to standard error."""
    done = subprocess.run(
        [BINARY, *arguments],
        env={"PATH": os.environ["PATH"], **dict(environment)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


class Client:
    """A plain client with few headers, the same in each run; one connection, reused."""

    def __init__(self, url, timeout=60):
        parts = urlsplit(url)
        self.prefix = parts.path
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def open(self, method, path, body=None, headers=()):
        """Sends a request and answers its response, whose body is not read yet."""
        every = {"user-agent": "conformance", **dict(headers)}
        if body is not None:
            every.setdefault("content-type", "application/json")
        self.connection.request(method, self.prefix + path, body, every)
        return self.connection.getresponse()

    def request(self, method, path, body=None, headers=()):
        answer = self.open(method, path, body, headers)
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, names, answer.read())

    def get(self, path, headers=()):
        return self.request("GET", path, None, headers)

    def post(self, path, body, headers=()):
        return self.request("POST", path, body, headers)

    def close(self):
        self.connection.close()


def new_trace(flags="01"):
    """A caller's `traceparent`, its trace id and its span id."""
    trace_id, span_id = os.urandom(16).hex(), os.urandom(8).hex()
    return f"00-{trace_id}-{span_id}-{flags}", trace_id, span_id
