"""What an answer from the cache costs: from memory, beside nginx that answers with a constant of
the same size; and from Redis, beside a bare GET and that nginx together."""

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import time

from compare import CONNECTIONS, LATENCY_RATE, spread
from machine import (
    PROXY_CORE, TOOLS_CORE, BenchmarkError, children, cpu, free_port, spawn, stop,
)
from proxies import Martlet, answers, wait_until
from tools import http_get

WORKLOADS = ("chat-1k", "chat-10k")
RATE_MIN, REDIS_MAX = 0.6, 1.5
WARM_UP = 2000
ENTRY = "martlet:*"

CONFIGURATION = """
daemon off;
user root;
worker_processes 1;
pid {directory}/static.pid;
error_log {directory}/static.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    client_body_temp_path {directory}/static-body;
    proxy_temp_path {directory}/static-proxy;
    fastcgi_temp_path {directory}/static-fastcgi;
    uwsgi_temp_path {directory}/static-uwsgi;
    scgi_temp_path {directory}/static-scgi;
    keepalive_requests 100000000;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ return 200 "{body}"; }}
    }}
}}
"""


class StaticNginx:
    """One worker that answers every request with `size` bytes."""

    def __init__(self, directory, size):
        self.port = free_port()
        path = os.path.join(directory, "static.conf")
        with open(path, "w") as file:
            file.write(
                CONFIGURATION.format(directory=directory, port=self.port, body="x" * size)
            )
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = spawn(
            [binary, "-p", directory, "-c", path], PROXY_CORE, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: answers(self.port, "/"), "nginx's start", 60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)


class Redis:
    """A server of our own, on the tools' core."""

    def __init__(self, directory):
        self.port = free_port()
        self.process = spawn(
            [
                "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--dir", directory,
            ],
            TOOLS_CORE, stdout=subprocess.DEVNULL,
        )
        wait_until(self.is_ready, "the start of Redis")

    def is_ready(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def keys(self):
        found = subprocess.run(
            ["redis-cli", "-p", str(self.port), "--scan", "--pattern", ENTRY],
            capture_output=True, text=True, check=True,
        )
        return found.stdout.split()

    def latency(self, key, seconds):
        """The p50 of a bare GET in microseconds, at the rate the other latencies have."""
        request = f"*2\r\n$3\r\nGET\r\n${len(key)}\r\n{key}\r\n".encode()
        found = []
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(LATENCY_RATE * seconds):
                time.sleep(1 / LATENCY_RATE)
                start = time.perf_counter()
                connection.sendall(request)
                head = b""
                while b"\r\n" not in head:
                    head += connection.recv(65536)
                line, _, rest = head.partition(b"\r\n")
                missing = int(line[1:]) + 2 - len(rest)
                while missing > 0:
                    missing -= len(connection.recv(65536))
                found.append((time.perf_counter() - start) * 1e6)
        return statistics.median(found)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)


def check_hits(proxy, requests):
    """Every request but the first was a hit."""
    for line in http_get(proxy.port, "/metrics").splitlines():
        if line.startswith("martlet_cache_requests_total{") and 'status="hit"' in line:
            if float(line.split()[-1]) >= requests:
                return
    raise BenchmarkError(f"{proxy.name}: not all of {requests} requests were hits")


def rate(tools, port, pid, workload, seconds):
    before = cpu([pid])
    result = tools.load(port, workload, connections=CONNECTIONS, seconds=seconds)
    used = (cpu([pid]) - before).total
    return {
        "rate": result["answered"] / result["seconds"], "busy": used / result["seconds"],
        "cpu": used / result["answered"] * 1e6, "answered": result["answered"],
    }


def measure_memory(options, tools, directory, upstream, sink, name, progress):
    workload = tools.workloads[name]
    environment = {"MARTLET_CACHE_STORE": "memory", "MARTLET_CACHE_SCOPE": "shared"}
    found = {"nginx": [], "martlet": []}
    with contextlib.ExitStack() as stack:
        martlet = stack.enter_context(
            Martlet(
                directory, options.gateway, upstream, sink, name=f"martlet-{name}",
                environment=environment,
            )
        )
        size = tools.load(martlet.port, workload, connections=1, requests=2)["bodyBytes"] // 2
        own = os.path.join(directory, name)
        os.makedirs(own)
        nginx = stack.enter_context(StaticNginx(own, size))
        worker = children(nginx.process.pid)[0]
        requests = 1
        for port in (nginx.port, martlet.port):
            tools.load(port, workload, connections=CONNECTIONS, requests=WARM_UP)
        requests += WARM_UP
        for turn in range(options.rounds):
            pairs = [("nginx", nginx.port, worker), ("martlet", martlet.port, martlet.pid)]
            for key, port, pid in pairs if turn % 2 == 0 else pairs[::-1]:
                result = rate(tools, port, pid, workload, options.seconds)
                found[key].append(result)
                if key == "martlet":
                    requests += result["answered"]
                    martlet.settle()
            progress(f"round {turn + 1} of {options.rounds}: {name} from memory")
        check_hits(martlet, requests)
    return found, size


def measure_redis(options, tools, directory, upstream, sink, size, progress):
    workload = tools.workloads["chat-1k"]
    found = {"nginx": [], "get": [], "martlet": []}
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(Redis(directory))
        martlet = stack.enter_context(
            Martlet(
                directory, options.gateway, upstream, sink, name="martlet-redis",
                environment={
                    "REDIS_URL": f"redis://127.0.0.1:{redis.port}",
                    "MARTLET_CACHE_SCOPE": "shared",
                },
            )
        )
        own = os.path.join(directory, "redis")
        os.makedirs(own)
        nginx = stack.enter_context(StaticNginx(own, size))
        tools.load(martlet.port, workload, connections=1, requests=100)
        key = redis.keys()[0]
        for turn in range(options.rounds):
            for name, port in (("nginx", nginx.port), ("martlet", martlet.port)):
                result = tools.load(port, workload, rate=LATENCY_RATE, seconds=options.seconds)
                found[name].append(result["latency"]["p50"])
            found["get"].append(redis.latency(key, options.seconds))
            progress(f"round {turn + 1} of {options.rounds}: from Redis")
        check_hits(martlet, 99)
    return found


def verdict(is_reached, target):
    return f"{target}: {'reached' if is_reached else 'missed'}"


def run(options, tools, directory, progress):
    rows = [["", "nginx, constant", "Martlet, hit", "ratio", "target"], ["---"] * 5]
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(tools.upstream(chunks=20, interval_ms=20))
        sink = stack.enter_context(tools.sink())
        size = 0
        for name in WORKLOADS:
            found, bytes_ = measure_memory(
                options, tools, directory, upstream, sink, name, progress
            )
            size = size or bytes_
            title = tools.workloads[name].title
            pairs = list(zip(found["nginx"], found["martlet"]))
            ratios = [b["rate"] / a["rate"] for a, b in pairs]
            busy = min(entry["busy"] for pair in pairs for entry in pair)
            rows.append([
                f"{title}, from memory: requests/s on one core ({busy:.0%} busy or more)",
                spread([a["rate"] for a, _ in pairs], 0), spread([b["rate"] for _, b in pairs], 0),
                spread(ratios, 2),
                verdict(statistics.median(ratios) >= RATE_MIN, f">= {RATE_MIN}"),
            ])
            rows.append([
                f"{title}, from memory: CPU us a request",
                spread([a["cpu"] for a, _ in pairs]), spread([b["cpu"] for _, b in pairs]),
                spread([b["cpu"] / a["cpu"] for a, b in pairs], 2), "-",
            ])
        found = measure_redis(options, tools, directory, upstream, sink, size, progress)
        both = [a + b for a, b in zip(found["nginx"], found["get"])]
        ratios = [value / base for value, base in zip(found["martlet"], both)]
        rows.append([
            "1 KB chat, from Redis: p50 us; beside it nginx's constant and a bare GET together",
            spread(both, 0), spread(found["martlet"], 0), spread(ratios, 2),
            verdict(statistics.median(ratios) <= REDIS_MAX, f"<= {REDIS_MAX}"),
        ])
    print("\n".join("| " + " | ".join(row) + " |" for row in rows))
    print(
        f"\nMedian (min-max) of {options.rounds} rounds of {options.seconds} s in turns; "
        f"{CONNECTIONS} connections for rates, {LATENCY_RATE} requests a second for latencies; one "
        "worker each on one core, tracing on, load, upstream and Redis on another."
    )
