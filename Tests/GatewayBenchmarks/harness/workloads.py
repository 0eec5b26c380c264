"""The requests that are measured."""

import json
import os

CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"


class Workload:
    def __init__(self, directory, name, title, path, body):
        self.name, self.title, self.path = name, title, path
        self.body_file = os.path.join(directory, name + ".json")
        with open(self.body_file, "wb") as file:
            file.write(body)


def chat_body(size, **fields):
    """A chat of exactly `size` bytes: a system message, then turns of about 800 bytes."""
    sentence = 'Where do swifts sleep?\nOne says: "on the wing". Answer in one paragraph, please. '
    messages = [{"role": "system", "content": "You are a careful ornithologist."}]
    body = {"model": "gpt-4o-mini", "messages": messages, "temperature": 0.2} | fields

    def encoded():
        return json.dumps(body, separators=(",", ":")).encode()

    while size - len(encoded()) > 1600:
        role = "user" if len(messages) % 2 else "assistant"
        messages.append({"role": role, "content": sentence * 9})
    messages.append({"role": "user", "content": ""})
    text = sentence * 20
    while len(encoded()) < size:
        missing = size - len(encoded())
        taken = messages[-1]["content"]
        messages[-1]["content"] = taken + (text[: missing // 2] if missing > 1 else "x")
    if len(encoded()) > size:
        raise ValueError(f"a chat of {size} bytes became {len(encoded())}")
    return encoded()


def all_workloads(directory):
    """By name. The plain ones are measured as CPU a request, the streams as CPU a chunk."""
    embed = {"model": "text-embedding-3-small", "input": "The common swift spends most of its life"}
    found = [
        Workload(directory, "chat-1k", "1 KB chat", CHAT, chat_body(1024)),
        Workload(directory, "chat-10k", "10 KB chat", CHAT, chat_body(10240)),
        Workload(
            directory, "embeddings", "embeddings, base64", EMBEDDINGS,
            json.dumps(embed | {"encoding_format": "base64"}).encode(),
        ),
        Workload(
            directory, "embeddings-float", "embeddings, floats", EMBEDDINGS,
            json.dumps(embed).encode(),
        ),
        Workload(
            directory, "streams", "200 streams, no usage asked", CHAT,
            chat_body(1024, stream=True),
        ),
        Workload(
            directory, "streams-usage", "200 streams, usage asked", CHAT,
            chat_body(1024, stream=True, stream_options={"include_usage": True}),
        ),
    ]
    return {workload.name: workload for workload in found}
