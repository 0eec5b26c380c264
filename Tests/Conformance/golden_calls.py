"""The calls of the Swift tests' goldens (Tests/GatewayTests/Goldens), made to a built gateway: as
in those tests, the upstream is at the other end of a proxy's tunnel, so that hosts are as named."""

import json
import socket
import struct
from json.decoder import JSONDecoder
from pathlib import Path
from urllib.parse import urlsplit

from programs import new_trace

FOLDER = Path(__file__).parents[1] / "GatewayTests" / "Goldens"
PATHS = sorted(FOLDER.glob("*.json"))
CONTENT = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
)
SPACE = " \t\r\n"


def sources(text, start=0):
    """The members of the object, or the elements of the array, that begins at `start`: pairs of
    a name, or None, and the value's text as it stands there."""
    decoder = JSONDecoder()

    def skip(index, characters):
        while text[index] in characters:
            index += 1
        return index

    index = skip(start, SPACE)
    isobject = text[index] == "{"
    index = skip(index + 1, SPACE)
    while text[index] not in "}]":
        name = None
        if isobject:
            name, index = decoder.raw_decode(text, index)
            index = skip(index, SPACE + ":")
        _, end = decoder.raw_decode(text, index)
        yield name, text[index:end]
        index = skip(end, SPACE + ",")


class Golden:
    def __init__(self, path):
        text = path.read_text()
        self.name = path.stem
        file = json.loads(text)
        parts = dict(sources(text))
        request = file["request"]
        self.host = request.get("host", "api.openai.com")
        self.path = request.get("path", "/v1/chat/completions")
        self.headers = request.get("headers", {})
        self.leaves_after = request.get("leavesAfter")
        self.settings = file.get("settings", {})
        self.body = dict(sources(parts["request"])).get("body", "").encode()
        self.answer = wire(file["answer"], parts["answer"]) if file["answer"] else b""
        self.span = file["span"]


def wire(answer, text):
    """The answer's bytes. The connection ends with it, so that the next call does not race with
    that."""
    fields = ["Connection: close"]
    fields += [f"{name}: {value}" for name, value in answer.get("headers", {}).items()]
    parts = dict(sources(text))
    if "events" not in answer:
        body = answer.get("text") or parts.get("body", "")
        if not any(field.lower().startswith("content-type:") for field in fields):
            fields.insert(0, "Content-Type: application/json")
        head = [f"HTTP/1.1 {answer.get('status', 200)} Status", *fields]
        head.append(f"Content-Length: {len(body.encode())}")
        if answer.get("isCut"):
            body = body[: len(body) - len(body) // 2]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
    stream = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    for _, source in sources(parts["events"]):
        event = json.loads(source)
        if not isinstance(event, str):
            line = " ".join(line.strip(SPACE) for line in source.split("\n") if line)
            kind = event.get("type")
            event = (f"event: {kind}\n" if kind else "") + f"data: {line}\n\n"
        event = event.encode()
        stream += b"%x\r\n%s\r\n" % (len(event), event)
    return stream if answer.get("isCut") else stream + b"0\r\n\r\n"


def serve(golden, peer):
    """The upstream's side of a call: a `Peer` of upstreams.py whose client opened a tunnel."""
    assert peer.request.startswith(b"CONNECT "), peer.request
    peer.send(b"HTTP/1.1 200 Connected\r\n\r\n")
    peer.request = b""
    if not peer.read_request():
        return
    peer.send(golden.answer)
    if golden.leaves_after:
        peer.wait_until_closed()


def call(gateway, golden):
    """Makes the call in a trace of its own, whose id it answers."""
    parent, trace_id, _ = new_trace()
    headers = {
        "Host": "gateway.test",
        "Content-Type": "application/json",
        "traceparent": parent,
        **golden.headers,
        "Content-Length": str(len(golden.body)),
        "Connection": "close",
    }
    lines = [f"POST {golden.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode() + golden.body
    received = b""
    with socket.create_connection(("127.0.0.1", urlsplit(gateway.url).port), 60) as client:
        client.sendall(request)
        try:
            while piece := client.recv(65536):
                received += piece
                if golden.leaves_after and golden.leaves_after.encode() in received:
                    # A reset, not an end.
                    linger = struct.pack("ii", 1, 0)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    break
        except ConnectionResetError:  # a cut answer
            pass
    assert received, golden.name
    return trace_id


def of_golden(span, golden):
    """The attributes of a received span in the form of goldens: times as `<double>` where the
    golden has that, messages as JSON."""
    found = {}
    for name, value in span.attributes.items():
        wanted = golden.span["attributes"].get(name)
        if wanted == "<double>" and isinstance(value, float) and value >= 0:
            value = wanted
        elif wanted == "<id>" and value.startswith("req_"):
            value = wanted
        elif name in CONTENT:
            value = json.loads(value)
        found[name] = value
    return found
