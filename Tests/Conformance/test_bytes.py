"""What the client gets through the gateway is what the provider sends, byte for byte."""

import json
import socket

import pytest
from programs import Client
from test_sdk import HELLO, WEATHER

CHAT = {"model": "mock-gpt", "messages": HELLO}
ASKED = {"stream": True, "stream_options": {"include_usage": True}}
CASES = {
    "plain": ("/chat/completions", CHAT),
    "stream with usage": ("/chat/completions", {**CHAT, **ASKED}),
    "stream without usage": ("/chat/completions", {**CHAT, "stream": True}),
    "long stream": ("/chat/completions", {**CHAT, "model": "mock-long-2000", "stream": True}),
    "tools": ("/chat/completions", {**CHAT, "model": "mock-tools", "tools": [WEATHER]}),
    "tools streamed": (
        "/chat/completions",
        {**CHAT, "model": "mock-tools", "tools": [WEATHER], "stream": True},
    ),
    "reasoning streamed": (
        "/chat/completions",
        {**CHAT, "model": "mock-reasoning", "stream": True},
    ),
    "no usage to be had": ("/chat/completions", {**CHAT, "model": "mock-no-usage", "stream": True}),
    "error event": ("/chat/completions", {**CHAT, "model": "mock-stream-error", "stream": True}),
    "page": ("/chat/completions", {**CHAT, "model": "mock-html"}),
    "completion": ("/completions", {"model": "mock-gpt", "prompt": "Once"}),
    "completion streamed": (
        "/completions",
        {"model": "mock-gpt", "prompt": "Once", "stream": True},
    ),
    "response": ("/responses", {"model": "mock-gpt", "input": "Hello"}),
    "embeddings": (
        "/embeddings",
        {"model": "mock-embedding", "input": ["a", "b"], "encoding_format": "float"},
    ),
    "embeddings as base64": (
        "/embeddings",
        {"model": "mock-embedding", "input": "a", "encoding_format": "base64"},
    ),
    **{
        f"status {code}": ("/chat/completions", {**CHAT, "model": f"mock-status-{code}"})
        for code in (400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 529)
    },
}
# Fields of the gateway's own, of the hop, or of the moment.
OWN = {
    "connection", "content-length", "date", "keep-alive", "server", "server-timing",
    "transfer-encoding", "x-martlet-attempts", "x-martlet-cache", "x-portkey-cache-status",
    "x-portkey-retry-attempt-count", "x-portkey-trace-id", "x-trace-id", "x-accel-buffering",
    "cache-control",
}  # fmt: skip
# What a provider says about its own host.
LEFT_BEHIND = {"alt-svc", "set-cookie", "strict-transport-security"}


def ask(url, path, body):
    return Client(url + "/v1").post(path, json.dumps(body))


@pytest.mark.parametrize("name", CASES)
def test_answers_are_the_providers(gateway, mock, name):
    path, body = CASES[name]
    direct, relayed = ask(mock.url, path, body), ask(gateway.url, path, body)
    assert relayed.status == direct.status
    assert relayed.body == direct.body

    def fields(response, without):
        return {name: value for name, value in response.headers.items() if name not in without}

    assert fields(relayed, OWN) == fields(direct, OWN | LEFT_BEHIND)
    if "content-length" in direct.headers:
        assert relayed.headers["content-length"] == direct.headers["content-length"]


def test_an_upstream_that_refuses_to_tell_usage_is_asked_without_and_remembered(start, mock):
    body = {**CHAT, "model": "mock-refuse-usage", "stream": True}
    gateway = start(mock.url + "/v1")
    direct = ask(mock.url, "/chat/completions", body)
    for attempts in ("2", "1"):
        relayed = ask(gateway.url, "/chat/completions", body)
        assert relayed.status == direct.status == 200 and relayed.body == direct.body
        assert relayed.headers["x-martlet-attempts"] == attempts
        assert relayed.headers["x-portkey-retry-attempt-count"] == str(int(attempts) - 1)


def test_a_stream_without_usage_asked_for_has_none(gateway):
    body = ask(gateway.url, "/chat/completions", {**CHAT, "stream": True}).body
    assert b"usage" not in body
    asked = ask(gateway.url, "/chat/completions", {**CHAT, **ASKED}).body
    assert asked.count(b'"usage":null') > 0 and asked.count(b'"usage":{') == 1


def test_heads_of_every_kind_carry_the_promised_fields(gateway):
    for path, body in (
        ("/chat/completions", CHAT),
        ("/chat/completions", {**CHAT, "stream": True}),
        ("/chat/completions", {**CHAT, "model": "mock-status-500"}),
        ("/chat/completions", {}),
        ("/nothing/here", {}),
    ):
        headers = ask(gateway.url, path, body).headers
        for name in (
            "x-trace-id", "x-request-id", "x-martlet-cache", "x-martlet-attempts",
            "server-timing", "x-portkey-trace-id", "x-portkey-cache-status",
            "x-portkey-retry-attempt-count",
        ):  # fmt: skip
            assert name in headers, f"{path} {body}: no {name}"
    stream = ask(gateway.url, "/chat/completions", {**CHAT, "stream": True}).headers
    assert stream["x-accel-buffering"] == "no" and stream["cache-control"] == "no-cache"
    assert stream["content-type"].startswith("text/event-stream")


def test_pipelined_requests_are_answered_in_order(gateway, mock):
    def request(model):
        body = json.dumps({**CHAT, "model": model}).encode()
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    models = ["mock-slow-50", "mock-gpt", "mock-status-404"]
    with socket.create_connection(("127.0.0.1", gateway.program.port), timeout=10) as connection:
        connection.sendall(b"".join(request(model) for model in models))
        stream = connection.makefile("rb")
        for model in models:
            status = int(stream.readline().split()[1])
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            body = stream.read(length)
            assert status == (404 if model == "mock-status-404" else 200)
            assert body == ask(mock.url, "/chat/completions", {**CHAT, "model": model}).body


def test_a_compressed_answer_of_a_list_passes_unchanged(start):
    import gzip
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    packed = gzip.compress(b'{"object":"list","data":[]}')

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            assert self.headers["accept-encoding"] == "gzip"
            self.send_response(200)
            self.send_header("content-encoding", "gzip")
            self.send_header("content-length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    gateway = start(f"http://127.0.0.1:{server.server_port}/v1")
    answer = gateway.client().get("/files", {"accept-encoding": "gzip"})
    assert answer.body == packed and answer.headers["content-encoding"] == "gzip"
    server.shutdown()
