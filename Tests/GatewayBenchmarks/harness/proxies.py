"""What stands between client and upstream: nginx, and the gateway."""

import os
import re
import shutil
import subprocess
import time

from machine import PROXY_CORE, BenchmarkError, children, free_port, spawn, stop
from tools import http_get

# nginx as its users set it up for an upstream with keep-alive. Buffers that hold a whole request
# and answer cost it a fifth less for 19 KB answers than the defaults. The second server is for
# streams.
NGINX_CONFIGURATION = """
daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {directory}/nginx.pid;
error_log {directory}/error.log crit;
events {{ worker_connections 9000; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    keepalive_requests 100000000;
    client_body_buffer_size 64k;
    upstream provider {{
        server 127.0.0.1:{upstream};
        keepalive 512;
        keepalive_requests 100000000;
    }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://provider;
            proxy_buffer_size 32k;
            proxy_buffers 8 32k;
        }}
    }}
    server {{
        listen 127.0.0.1:{stream_port} backlog=4096;
        location / {{
            proxy_pass http://provider;
            proxy_buffering off;
        }}
    }}
}}
"""


# The exporter's longest wait before it sends what it has.
EXPORT_DELAY_MS = 500


def wait_until(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{what} did not happen in {seconds} s")
        time.sleep(0.05)


def answers(port, path):
    try:
        http_get(port, path)
        return True
    except OSError:
        return False


class Nginx:
    """One worker; `single` runs it without a master, for callgrind."""

    name = "nginx"

    def __init__(self, directory, upstream, name="nginx", wrapper=(), single=False):
        self.name = name
        self.directory = os.path.join(directory, name)
        os.makedirs(self.directory)
        self.port, self.stream_port = free_port(), free_port()
        configuration = os.path.join(self.directory, "nginx.conf")
        text = NGINX_CONFIGURATION.format(
            directory=self.directory, upstream=upstream.port, port=self.port,
            stream_port=self.stream_port,
        )
        with open(configuration, "w") as file:
            file.write(("master_process off;" if single else "") + text)
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = spawn(
            [*wrapper, binary, "-p", self.directory, "-c", configuration], PROXY_CORE,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: answers(upstream.port, "/stats"), "the upstream's start")
        wait_until(lambda: answers(self.port, "/stats"), "nginx's start", 60)
        self.pid = self.process.pid if single else children(self.process.pid)[0]

    def settle(self, seconds=30):
        """Nothing is done after the answer."""

    def check_accounting(self):
        """There are no spans."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)

    @staticmethod
    def version():
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        output = subprocess.run([binary, "-v"], capture_output=True, text=True).stderr
        return output.split("/")[-1].strip()


class Accounting:
    """The span counters of /metrics: accepted = exported + pending + lost, lost by reason."""

    WORDS = ("accepted", "exported", "pending", "lost")

    def __init__(self, text):
        self.values = dict.fromkeys(self.WORDS, 0)
        self.names = {}
        for line in text.splitlines():
            sample = re.match(r"([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)", line)
            if not sample or "span" not in sample[1]:
                continue
            for word in self.WORDS:
                if word in sample[1]:
                    self.values[word] += int(float(sample[3]))
                    self.names[word] = sample[1]
        missing = [word for word in self.WORDS if word not in self.names]
        if missing:
            raise BenchmarkError(f"/metrics has no span counter for {', '.join(missing)}")

    def balances(self):
        values = self.values
        return values["accepted"] == values["exported"] + values["pending"] + values["lost"]


class Martlet:
    """The gateway with one worker, tracing on. `sink` may be absent: then nobody listens.
    `environment` comes on top; where it turns telemetry off, `exports` is false. A line for each
    request is not written, as nginx writes none: `telemetry` measures what it adds."""

    def __init__(
        self, directory, binary, upstream, sink, queue=1_000_000, wrapper=(), name="martlet",
        environment=None, exports=True,
    ):
        self.name = name
        self.sink = sink
        self.exports = exports
        self.port = self.stream_port = free_port()
        self.log = open(os.path.join(directory, f"{name}.log"), "ab")
        collector = sink.port if sink else free_port()
        variables = {
            key: value for key, value in os.environ.items()
            if not key.startswith(("OTEL_", "MARTLET_", "EXPERIMENTAL_", "OPENAI_"))
        } | {
            "MARTLET_LISTEN": f"127.0.0.1:{self.port}",
            "MARTLET_UPSTREAM_URL": f"http://127.0.0.1:{upstream.port}/v1",
            "MARTLET_WORKERS": "1",
            "MARTLET_LOG_LEVEL": "warn",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
            # A tail that waits for the usual five seconds would only lengthen each measurement.
            "OTEL_BSP_SCHEDULE_DELAY": str(EXPORT_DELAY_MS),
        }
        if queue:
            variables["OTEL_BSP_MAX_QUEUE_SIZE"] = str(queue)
        variables |= environment or {}
        self.process = spawn(
            [*wrapper, binary, "serve"], PROXY_CORE, env=variables, cwd=directory,
            stdout=self.log, stderr=self.log,
        )
        self.pid = self.process.pid
        try:
            wait_until(self.is_ready, "the gateway's start", 60)
        except BenchmarkError:
            stop(self.process)
            raise

    def is_ready(self):
        if self.process.poll() is not None:
            raise BenchmarkError(f"the gateway ended with {self.process.returncode}")
        return answers(self.port, "/readyz")

    def accounting(self):
        return Accounting(http_get(self.port, "/metrics"))

    def settle(self, seconds=30):
        """Waits until every span is exported (or, with nobody there, nothing changes)."""
        if not self.exports:
            return
        deadline = time.monotonic() + seconds
        last = None
        while time.monotonic() < deadline:
            # Once is nearly always enough: a look at /metrics costs the gateway time as well.
            time.sleep(1.5 * EXPORT_DELAY_MS / 1000)
            values = self.accounting().values
            if values["pending"] == 0 or (not self.sink and values == last):
                return
            last = values
        if self.sink:
            raise BenchmarkError(f"spans are still pending after {seconds} s: {last}")

    def check_accounting(self):
        """With a collector there: balance, nothing lost, the sink has counted each span."""
        if self.process.poll() is not None:
            raise BenchmarkError(f"the gateway ended with {self.process.returncode}")
        if not self.exports:
            return
        accounting = self.accounting()
        values = accounting.values
        if not accounting.balances():
            raise BenchmarkError(f"the accounting does not balance: {values}")
        if not self.sink:
            return
        counted = self.sink.statistics()
        if values["lost"] or values["pending"] or counted["undecodable"]:
            raise BenchmarkError(f"spans were lost: {values}, sink {counted}")
        if counted["spans"] != values["exported"] or not counted["spans"]:
            raise BenchmarkError(f"the sink counted otherwise: {values}, sink {counted}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process, 30)
        self.log.close()
