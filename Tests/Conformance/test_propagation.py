"""One trace from the caller's SDK through the gateway to the provider, and what goes upstream."""

import json
import time

import pytest
from opentelemetry.propagate import inject
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from programs import new_trace
from test_sdk import HELLO
from upstreams import ANSWER_BYTES, Recorder

BODY = json.dumps({"model": "mock-gpt", "messages": HELLO})


def tracer(name):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer(name), exporter


def test_caller_gateway_and_provider_make_one_trace(start):
    calling, called_from = tracer("caller")
    providing, provided = tracer("provider")
    upstream = Recorder(providing)
    gateway = start(upstream.url)
    with calling.start_as_current_span("ask", kind=SpanKind.CLIENT) as span:
        headers = {"tracestate": "vendor=1"}
        inject(headers)
        trace_id = f"{span.get_span_context().trace_id:032x}"
        assert gateway.client().post("/chat/completions", BODY, headers).status == 200
    ours = gateway.sink.trace(trace_id)
    upstream.stop()

    (ask,) = called_from.get_finished_spans()
    (provider,) = provided.get_finished_spans()
    parents = {s.span_id: s.parent_id for s in ours}
    parents[f"{ask.context.span_id:016x}"] = None
    parents[f"{provider.context.span_id:016x}"] = f"{provider.parent.span_id:016x}"
    assert f"{provider.context.trace_id:032x}" == trace_id
    way = [f"{provider.context.span_id:016x}"]
    while way[-1]:
        way.append(parents[way[-1]])
    names = {s.span_id: f"{s.name} {s.kind}" for s in ours}
    names[f"{ask.context.span_id:016x}"] = "ask"
    names[f"{provider.context.span_id:016x}"] = "provider"
    assert [names[i] for i in way[:-1]] == [
        "provider",
        "POST CLIENT",
        "chat mock-gpt CLIENT",
        "POST /v1/chat/completions SERVER",
        "ask",
    ]
    assert len(ours) == 3
    assert provider.parent.is_remote


@pytest.mark.parametrize(("received", "sent"), [("00", "00"), ("02", "02")])
def test_an_unsampled_trace_goes_on_unsampled_and_is_not_exported(
    recorded, recorder, received, sent
):
    parent, trace_id, span_id = new_trace(received)
    response = recorded.client().post("/chat/completions", BODY, {"traceparent": parent})
    assert response.status == 200 and response.headers["x-trace-id"] == trace_id
    version, out_trace, out_span, flags = recorder.last[2]["traceparent"].split("-")
    assert (version, out_trace, flags) == ("00", trace_id, sent)
    assert out_span != span_id and int(out_span, 16)
    recorded.traced("POST", "/chat/completions", BODY)  # came later, and is there
    time.sleep(0.2)
    assert trace_id not in {s.trace_id for s in recorded.sink.spans}


@pytest.mark.parametrize("flags", ["01", "03"])
def test_a_sampled_trace_goes_on_as_received(recorded, recorder, flags):
    parent, trace_id, _ = new_trace(flags)
    headers = {"traceparent": parent, "tracestate": "a=1,b=2"}
    assert recorded.client().post("/chat/completions", BODY, headers).status == 200
    sent = recorder.last[2]
    spans = recorded.sink.trace(trace_id)
    (attempt,) = [s for s in spans if s.name == "POST"]
    assert sent["traceparent"] == f"00-{trace_id}-{attempt.span_id}-{flags}"
    assert sent["tracestate"] == "a=1,b=2"


@pytest.mark.parametrize(
    "parent", [None, "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "garbage", "ff-" + "1" * 32]
)
def test_without_a_valid_parent_a_trace_begins_here(recorded, recorder, parent):
    headers = {} if parent is None else {"traceparent": parent}
    response = recorded.client().post("/chat/completions", BODY, headers)
    trace_id = response.headers["x-trace-id"]
    assert recorder.last[2]["traceparent"].startswith(f"00-{trace_id}-")
    assert recorder.last[2]["traceparent"].endswith("-03"), "sampled, and random by its own making"
    spans = recorded.sink.trace(trace_id)
    assert [s.parent_id for s in spans if s.kind == "SERVER"] == [""]


def test_bytes_pass_unchanged_both_ways(recorded, recorder):
    odd = b'{ "messages" :[{"role":"user","content":"\\u00e9 \\/ \xc3\xa9"}],"model":"m","x":1e2}\n'
    headers = {
        "authorization": "Bearer sk-conformance-canary",
        "baggage": "user.id=u1,secret=s",
        "cookie": "a=b",
        "x-martlet-forged": "1",
        "x-portkey-config": "{}",
        "x-own": "kept",
    }
    response = recorded.client().post("/chat/completions?api-version=1&b=%20", odd, headers)
    method, path, sent, body = recorder.last
    assert (method, path) == ("POST", "/v1/chat/completions?api-version=1&b=%20")
    assert body == odd
    assert sent["authorization"] == headers["authorization"] and sent["x-own"] == "kept"
    for name in ("baggage", "cookie", "x-martlet-forged", "x-portkey-config"):
        assert name not in sent
    assert sent["accept-encoding"] == "identity"
    assert response.body == ANSWER_BYTES
    assert response.headers["x-request-id"] == "req_recorded"
    assert response.headers["x-ratelimit-remaining-requests"] == "41"
    for name in ("set-cookie", "alt-svc", "server"):
        assert name not in response.headers


def test_usage_is_asked_for_by_a_splice(recorded, recorder):
    odd = b'{ "stream" : true , "messages" : [{"role":"user","content":"a"}],"model":"m"}'
    recorded.client().post("/chat/completions", odd)
    body = recorder.last[3]
    assert json.loads(body) == {**json.loads(odd), "stream_options": {"include_usage": True}}
    assert b'{ "stream" : true , "messages" : [{"role"' in body.replace(
        b'"stream_options":{"include_usage":true},', b""
    ).replace(b',"stream_options":{"include_usage":true}', b"")


def test_baggage_becomes_attributes(recorded):
    headers = {"baggage": "session.id=s1,user.id=u%201,secret=s,metadata.team=red"}
    _, found = recorded.traced("POST", "/chat/completions", BODY, headers)
    for span in (found, found["children"][0]):
        assert span["attributes"]["session.id"] == "s1"
        assert span["attributes"]["user.id"] == "u 1"
        assert "secret" not in span["attributes"]


@pytest.mark.parametrize(
    ("propagators", "continues", "carries"),
    [("none", False, False), ("tracecontext", True, False), ("baggage", False, True)],
)
def test_propagators_can_be_left_out(start, recorder, propagators, continues, carries):
    gateway = start(recorder.url, OTEL_PROPAGATORS=propagators)
    parent, trace_id, span_id = new_trace()
    headers = {"traceparent": parent, "tracestate": "a=1", "baggage": "user.id=u1"}
    response = gateway.client().post("/chat/completions", BODY, headers)
    own = response.headers["x-trace-id"]
    assert (own == trace_id) == continues
    (server,) = [s for s in gateway.sink.trace(own) if s.kind == "SERVER"]
    assert server.parent_id == (span_id if continues else "")
    assert ("user.id" in server.attributes) == carries
    sent = recorder.last[2]
    assert ("traceparent" in sent) == ("tracestate" in sent) == continues
    assert "baggage" not in sent
