"""Answers that are given again, as the unmodified OpenAI SDK sees them, and their traces."""

import json
import subprocess
import threading
import time

import openai
import pytest
from programs import Client, free_port
from semconv import by_both_registries, judge
from test_sdk import HELLO, WEATHER

# What an answer has of its own time or call.
SECRET = {"MARTLET_SECRET": "of-this-test"}


class Redis:
    """A real server, which ends with the test."""

    def __init__(self, directory):
        self.port = free_port()
        self.directory = directory
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            [
                "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--dir", str(self.directory),
            ],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while self.cli("PING") != "PONG":
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def cli(self, *arguments):
        done = subprocess.run(
            ["redis-cli", "-p", str(self.port), *arguments], capture_output=True, text=True,
            check=False,
        )
        return done.stdout.strip()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module", params=["memory", "redis", "tiered"])
def caching(request, start, mock, redis):
    """A gateway with each kind of store; in Redis, other tests' entries are of other secrets."""
    return start(
        mock.url + "/v1", MARTLET_CACHE_STORE=request.param, REDIS_URL=redis.url,
        MARTLET_CACHE_REDIS_BUDGET="2s",
    )


def statuses(client):
    """The values of `x-martlet-cache` in the order of the calls of `client`."""
    found = []
    client._client.event_hooks["response"].append(
        lambda response: found.append(response.headers["x-martlet-cache"])
    )
    return found




def text(chunks):
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def test_a_chat_is_the_same_again(caching):
    client = caching.sdk()
    seen = statuses(client)
    answers = [
        client.chat.completions.create(model="mock-gpt", messages=HELLO, seed=1)
        for _ in range(2)
    ]
    assert seen == ["miss", "hit"]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("model", ["mock-gpt", "mock-reasoning", "mock-refusal", "mock-tools"])
@pytest.mark.parametrize("first", ["plain", "stream"])
def test_one_entry_serves_both_shapes(caching, model, first):
    client = caching.sdk()
    seen = statuses(client)
    call = {
        "model": model, "seed": 2 if first == "plain" else 3, "n": 2,
        "messages": [{"role": "user", "content": "What is the weather in Basel?"}],
    }
    if model == "mock-tools":
        call["tools"] = [WEATHER]

    def plain():
        return client.chat.completions.create(**call)

    def stream():
        manager = client.chat.completions.stream(**call, stream_options={"include_usage": True})
        with manager as events:
            for _ in events:
                pass
            return events.get_final_completion()

    order = (plain, stream, plain) if first == "plain" else (stream, plain, stream)
    answers = [make() for make in order]
    assert seen == ["miss", "hit", "hit"]
    base = answers[0]
    for other in answers[1:]:
        assert other.id == base.id and other.model == base.model
        assert other.usage.total_tokens == base.usage.total_tokens
        for mine, theirs in zip(base.choices, other.choices, strict=True):
            assert mine.finish_reason == theirs.finish_reason
            assert (mine.message.content or None) == (theirs.message.content or None)
            assert (mine.message.refusal or None) == (theirs.message.refusal or None)
            assert [
                (c.function.name, json.loads(c.function.arguments))
                for c in mine.message.tool_calls or []
            ] == [
                (c.function.name, json.loads(c.function.arguments))
                for c in theirs.message.tool_calls or []
            ]


def test_a_replayed_stream_has_usage_only_where_it_was_asked_for(caching):
    client = caching.sdk()
    call = {"model": "mock-gpt", "messages": HELLO, "seed": 4, "stream": True}
    live = list(client.chat.completions.create(**call))
    seen = statuses(client)
    again = list(client.chat.completions.create(**call))
    asked = list(client.chat.completions.create(**call, stream_options={"include_usage": True}))
    assert seen == ["hit", "hit"]
    assert text(live) == text(again) == text(asked)
    assert again[0].choices[0].delta.role == "assistant"
    assert all(c.choices for c in again)
    assert all("usage" not in c.model_fields_set for c in again)
    assert asked[-1].choices == [] and asked[-1].usage.total_tokens > 0


def test_completions_and_responses(caching):
    client = caching.sdk()
    seen = statuses(client)
    for _ in range(2):
        client.completions.create(model="mock-gpt", prompt="Once", seed=5)
    pieces = list(client.completions.create(model="mock-gpt", prompt="Once", seed=5, stream=True))
    assert pieces[-1].choices[0].finish_reason
    answers = [
        client.responses.create(model="mock-gpt", input="Hello", store=False) for _ in range(2)
    ]
    assert answers[0].output_text == answers[1].output_text != ""
    with client.responses.stream(model="mock-gpt", input="Hello", store=False) as events:
        for _ in events:
            pass
        assert events.get_final_response().output_text == answers[0].output_text
    for _ in range(2):
        client.responses.create(model="mock-gpt", input="Hello")
    assert seen == ["miss", "hit", "hit", "miss", "hit", "hit", "bypass", "bypass"]


def test_embeddings(caching):
    client = caching.sdk()
    seen = statuses(client)
    model = "mock-embedding"
    one = client.embeddings.create(model=model, input="one", dimensions=16)
    two = client.embeddings.create(model=model, input=["two"], dimensions=16)
    both = client.embeddings.create(model=model, input=["two", "one"], dimensions=16)
    three = client.embeddings.create(model=model, input=["one", "three", "two"], dimensions=16)
    assert seen == ["miss", "miss", "hit", "miss"]
    assert [d.embedding for d in both.data] == [two.data[0].embedding, one.data[0].embedding]
    assert [d.index for d in three.data] == [0, 1, 2]
    assert three.data[0].embedding == one.data[0].embedding
    assert three.data[2].embedding == two.data[0].embedding
    known = one.usage.prompt_tokens + two.usage.prompt_tokens
    assert both.usage.prompt_tokens == known
    assert three.usage.prompt_tokens > known


def test_litellm_controls(caching, mock):
    client = caching.sdk()
    seen = statuses(client)
    call = {"model": "mock-gpt", "messages": HELLO, "seed": 6}
    client.chat.completions.create(**call, extra_body={"cache": {"no-store": True}})
    client.chat.completions.create(**call, extra_body={"cache": {"ttl": 600}})
    client.chat.completions.create(**call)
    client.chat.completions.create(**call, extra_body={"cache": {"no-cache": True}})
    assert seen[1:] == ["miss", "hit", "refresh"]
    last = json.loads(Client(mock.url).get("/mock/requests").body)
    assert "cache" not in json.dumps(last["requests"][-1] if isinstance(last, dict) else last[-1])
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**call, extra_body={"cache": {"ttl": "long"}})
    assert refused.value.param == "cache.ttl"


def test_1000_equal_streams_are_one_call(start, recorder_of_streams):
    gateway = start(
        recorder_of_streams.url, MARTLET_CACHE_STORE="memory", MARTLET_WORKERS="2",
        OTEL_TRACES_EXPORTER="none", OTEL_EXPORTER_OTLP_ENDPOINT=None,
    )
    body = json.dumps({"model": "m", "messages": HELLO, "stream": True})
    headers = {"authorization": "Bearer sk-one", "content-type": "application/json"}
    found, failures = [], []

    def call():
        try:
            found.append(Client(gateway.url + "/v1").request(
                "POST", "/chat/completions", body, headers
            ))
        except Exception as error:  # shown by the test
            failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures, failures[:3]
    assert len(found) == 1000
    assert {answer.status for answer in found} == {200}
    shared = {a.body for a in found if a.headers["x-martlet-cache"] != "hit"}
    assert len(shared) == 1
    assert {said(answer.body) for answer in found} == {said(shared.pop())}
    assert recorder_of_streams.calls == 1
    kinds = [answer.headers["x-martlet-cache"] for answer in found]
    assert kinds.count("miss") == 1 and set(kinds) <= {"miss", "coalesced", "hit"}


def said(body):
    """The text of a stream's deltas; one that came late is a replay, with fewer of them."""
    lines = [line[6:] for line in body.decode().split("\n") if line.startswith("data: {")]
    choices = [c for line in lines for c in json.loads(line)["choices"]]
    return "".join(c["delta"].get("content") or "" for c in choices)


@pytest.fixture
def recorder_of_streams():
    """An upstream that streams for two seconds."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.server.calls += 1
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for index in range(40):
                self.chunk(delta({"content": f"{index} "}))
                time.sleep(0.05)
            self.chunk(delta({}, "stop"))
            self.chunk(usage())
            self.chunk(b"data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")

        def chunk(self, data):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.calls = 0
    server.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def usage():
    value = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 40, "total_tokens": 41},
    }
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def delta(content, reason=None):
    value = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": content, "finish_reason": reason}],
    }
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def test_redis_under_load_dies_and_comes_back(start, mock, tmp_path):
    """No request fails; hits resume."""
    server = Redis(tmp_path)
    gateway = start(mock.url + "/v1", REDIS_URL=server.url, **SECRET)
    headers = {"authorization": "Bearer sk-one", "content-type": "application/json"}
    stop = threading.Event()
    found, failures = [], []

    def load(thread):
        client = Client(gateway.url + "/v1")
        number = 0
        while not stop.is_set():
            number += 1
            body = json.dumps({
                "model": "mock-gpt",
                "messages": [{"role": "user", "content": f"{thread} {number % 20}"}],
            })
            start = time.monotonic()
            try:
                answer = client.request("POST", "/chat/completions", body, headers)
            except Exception as error:  # shown by the test
                failures.append(error)
                return
            kind = answer.headers["x-martlet-cache"]
            found.append((start, time.monotonic() - start, answer.status, kind))

    threads = [threading.Thread(target=load, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: any(kind == "hit" for *_, kind in found))
        server.stop()
        gone = time.monotonic()
        wait_for(lambda: sum(1 for at, *_, kind in found if at > gone) > 500)
        server.start()
        back = time.monotonic()
        wait_for(lambda: any(at > back and kind == "hit" for at, *_, kind in found))
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
        server.stop()
    assert not failures, failures[:3]
    assert {status for _, _, status, _ in found} == {200}
    assert any(gone < at < back and kind == "error" for at, *_, kind in found)
    resumed = min(at for at, *_, kind in found if at > back and kind == "hit") - back
    slow = sorted(took for at, took, *_ in found if gone < at < back)
    print(f"p99 while Redis was away {slow[int(len(slow) * 0.99)] * 1000:.1f} ms; hits resumed "
          f"after {resumed:.2f} s")


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


@by_both_registries
def test_the_conventions_are_held(start, mock, redis, tmp_path, registry, ignored):
    """Misses, hits and refusals of every kind, judged."""
    gateway = start(
        mock.url + "/v1", MARTLET_CACHE_STORE="redis", REDIS_URL=redis.url,
        MARTLET_CACHE_REDIS_BUDGET="2s",
    )
    client = gateway.sdk()
    for _ in range(2):
        client.chat.completions.create(model="mock-gpt", messages=HELLO)
        list(client.chat.completions.create(model="mock-gpt", messages=HELLO, stream=True))
        client.embeddings.create(model="mock-embedding", input="one")
        client.embeddings.create(model="mock-embedding", input=["one", "two", "three"])
    redis.cli("FLUSHALL")
    redis.cli("CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction")
    try:
        client.chat.completions.create(model="mock-gpt", messages=HELLO, seed=9)
    finally:
        redis.cli("CONFIG", "SET", "maxmemory", "0")
    gateway.accounting_at_rest()
    names = {span.name for span in gateway.sink.spans}
    assert {"cache.lookup", "cache.store", "GET", "SET", "PIPELINE GET"} <= names
    assert any(span.attributes.get("error.type") == "OOM" for span in gateway.sink.spans)
    code, found, complaints = judge([gateway.sink.folder], registry, ignored)
    assert code == 0, found + complaints
