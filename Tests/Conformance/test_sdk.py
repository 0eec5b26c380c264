"""The unmodified OpenAI SDK, through the gateway."""

import base64
import json
import struct
from http.client import IncompleteRead

import openai
import pytest
from programs import Client, free_port

HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather at a place.",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
    },
}


def test_chat(gateway):
    answer, span = gateway.span_of_call(
        lambda headers: gateway.sdk().chat.completions.create(
            model="mock-gpt", messages=HELLO, temperature=0, seed=0, extra_headers=headers
        )
    )
    assert answer.choices[0].message.content
    assert span["gen_ai.usage.input_tokens"] == answer.usage.prompt_tokens
    assert span["gen_ai.usage.output_tokens"] == answer.usage.completion_tokens
    assert span["gen_ai.response.id"] == answer.id
    assert span["gen_ai.response.finish_reasons"] == ["stop"]
    assert span["gen_ai.request.temperature"] == 0.0 and span["gen_ai.request.seed"] == 0


def test_base_url_without_version(gateway):
    client = gateway.sdk(base_url=gateway.url)
    assert client.chat.completions.create(model="mock-gpt", messages=HELLO).choices


def test_stream_without_usage_asked_for(gateway, mock):
    def call(headers):
        stream = gateway.sdk().chat.completions.create(
            model="mock-gpt", messages=HELLO, stream=True, extra_headers=headers
        )
        return list(stream)

    chunks, span = gateway.span_of_call(call)
    assert "".join(c.choices[0].delta.content or "" for c in chunks)
    assert all(c.choices for c in chunks), "the usage chunk reached a client that did not ask"
    assert all("usage" not in c.model_fields_set for c in chunks)
    assert span["gen_ai.usage.input_tokens"] > 0 and span["gen_ai.usage.output_tokens"] > 0
    assert span["gen_ai.request.stream"] is True
    assert span["gen_ai.response.time_to_first_chunk"] > 0

    body = json.dumps({"model": "mock-gpt", "messages": HELLO, "stream": True})
    direct = Client(mock.url + "/v1").post("/chat/completions", body)
    relayed = gateway.client().post("/chat/completions", body)
    assert relayed.body == direct.body, "not byte for byte what the upstream sends unasked"
    assert relayed.headers["content-type"] == direct.headers["content-type"]


def test_stream_with_usage_asked_for(gateway, mock):
    def call(headers):
        stream = gateway.sdk().chat.completions.create(
            model="mock-gpt",
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
            extra_headers=headers,
        )
        return list(stream)

    chunks, span = gateway.span_of_call(call)
    assert chunks[-1].choices == [] and chunks[-1].usage
    assert span["gen_ai.usage.input_tokens"] == chunks[-1].usage.prompt_tokens
    assert span["gen_ai.usage.output_tokens"] == chunks[-1].usage.completion_tokens

    body = json.dumps(
        {
            "model": "mock-gpt",
            "messages": HELLO,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )
    direct = Client(mock.url + "/v1").post("/chat/completions", body)
    assert gateway.client().post("/chat/completions", body).body == direct.body


def test_tools(gateway):
    answer, span = gateway.span_of_call(
        lambda headers: gateway.sdk().chat.completions.create(
            model="mock-tools", messages=HELLO, tools=[WEATHER], extra_headers=headers
        )
    )
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather" and json.loads(call.function.arguments) is not None
    assert answer.choices[0].finish_reason == "tool_calls"
    assert span["gen_ai.response.finish_reasons"] == ["tool_calls"]


def test_tools_streamed(gateway):
    def call(headers):
        with gateway.sdk().chat.completions.stream(
            model="mock-tools", messages=HELLO, tools=[WEATHER], extra_headers=headers
        ) as stream:
            return stream.get_final_completion()

    answer, span = gateway.span_of_call(call)
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather" and json.loads(call.function.arguments) is not None
    assert span["gen_ai.response.finish_reasons"] == ["tool_calls"]


def test_completions(gateway):
    answer, span = gateway.span_of_call(
        lambda headers: gateway.sdk().completions.create(
            model="mock-gpt", prompt="Once", extra_headers=headers
        )
    )
    assert answer.choices[0].text
    assert span["gen_ai.operation.name"] == "text_completion"
    assert span["gen_ai.usage.output_tokens"] == answer.usage.completion_tokens


def test_embeddings(gateway):
    plain, span = gateway.span_of_call(
        lambda headers: gateway.sdk().embeddings.create(
            model="mock-embedding", input=["a", "b"], encoding_format="float", extra_headers=headers
        )
    )
    assert len(plain.data) == 2 and isinstance(plain.data[0].embedding[0], float)
    assert span["gen_ai.request.encoding_formats"] == ["float"]
    assert span["gen_ai.usage.input_tokens"] == plain.usage.prompt_tokens
    assert "gen_ai.usage.output_tokens" not in span

    packed = gateway.sdk().embeddings.create(
        model="mock-embedding", input=["a", "b"], encoding_format="base64"
    )
    raw = base64.b64decode(packed.data[0].embedding)
    numbers = struct.unpack(f"<{len(raw) // 4}f", raw)
    assert numbers == pytest.approx(plain.data[0].embedding, rel=1e-5)

    # Unasked, the SDK takes base64 and unpacks it.
    default = gateway.sdk().embeddings.create(model="mock-embedding", input=["a", "b"])
    assert default.data[0].embedding == pytest.approx(plain.data[0].embedding, rel=1e-5)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_upstream_errors_arrive_untouched(gateway, mock, status, error, stream):
    request = {"model": f"mock-status-{status}", "messages": HELLO, "stream": stream}
    with pytest.raises(error) as caught:
        gateway.sdk().chat.completions.create(**request)
    direct = Client(mock.url + "/v1").post("/chat/completions", json.dumps(request))
    assert direct.status == status == caught.value.status_code
    assert caught.value.response.content == direct.body
    assert caught.value.response.headers["content-type"] == direct.headers["content-type"]
    assert "x-martlet-error" not in caught.value.response.headers
    assert caught.value.response.headers["x-trace-id"]


def test_stream_cut_upstream_raises(gateway):
    stream = gateway.sdk().chat.completions.create(model="mock-cut", messages=HELLO, stream=True)
    received = []
    with pytest.raises(openai.APIError) as caught:
        for chunk in stream:
            received.append(chunk)
    assert received, "what came before the cut was held back"
    assert not isinstance(caught.value, openai.APIStatusError)


def test_stream_cut_upstream_never_looks_complete(gateway):
    body = json.dumps({"model": "mock-cut", "messages": HELLO, "stream": True})
    response = gateway.client().open("POST", "/chat/completions", body)
    received = b""
    with pytest.raises((IncompleteRead, ConnectionError)):
        while piece := response.read1(65536):
            received += piece
    assert b'data: {"error":' in received
    assert b"[DONE]" not in received


def test_models_and_lists(gateway, recorded, recorder):
    assert [m.id for m in gateway.sdk().models.list()]
    assert recorded.sdk().chat.completions.list(limit=2).data == []
    method, path, headers, _ = recorder.last
    assert (method, path) == ("GET", "/v1/chat/completions?limit=2")
    assert headers["authorization"].startswith("Bearer ")


def test_gateway_errors_are_the_sdks_own(start):
    away = start(f"http://127.0.0.1:{free_port()}/v1")
    with pytest.raises(openai.InternalServerError) as caught:
        away.sdk().chat.completions.create(model="mock-gpt", messages=HELLO)
    assert caught.value.status_code == 502
    assert caught.value.type == "gateway_error"
    assert caught.value.code == "upstream_connect_error"
    assert caught.value.body["trace_id"] == caught.value.response.headers["x-trace-id"]
    assert caught.value.response.headers["x-martlet-error"] == "true"
