"""The relay at work: nothing waits, nothing piles up, and a client that leaves ends the call."""

import json
import socket
import threading
import time

import pytest
from programs import new_trace
from test_sdk import HELLO
from upstreams import Scripted, event

STREAM = {"model": "m", "messages": HELLO, "stream": True}
ASKED = {**STREAM, "stream_options": {"include_usage": True}}
PLAIN = {"model": "m", "messages": HELLO}
# Far below each of the gateway's time limits, and far above what a busy machine adds.
SOON = 5


def post(gateway, body, headers=(), receive_buffer=None):
    """A request on a socket of its own, sent; what is to be read of it is the caller's affair."""
    content = json.dumps(body).encode()
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", gateway.program.port))
    lines = [
        "POST /v1/chat/completions HTTP/1.1",
        "host: localhost",
        "content-type: application/json",
        f"content-length: {len(content)}",
        *(f"{name}: {value}" for name, value in dict(headers).items()),
    ]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    return connection


def read_until(connection, wanted):
    received = b""
    while wanted not in received:
        piece = connection.recv(65536)
        assert piece, f"ended without {wanted}: {received}"
        received += piece
    return received


@pytest.fixture
def scripted(start):
    """`scripted(answer)` is a gateway before an upstream that answers by `answer(peer)`."""
    upstreams = []

    def begin(answer, send_buffer=None, **environment):
        upstream = Scripted(answer, send_buffer)
        upstreams.append(upstream)
        return start(upstream.url, **environment)

    yield begin
    for upstream in upstreams:
        upstream.stop()


@pytest.mark.parametrize("how", ["FIN", "RST"])
@pytest.mark.parametrize("when", ["before the head", "in a stream", "in a plain body"])
def test_a_client_that_leaves_ends_the_call_at_once(scripted, how, when):
    ended = []
    closed = threading.Event()

    def answer(peer):
        if when == "in a stream":
            peer.begin_stream()
            peer.chunk(event("one"))
        if when == "in a plain body":
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
            peer.send(b"content-length: 1000\r\n\r\n{ ")
        ended.append(peer.wait_until_closed())
        closed.set()

    gateway = scripted(answer)
    for _ in range(3):
        parent, trace_id, _ = new_trace()
        body = STREAM if when == "in a stream" else PLAIN
        connection = post(gateway, body, {"traceparent": parent})
        if when == "before the head":
            time.sleep(0.1)
        else:
            read_until(connection, b"one" if when == "in a stream" else b"{ ")
        if how == "RST":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        left = time.monotonic()
        connection.close()
        assert closed.wait(60), "the upstream's connection stayed open"
        closed.clear()
        assert ended[-1] - left < SOON
        spans = {s.kind + s.name: s for s in gateway.sink.trace(trace_id)}
        assert len(spans) == 3
        for name in ("CLIENTchat m", "CLIENTPOST"):
            assert spans[name].status == "ERROR"
            assert spans[name].attributes["error.type"] == "client_disconnected"
        server = spans["SERVERPOST /v1/chat/completions"]
        assert server.status == "UNSET" and server.attributes["martlet.client.disconnected"]
        code = server.attributes["http.response.status_code"]
        assert code == (499 if when == "before the head" else 200)


@pytest.mark.parametrize("body", [STREAM, ASKED], ids=["usage taken out", "as it is"])
def test_every_event_leaves_when_it_arrives(scripted, body):
    allowed = threading.Semaphore(0)

    def answer(peer):
        peer.begin_stream()
        for number in range(20):
            peer.chunk(event(f"piece {number}."))
            assert allowed.acquire(timeout=60)
        peer.chunk(event("", "stop"))
        peer.chunk(b"data: [DONE]\n\n")
        peer.end_stream()

    connection = post(scripted(answer), body)
    for number in range(20):
        # The next is not sent before this one came.
        read_until(connection, b"piece %d." % number)
        allowed.release()
    read_until(connection, b"[DONE]")
    connection.close()


def test_an_event_split_anywhere_arrives_whole(scripted):
    text = event("grüezi \N{BIRD}") + event("", "stop") + b"data: [DONE]\n\n"

    def answer(peer):
        peer.begin_stream()
        for index in range(len(text)):
            peer.chunk(text[index : index + 1])
        peer.end_stream()

    gateway = scripted(answer)
    for body in (STREAM, ASKED):
        response = gateway.client().post("/chat/completions", json.dumps(body))
        assert response.body == text


def test_usage_is_taken_out_wherever_it_stands(scripted):
    pieces = [event("a"), event("b"), event("", "stop")]
    with_usage = [
        piece.replace(b'"choices"', b'"usage": null, "choices"') for piece in pieces[:1]
    ] + [piece.replace(b"}]}", b'}], "usage" : null }') for piece in pieces[1:]]
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    last = json.loads(pieces[0][6:])
    last = b"data: " + json.dumps({**last, "choices": [], "usage": usage}).encode() + b"\n\n"

    def answer(peer):
        peer.begin_stream()
        peer.chunk(b"".join(with_usage) + last + b"data: [DONE]\n\n")
        peer.end_stream()

    gateway = scripted(answer)
    parent, trace_id, _ = new_trace()
    body = json.dumps(STREAM)
    response = gateway.client().post("/chat/completions", body, {"traceparent": parent})
    assert b"usage" not in response.body
    found = [json.loads(line[6:]) for line in response.body.split(b"\n\n") if line[6:7] == b"{"]
    assert found == [json.loads(piece[6:]) for piece in pieces]
    assert response.body.endswith(b"data: [DONE]\n\n")
    (span,) = [s for s in gateway.sink.trace(trace_id) if s.name == "chat m"]
    assert span.attributes["gen_ai.usage.input_tokens"] == 3
    assert span.attributes["gen_ai.usage.output_tokens"] == 2
    asked = gateway.client().post("/chat/completions", json.dumps(ASKED))
    assert asked.body == b"".join(with_usage) + last + b"data: [DONE]\n\n"


def resident_bytes(gateway):
    with open(f"/proc/{gateway.program.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


@pytest.mark.parametrize("body", [STREAM, ASKED], ids=["usage taken out", "as it is"])
def test_a_slow_client_pauses_the_upstream(scripted, body):
    piece = event("x" * 16_000)
    count = 4000  # 64 MB
    sent = []

    def answer(peer):
        peer.begin_stream()
        for _ in range(count):
            peer.chunk(piece)
            sent.append(len(piece))
        peer.chunk(b"data: [DONE]\n\n")
        peer.end_stream()

    gateway = scripted(answer, send_buffer=65536)
    before = resident_bytes(gateway)
    connection = post(gateway, body, receive_buffer=65536)
    reader = connection.makefile("rb")
    while reader.readline().strip():
        pass
    last, deadline = -1, time.monotonic() + 60
    while sum(sent) != last:  # until the upstream is stuck
        assert time.monotonic() < deadline
        last = sum(sent)
        time.sleep(0.5)
    assert len(sent) < count / 2, "the upstream was never paused"
    assert resident_bytes(gateway) - before < 8 << 20, "the answer piled up in memory"
    received = 0
    while size := int(reader.readline(), 16):
        received += size
        reader.read(size + 2)
    assert received == len(piece) * count + len(b"data: [DONE]\n\n")
    connection.close()


def test_a_large_upload_is_passed_on_piece_by_piece(scripted):
    sizes = []

    def answer(peer):
        sizes.append(peer.request_bytes)
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    gateway = scripted(answer)
    before = resident_bytes(gateway)
    body = b"x" * (48 << 20)
    response = gateway.client().request(
        "POST", "/files", body, {"content-type": "application/octet-stream"}
    )
    assert response.status == 200 and sizes == [len(body)]
    assert resident_bytes(gateway) - before < 16 << 20


@pytest.mark.parametrize("length", [b"", b"content-length: 500\r\n"], ids=["until close", "short"])
def test_a_body_cut_by_the_upstream_is_never_complete(scripted, length):
    def answer(peer):
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + length + b"\r\n{")

    gateway = scripted(answer)
    connection = post(gateway, PLAIN, {"connection": "close"})
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:
        received += b"[reset]"
    head, _, body = received.partition(b"\r\n\r\n")
    if length:  # less than was promised
        assert b"content-length: 500" in head and body.startswith(b"{") and len(body) < 500
    else:  # the end of a body without a length is its connection's end: nobody can know
        assert body.rstrip(b"\r\n").endswith(b"0") or body == b"{"


def test_what_is_held_of_an_unfinished_event_is_limited(scripted):
    done = threading.Event()

    def answer(peer):
        peer.begin_stream()
        peer.chunk(b"data: {" + b" " * 3000)
        assert done.wait(10)
        peer.chunk(event("a")[7:] + b"data: [DONE]\n\n")
        peer.end_stream()

    connection = post(scripted(answer, MARTLET_LIMITS_HELD_EVENT_BYTES_MAX="2048"), STREAM)
    read_until(connection, b"data: {" + b" " * 3000)
    done.set()
    read_until(connection, b"[DONE]")
    connection.close()
