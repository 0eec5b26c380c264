"""No step of about 40 ms, as Nagle's algorithm and delayed acknowledgements make, on connections
that are used again."""

import json
import statistics
import time

from programs import Client
from test_sdk import HELLO

# Half of the least delayed acknowledgement (40 ms on Linux), above two chunks' distance (10 ms).
STEP = 0.03


def stream_gaps(url, streams=6):
    """Seconds between the pieces of streams that come one after another on one connection."""
    client = Client(url + "/v1")
    body = json.dumps({"model": "mock-slow-10", "messages": HELLO, "stream": True})
    gaps = []
    for number in range(streams):
        last = time.monotonic()
        response = client.open("POST", "/chat/completions", body)
        while response.read1(65536):
            now = time.monotonic()
            if number:  # the first has the connection to set up
                gaps.append(now - last)
            last = now
    client.close()
    return gaps


def late(gaps):
    return sum(gap > STEP for gap in gaps) / len(gaps)


def test_streams_on_reused_connections_have_no_step(gateway, mock):
    for _ in range(3):  # a busy machine is late now and then, Nagle always
        direct, relayed = stream_gaps(mock.url), stream_gaps(gateway.url)
        assert len(relayed) > 20
        if late(relayed) <= late(direct) + 0.05:
            return
    raise AssertionError(f"late: {late(relayed):.0%} of gaps, {late(direct):.0%} without gateway")


def usual_time(url):
    """The median time of requests that come one after another on one connection."""
    client = Client(url + "/v1")
    body = json.dumps({"model": "mock-gpt", "messages": HELLO})
    times = []
    for _ in range(40):
        begun = time.monotonic()
        assert client.post("/chat/completions", body).status == 200
        times.append(time.monotonic() - begun)
    client.close()
    return statistics.median(times[1:])


def test_plain_requests_on_reused_connections_have_no_step(gateway, mock):
    assert usual_time(gateway.url) < max(STEP, 4 * usual_time(mock.url))
