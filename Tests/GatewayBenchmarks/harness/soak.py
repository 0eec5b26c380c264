"""Ten thousand requests with the collector away, and ten thousand with clients that leave."""

import time

from machine import BenchmarkError, descriptors, resident_bytes
from proxies import Martlet, Nginx

REQUESTS, WARM_UP, CONNECTIONS = 10_000, 4_000, 32
SHORT_REQUESTS, SHORT_WARM_UP = 3_000, 2_000
STEPS = 5
# 210 bytes a request: far below one leaked span, above what an allocator moves about.
GROWTH_BYTES_MAX = 2 * 1024 * 1024
# Idle connections to the upstream come and go within the concurrency; a leak is in the thousands.
DESCRIPTORS_MORE_MAX = CONNECTIONS


def at_rest(proxy):
    """Memory and descriptors once the requests' last work is done."""
    proxy.settle()
    time.sleep(1)
    return resident_bytes(proxy.pid), descriptors(proxy.pid)


def soak(proxy, title, work, is_short):
    """Runs `work(count, seed)` to warm up, then in steps, and judges the growth."""
    requests = SHORT_REQUESTS if is_short else REQUESTS
    work(SHORT_WARM_UP if is_short else WARM_UP, 1)
    before = at_rest(proxy)
    sizes = []
    for step in range(STEPS):
        work(requests // STEPS, step + 2)
        sizes.append(f"{resident_bytes(proxy.pid) / 2**20:.1f}")
    after = at_rest(proxy)
    print(
        f"{proxy.name}, {title}: {requests} requests; resident {before[0] / 2**20:.1f} -> "
        f"{after[0] / 2**20:.1f} MiB (on the way {', '.join(sizes)}), descriptors "
        f"{before[1]} -> {after[1]}"
    )
    if after[0] - before[0] > GROWTH_BYTES_MAX:
        raise BenchmarkError(f"{title}: memory grew by {after[0] - before[0]} bytes")
    if after[1] - before[1] > DESCRIPTORS_MORE_MAX:
        raise BenchmarkError(f"{title}: descriptors grew from {before[1]} to {after[1]}")
    proxy.check_accounting()
    if isinstance(proxy, Martlet):
        print(f"  accounting: {proxy.accounting().values}")


def gateway(options, directory, upstream, sink, queue):
    if options.stand_in:
        return Nginx(directory, upstream, name=f"stand-in-{'sink' if sink else 'away'}")
    return Martlet(directory, options.gateway, upstream, sink, queue=queue)


def run(options, tools, directory):
    plain, stream = tools.workloads["chat-1k"], tools.workloads["streams"]
    with tools.upstream(chunks=20, interval_ms=2) as upstream:
        # The queue has its default size here: a full one is what a missing collector leads to.
        with gateway(options, directory, upstream, None, None) as proxy:
            soak(
                proxy, "collector away",
                lambda count, _: tools.load(
                    proxy.port, plain, connections=CONNECTIONS, requests=count
                ),
                options.short,
            )
        with (
            tools.sink() as sink,
            gateway(options, directory, upstream, sink, 1_000_000) as proxy,
        ):
            tallies = []

            def leave(count, seed):
                tally = tools.hangups(
                    proxy.stream_port, plain, stream, requests=count, connections=CONNECTIONS,
                    seed=seed,
                )
                tallies.append(tally)
                if tally["impatient"] or tally["unfinished"] or tally["started"] != count:
                    raise BenchmarkError(f"requests were left without an answer: {tally}")

            soak(proxy, "clients leave", leave, options.short)
            answered = sum(tally["answered"] for tally in tallies)
            print(f"  {answered} of {sum(t['started'] for t in tallies)} stayed to the end")
            tools.load(proxy.port, plain, connections=CONNECTIONS, requests=500)
