"""Start, refusals to start, the doors that are closed by default, and the end."""

import http.client
import json
import signal
import socket
import threading
import time

import openai
import pytest
from programs import Client, free_port, new_trace, run_to_end
from test_sdk import HELLO

CHAT = json.dumps({"model": "mock-gpt", "messages": HELLO})
OWN_KEY = "sk-of-the-process"


def stream_of(gateway, model, headers=()):
    body = json.dumps({"model": model, "messages": HELLO, "stream": True})
    return gateway.client().open("POST", "/chat/completions", body, headers)


def end(gateway, seconds):
    """Waits for the program's end: its exit code, and how long it took."""
    begun = time.monotonic()
    return gateway.program.process.wait(seconds), time.monotonic() - begun


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_open_streams_finish_and_spans_are_flushed(start, mock, name):
    gateway = start(mock.url + "/v1", OTEL_BSP_SCHEDULE_DELAY="60000")
    parent, trace_id, _ = new_trace()
    response = stream_of(gateway, "mock-slow-100", {"traceparent": parent})
    received = response.read1(65536)
    idle = gateway.client()
    idle.get("/models")
    gateway.program.process.send_signal(getattr(signal, name))
    while piece := response.read1(65536):
        received += piece
    assert received.endswith(b"data: [DONE]\n\n")
    code, seconds = end(gateway, 60)
    assert code == 0 and seconds < 20  # far from the drain time
    assert len(gateway.sink.trace(trace_id)) == 3
    with pytest.raises(OSError):
        Client(gateway.url).get("/healthz")


def test_readiness_goes_first(start, mock):
    gateway = start(mock.url + "/v1", MARTLET_SHUTDOWN_DELAY="5s")
    gateway.program.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    ready = gateway.client_at_root().get("/readyz")
    assert ready.status == 503 and b"draining" in ready.body
    assert gateway.client_at_root().get("/healthz").status == 200
    answer = gateway.client().post("/chat/completions", CHAT)
    assert answer.status == 200 and answer.headers["connection"] == "close"
    assert end(gateway, 60)[0] == 0


@pytest.mark.parametrize("delay", ["0s", "60s"])
def test_a_second_signal_ends_it_now(start, mock, delay):
    gateway = start(mock.url + "/v1", MARTLET_SHUTDOWN_DELAY=delay)
    parent, trace_id, _ = new_trace()
    response = stream_of(gateway, "mock-stall", {"traceparent": parent})
    assert response.read1(65536)
    gateway.program.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert gateway.program.process.poll() is None, "it did not wait for the stream"
    gateway.program.process.send_signal(signal.SIGTERM)
    code, seconds = end(gateway, 60)
    assert code == 0 and seconds < 20  # far from the drain time
    assert len(gateway.sink.trace(trace_id)) == 3
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()


def test_the_drain_time_is_a_limit(start, mock):
    gateway = start(mock.url + "/v1", MARTLET_SHUTDOWN_DRAIN="500ms")
    response = stream_of(gateway, "mock-stall")
    assert response.read1(65536)
    gateway.program.process.send_signal(signal.SIGTERM)
    code, seconds = end(gateway, 60)
    assert code == 0 and 0.4 < seconds < 20


def test_a_collector_that_is_away_does_not_hold_the_end_up(start, mock):
    gateway = start(
        mock.url + "/v1", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}"
    )
    gateway.client().post("/chat/completions", CHAT)
    gateway.program.process.send_signal(signal.SIGTERM)
    code, seconds = end(gateway, 60)
    assert code == 0 and seconds < 20


class SilentCollector:
    """Accepts connections and reads what comes, and never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.has_received = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self.read, args=(peer,), daemon=True).start()

    def read(self, peer):
        with peer:
            while peer.recv(65536):
                self.has_received.set()


# What an export takes that nobody cuts short, and the words of the one who does.
EXPORT_SECONDS = 40
GIVEN_UP = "the time to send the last telemetry is over"


@pytest.fixture
def exporting(start, mock):
    """A gateway whose collector has a batch and does not answer."""
    collector = SilentCollector()
    gateway = start(
        mock.url + "/v1",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_EXPORTER_OTLP_TIMEOUT=str(EXPORT_SECONDS * 1000),
        OTEL_BSP_EXPORT_TIMEOUT=str(EXPORT_SECONDS * 1000),
        OTEL_METRICS_EXPORTER="none",
    )
    gateway.client().post("/chat/completions", CHAT)
    assert collector.has_received.wait(30)
    return gateway


def test_a_collector_that_never_answers_does_not_hold_the_end_up(exporting):
    exporting.program.process.send_signal(signal.SIGTERM)
    code, seconds = end(exporting, 60)
    assert code == 0 and seconds < EXPORT_SECONDS - 10
    assert GIVEN_UP in exporting.program.output()


def test_a_second_signal_does_not_wait_for_the_collector(exporting):
    process = exporting.program.process
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    deadline = begun + EXPORT_SECONDS - 10
    while "no request is left" not in exporting.program.output():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # More than one: the first may come before anybody listens for it.
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
    assert end(exporting, 60)[0] == 0
    assert time.monotonic() - begun < EXPORT_SECONDS - 10
    assert GIVEN_UP not in exporting.program.output(), "it waited to the end of the time"


def one_sentence(code, output, error, wanted_code, *words):
    assert code == wanted_code, (output, error)
    assert output == ""
    lines = error.strip().split("\n")
    assert len(lines) == 1 and lines[0].startswith("martlet: "), error
    for word in words:
        assert word in lines[0], error


def test_a_taken_port(gateway):
    one_sentence(
        *run_to_end(["serve", "--listen", f"127.0.0.1:{gateway.program.port}"]),
        1,
        f"127.0.0.1:{gateway.program.port}",
        "address already in use",
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--port", "1"], ["--port"]),
        (["sevre"], ["sevre"]),
        (["serve", "--listen"], ["--listen"]),
        (["serve", "extra"], ["extra"]),
        (["mock", "--upstream", "http://x"], ["--upstream"]),
        (["mock", "--listen", "nowhere"], ["nowhere"]),
        (["serve", "--config", "/does/not/exist.yaml"], ["/does/not/exist.yaml"]),
    ],
)
def test_a_wrong_command_line(arguments, words):
    one_sentence(*run_to_end(arguments), 2, *words)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MARTLET_LISTEN", "8787"),
        ("MARTLET_WORKERS", "many"),
        ("MARTLET_UPSTREAM_URL", "ftp://example.com"),
        ("MARTLET_TIMEOUTS_CONNECT", "soon"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value(variable, value):
    code, output, error = run_to_end(["serve"], {variable: value})
    assert code == 2 and output == ""
    assert variable in error and value in error


def test_mistakes_in_a_file_are_told_all_at_once(tmp_path):
    file = tmp_path / "martlet.yaml"
    file.write_text(
        "listener:\n  adress: 127.0.0.1:1\nupstream:\n  url: nonsense\n  url: http://x\n"
        "timeouts:\n  connect: never\nlimits: 7\n"
    )
    code, output, error = run_to_end(["serve", "--config", str(file)])
    assert code == 2 and output == ""
    assert f"{file}:2:3:" in error and "did you mean address?" in error
    assert f"{file}:5:3:" in error and f"{file}:7:12:" in error and f"{file}:8:9:" in error
    assert run_to_end(["check"], {"MARTLET_CONFIG": str(file)})[0] == 2


def test_a_file_is_used_and_the_environment_wins(start, mock, tmp_path):
    file = tmp_path / "martlet.yaml"
    file.write_text("upstream:\n  url: http://127.0.0.1:1\n  provider: groq\n")
    gateway = start(mock.url + "/v1", MARTLET_CONFIG=str(file))
    response, found = gateway.traced("POST", "/chat/completions", CHAT)
    assert response.status == 200
    assert found["children"][0]["attributes"]["gen_ai.provider.name"] == "groq"


def test_check_version_and_help():
    environment = {"OPENAI_API_KEY": OWN_KEY, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}
    code, output, error = run_to_end(["check"], environment)
    assert code == 0 and "127.0.0.1:8787" in output and "https://api.openai.com/v1" in output
    assert "http://c:4317/v1/traces" in output and "without message content" in output
    assert "4317" in error, "no warning about a gRPC port with HTTP"
    assert OWN_KEY not in output + error
    for arguments, word in ((["version"], "martlet 0."), (["--version"], "martlet 0.")):
        code, output, _ = run_to_end(arguments)
        assert code == 0 and output.startswith(word)
    code, output, _ = run_to_end(["--help"])
    assert code == 0 and "usage: martlet" in output


def test_ipv6_and_unix_sockets(start, mock, tmp_path):
    port, path = free_port(), tmp_path / "martlet.sock"
    gateway = start(mock.url + "/v1", MARTLET_LISTEN=f"[::1]:{port},unix:{path},127.0.0.1:{port}")
    gateway.program.port = port
    gateway.program.url = gateway.url = f"http://127.0.0.1:{port}"
    assert gateway.client().post("/chat/completions", CHAT).status == 200
    six = http.client.HTTPConnection("::1", port, timeout=10)
    six.request("POST", "/v1/chat/completions", CHAT, {"content-type": "application/json"})
    assert six.getresponse().status == 200
    by_file = http.client.HTTPConnection("localhost")
    by_file.sock = socket.socket(socket.AF_UNIX)
    by_file.sock.connect(str(path))
    by_file.request("POST", "/v1/chat/completions", CHAT, {"content-type": "application/json"})
    assert by_file.getresponse().status == 200
    code, _, error = run_to_end(["serve", "--listen", f"unix:{path}"])
    assert code == 1 and str(path) in error
    gateway.program.stop()
    assert not path.exists()


def test_client_keys(start, recorder):
    gateway = start(
        recorder.url, MARTLET_API_KEYS="gw-one, gw-two", OPENAI_API_KEY=OWN_KEY
    )

    def ask(headers):
        return gateway.client().post("/chat/completions", CHAT, headers)

    before = len(recorder.requests)
    for headers in ({}, {"authorization": "Bearer gw-three"}, {"authorization": "Basic gw-one"}):
        refused = ask(headers)
        assert refused.status == 401 and "bearer" in refused.headers["www-authenticate"].lower()
        assert json.loads(refused.body)["error"]["code"] == "unauthorized"
    with pytest.raises(openai.AuthenticationError):
        gateway.sdk(api_key="gw-three").chat.completions.create(model="m", messages=HELLO)
    assert len(recorder.requests) == before, "a stranger's request reached the provider"
    for headers in ({"authorization": "Bearer gw-one"}, {"authorization": "bearer gw-two"}):
        assert ask(headers).status == 200
        assert recorder.last[2]["authorization"] == f"Bearer {OWN_KEY}"
        assert "gw-" not in json.dumps(recorder.last[2])
    # With client keys anybody may come from anywhere.
    far = {"authorization": "Bearer gw-one", "origin": "https://example.com", "host": "llm.test"}
    assert ask(far).status == 200
    assert OWN_KEY not in gateway.program.output()


def test_keys_from_a_file(start, recorder, tmp_path):
    file = tmp_path / "keys"
    file.write_text("gw-file-1\ngw-file-2\n")
    gateway = start(recorder.url, MARTLET_API_KEYS=f"file:{file}")
    ask = gateway.client().post
    assert ask("/chat/completions", CHAT, {"authorization": "Bearer gw-file-2"}).status == 200
    assert "authorization" not in recorder.last[2], "a gateway key went to the provider"
    assert ask("/chat/completions", CHAT, {"authorization": "Bearer gw-file"}).status == 401


def test_the_processs_key_is_for_this_machine(start, recorder):
    gateway = start(recorder.url, OPENAI_API_KEY=OWN_KEY)

    def ask(**headers):
        return gateway.client().post("/chat/completions", CHAT, headers)

    assert ask().status == 200
    assert recorder.last[2]["authorization"] == f"Bearer {OWN_KEY}"
    assert ask(origin="http://localhost:3000").status == 200
    assert ask(authorization="Bearer sk-mine").status == 200
    assert recorder.last[2]["authorization"] == "Bearer sk-mine", "the caller's own key passes"
    before = len(recorder.requests)
    for headers in (
        {"origin": "https://example.com"},
        {"origin": "null"},
        {"host": "rebound.example.com"},
        {"host": "127.0.0.1.example.com"},
        {"origin": "http://localhost.example.com"},
    ):
        refused = ask(**headers)
        assert refused.status == 403, headers
        assert json.loads(refused.body)["error"]["code"] == "forbidden_origin"
    assert len(recorder.requests) == before


@pytest.mark.parametrize("listen", ["0.0.0.0", "[::]"])
def test_an_open_door_with_a_key_behind_it_is_refused(listen):
    port = free_port()
    environment = {"OPENAI_API_KEY": OWN_KEY, "MARTLET_LISTEN": f"{listen}:{port}"}
    code, output, error = run_to_end(["serve"], environment)
    assert code == 2 and output == ""
    assert "MARTLET_API_KEYS" in error and OWN_KEY not in error


def test_an_open_door_without_a_key_or_with_client_keys_is_fine(start, mock):
    for more in ({}, {"OPENAI_API_KEY": OWN_KEY, "MARTLET_API_KEYS": "gw-1"}):
        port = free_port()
        gateway = start(mock.url + "/v1", MARTLET_LISTEN=f"0.0.0.0:{port}", **more)
        assert gateway.client_at_root().get("/healthz").status == 200


def test_the_start_says_what_runs(start, mock, new_sink):
    sink = new_sink()
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer hidden-token",
        MARTLET_API_KEYS="gw-hidden",
    )
    output = gateway.program.output()
    assert f"{sink.url}/v1/traces" in output and "without message content" in output
    assert f"127.0.0.1:{gateway.program.port}" in output and mock.url in output
    assert "hidden" not in output


def test_many_streams_and_a_signal(start, mock):
    gateway = start(mock.url + "/v1", MARTLET_WORKERS="2")
    results = []

    def run():
        response = stream_of(gateway, "mock-slow-50")
        begun.release()
        results.append(response.read())

    begun = threading.Semaphore(0)
    threads = [threading.Thread(target=run) for _ in range(50)]
    for thread in threads:
        thread.start()
    for _ in threads:
        begun.acquire()
    gateway.program.process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    assert all(result.endswith(b"data: [DONE]\n\n") for result in results)
    assert end(gateway, 60)[0] == 0
    assert sum(s.kind == "SERVER" for s in gateway.sink.spans) == 50
