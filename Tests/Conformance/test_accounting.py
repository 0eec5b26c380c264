"""Every span is accounted for on /metrics, whatever the collector does."""

import time

import pytest
from programs import free_port
from test_export import ask, experimental

FAST = {"OTEL_BSP_EXPORT_TIMEOUT": "1500", "OTEL_EXPORTER_OTLP_TIMEOUT": "1000"}


def balanced(gateway, seconds=20, **wanted):
    """The accounting at rest, which must balance, agree with the sink, and hold `wanted`."""
    found = gateway.accounting_at_rest(seconds)
    assert found["exported"] == len(gateway.sink.spans) - gateway.sink.rejected, found
    for name, value in wanted.items():
        assert found.get(name) == value, found
    return found


def test_all_is_exported(start, mock):
    gateway = start(mock.url + "/v1")
    for _ in range(50):
        ask(gateway)
    balanced(gateway, accepted=150, exported=150, lost=0)


def test_a_collector_that_is_away(start, mock):
    away = f"http://127.0.0.1:{free_port()}"
    gateway = start(mock.url + "/v1", OTEL_EXPORTER_OTLP_ENDPOINT=away, **FAST)
    begun = time.monotonic()
    for _ in range(20):
        ask(gateway)
    assert time.monotonic() - begun < 60, "the export delayed requests"
    balanced(gateway, accepted=60, exported=0, retries_exhausted=60)
    ready = gateway.client_at_root().get("/readyz")
    assert ready.status == 200 and b"degraded" in ready.body
    assert away not in gateway.program.output().split("traces go", 1)[0]


def test_a_full_queue_drops_and_counts(start, mock, new_sink):
    sink = new_sink()
    sink.delay = 1.0
    gateway = start(
        mock.url + "/v1",
        sink,
        OTEL_BSP_MAX_QUEUE_SIZE="30",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="15",
    )
    for _ in range(60):
        ask(gateway)
    sink.delay = 0.0
    found = balanced(gateway, accepted=180)
    assert found["queue_full"] > 0 and found["exported"] > 0


def test_a_slow_collector_loses_nothing(start, mock, new_sink):
    sink = new_sink()
    sink.delay = 0.4
    gateway = start(mock.url + "/v1", sink)
    for _ in range(30):
        ask(gateway)
    balanced(gateway, accepted=90, exported=90, lost=0)


def test_retry_after_is_honoured(start, mock, new_sink):
    sink = new_sink()
    sink.refusals = [(429, {"retry-after": "2"})]
    gateway = start(mock.url + "/v1", sink)
    begun = time.monotonic()
    ask(gateway)
    balanced(gateway, accepted=3, exported=3, lost=0)
    assert time.monotonic() - begun >= 2.0
    assert len(sink.requests) == 2


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, "refused"),
        (401, "unauthorized"),
        (403, "unauthorized"),
        (404, "refused"),
        (500, "refused"),
    ],
)
def test_what_must_not_be_retried_is_lost(start, mock, new_sink, code, reason):
    sink = new_sink()
    sink.refusals = [code]
    gateway = start(mock.url + "/v1", sink)
    ask(gateway)
    balanced(gateway, accepted=3, exported=0, **{reason: 3})
    assert len(sink.requests) == 1


def test_partial_success_is_counted_and_not_retried(start, mock, new_sink):
    sink = new_sink()
    sink.rejected_spans = 2
    gateway = start(mock.url + "/v1", sink)
    ask(gateway)
    balanced(gateway, accepted=3, exported=1, rejected=2)
    assert len(sink.requests) == 1
    assert "too old" in gateway.program.output()


def test_a_body_too_large_is_split_and_loses_its_content_last(start, mock, new_sink):
    sink = new_sink()
    sink.bytes_max = 2_000
    gateway = start(mock.url + "/v1", sink, **experimental(sink))
    for _ in range(5):
        ask(gateway)
    found = balanced(gateway, accepted=15, exported=15, lost=0)
    assert found["exported"] == 15 and len(sink.requests) > 5
