"""What each kind of call leaves in the trace: in outline here, in full in goldens/."""

import json
import time

import pytest
from programs import free_port, new_trace
from test_sdk import HELLO, WEATHER
from trees import hold, outline, tree

CHAT = {"model": "mock-gpt", "messages": HELLO}


def held(name, found, *wanted):
    assert outline(found) == list(wanted)
    hold(name, found)


def post(gateway, body, path="/chat/completions"):
    return gateway.traced("POST", path, json.dumps(body))


def test_plain(gateway):
    body = {**CHAT, "temperature": 0, "top_p": 0.5, "max_tokens": 64, "seed": 7, "stop": "END"}
    response, found = post(gateway, body)
    assert response.status == 200
    held(
        "plain",
        found,
        "POST /v1/chat/completions SERVER UNSET",
        "  chat mock-gpt CLIENT UNSET",
        "    POST CLIENT UNSET",
    )


def test_stream(gateway):
    response, found = post(gateway, {**CHAT, "stream": True})
    assert response.status == 200
    held(
        "stream",
        found,
        "POST /v1/chat/completions SERVER UNSET",
        "  chat mock-gpt CLIENT UNSET",
        "    POST CLIENT UNSET",
    )


def test_tools(gateway):
    response, found = post(gateway, {"model": "mock-tools", "messages": HELLO, "tools": [WEATHER]})
    assert response.status == 200
    held(
        "tools",
        found,
        "POST /v1/chat/completions SERVER UNSET",
        "  chat mock-tools CLIENT UNSET",
        "    POST CLIENT UNSET",
    )


def test_completions(gateway):
    response, found = post(gateway, {"model": "mock-gpt", "prompt": "Once"}, "/completions")
    assert response.status == 200
    held(
        "completions",
        found,
        "POST /v1/completions SERVER UNSET",
        "  text_completion mock-gpt CLIENT UNSET",
        "    POST CLIENT UNSET",
    )


def test_embeddings(gateway):
    body = {"model": "mock-embedding", "input": "a", "dimensions": 8, "encoding_format": "float"}
    response, found = post(gateway, body, "/embeddings")
    assert response.status == 200
    held(
        "embeddings",
        found,
        "POST /v1/embeddings SERVER UNSET",
        "  embeddings mock-embedding CLIENT UNSET",
        "    POST CLIENT UNSET",
    )


def test_models(gateway):
    response, found = gateway.traced("GET", "/models")
    assert response.status == 200
    assert outline(found)[0].endswith(" SERVER UNSET") and len(outline(found)) == 2
    hold("models", found)


def test_upstream_4xx(gateway):
    response, found = post(gateway, {**CHAT, "model": "mock-status-429"})
    assert response.status == 429
    lines = outline(found)
    assert lines[0] == "POST /v1/chat/completions SERVER UNSET"
    assert lines[1].startswith("  chat mock-status-429 CLIENT ERROR ")
    assert lines[2:] == ["    POST CLIENT ERROR 429"]
    hold("4xx", found)


def test_upstream_5xx(gateway):
    response, found = post(gateway, {**CHAT, "model": "mock-status-500"})
    assert response.status == 500
    lines = outline(found)
    assert lines[0] == "POST /v1/chat/completions SERVER ERROR 500"
    assert lines[1].startswith("  chat mock-status-500 CLIENT ERROR ")
    assert lines[2:] == ["    POST CLIENT ERROR 500"]
    hold("5xx", found)


@pytest.fixture(scope="module")
def hasty(start, mock):
    """A gateway that waits a second for the first byte and as long between two."""
    return start(
        mock.url + "/v1", MARTLET_TIMEOUTS_FIRST_BYTE="1s", MARTLET_TIMEOUTS_STREAM_IDLE="1s"
    )


def test_network_loss(start):
    away = start(f"http://127.0.0.1:{free_port()}/v1")
    response, found = post(away, CHAT)
    assert response.status == 502
    assert json.loads(response.body)["error"]["code"] == "upstream_connect_error"
    lines = outline(found)
    assert [line.strip().split(" ")[0] for line in lines] == ["POST", "chat", "POST"]
    assert lines[0] == "POST /v1/chat/completions SERVER ERROR upstream_connect_error"
    assert all(" ERROR " in line for line in lines)
    hold("network-loss", found)


def test_reset_before_the_head(start, mock):
    gateway = start(mock.url + "/v1")
    wanted = [
        "POST /v1/chat/completions SERVER ERROR upstream_closed",
        "  chat mock-reset CLIENT ERROR upstream_closed",
        "    POST CLIENT ERROR upstream_closed",
    ]
    response, found = post(gateway, {**CHAT, "model": "mock-reset"})
    assert response.status == 502
    held("reset", found, *wanted)
    # A kept connection may have been closed while it idled: one more attempt, which is visible.
    assert post(gateway, CHAT)[0].status == 200
    response, found = post(gateway, {**CHAT, "model": "mock-reset"})
    assert response.status == 502 and response.headers["x-martlet-attempts"] == "2"
    held("reset-of-a-kept-connection", found, *wanted, wanted[-1])


def test_timeout(hasty):
    response, found = post(hasty, {**CHAT, "model": "mock-hang"})
    assert response.status == 504
    assert json.loads(response.body)["error"]["code"] == "upstream_timeout"
    lines = outline(found)
    assert len(lines) == 3 and all(" ERROR " in line for line in lines)
    hold("timeout", found)


def interrupted(gateway, model, wait_for):
    """A stream that ends early: what was received, and its trace."""
    parent, trace_id, span_id = new_trace()
    client = gateway.client()
    body = json.dumps({**CHAT, "model": model, "stream": True})
    response = client.open("POST", "/chat/completions", body, {"traceparent": parent})
    received = b""
    try:
        while wait_for is None or received.count(b"\n\n") < wait_for:
            piece = response.read1(65536)
            if not piece:
                break
            received += piece
    except Exception as error:  # a body that does not end cleanly
        received += f"[{type(error).__name__}]".encode()
    response.close()
    client.close()
    return received, tree(gateway.sink.trace(trace_id), span_id)


def test_stream_cut(gateway):
    received, found = interrupted(gateway, "mock-cut", None)
    assert b'data: {"error":' in received and b"[DONE]" not in received
    lines = outline(found)
    assert len(lines) == 3 and " CLIENT ERROR " in lines[1] and " CLIENT ERROR " in lines[2]
    hold("cut", found)


def test_stream_stall(hasty):
    received, found = interrupted(hasty, "mock-stall", None)
    assert b'data: {"error":' in received and b"[DONE]" not in received
    lines = outline(found)
    assert len(lines) == 3 and " CLIENT ERROR " in lines[1] and " CLIENT ERROR " in lines[2]
    hold("stall", found)


def test_client_disconnect(gateway):
    _, found = interrupted(gateway, "mock-stall", 3)
    held(
        "client-disconnect",
        found,
        "POST /v1/chat/completions SERVER UNSET",
        "  chat mock-stall CLIENT ERROR client_disconnected",
        "    POST CLIENT ERROR client_disconnected",
    )


def test_unsampled_parent(recorded, recorder):
    parent, trace_id, span_id = new_trace("00")
    headers = {"traceparent": parent}
    assert recorded.client().post("/chat/completions", json.dumps(CHAT), headers).status == 200
    sent = recorder.last[2]["traceparent"]
    assert span_id not in sent
    post(recorded, CHAT)  # came later, and is there
    time.sleep(0.2)
    spans = [s.name for s in recorded.sink.spans if s.trace_id == trace_id]
    version, trace, _, flags = sent.split("-")
    known = {trace_id: "<the caller's>"}
    hold(
        "unsampled-parent",
        {"spans": spans, "sent on": {"version": version, "trace": known[trace], "flags": flags}},
    )


def test_gateway_refusal(gateway):
    response, found = gateway.traced("POST", "/chat/completions", '{"model": "mock-gpt", ')
    assert response.status == 400
    assert json.loads(response.body)["error"]["code"] == "invalid_json"
    assert len(outline(found)) == 1
    hold("refusal", found)
