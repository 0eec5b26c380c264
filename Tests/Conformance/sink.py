"""An OTLP/HTTP receiver that decodes with OpenTelemetry's own classes and keeps what it got."""

import base64
import gzip
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True)
class Signal:
    request: type
    response: type
    # The field of `partial_success` that counts.
    rejected: str


SIGNALS = {
    "traces": Signal(ExportTraceServiceRequest, ExportTraceServiceResponse, "rejected_spans"),
    "metrics": Signal(
        ExportMetricsServiceRequest, ExportMetricsServiceResponse, "rejected_data_points"
    ),
    "logs": Signal(ExportLogsServiceRequest, ExportLogsServiceResponse, "rejected_log_records"),
}
PROTOBUF, JSON = "application/x-protobuf", "application/json"
# Of OTLP's JSON: in hexadecimal, not in base64.
IDS = ("traceId", "spanId", "parentSpanId")


def from_json(value):
    """OTLP's JSON as the JSON of protocol buffers has it; names of enumerations are refused."""
    if isinstance(value, list):
        return [from_json(v) for v in value]
    if isinstance(value, dict):
        for key in ("kind", "code", "severityNumber", "aggregationTemporality"):
            assert isinstance(value.get(key, 0), int), f"{key} is not a number"
        for key in value:
            assert "_" not in key, f"{key} is not in camel case"
        return {
            key: base64.b64encode(bytes.fromhex(inner)).decode()
            if key in IDS
            else from_json(inner)
            for key, inner in value.items()
        }
    return value


def plain(value):
    """An AnyValue as plain Python data."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(v) for v in value.array_value.values]
    if kind == "kvlist_value":
        return {kv.key: plain(kv.value) for kv in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


def has_unknown_fields(message):
    if len(UnknownFieldSet(message)):
        return True
    for field_, value in message.ListFields():
        if field_.message_type:
            inner = value if isinstance(value, Sequence) else [value]
            if any(has_unknown_fields(m) for m in inner):
                return True
    return False


def attributes(pairs):
    assert len({kv.key for kv in pairs}) == len(pairs), "an attribute stands twice"
    return {kv.key: plain(kv.value) for kv in pairs}


@dataclass
class ReceivedSpan:
    """A span as it came, with what stood around it."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    start: int
    end: int
    attributes: dict
    events: list
    links: list
    status: str
    status_message: str
    flags: int
    trace_state: str
    resource: dict
    scope: str
    schema_url: str


def spans_of(request):
    for resource_spans in request.resource_spans:
        resource = attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield ReceivedSpan(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    name=span.name,
                    kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    attributes=attributes(span.attributes),
                    events=[(e.name, attributes(e.attributes)) for e in span.events],
                    links=[
                        (li.trace_id.hex(), li.span_id.hex(), attributes(li.attributes))
                        for li in span.links
                    ],
                    status=Status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_"),
                    status_message=span.status.message,
                    flags=span.flags,
                    trace_state=span.trace_state,
                    resource=resource,
                    scope=scope_spans.scope.name,
                    schema_url=scope_spans.schema_url or resource_spans.schema_url,
                )


@dataclass
class Sink:
    """Receives until stopped; each request's body is also stored in `folder`."""

    folder: Path
    spans: list = field(default_factory=list)
    # Whole requests of the other signals.
    metrics: list = field(default_factory=list)
    logs: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    # Answers to refuse traces with, one a request, before anything is accepted: a status code, or
    # one with headers.
    refusals: list = field(default_factory=list)
    # Spans to reject of each accepted request, as `partial_success` says it.
    rejected_spans: int = 0
    rejected: int = 0
    # Bytes of a body beyond which it is refused.
    bytes_max: int = 4 << 20
    # Seconds each answer takes.
    delay: float = 0.0

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.changed = threading.Condition()
        self.listen()

    def listen(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def receive(self, path, headers, body):
        """The status, the headers and the body to answer with."""
        time.sleep(self.delay)
        type_ = headers.get("content-type")
        with self.changed:
            self.requests.append((path, headers))
            if self.refusals and path.endswith("traces"):
                refusal = self.refusals.pop(0)
                self.changed.notify_all()
                return (*(refusal if isinstance(refusal, tuple) else (refusal, {})), b"")
            if len(body) > self.bytes_max:
                return 413, {}, b""
            signal = path.removeprefix("/v1/")
            if signal not in SIGNALS:
                self.problems.append(f"path {path}")
                return 404, {}, b""
            if type_ not in (PROTOBUF, JSON):
                self.problems.append(f"content type {type_}")
                return 415, {}, b""
            try:
                if headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                kind = SIGNALS[signal].request
                if type_ == JSON:
                    request = ParseDict(from_json(json.loads(body)), kind())
                else:
                    request = kind.FromString(body)
                self.accept(signal, request, request.SerializeToString())
            except Exception as error:  # a wrong body must fail the test, not the server
                self.problems.append(f"{type(error).__name__}: {error}")
                return 400, {}, b""
        answer = self.response(signal)
        if type_ == JSON:
            return 200, {"content-type": JSON}, json.dumps(MessageToDict(answer)).encode()
        return 200, {"content-type": PROTOBUF}, answer.SerializeToString()

    def accept(self, signal, request, body):
        """Keeps a request that arrived."""
        if has_unknown_fields(request):
            self.problems.append("the body has fields that the schema does not have")
        (self.folder / f"{len(self.requests):05d}-{signal}.pb").write_bytes(body)
        if signal == "traces":
            self.spans += spans_of(request)
            self.rejected += self.rejected_spans
        else:
            getattr(self, signal).append(request)
        self.changed.notify_all()

    def response(self, signal):
        """What a request that was taken is answered with."""
        response = SIGNALS[signal].response()
        if self.rejected_spans and signal == "traces":
            response.partial_success.rejected_spans = self.rejected_spans
            response.partial_success.error_message = "too old"
        return response

    def messages(self, signal):
        """The whole requests of a signal, as they came."""
        kind = SIGNALS[signal].request
        paths = sorted(self.folder.glob(f"*-{signal}.pb"))
        return [kind.FromString(path.read_bytes()) for path in paths]

    def trace(self, trace_id, count=None, seconds=60.0):
        """The spans of a trace in order of their start, once its SERVER span is there (or `count`
        spans are) and no more come."""

        def mine():
            return [s for s in self.spans if s.trace_id == trace_id]

        def complete(spans):
            if count is not None:
                return len(spans) >= count
            return any(s.kind == "SERVER" for s in spans)

        deadline = time.monotonic() + seconds
        with self.changed:
            while not complete(mine()):
                left = deadline - time.monotonic()
                assert left > 0, f"trace {trace_id} did not come; problems: {self.problems}"
                self.changed.wait(left)
            while self.changed.wait(0.25):  # the rest may be in the next batch
                pass
            assert not self.problems, self.problems
            spans = sorted(mine(), key=lambda s: (s.start, s.name))
        ids = [s.span_id for s in spans]
        assert len(ids) == len(set(ids)), "a span came twice"
        return spans


def handler_of(sink):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def body(self):
            if "chunked" not in self.headers.get("transfer-encoding", ""):
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return body

        def do_POST(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, answer = sink.receive(self.path, headers, self.body())
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    return Handler
