"""What telemetry adds to a request: the gateway without it and with more and more of it, beside
nginx, in turns. What counts is the difference to the gateway without, in multiples of what the
request costs nginx."""

import contextlib
import statistics

from compare import CONNECTIONS, spread
from machine import cpu
from proxies import Martlet, Nginx

# All signals, and a line of the log for each request.
EVERYTHING = {
    "OTEL_METRICS_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp", "MARTLET_LOG_LEVEL": "info",
}
# By name: what it is called, the environment, and whether anything is exported. Each is one more
# gateway in the same run.
VARIANTS = {
    "off": ("telemetry off", {"OTEL_SDK_DISABLED": "true"}, False),
    "traces": ("traces", {}, True),
    "all": ("traces, metrics, logs and log lines", EVERYTHING, True),
    "content": (
        "the same with full content",
        EVERYTHING | {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}, True,
    ),
}
# What a variant may add, in multiples of nginx's cost.
TARGETS = {("all", "chat-1k"): 0.5, ("content", "chat-10k"): 1.5}
WORKLOADS = ("chat-1k", "chat-10k")

# A burst's spans, content and all, fit into the queue's 64 MiB: its end waits for the exporter.
WARM_UP, BURST, BURSTS = 2000, 2000, 9


def costs(tools, proxies, workload):
    """CPU microseconds a request by proxy, exports included. They take turns burst by burst: what
    else the machine does for a while, it does to all of them."""
    for proxy in proxies.values():
        tools.load(proxy.port, workload, connections=CONNECTIONS, requests=WARM_UP)
        proxy.settle()
    used, answered = dict.fromkeys(proxies, 0.0), dict.fromkeys(proxies, 0)
    order = list(proxies)
    for _ in range(BURSTS):
        for key in order:
            before = cpu([proxies[key].pid])
            answered[key] += tools.load(
                proxies[key].port, workload, connections=CONNECTIONS, requests=BURST
            )["answered"]
            proxies[key].settle()
            used[key] += (cpu([proxies[key].pid]) - before).total
        # Who goes first moves on, so that a drift of the machine favours nobody.
        order = order[1:] + order[:1]
    for proxy in proxies.values():
        proxy.check_accounting()
    return {key: used[key] / answered[key] * 1e6 for key in proxies}


def measure(tools, proxies, rounds, progress):
    """Microseconds by workload and proxy; a list of one entry a round."""
    found = {name: {key: [] for key in proxies} for name in WORKLOADS}
    for turn in range(rounds):
        for name in WORKLOADS:
            for key, value in costs(tools, proxies, tools.workloads[name]).items():
                found[name][key].append(value)
            progress(f"round {turn + 1} of {rounds}: {name}")
    return found


def table(found, workloads):
    """Markdown; differences are taken within each round, where all saw the same machine."""
    rows = [
        ["", "CPU us a request", "added to `off`, us", "as a multiple of nginx", "target"],
        ["---"] * 5,
    ]
    for name, entry in found.items():
        rows.append([f"{workloads[name].title}: nginx", spread(entry["nginx"]), "-", "-", "-"])
        for key, (title, _, _) in VARIANTS.items():
            row = [f"{workloads[name].title}: {title}", spread(entry[key])]
            if key == "off":
                rows.append([*row, "-", "-", "-"])
                continue
            added = [on - off for on, off in zip(entry[key], entry["off"])]
            ratios = [more / base for more, base in zip(added, entry["nginx"])]
            target = TARGETS.get((key, name))
            verdict = "-"
            if target is not None:
                is_reached = statistics.median(ratios) <= target
                verdict = f"<= {target}x: {'reached' if is_reached else 'missed'}"
            rows.append([*row, spread(added), spread(ratios, 2), verdict])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def run(options, tools, directory, progress):
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(tools.upstream(chunks=20, interval_ms=20))
        proxies = {"nginx": stack.enter_context(Nginx(directory, upstream))}
        for key, (_, environment, exports) in VARIANTS.items():
            sink = stack.enter_context(tools.sink())
            proxies[key] = stack.enter_context(
                Martlet(
                    directory, options.gateway, upstream, sink, name=f"martlet-{key}",
                    environment=environment, exports=exports,
                )
            )
        found = measure(tools, proxies, options.rounds, progress)
    print(table(found, tools.workloads))
    print(
        f"\nMedian (min-max) of {options.rounds} rounds of {BURSTS * BURST:,} requests in turns of "
        f"{BURST:,}; {CONNECTIONS} connections; one worker each, pinned to one core."
    )
