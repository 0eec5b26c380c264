"""The same calls exported by each protocol, with and without compression: what arrives of spans,
metrics and log records is one and the same apart from ids, times and ports."""

import difflib
import json
import re
from collections import Counter

import pytest
from google.protobuf.message import Message
from programs import new_trace
from sink import plain
from test_export import BODY
from test_transports import PROTOCOLS, make_sink
from trees import masked

VARIANTS = [(protocol, packed) for protocol in PROTOCOLS for packed in ("none", "gzip")]
CHAT = json.loads(BODY)
CALLS = [
    ("/chat/completions", CHAT),
    ("/chat/completions", {**CHAT, "stream": True, "temperature": 0, "top_k": 3}),
    ("/chat/completions", {**CHAT, "model": "mock-status-429"}),
    ("/completions", {"model": "mock-gpt", "prompt": "Grüße 👋", "stop": ["a", "b"]}),
    ("/embeddings", {"model": "mock-embedding", "input": ["a", "b"], "dimensions": 4}),
    ("/responses", {"model": "mock-gpt", "instructions": "Be brief.", "input": "Hello"}),
    ("/models", None),
]
IDS = ("trace_id", "span_id", "parent_span_id")
# Metrics of the export itself, whose values follow from the protocol: they are there, no more.
OF_EXPORT = ("martlet.export.", "martlet.log.")
# Attributes that hold seconds, or follow from them.
TIMED = re.compile(r"time_to_first|^martlet\.(stream\.(gap|blocked|tokens_per)|duration)")


def told_value(name, value):
    return "measured" if TIMED.search(name) else masked(name, value)


class Teller:
    """Tells messages of OTLP as plain data. Ids become numbers in the order in which they are met,
    times a word; what differs by the run is only typed."""

    def __init__(self):
        self.ids = {}

    def tell(self, message):
        return {field.name: self.field(field, value) for field, value in message.ListFields()}

    def field(self, field, value):
        if field.name in IDS:
            return self.ids.setdefault(value, len(self.ids))
        if field.name.endswith("unix_nano"):
            return "a time"
        if field.name in ("attributes", "filtered_attributes"):
            return {pair.key: told_value(pair.key, plain(pair.value)) for pair in value}
        if field.message_type and field.message_type.name == "AnyValue":
            return masked("", plain(value))
        if isinstance(value, Message):
            return self.tell(value)
        if field.is_repeated:
            return [self.tell(v) if isinstance(v, Message) else v for v in value]
        return value


def request_of(sink, signal):
    """All of a signal as one request: the frame is the same in each, what is in it stands in
    the frame of the first."""
    requests = sink.messages(signal)
    assert requests, f"no {signal} came; {sink.problems}"
    (frame,) = getattr(requests[0], requests[0].DESCRIPTOR.fields[0].name)
    items = []
    for request in requests:
        for resource in getattr(request, request.DESCRIPTOR.fields[0].name):
            assert resource.resource == frame.resource
            assert resource.schema_url == frame.schema_url
            for scope in getattr(resource, resource.DESCRIPTOR.fields_by_number[2].name):
                name = scope.DESCRIPTOR.fields_by_number[2].name
                items += [((scope.scope.name, scope.schema_url), i) for i in getattr(scope, name)]
    return frame, items


def told_traces(sink):
    frame, spans = request_of(sink, "traces")
    spans.sort(key=lambda pair: (pair[1].start_time_unix_nano, pair[1].kind))
    teller = Teller()
    return teller.tell(frame.resource), [(scope, teller.tell(span)) for scope, span in spans]


def told_logs(sink):
    frame, records = request_of(sink, "logs")
    teller = Teller()
    records.sort(key=lambda pair: (pair[1].time_unix_nano, pair[1].event_name))
    return teller.tell(frame.resource), [(scope, teller.tell(item)) for scope, item in records]


def told_point(metric, point):
    found = Teller().tell(point)
    found.pop("exemplars", None)
    if metric.name.startswith(OF_EXPORT):
        return {"attributes": found.get("attributes", {})}
    if metric.unit == "s":
        for name in ("sum", "min", "max", "bucket_counts", "as_double"):
            if name in found:
                found[name] = "measured"
    return found


def told_metrics(sink):
    frame, metrics = request_of(sink, "metrics")
    found = []
    for scope, metric in metrics:
        kind = metric.WhichOneof("data")
        data = getattr(metric, kind)
        points = [told_point(metric, point) for point in data.data_points]
        if metric.name.startswith(OF_EXPORT):
            points = "there"
        else:
            points.sort(key=lambda p: json.dumps(p, sort_keys=True))
        frame_of_data = Teller().tell(data)
        del frame_of_data["data_points"]
        facts = (metric.name, metric.description, metric.unit, kind, frame_of_data)
        found.append((scope, facts, points))
    found.sort(key=lambda m: (m[0], m[1][0]))
    return Teller().tell(frame.resource), found


@pytest.fixture(scope="module")
def told(start, mock, new_sink, new_grpc_sink):
    """What a variant said of each signal, as text; made once for each."""
    cache = {}

    def make(protocol, compression):
        sink = make_sink(protocol, new_sink, new_grpc_sink)
        gateway = start(
            mock.url + "/v1",
            sink,
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
            OTEL_EXPORTER_OTLP_COMPRESSION=compression,
            OTEL_METRICS_EXPORTER="otlp",
            OTEL_METRIC_EXPORT_INTERVAL="3600000",
            OTEL_LOGS_EXPORTER="otlp",
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="SPAN_AND_EVENT",
            OTEL_RESOURCE_ATTRIBUTES="team=a b,unicode=%C3%BC",
        )
        client = gateway.client()
        for path, body in CALLS:
            method = "POST" if body else "GET"
            headers = {"traceparent": new_trace()[0], "baggage": "metadata.env=t%20e,user.id=u"}
            client.request(method, path, body and json.dumps(body).encode(), headers)
            gateway.accounting_at_rest()
        client.close()
        gateway.program.stop()
        assert not sink.problems
        # One export after the other on kept connections or new ones, none of them again.
        assert "cannot be reached" not in gateway.program.output()
        encodings = {headers.get("content-encoding") for _, headers in sink.requests}
        if protocol != "grpc":  # the server's library keeps that header to itself
            assert encodings == {"gzip" if compression == "gzip" else None}
        return {
            "traces": told_traces(sink),
            "metrics": told_metrics(sink),
            "logs": told_logs(sink),
        }

    def get(*variant):
        if variant not in cache:
            cache[variant] = make(*variant)
        return cache[variant]

    return get


def lines(found):
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
@pytest.mark.parametrize(("protocol", "compression"), VARIANTS[1:])
def test_a_signal_is_the_same_by_every_protocol(told, protocol, compression, signal):
    wanted = lines(told(*VARIANTS[0])[signal])
    found = lines(told(protocol, compression)[signal])
    # As text, where 1 and 1.0 differ.
    difference = difflib.unified_diff(wanted, found, " ".join(VARIANTS[0]), protocol, lineterm="")
    assert found == wanted, "\n".join(difference)


def test_the_calls_are_all_there(told):
    """What is compared is worth it."""
    found = told(*VARIANTS[0])
    spans = [span for _, span in found["traces"][1]]
    kinds = Counter(span.get("attributes", {}).get("gen_ai.operation.name") for span in spans)
    assert kinds["chat"] == 4 and kinds["embeddings"] == kinds["text_completion"] == 1
    assert len(spans) == 3 * 6 + 2
    assert any("gen_ai.input.messages" in span["attributes"] for span in spans)
    names = {facts[0] for _, facts, _ in found["metrics"][1]}
    assert names >= {
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "gen_ai.server.request.duration",
        "http.server.request.duration",
        "http.client.request.duration",
    }
    events = Counter(record["event_name"] for _, record in found["logs"][1])
    assert events["martlet.request.end"] == len(CALLS)
    assert events["gen_ai.client.inference.operation.details"] == 5
    assert events["gen_ai.client.operation.exception"] == 1
    assert found["traces"][0]["attributes"]["unicode"] == "ü"
