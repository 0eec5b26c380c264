"""Plain answers turned into streams and back, read by the models of the OpenAI SDK at their
strictest, and put together by its own accumulation. Tests/ShapeConverter turns them."""

import json
import os
import struct
import subprocess
from pathlib import Path

import httpx
import openai
import pytest
from openai._streaming import SSEDecoder
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from programs import BINARY
from pydantic import TypeAdapter

CONVERTER = Path(os.environ.get("MARTLET_CONVERTER", Path(BINARY).with_name("ShapeConverter")))
LONG = 'Grüezi 🐦 "q" \\ \n' * 500
USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 2,
    "total_tokens": 5,
    "completion_tokens_details": {"reasoning_tokens": 1},
}


def token(text):
    return {"token": text, "bytes": list(text.encode()), "logprob": -0.25, "top_logprobs": []}


def choice(index=0, reason="stop", logprobs=None, **message):
    message = {"role": "assistant", "content": None, "refusal": None, **message}
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": reason}


def call(number, arguments):
    function = {"name": f"f{number}", "arguments": arguments}
    return {"id": f"call_{number}", "type": "function", "function": function}


CHATS = {
    "text": [choice(content="Hello")],
    "empty": [choice(content="")],
    "long": [choice(content=LONG)],
    "choices": [choice(content="a"), choice(1, "length", content=LONG), choice(2, content="c")],
    "tools": [choice(reason="tool_calls", tool_calls=[call(0, '{"a":1}'), call(1, LONG)])],
    "refusal": [choice(refusal="I cannot")],
    "reasoning": [choice(content="a", reasoning_content="hm " * 1000)],
    "function": [choice(reason="function_call", function_call={"name": "f", "arguments": "{}"})],
    "logprobs": [
        choice(content="ab", logprobs={"content": [token("a"), token("🐦")], "refusal": None})
    ],
    "citations": [
        choice(
            content="a",
            annotations=[
                {
                    "type": "url_citation",
                    "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1},
                }
            ],
        )
    ],
}


def chat(choices):
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1750000000,
        "model": "gpt-4o",
        "choices": choices,
        "usage": USAGE,
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


def convert(endpoint, answer):
    data = answer.encode() if isinstance(answer, str) else json.dumps(answer, indent=2).encode()
    done = subprocess.run(
        [CONVERTER, endpoint],
        input=struct.pack("<I", len(data)) + data,
        capture_output=True,
        check=True,
    )
    (length,) = struct.unpack_from("<I", done.stdout)
    assert length == len(done.stdout) - 4
    result = done.stdout[4:].decode()
    assert not result.startswith("!"), result
    return result


def events(stream):
    found = list(SSEDecoder().iter_bytes(iter([stream.encode()])))
    return [(event.event, event.data) for event in found]


def sdk(stream):
    """A client whose every call is answered by `stream`."""
    head = {"content-type": "text/event-stream"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=head, text=stream))
    return openai.OpenAI(api_key="k", http_client=httpx.Client(transport=transport))


def chunks(stream):
    *data, done = [data for _, data in events(stream)]
    assert done == "[DONE]"
    return [ChatCompletionChunk.model_validate_json(chunk, strict=True) for chunk in data]


@pytest.mark.parametrize("name", CHATS)
def test_chat(name):
    plain = chat(CHATS[name])
    expected = ChatCompletion.model_validate_json(json.dumps(plain), strict=True)
    stream = convert("chat", plain)
    read = chunks(stream)
    assert [c.usage for c in read if c.usage] == [expected.usage] and not read[-1].choices
    assert not any(set(c.model_extra) - {"refusal"} for c in read)

    # As the SDK puts the deltas together.
    state = ChatCompletionStreamState()
    for chunk in read:
        state.handle_chunk(chunk)
    final = state.current_completion_snapshot
    for ours, theirs in zip(final.choices, expected.choices, strict=True):
        assert ours.finish_reason == theirs.finish_reason
        assert ours.message.content == (theirs.message.content)
        assert ours.message.refusal == theirs.message.refusal
        assert ours.message.role == theirs.message.role
        assert ours.logprobs == theirs.logprobs
        calls = [t.to_dict() for t in theirs.message.tool_calls or []]
        got = [
            {
                "id": t.id,
                "type": t.type,
                "function": {"name": t.function.name, "arguments": t.function.arguments},
            }
            for t in ours.message.tool_calls or []
        ]
        assert got == calls
        extra = theirs.message.model_extra.get("reasoning_content")
        assert ours.message.model_extra.get("reasoning_content") == extra
    assert final.usage == expected.usage
    assert final.id == expected.id and final.model == expected.model

    with sdk(stream).chat.completions.stream(model="m", messages=[]) as live:
        live.until_done()
        assert live.current_completion_snapshot.to_dict() == final.to_dict()

    # And as this program does.
    assembled = convert("chat", stream)
    assert json.loads(assembled) == plain
    assert ChatCompletion.model_validate_json(assembled, strict=True) == expected


def test_completions():
    logprobs = {
        "tokens": ["a", "b"],
        "token_logprobs": [-1.5, -2.25],
        "top_logprobs": [{"a": -1.5}, {"b": -2.25}],
        "text_offset": [0, 1],
    }
    plain = {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1750000000,
        "model": "gpt-3.5-turbo-instruct",
        "choices": [
            {"text": LONG, "index": 0, "logprobs": None, "finish_reason": "length"},
            {"text": "ab", "index": 1, "logprobs": logprobs, "finish_reason": "stop"},
        ],
        "usage": USAGE,
    }
    expected = Completion.model_validate_json(json.dumps(plain), strict=True)
    stream = convert("completions", plain)
    *data, done = [data for _, data in events(stream)]
    assert done == "[DONE]"
    texts = {0: "", 1: ""}
    for chunk in data:
        raw = json.loads(chunk)
        # The SDK's model is that of the plain answer, in which each choice has its reason.
        for raw_choice in raw["choices"]:
            raw_choice["finish_reason"] = raw_choice["finish_reason"] or "stop"
        for part in Completion.model_validate_json(json.dumps(raw), strict=True).choices:
            texts[part.index] += part.text
    assert texts == {0: LONG, 1: "ab"}
    assembled = convert("completions", stream)
    assert json.loads(assembled) == plain
    assert Completion.model_validate_json(assembled, strict=True) == expected


ITEMS = [
    {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "hm " * 1000}],
    },
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [
            {
                "type": "output_text",
                "text": LONG,
                "annotations": [
                    {
                        "type": "url_citation",
                        "url": "u",
                        "title": "t",
                        "start_index": 0,
                        "end_index": 1,
                    }
                ],
                "logprobs": [],
            },
            {"type": "refusal", "refusal": "no"},
        ],
    },
    {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "f",
        "arguments": '{"a":1}',
        "status": "completed",
    },
    {
        "id": "ct_1",
        "type": "custom_tool_call",
        "call_id": "call_2",
        "name": "g",
        "input": LONG,
    },
]


def test_responses():
    plain = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1750000000.0,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": "gpt-4o",
        "output": ITEMS,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": 3,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 1},
            "total_tokens": 5,
        },
    }
    expected = Response.model_validate_json(json.dumps(plain), strict=True)
    stream = convert("responses", plain)
    adapter = TypeAdapter(ResponseStreamEvent)
    text = ""
    arguments = {}
    read = []
    for number, (name, data) in enumerate(events(stream)):
        event = adapter.validate_json(data, strict=True)
        assert event.type == name and event.sequence_number == number
        # An event of a type that the SDK does not know would have been read as another.
        assert type(event).__name__ != "BaseModel"
        if event.type == "response.output_text.delta":
            text += event.delta
        if event.type.endswith((".arguments.delta", "_arguments.delta", "_input.delta")):
            arguments[event.item_id] = arguments.get(event.item_id, "") + event.delta
        read.append(event)
    assert text == LONG and arguments == {"fc_1": '{"a":1}', "ct_1": LONG}
    assert read[-1].response == expected
    assert [e.item for e in read if e.type == "response.output_item.done"] == expected.output
    with sdk(stream).responses.stream(model="m", input="x") as live:
        final = live.get_final_response()
    assert final.output_text == expected.output_text == LONG
    assert [item.type for item in final.output] == [item["type"] for item in ITEMS]
    assembled = convert("responses", stream)
    assert json.loads(assembled) == plain
    assert Response.model_validate_json(assembled, strict=True) == expected
