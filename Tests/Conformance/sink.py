"""An OTLP/HTTP receiver that decodes with OpenTelemetry's own classes and keeps what it got."""

import gzip
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


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
    requests: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    # Answers to refuse with, one a request, before anything is accepted: a status code, or one
    # with headers.
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
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def receive(self, path, headers, body):
        """The status and the headers to answer with."""
        time.sleep(self.delay)
        with self.changed:
            self.requests.append((path, headers))
            if self.refusals:
                refusal = self.refusals.pop(0)
                return refusal if isinstance(refusal, tuple) else (refusal, {})
            if len(body) > self.bytes_max:
                return 413, {}
            if path != "/v1/traces":
                self.problems.append(f"path {path}")
                return 404, {}
            if headers.get("content-type") != "application/x-protobuf":
                self.problems.append(f"content type {headers.get('content-type')}")
                return 415, {}
            try:
                if headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                request = ExportTraceServiceRequest.FromString(body)
                if has_unknown_fields(request):
                    self.problems.append("the body has fields that the schema does not have")
                found = list(spans_of(request))
            except Exception as error:  # a wrong body must fail the test, not the server
                self.problems.append(f"{type(error).__name__}: {error}")
                return 400, {}
            number = len(self.requests)
            (self.folder / f"{number:05d}-traces.pb").write_bytes(body)
            self.spans += found
            self.rejected += self.rejected_spans
            self.changed.notify_all()
            return 200, {}

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
            status, more = sink.receive(self.path, headers, self.body())
            response = ExportTraceServiceResponse()
            if sink.rejected_spans:
                response.partial_success.rejected_spans = sink.rejected_spans
                response.partial_success.error_message = "too old"
            answer = response.SerializeToString()
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    return Handler
