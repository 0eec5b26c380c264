"""The two families of variables, what is exported by which, and the flush at the end."""

import json

import pytest
from programs import new_trace
from test_sdk import HELLO, WEATHER
from trees import hold

CONTENT = {
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
}
BODY = json.dumps(
    {
        "model": "mock-tools",
        "messages": [{"role": "system", "content": "Be brief."}, *HELLO],
        "tools": [WEATHER],
    }
)


def experimental(sink, **more):
    """The environment of the experimental push alone."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": None,
        "EXPERIMENTAL_GEN_AI_OTEL_TRACES_ENABLED": "True",
        "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        **more,
    }


def genai(sink, trace_id):
    (span,) = [s for s in sink.trace(trace_id) if "gen_ai.operation.name" in s.attributes]
    return span


def ask(gateway, body=BODY):
    parent, trace_id, _ = new_trace()
    assert gateway.client().post("/chat/completions", body, {"traceparent": parent}).status == 200
    return trace_id


def test_experimental_push(start, mock, new_sink):
    sink = new_sink()
    gateway = start(
        mock.url + "/v1",
        sink,
        **experimental(
            sink,
            EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer a=b,x-team=red",
            EXPERIMENTAL_GEN_AI_OTEL_RESOURCE_ATTRIBUTES="team=a b,region=c",
        ),
    )
    span = genai(sink, ask(gateway))
    path, headers = sink.requests[0]
    assert path == "/v1/traces"
    assert headers["authorization"] == "Bearer a=b" and headers["x-team"] == "red"
    assert span.resource["team"] == "a b" and span.resource["region"] == "c"
    assert span.attributes.keys() >= CONTENT, "content is on for the experimental push"
    _, found = gateway.traced("POST", "/chat/completions", BODY)
    hold("content", found)


def test_resource_and_scope(gateway):
    span = genai(gateway.sink, ask(gateway))
    assert span.schema_url == "https://opentelemetry.io/schemas/1.40.0"
    assert span.scope
    assert span.resource["service.name"] and span.resource["service.version"]
    assert span.resource["telemetry.sdk.language"] == "swift"
    assert span.resource["telemetry.sdk.name"] not in ("", "opentelemetry")
    # Nothing of the host, the process or the system.
    assert {name.split(".")[0] for name in span.resource} == {"service", "telemetry"}


@pytest.mark.parametrize(
    ("value", "captured"),
    [
        (None, False),
        ("NO_CONTENT", False),
        ("EVENT_ONLY", False),
        ("false", False),
        ("span_only", True),
        ("SPAN_AND_EVENT", True),
        ("true", True),
    ],
)
def test_content_by_the_standard_exporter(start, mock, value, captured):
    gateway = start(mock.url + "/v1", OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=value)
    attributes = genai(gateway.sink, ask(gateway)).attributes
    assert (attributes.keys() & CONTENT) == (CONTENT if captured else set())


def test_content_switched_off_for_the_experimental_push(start, mock, new_sink):
    sink = new_sink()
    more = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "NO_CONTENT"}
    gateway = start(mock.url + "/v1", sink, **experimental(sink, **more))
    assert not genai(sink, ask(gateway)).attributes.keys() & CONTENT


def test_both_families_are_two_exporters(start, mock, new_sink):
    first, second = new_sink(), new_sink()
    gateway = start(
        mock.url + "/v1", first, **experimental(first, OTEL_EXPORTER_OTLP_ENDPOINT=second.url)
    )
    trace_id = ask(gateway)
    assert genai(first, trace_id).attributes.keys() >= CONTENT
    assert not genai(second, trace_id).attributes.keys() & CONTENT
    for exporter, sink in (("experimental", first), ("otlp", second)):
        found = gateway.accounting(exporter)
        assert found["exported"] == len(sink.spans) == found["accepted"]
    gateway.program.stop()


def test_one_url_in_both_families_is_one_exporter(start, mock, new_sink):
    sink = new_sink()
    gateway = start(
        mock.url + "/v1", sink, **experimental(sink, OTEL_EXPORTER_OTLP_ENDPOINT=sink.url)
    )
    assert len(sink.trace(ask(gateway))) == 3


def test_a_traces_endpoint_is_taken_verbatim_and_gzip_is_read(start, mock, new_sink):
    sink = new_sink()
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=sink.url + "/v1/traces",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        OTEL_SERVICE_NAME="a gateway",
        OTEL_RESOURCE_ATTRIBUTES="service.name=not this,team=blue",
    )
    span = genai(sink, ask(gateway))
    assert span.resource["service.name"] == "a gateway" and span.resource["team"] == "blue"
    assert sink.requests[0][1]["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("environment", "others"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": None}, set()),
        ({"OTEL_SDK_DISABLED": "true"}, set()),
        ({"OTEL_TRACES_EXPORTER": "none"}, {"/v1/metrics", "/v1/logs"}),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, {"/v1/metrics", "/v1/logs"}),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, {"/v1/logs"}),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}, {"/v1/metrics"}),
    ],
)
def test_nothing_is_sent_unasked(start, mock, new_sink, environment, others):
    sink = new_sink()
    gateway = start(mock.url + "/v1", sink, **{"OTEL_LOGS_EXPORTER": None, **environment})
    ask(gateway)
    gateway.program.stop()
    assert {path for path, _ in sink.requests} == others


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_a_refused_batch_is_sent_again(start, mock, new_sink, code):
    sink = new_sink()
    sink.refusals = [code]
    gateway = start(mock.url + "/v1", sink)
    assert len(sink.trace(ask(gateway), seconds=30)) == 3
    assert len(sink.requests) >= 2


@pytest.mark.parametrize("code", [400, 500])
def test_a_bad_batch_is_not_sent_again(start, mock, new_sink, code):
    sink = new_sink()
    sink.refusals = [code]
    gateway = start(mock.url + "/v1", sink)
    lost = ask(gateway)
    while sink.refusals:
        with sink.changed:
            sink.changed.wait(0.05)
    assert len(sink.trace(ask(gateway))) == 3
    gateway.program.stop()
    assert lost not in {s.trace_id for s in sink.spans}


def test_the_last_spans_are_flushed_at_the_end(start, mock, new_sink):
    sink = new_sink()
    gateway = start(mock.url + "/v1", sink, OTEL_BSP_SCHEDULE_DELAY="60000")
    trace_id = ask(gateway)
    assert not sink.spans
    gateway.program.stop()
    assert len(sink.trace(trace_id)) == 3


def test_the_console_shows_a_tree(start, mock):
    gateway = start(
        mock.url + "/v1", OTEL_EXPORTER_OTLP_ENDPOINT=None, OTEL_TRACES_EXPORTER="console"
    )
    trace_id = ask(gateway)
    gateway.program.stop()
    output = gateway.program.output()
    assert trace_id in output and "chat mock-tools" in output
    assert "POST /v1/chat/completions" in output


def test_the_console_prints_a_line_for_each_span_where_the_log_is_json(start, mock):
    gateway = start(
        mock.url + "/v1", OTEL_EXPORTER_OTLP_ENDPOINT=None, OTEL_TRACES_EXPORTER="console",
        LOG_FORMAT="json",
    )
    trace_id = ask(gateway)
    gateway.program.stop()
    spans = []
    for line in gateway.program.output().splitlines():
        if line.startswith('{"resourceSpans"'):
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    assert len(scope["spans"]) == 1
                    spans += scope["spans"]
    assert len(spans) == 3
    assert {span["traceId"] for span in spans} == {trace_id}
