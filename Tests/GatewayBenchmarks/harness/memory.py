"""Memory of many open streams."""

import time

from machine import BenchmarkError, resident_bytes
from proxies import Martlet, Nginx
from tools import check_streams

STREAMS = 2000
KIB_A_STREAM_MAX = 40
# Long enough that all are open at once for several seconds.
CHUNKS, INTERVAL_MS, STAGGER_MS = 15, 1000, 4000
SHORT_CHUNKS = 11


def measure(tools, proxy):
    """KiB of resident memory a stream while all are open; none may be cut."""
    streams = tools.workloads["streams"]
    tools.load(proxy.port, tools.workloads["chat-1k"], connections=8, requests=200)
    proxy.settle()
    before = resident_bytes(proxy.pid)
    client = tools.start_streams(
        proxy.stream_port, streams, count=STREAMS, stagger_ms=STAGGER_MS, seconds_max=120
    )
    client.wait_for("open")
    samples = []
    for _ in range(5):
        time.sleep(1)
        samples.append(resident_bytes(proxy.pid))
    check_streams(client.result(), streams)
    proxy.settle()
    proxy.check_accounting()
    after = resident_bytes(proxy.pid)
    each = (max(samples) - before) / STREAMS / 1024
    print(
        f"{proxy.name}: {each:.1f} KiB of resident memory a stream with {STREAMS} open; "
        f"{before / 2**20:.1f} MiB before, {max(samples) / 2**20:.1f} MiB open, "
        f"{after / 2**20:.1f} MiB after; none cut"
    )
    return each


def run(options, tools, directory):
    chunks = SHORT_CHUNKS if options.short else CHUNKS
    with tools.upstream(chunks=chunks, interval_ms=INTERVAL_MS) as upstream:
        if not options.short:
            with Nginx(directory, upstream) as nginx:
                measure(tools, nginx)
        if options.stand_in:
            with Nginx(directory, upstream, name="stand-in") as other:
                each = measure(tools, other)
        else:
            with (
                tools.sink() as sink,
                Martlet(directory, options.gateway, upstream, sink) as other,
            ):
                each = measure(tools, other)
    if each > KIB_A_STREAM_MAX:
        raise BenchmarkError(f"a stream costs more than {KIB_A_STREAM_MAX} KiB")
