"""A provider written here: keeps the bytes it got, and can take part in the caller's trace."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

ANSWER = {
    "id": "chatcmpl-recorded",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "recorded-1",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Noted."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}
# Spaces that no serialiser would write, so that one would show.
ANSWER_BYTES = json.dumps(ANSWER, indent=3).encode() + b"\n\n"
LIST_BYTES = b'{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}'


class Recorder:
    """Answers every POST with ANSWER_BYTES and every GET with an empty list."""

    def __init__(self, tracer=None):
        self.tracer = tracer
        self.requests = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def last(self):
        """(method, path with query, headers by lower-case name, body) of the last request."""
        return self.requests[-1]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def handler_of(recorder):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, content):
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            recorder.requests.append((self.command, self.path, headers, body))
            if recorder.tracer:
                context = TraceContextTextMapPropagator().extract(headers)
                recorder.tracer.start_span("provider", context=context, kind=SpanKind.SERVER).end()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.send_header("x-request-id", "req_recorded")
            self.send_header("x-ratelimit-remaining-requests", "41")
            self.send_header("set-cookie", "__cf=1")
            self.send_header("alt-svc", 'h3=":443"')
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self):
            self.answer(ANSWER_BYTES)

        def do_GET(self):
            self.answer(LIST_BYTES)

        def log_message(self, *_):
            pass

    return Handler
