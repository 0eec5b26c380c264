"""The three protocols of OTLP, their compression, TLS, and what receivers answer by each."""

import re
import subprocess
import time

import grpc
import pytest
from grpc_sink import Refusal
from programs import run_to_end
from sink import JSON, PROTOBUF
from test_export import BODY, ask
from trees import hold

PROTOCOLS = ["http/protobuf", "http/json", "grpc"]
CONTENT_ON = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}


def make_sink(protocol, new_sink, new_grpc_sink, **options):
    return new_grpc_sink(**options) if protocol == "grpc" else new_sink(**options)


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_spans_are_the_same_by_every_protocol(
    start, mock, new_sink, new_grpc_sink, protocol, compression
):
    sink = make_sink(protocol, new_sink, new_grpc_sink)
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION=compression,
        OTEL_EXPORTER_OTLP_HEADERS="X-Team=a b,authorization=Bearer x=y",
        OTEL_EXPORTER_OTLP_TIMEOUT="7000",
        **CONTENT_ON,
    )
    _, found = gateway.traced("POST", "/chat/completions", BODY)
    hold("content", found)
    assert not sink.problems
    path, headers = next(r for r in sink.requests if r[0].endswith("traces"))
    assert headers["x-team"] == "a b" and headers["authorization"] == "Bearer x=y"
    assert re.fullmatch(r"martlet/\S+ OTel-OTLP-Exporter-Swift/\S+", headers["user-agent"])
    if protocol == "grpc":
        # The server's library keeps the rest of the headers to itself.
        assert 0 < sink.deadlines[0] <= 7
    else:
        assert path == "/v1/traces"
        assert headers["content-type"] == (JSON if protocol == "http/json" else PROTOBUF)
        assert headers.get("content-encoding") == ("gzip" if compression == "gzip" else None)
    output = gateway.program.output()
    tail = "" if protocol == "grpc" else "/v1/traces"
    assert f"traces go to {sink.url}{tail} by {protocol}, with message content" in output


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_logs_and_metrics_arrive_by_every_protocol(
    start, mock, new_sink, new_grpc_sink, protocol, compression
):
    sink = make_sink(protocol, new_sink, new_grpc_sink)
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_LOGS_EXPORTER=None,
        OTEL_EXPORTER_OTLP_COMPRESSION=compression,
    )
    trace_id = ask(gateway)
    gateway.program.stop()
    assert not sink.problems
    records = [
        record
        for request in sink.logs
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]
    assert trace_id in {record.trace_id.hex() for record in records}
    assert all(record.time_unix_nano > 0 for record in records)
    metrics = {
        metric.name: metric
        for request in sink.metrics
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    (point,) = metrics["gen_ai.client.operation.duration"].histogram.data_points
    assert point.count == sum(point.bucket_counts) == 1
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_partial_success_is_counted(start, mock, new_sink, new_grpc_sink, protocol):
    sink = make_sink(protocol, new_sink, new_grpc_sink, rejected_spans=1)
    gateway = start(mock.url + "/v1", sink, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
    sink.trace(ask(gateway))
    found = gateway.accounting_at_rest()
    assert found["rejected"] == sink.rejected > 0
    output = gateway.program.output()
    assert "too old" in output and "rejected=1" in output


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(grpc.StatusCode.UNAVAILABLE),
        Refusal(grpc.StatusCode.DEADLINE_EXCEEDED),
        Refusal(grpc.StatusCode.UNAVAILABLE, delay=0.5),
        Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, delay=0.5),
    ],
)
def test_a_call_that_may_be_repeated_is(start, mock, new_grpc_sink, refusal):
    sink = new_grpc_sink()
    sink.refusals = [refusal]
    gateway = start(mock.url + "/v1", sink, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    began = time.monotonic()
    assert len(sink.trace(ask(gateway), seconds=30)) == 3
    assert time.monotonic() - began >= (refusal.delay or 0.0)
    assert len(sink.requests) >= 2
    assert f"status={refusal.code.name}" in gateway.program.output()


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(grpc.StatusCode.INVALID_ARGUMENT, "naïve: 100 % wrong"),
        Refusal(grpc.StatusCode.UNAUTHENTICATED, "bad key sk-secret"),
        Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "quota"),
    ],
)
def test_a_call_that_may_not_be_repeated_is_not(start, mock, new_grpc_sink, refusal):
    sink = new_grpc_sink()
    sink.refusals = [refusal]
    gateway = start(mock.url + "/v1", sink, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    lost = ask(gateway)
    with sink.changed:
        assert sink.changed.wait_for(lambda: not sink.refusals, 30)
    assert len(sink.trace(ask(gateway))) == 3
    found = gateway.accounting_at_rest()
    is_key = refusal.code is grpc.StatusCode.UNAUTHENTICATED
    assert found["unauthorized" if is_key else "refused"] == found["lost"] > 0
    gateway.program.stop()
    assert lost not in {s.trace_id for s in sink.spans} or found["lost"] < 3
    output = gateway.program.output()
    assert f"status={refusal.code.name}" in output
    if refusal.code is grpc.StatusCode.UNAUTHENTICATED:
        assert "sk-secret" not in output and "OTEL_EXPORTER_OTLP_HEADERS" in output
    else:
        assert refusal.message in output


def test_a_batch_over_the_limit_of_a_grpc_server_is_halved(start, mock, new_grpc_sink):
    sink = new_grpc_sink(bytes_max=6_000)
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        OTEL_BSP_SCHEDULE_DELAY="60000",
    )
    traces = [ask(gateway) for _ in range(5)]
    gateway.program.stop()
    assert {s.trace_id for s in sink.spans} == set(traces)
    # What is too large does not come to the service.
    assert len(sink.spans) == 15 and len(sink.requests) > 1
    assert "status=RESOURCE_EXHAUSTED" in gateway.program.output()


def test_a_receiver_that_comes_late_gets_everything(start, mock, new_grpc_sink):
    away = new_grpc_sink()
    port = int(away.url.rsplit(":", 1)[1])
    away.stop()
    gateway = start(
        mock.url + "/v1",
        away,
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
    )
    trace_id = ask(gateway)
    output = gateway.program.output
    deadline = time.monotonic() + 30
    while "cannot be reached" not in output():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    back = new_grpc_sink(port=port)
    assert len(back.trace(trace_id, seconds=30)) == 3
    away.spans = back.spans


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A CA, and by it a server's (localhost) and a client's certificate."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    for name, subject in (("server", "/CN=localhost"), ("client", "/CN=martlet")):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", f"{name}.pem", "-extfile", "names",
        )  # fmt: skip
    return folder


@pytest.mark.parametrize("shows_certificate", [False, True])
def test_tls_with_a_ca_of_ones_own(
    start, mock, new_grpc_sink, certificates, shows_certificate
):
    ca = certificates / "ca.pem"
    sink = new_grpc_sink(
        certificates=(
            certificates / "server.key",
            certificates / "server.pem",
            ca if shows_certificate else None,
        )
    )
    more = {}
    if shows_certificate:
        more = {
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificates / "client.pem"),
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": str(certificates / "client.key"),
        }
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        # Without a scheme: TLS unless it is told otherwise.
        OTEL_EXPORTER_OTLP_ENDPOINT=sink.url.removeprefix("https://"),
        OTEL_EXPORTER_OTLP_CERTIFICATE=str(ca),
        **more,
    )
    assert len(sink.trace(ask(gateway), seconds=30)) == 3


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_check_sends_every_signal(new_sink, new_grpc_sink, protocol):
    sink = make_sink(protocol, new_sink, new_grpc_sink)
    environment = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    }
    code, output, error = run_to_end(["check", "--export"], environment, seconds=60)
    assert code == 0, output + error
    assert not sink.problems
    assert len(sink.spans) == len(sink.metrics) == len(sink.logs) == 1
    assert f"look for trace {sink.spans[0].trace_id}" in output
    status = "OK" if protocol == "grpc" else "200"
    for signal in ("trace", "metrics", "logs"):
        path = f"/v1/{signal}{'s' if signal == 'trace' else ''}"
        if protocol == "grpc":
            service = {"trace": "Trace", "metrics": "Metrics", "logs": "Logs"}[signal]
            path = f"/opentelemetry.proto.collector.{signal}.v1.{service}Service/Export"
        assert f"{sink.url}{path} by {protocol}: {status}, taken" in output, output


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "401, refused; the receiver wants other credentials"),
        (404, "404, refused; nothing there takes traces"),
        (415, "OTEL_EXPORTER_OTLP_PROTOCOL=http/json"),
        (503, "503, not now"),
    ],
)
def test_the_check_says_what_a_receiver_refuses(new_sink, status, words):
    sink = new_sink()
    sink.refusals = [status]
    environment = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": sink.url + "/v1/traces"}
    code, output, _ = run_to_end(["check", "--export"], environment, seconds=60)
    assert code == 1 and words in output, output


def test_the_check_needs_a_receiver():
    code, output, _ = run_to_end(["check", "--export"])
    assert code == 1 and "no receiver of OTLP is configured" in output


@pytest.mark.parametrize("missing", ["ca", "client"])
def test_tls_without_what_it_needs_fails(mock, new_grpc_sink, certificates, missing):
    sink = new_grpc_sink(
        certificates=(
            certificates / "server.key",
            certificates / "server.pem",
            certificates / "ca.pem",
        )
    )
    environment = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
    if missing == "client":
        environment["OTEL_EXPORTER_OTLP_CERTIFICATE"] = str(certificates / "ca.pem")
    code, output, _ = run_to_end(["check", "--export"], environment, seconds=60)
    assert code == 1, output
    assert not sink.requests
