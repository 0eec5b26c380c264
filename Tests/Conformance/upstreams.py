"""Providers written here: one keeps the bytes it got and can take part in the caller's trace, one
sends what a check tells it to, byte by byte."""

import json
import socket
import threading
import time
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


class Scripted:
    """Answers each request by `answer(peer)`, on a thread of its own; `peer` is a `Peer`."""

    def __init__(self, answer, send_buffer=None):
        self.answer = answer
        self.send_buffer = send_buffer
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.send_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            peer = Peer(connection)
            if peer.read_request():
                self.answer(peer)

    def stop(self):
        self.listener.close()


class Peer:
    """The upstream's side of one connection."""

    def __init__(self, connection):
        self.connection = connection
        self.request = b""  # its head, and the body as far as it came with it
        self.request_bytes = 0  # of its body

    def read_request(self):
        while b"\r\n\r\n" not in self.request:
            piece = self.connection.recv(65536)
            if not piece:
                return False
            self.request += piece
        head, _, body = self.request.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.request_bytes = len(body)
        while self.request_bytes < length:
            piece = self.connection.recv(65536)
            if not piece:
                return False
            self.request_bytes += len(piece)
        return True

    def send(self, data):
        self.connection.sendall(data)

    def begin_stream(self):
        self.send(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )

    def chunk(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end_stream(self):
        self.send(b"0\r\n\r\n")

    def wait_until_closed(self, seconds=60):
        """When the other side closed; None where it did not."""
        self.connection.settimeout(seconds)
        try:
            while self.connection.recv(65536):
                pass
        except TimeoutError:
            return None
        except OSError:
            pass
        return time.monotonic()


def event(text, finish=None):
    """A chunk of a chat completion, as an event of a stream."""
    delta = {"content": text} if text else {}
    chunk = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "scripted-1",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
