"""Log records by each protocol, the events among them held to the conventions, and the lines that
say the same."""

import json
import re
import time

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from programs import new_trace
from semconv import LATER, judge, needs_judge
from sink import attributes
from test_export import BODY, CONTENT

PROTOCOLS = ["http/protobuf", "http/json", "grpc"]
DETAILS = "gen_ai.client.inference.operation.details"
EXCEPTION = "gen_ai.client.operation.exception"
TOP_K = json.dumps({**json.loads(BODY), "top_k": 4, "temperature": 0})


def records_of(sink, trace_id, count, seconds=60):
    """The records of a trace, once so many are there: (record, attributes)."""

    def mine():
        return [
            (record, attributes(record.attributes))
            for request in sink.logs
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
            if record.trace_id.hex() == trace_id
        ]

    deadline = time.monotonic() + seconds
    with sink.changed:
        while len(found := mine()) < count:
            left = deadline - time.monotonic()
            assert left > 0, f"{len(found)} records came; problems: {sink.problems}"
            sink.changed.wait(left)
        while sink.changed.wait(0.25):  # more would be too many
            pass
        assert not sink.problems, sink.problems
        found = mine()
    assert len(found) == count, [record.event_name for record, _ in found]
    return found


def ask(gateway, body=TOP_K, status=200, flags="01"):
    parent, trace_id, _ = new_trace(flags)
    answer = gateway.client().post("/chat/completions", body, {"traceparent": parent})
    assert answer.status == status
    return trace_id, answer


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_events_are_the_same_by_every_protocol(start, mock, new_sink, new_grpc_sink, protocol):
    sink = new_grpc_sink() if protocol == "grpc" else new_sink()
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_LOGS_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="SPAN_AND_EVENT",
    )
    trace_id, answer = ask(gateway)
    spans = sink.trace(trace_id)
    server = next(s for s in spans if s.kind == "SERVER")
    genai = next(s for s in spans if "gen_ai.operation.name" in s.attributes)
    found = {r.event_name: (r, a) for r, a in records_of(sink, trace_id, 2)}
    end, facts = found["martlet.request.end"]
    assert end.severity_number == 9 and end.severity_text == "INFO"
    assert end.body.string_value == "the request ended"
    assert end.span_id.hex() == server.span_id
    assert end.flags == server.flags & 0xFF
    assert end.observed_time_unix_nano == end.time_unix_nano > server.start
    assert facts["http.response.status_code"] == 200
    assert facts["gen_ai.request.model"] == "mock-tools"
    assert facts["martlet.request.id"] == answer.headers["x-request-id"]
    assert facts["martlet.duration"] > 0
    assert not CONTENT & facts.keys()
    details, facts = found[DETAILS]
    assert details.severity_number == 9 and not details.body.WhichOneof("value")
    assert details.span_id.hex() == genai.span_id
    # The span's attributes without `top_k` and the old name, the messages taken apart.
    left = genai.attributes.keys() - facts.keys()
    assert left - {"gen_ai.request.top_k"} == {"gen_ai.system"}
    for name, value in facts.items():
        on_span = genai.attributes[name]
        assert value == (json.loads(on_span) if name in CONTENT else on_span), name
    assert facts.keys() >= CONTENT
    resource = sink.logs[0].resource_logs[0]
    assert resource.schema_url == genai.schema_url
    assert attributes(resource.resource.attributes) == genai.resource


def test_an_error_is_one_exception(start, mock, new_sink):
    sink = new_sink()
    gateway = start(mock.url + "/v1", sink, OTEL_LOGS_EXPORTER="otlp")
    body = BODY.replace("mock-tools", "mock-status-429")
    trace_id, _ = ask(gateway, body, 429)
    genai = next(s for s in sink.trace(trace_id) if "gen_ai.operation.name" in s.attributes)
    found = {r.event_name: (r, a) for r, a in records_of(sink, trace_id, 2)}
    record, facts = found[EXCEPTION]
    assert record.severity_number == 13
    assert record.span_id.hex() == genai.span_id
    assert facts["exception.type"] == genai.attributes["error.type"]
    assert facts["exception.message"] == genai.status_message
    assert facts.keys() == {"exception.type", "exception.message"}


def test_an_unsampled_request_has_its_record(start, mock, new_sink):
    sink = new_sink()
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_LOGS_EXPORTER="otlp",
        OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT="true",
    )
    trace_id, _ = ask(gateway, flags="00")
    ((record, _),) = records_of(sink, trace_id, 1)
    assert record.event_name == "martlet.request.end" and record.flags == 0


@needs_judge
@pytest.mark.parametrize(
    ("registry", "ignored"), [("registry", LATER), ("registry-1.41.1", "^$")]
)
def test_details_follow_the_conventions(start, mock, new_sink, tmp_path, registry, ignored):
    """The event has the attributes of the operation's span: made one, it is judged as one."""
    sink = new_sink()
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_LOGS_EXPORTER="otlp",
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="EVENT_ONLY",
    )
    stream = json.dumps({**json.loads(TOP_K), "stream": True})
    request = ExportTraceServiceRequest()
    envelope = request.resource_spans.add(schema_url="https://opentelemetry.io/schemas/1.40.0")
    scope = envelope.scope_spans.add()
    scope.scope.name = "martlet"
    for body in (TOP_K, stream, BODY):
        trace_id, _ = ask(gateway, body)
        details = next(
            r for r, _ in records_of(sink, trace_id, 2) if r.event_name == DETAILS
        )
        facts = attributes(details.attributes)
        assert "gen_ai.request.top_k" not in facts and facts.keys() >= CONTENT
        scope.spans.append(
            Span(
                trace_id=details.trace_id,
                span_id=details.span_id,
                parent_span_id=b"\x01" * 8,
                name=f"{facts['gen_ai.operation.name']} {facts['gen_ai.request.model']}",
                kind=Span.SPAN_KIND_CLIENT,
                start_time_unix_nano=details.time_unix_nano - 1,
                end_time_unix_nano=details.time_unix_nano,
                attributes=details.attributes,
                status=Status(),
                flags=0x100 | details.flags,
            )
        )
    envelope.resource.CopyFrom(sink.logs[0].resource_logs[0].resource)
    (tmp_path / "1-traces.pb").write_bytes(request.SerializeToString())
    code, *text = judge([tmp_path], registry, ignored)
    assert code == 0, "".join(text)


def test_json_lines(start, mock):
    gateway = start(mock.url + "/v1", LOG_FORMAT="json", LOG_LEVEL="debug")
    trace_id, answer = ask(gateway)
    gateway.sink.trace(trace_id)
    gateway.program.stop()
    lines = [json.loads(x) for x in gateway.program.output().splitlines() if x.startswith("{")]
    events = [x for x in lines if x.get("trace_id") == trace_id]
    assert [x["event"] for x in events] == ["request.start", "upstream.attempt", "request.end"]
    end = events[-1]
    assert end["model"] == "mock-tools" and end["status"] == 200 and end["level"] == "info"
    assert end["request_id"] == answer.headers["x-request-id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", end["timestamp"])
    messages = [x["message"] for x in lines]
    assert "a signal to end came: the gateway drains" in messages
    assert "no request is left" in messages and messages[-1] == "the gateway ended"
    exports = [x for x in lines if x["message"] == "a batch was sent"]
    assert exports and all(x["level"] == "debug" for x in exports)
    assert all(x["status"] == "200" and x["bytes"] > 0 and x["items"] > 0 for x in exports)


def test_text_lines(start, mock):
    gateway = start(mock.url + "/v1")
    trace_id, _ = ask(gateway)
    gateway.sink.trace(trace_id)
    gateway.program.stop()
    (line,) = [x for x in gateway.program.output().splitlines() if trace_id in x]
    ids = rf"\[trace_id={trace_id} span_id=[0-9a-f]{{16}}\]"
    assert re.search(rf" info +the request ended event=request\.end .* {ids}$", line)


def test_debug_pages(gateway):
    trace_id, _ = ask(gateway)
    gateway.sink.trace(trace_id)
    root = gateway.client_at_root()
    found = json.loads(root.get("/debug/traces").body)["traces"]
    mine = next(x for x in found if x["trace_id"] == trace_id)
    assert mine["name"] == "POST /v1/chat/completions" and mine["input_tokens"] > 0
    page = root.get(f"/debug/traces/{trace_id}", {"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert b"<script" not in page.body and trace_id.encode() in page.body
    refused = root.get("/debug/traces", {"host": "evil.example"})
    assert refused.status == 403 and json.loads(refused.body)["error"]["code"] == "forbidden"
