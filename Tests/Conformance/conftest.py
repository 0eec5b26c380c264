"""The programs that the checks talk to: the mock provider, gateways, OTLP sinks."""

import itertools
import os
import re
import time
from pathlib import Path

import openai
import pytest
from grpc_sink import GRPCSink
from programs import Client, Program, free_port, new_trace
from sink import Sink
from trees import tree
from upstreams import Recorder

EXPORTS = Path(os.environ.get("MARTLET_EXPORTS", ".build/conformance/exports"))
LOGS = EXPORTS.with_name("logs")
KEY = "sk-conformance-canary"
SAMPLE = re.compile(r"martlet_export_spans_(\w+?)(?:_total)?\{(.*?)\} (\d+)")
numbers = itertools.count(1)


class Gateway:
    """A running gateway and the sink that it exports to."""

    def __init__(self, program, sink):
        self.program = program
        self.url = program.url
        self.sink = sink

    def client(self):
        return Client(self.url + "/v1")

    def sdk(self, **options):
        options = {"base_url": self.url + "/v1", "api_key": KEY, "max_retries": 0, **options}
        return openai.OpenAI(**options)

    def accounting(self, exporter=None):
        """The spans of one exporter, or of all, on /metrics: accepted, exported, pending, lost
        (all reasons), and each reason under its own name."""
        text = self.client_at_root().get("/metrics").body.decode()
        found = {"accepted": 0, "exported": 0, "pending": 0, "lost": 0}
        for name, labels, value in SAMPLE.findall(text):
            labels = dict(re.findall(r'(\w+)="(.*?)"', labels))
            if exporter in (None, labels["exporter"]):
                found[name] += int(value)
                if "reason" in labels:
                    reason = labels["reason"]
                    found[reason] = found.get(reason, 0) + int(value)
        return found

    def accounting_at_rest(self, seconds=60):
        """The accounting once no span is pending, which must balance."""
        deadline = time.monotonic() + seconds
        while (found := self.accounting())["pending"] != 0:
            assert time.monotonic() < deadline, f"spans are still pending: {found}"
            time.sleep(0.02)
        assert found["accepted"] == found["exported"] + found["lost"], found
        return found

    def client_at_root(self):
        return Client(self.url)

    def traced(self, method, path, body=None, headers=(), flags="01"):
        """A request in a trace of its own: the response, and the tree of spans."""
        parent, trace_id, span_id = new_trace(flags)
        headers = {**dict(headers), "traceparent": parent}
        response = self.client().request(method, path, body, headers)
        assert response.headers["x-trace-id"] == trace_id
        return response, tree(self.sink.trace(trace_id), span_id)

    def span_of_call(self, call):
        """Runs `call(headers)` in a trace of its own: its result, and the attributes of the GenAI
        span."""
        parent, trace_id, _ = new_trace()
        result = call({"traceparent": parent})
        spans = [s for s in self.sink.trace(trace_id) if "gen_ai.operation.name" in s.attributes]
        assert len(spans) == 1, [s.name for s in spans]
        return result, spans[0].attributes


def start_sink(**options):
    return Sink(EXPORTS / f"{next(numbers):03d}", **options)


def start_grpc_sink(**options):
    return GRPCSink(EXPORTS / f"{next(numbers):03d}", **options)


@pytest.fixture(scope="session")
def start():
    """`start(upstream_url, NAME=value)` starts a gateway, which exports to a sink of its own unless
    told otherwise. All are stopped at the end, and must end well."""
    LOGS.mkdir(parents=True, exist_ok=True)
    started = []

    def begin(upstream, sink=None, **environment):
        sink = sink or start_sink()
        listen = environment.get("MARTLET_LISTEN", "")
        port = int(listen.rsplit(":", 1)[-1]) if listen else free_port()
        given = {
            "MARTLET_LISTEN": f"127.0.0.1:{port}",
            "MARTLET_UPSTREAM_URL": upstream,
            "MARTLET_WORKERS": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OTEL_BLRP_SCHEDULE_DELAY": "50",
            # Their requests would come between those that the checks of spans count and refuse.
            "OTEL_LOGS_EXPORTER": "none",
            **environment,
        }
        given = {name: value for name, value in given.items() if value is not None}
        program = Program(["serve"], given, LOGS / f"gateway-{port}.log", port)
        gateway = Gateway(program, sink)
        started.append(gateway)
        program.wait_until_ready("/readyz")
        return gateway

    yield begin
    failures = []
    shared = [id(gateway.sink) for gateway in started]
    for gateway in started:
        if gateway.program.process.poll() is None:
            try:
                found = gateway.accounting_at_rest()
                got = len(gateway.sink.spans) - gateway.sink.rejected
                if shared.count(id(gateway.sink)) == 1 and found["accepted"]:
                    assert found["exported"] == got, f"{found}, but the sink has {got}"
            except AssertionError as error:
                failures.append(str(error))
        try:
            gateway.program.stop()
        except AssertionError as error:
            failures.append(str(error))
        output = gateway.program.output()
        if KEY in output:
            failures.append(f"the log holds the caller's key: {gateway.program.log}")
    assert not failures, "\n".join(failures)


@pytest.fixture(scope="session")
def mock():
    """The mock provider, as a program of its own."""
    LOGS.mkdir(parents=True, exist_ok=True)
    port = free_port()
    program = Program(
        ["mock", "--listen", f"127.0.0.1:{port}"], {}, LOGS / f"mock-{port}.log", port
    ).wait_until_ready("/v1/models")
    yield program
    program.stop()


@pytest.fixture(scope="session")
def gateway(start, mock):
    """A gateway in front of the mock provider."""
    return start(mock.url + "/v1")


@pytest.fixture(scope="session")
def recorder():
    upstream = Recorder()
    yield upstream
    upstream.stop()


@pytest.fixture(scope="session")
def recorded(start, recorder):
    """A gateway in front of an upstream that keeps what it gets."""
    return start(recorder.url)


@pytest.fixture(scope="session")
def new_sink():
    """Makes further sinks."""
    return start_sink


@pytest.fixture(scope="session")
def new_grpc_sink():
    """Makes sinks that speak gRPC; options are those of `GRPCSink`."""
    return start_grpc_sink
