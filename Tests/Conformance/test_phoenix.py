"""A real Arize Phoenix takes the traces; what it shows of them is what was sent."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import LOGS
from programs import Client, free_port, new_trace
from test_export import experimental
from test_sdk import WEATHER

PYTHON = os.environ.get("MARTLET_PHOENIX")
SERVE = Path(__file__).parent / "phoenix" / "serve.py"
RECIPE = Path(__file__).parents[2] / "config" / "examples" / "receivers" / "phoenix.env"
SAID = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Grüße 👋\n\"quoted\" \\ and\ttabs"},
]
CHAT = {"model": "mock-gpt", "messages": SAID, "temperature": 0, "max_tokens": 64, "seed": 7}
# A trace as its page shows it.
TRACE = """query ($id: String!) { getTraceByOtelId(traceId: $id) {
  ... on Trace { numSpans userId session { sessionId }
    rootSpan { name cumulativeTokenCountPrompt cumulativeTokenCountCompletion } } } }"""

pytestmark = pytest.mark.skipif(not PYTHON, reason="WITHOUT_PHOENIX is set")


class Phoenix:
    """A server of its own in `folder`, on loopback; nothing of its own telemetry leaves it."""

    def __init__(self, folder):
        self.port, self.grpc_port = free_port(), free_port()
        self.log = LOGS / f"phoenix-{self.port}.log"
        settings = {
            "WORKING_DIR": str(folder),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "GRPC_PORT": str(self.grpc_port),
            "TELEMETRY_ENABLED": "false",
            "ALLOW_EXTERNAL_RESOURCES": "false",
            "DISABLE_AGENT_ASSISTANT": "true",
            "ENABLE_MCP_SERVER": "false",
        }
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [PYTHON, str(SERVE)],
                cwd=folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(folder),
                    "TMPDIR": str(folder),
                    **{f"PHOENIX_{name}": value for name, value in settings.items()},
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.url = f"http://127.0.0.1:{self.port}"
        self.grpc_url = f"http://127.0.0.1:{self.grpc_port}"

    def is_ready(self, seconds=400):
        """Whether it came up; false where it ended, as it does when a port was taken meanwhile."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            try:
                if Client(self.url, timeout=60).get("/healthz").status == 200:
                    return True
            except OSError:
                pass
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)
        return False

    def output(self):
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, path):
        response = Client(self.url, timeout=120).get(path)
        assert response.status in (200, 404), response.body
        return json.loads(response.body) if response.status == 200 else {"data": []}

    def spans(self, project, trace_id, count, seconds=120):
        """The spans of a trace by their ids, once there are `count`."""
        deadline = time.monotonic() + seconds
        path = f"/v1/projects/{project}/spans?limit=1000&trace_id={trace_id}"
        while len(found := self.ask(path)["data"]) < count:
            assert time.monotonic() < deadline, f"{len(found)} spans: {self.output()}"
            time.sleep(0.05)
        assert len(found) == count
        return {span["context"]["span_id"]: span for span in found}

    def page_of(self, trace_id):
        """What the page of a trace says."""
        body = json.dumps({"query": TRACE, "variables": {"id": trace_id}})
        response = Client(self.url, timeout=120).post("/graphql", body)
        answer = json.loads(response.body)
        assert "errors" not in answer, answer
        return answer["data"]["getTraceByOtelId"]


@pytest.fixture(scope="module")
def phoenix(tmp_path_factory):
    LOGS.mkdir(parents=True, exist_ok=True)
    for _ in range(3):
        server = Phoenix(tmp_path_factory.mktemp("phoenix"))
        try:
            if server.is_ready():
                yield server
                return
        finally:
            server.stop()
    raise AssertionError(server.output())


@pytest.fixture(
    scope="module",
    params=["http/protobuf", "http/protobuf gzip", "grpc", "grpc gzip"],
)
def pushed(request, start, mock, new_sink, phoenix):
    """The project, and a gateway that exports to Phoenix by that protocol, and the same to a
    sink."""
    protocol, _, compression = request.param.partition(" ")
    project = request.param.replace("/", "-").replace(" ", "-")
    url = phoenix.grpc_url if protocol == "grpc" else phoenix.url
    sink = new_sink()
    recipe = dict(
        line.split("=", 1)
        for line in RECIPE.read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert recipe["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://localhost:6006"
    assert recipe["OTEL_RESOURCE_ATTRIBUTES"] == "openinference.project.name=martlet"
    gateway = start(
        mock.url + "/v1",
        sink,
        **{
            **experimental(sink),
            **recipe,
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_COMPRESSION": compression or "none",
            "OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={project}",
        },
    )
    yield project, gateway
    found = gateway.accounting_at_rest()
    assert found["lost"] == 0 and found["exported"] == 2 * len(sink.spans), found
    gateway.program.stop()


def nanoseconds(text):
    """A time of Phoenix, which keeps microseconds."""
    seconds = time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    micros = text[19:].removesuffix("+00:00").removeprefix(".").ljust(6, "0")
    return int((time.mktime(seconds) - time.timezone)) * 10**9 + int(micros) * 1000


def shown(pushed, phoenix, path, body, status=200, headers=()):
    """Makes a call; answers its response, and the attributes of its GenAI span in Phoenix, after
    all its spans there were held against those of the sink."""
    project, gateway = pushed
    parent, trace_id, caller = new_trace()
    body = json.dumps(body, ensure_ascii=False).encode()
    response = gateway.client().post(path, body, {"traceparent": parent, **dict(headers)})
    assert response.status == status
    sent = gateway.sink.trace(trace_id)
    found = phoenix.spans(project, trace_id, len(sent))
    assert len(sent) == 3
    for span in sent:
        there = found[span.span_id]
        assert there["name"] == span.name
        assert there["parent_id"] == span.parent_id
        assert there["status_code"] == span.status
        assert there["status_message"] == span.status_message
        assert abs(nanoseconds(there["start_time"]) - span.start) < 2000
        assert abs(nanoseconds(there["end_time"]) - span.end) < 2000
        attributes = there["attributes"]
        for name, value in span.attributes.items():
            assert attributes[name] == value and type(attributes[name]) is type(value), name
        assert [e["name"] for e in there["events"]] == [name for name, _ in span.events]
    server, genai, attempt = sent
    assert server.parent_id == caller and genai.parent_id == server.span_id
    assert attempt.parent_id == genai.span_id
    page = phoenix.page_of(trace_id)
    assert page["numSpans"] == 3 and page["rootSpan"]["name"] == server.name
    if found[genai.span_id]["span_kind"] == "LLM":  # it adds up the tokens of those
        for field, name in (("Prompt", "input"), ("Completion", "output")):
            total = page["rootSpan"][f"cumulativeTokenCount{field}"]
            assert total == genai.attributes.get(f"gen_ai.usage.{name}_tokens", 0)
    return response, found[genai.span_id], page


def messages(span, direction):
    """The messages that Phoenix shows: (role, text), or a tool call's name and arguments."""
    found = []
    attributes = span["attributes"]
    front = f"llm.{direction}_messages"
    while (role := attributes.get(f"{front}.{len(found)}.message.role")) is not None:
        start = f"{front}.{len(found)}.message"
        call = f"{start}.tool_calls.0.tool_call.function"
        if f"{call}.name" in attributes:
            found.append((role, attributes[f"{call}.name"], attributes[f"{call}.arguments"]))
        else:
            found.append((role, attributes.get(f"{start}.content")))
    return found


def tokens(span):
    counts = {
        name: value
        for name, value in span["attributes"].items()
        if name.startswith("llm.token_count.")
    }
    return tuple(
        counts.get(f"llm.token_count.{kind}") for kind in ("prompt", "completion", "total")
    )


def used(answer):
    usage = answer["usage"]
    return usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]


INPUT = [("system", "Be brief."), ("user", SAID[1]["content"])]


def test_chat(pushed, phoenix):
    response, span, _ = shown(pushed, phoenix, "/chat/completions", CHAT)
    answer = json.loads(response.body)
    assert span["name"] == "chat mock-gpt" and span["span_kind"] == "LLM"
    assert tokens(span) == used(answer)
    assert messages(span, "input") == INPUT
    said = answer["choices"][0]["message"]["content"]
    assert messages(span, "output") == [("assistant", said)]
    attributes = span["attributes"]
    assert attributes["llm.model_name"] == "mock-gpt"
    assert attributes["llm.provider"] == attributes["llm.system"] == "openai"
    assert attributes["llm.finish_reason"] == "stop"
    parameters = json.loads(attributes["llm.invocation_parameters"])
    assert parameters == {"temperature": 0.0, "max_tokens": 64, "seed": 7}
    assert json.loads(attributes["output.value"])["id"] == answer["id"]


def test_stream(pushed, phoenix):
    response, span, _ = shown(
        pushed, phoenix, "/chat/completions", {**CHAT, "stream": True}
    )
    chunks = [
        json.loads(line[6:])
        for line in response.body.decode().splitlines()
        if line.startswith("data: {")
    ]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks)
    assert text and messages(span, "output") == [("assistant", text)]
    assert messages(span, "input") == INPUT
    counts = tokens(span)
    assert all(counts) and counts[0] + counts[1] == counts[2]


def test_tools(pushed, phoenix):
    body = {**CHAT, "model": "mock-tools", "tools": [WEATHER]}
    response, span, _ = shown(pushed, phoenix, "/chat/completions", body)
    answer = json.loads(response.body)
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    ((role, name, arguments),) = messages(span, "output")
    assert (role, name) == ("assistant", "get_weather")
    assert json.loads(arguments) == json.loads(call["function"]["arguments"])
    assert json.loads(span["attributes"]["llm.tools.0.tool.json_schema"]) == WEATHER
    assert tokens(span) == used(answer)


def test_completion(pushed, phoenix):
    response, span, _ = shown(
        pushed, phoenix, "/completions", {"model": "mock-gpt", "prompt": "Once"}
    )
    answer = json.loads(response.body)
    assert span["name"] == "text_completion mock-gpt" and span["span_kind"] == "LLM"
    assert messages(span, "input") == [("user", "Once")]
    assert messages(span, "output") == [("assistant", answer["choices"][0]["text"])]
    assert tokens(span) == used(answer)


def test_responses(pushed, phoenix):
    body = {"model": "mock-gpt", "instructions": "Be brief.", "input": "Hello"}
    response, span, _ = shown(pushed, phoenix, "/responses", body)
    answer = json.loads(response.body)
    assert span["name"] == "chat mock-gpt" and span["span_kind"] == "LLM"
    assert messages(span, "input") == [("system", "Be brief."), ("user", "Hello")]
    (said,) = [
        part["text"]
        for item in answer["output"]
        for part in item.get("content", ())
        if part["type"] == "output_text"
    ]
    assert messages(span, "output") == [("assistant", said)]
    usage = answer["usage"]
    assert tokens(span)[:2] == (usage["input_tokens"], usage["output_tokens"])


def test_embeddings(pushed, phoenix):
    body = {"model": "mock-embedding", "input": "a", "dimensions": 8}
    response, span, _ = shown(pushed, phoenix, "/embeddings", body)
    assert span["name"] == "embeddings mock-embedding" and span["span_kind"] == "EMBEDDING"
    assert span["attributes"]["embedding.model_name"] == "mock-embedding"
    assert tokens(span)[0] == json.loads(response.body)["usage"]["prompt_tokens"]


def test_an_error(pushed, phoenix):
    body = {**CHAT, "model": "mock-status-429"}
    response, span, _ = shown(pushed, phoenix, "/chat/completions", body, status=429)
    assert span["status_code"] == "ERROR"
    assert span["status_message"] == json.loads(response.body)["error"]["message"]
    assert span["attributes"]["error.type"] == "rate_limit_exceeded"
    assert messages(span, "input") == INPUT and messages(span, "output") == []


def test_session_and_user(pushed, phoenix):
    headers = {"baggage": "gen_ai.conversation.id=talk-1,user.id=ann"}
    _, span, page = shown(pushed, phoenix, "/chat/completions", CHAT, headers=headers)
    assert span["attributes"]["session.id"] == "talk-1"
    assert span["attributes"]["user.id"] == "ann"
    assert page["session"]["sessionId"] == "talk-1" and page["userId"] == "ann"


def test_an_unreadable_encoding_is_refused_in_words(start, mock, new_sink, phoenix):
    """Phoenix takes protobuf alone: 415 for JSON, which the gateway says once and how to mend."""
    sink = new_sink()
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_EXPORTER_OTLP_ENDPOINT=None,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=phoenix.url + "/v1/traces",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/json",
        OTEL_METRICS_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
    )
    assert gateway.client().post("/chat/completions", json.dumps(CHAT)).status == 200
    found = gateway.accounting_at_rest()
    assert found["lost"] == found["accepted"] == 3
    gateway.program.stop()
    output = gateway.program.output()
    assert output.count("status=415") == 1
    assert "OTEL_EXPORTER_OTLP_PROTOCOL" in output
