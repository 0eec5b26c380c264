"""The comparison: nginx and the gateway in turns, in several rounds."""

import json
import statistics

from machine import BenchmarkError, cpu, description

PLAIN = ("chat-1k", "chat-10k", "embeddings", "embeddings-float")
STREAMS = ("streams", "streams-usage")
LATENCY = "latency"
ALL = (*PLAIN, *STREAMS, LATENCY)

PLAIN_RATIO_MAX, CHUNK_RATIO_MAX, LATENCY_RATIO_MAX = 2.0, 1.6, 2.5
CONNECTIONS, STREAM_COUNT = 32, 200
LATENCY_RATE = 50
# Below this share of its core a proxy waits for the load, and requests a second say nothing.
BUSY_MIN = 0.95


def measure(proxy, work, count):
    """CPU microseconds a unit around `work`, and how busy the core was meanwhile. What is left to
    do after the last answer (exports) counts too."""
    proxy.settle()
    before = cpu([proxy.pid])
    result = work()
    busy = (cpu([proxy.pid]) - before).total / result["seconds"]
    proxy.settle()
    used = cpu([proxy.pid]) - before
    proxy.check_accounting()
    units = result[count]
    ticks = max(used.user + used.system, 1e-9)
    return {
        "cpu": used.total / units * 1e6,
        "user": used.total * used.user / ticks / units * 1e6,
        "busy": busy,
        "rate": units / result["seconds"],
        "units": units,
        "body": result["bodyBytes"],
        "latency": result.get("latency") or result.get("firstEvent"),
    }


def measure_plain(tools, proxy, workload, seconds):
    tools.load(proxy.port, workload, connections=CONNECTIONS, requests=2000)
    return measure(
        proxy,
        lambda: tools.load(proxy.port, workload, connections=CONNECTIONS, seconds=seconds),
        "answered",
    )


def measure_streams(tools, proxy, workload):
    return measure(
        proxy,
        lambda: tools.streams(proxy.stream_port, workload, count=STREAM_COUNT, stagger_ms=500),
        "events",
    )


def measure_latency(tools, ports, workload, blocks):
    """The p50 through each port, in microseconds: the median over blocks of one second. The ports
    take turns from block to block, since an idle machine's wake-up times drift."""
    names = list(ports)
    found = {name: [] for name in names}
    for block in range(blocks):
        for offset in range(len(names)):
            name = names[(block + offset) % len(names)]
            result = tools.load(ports[name], workload, rate=LATENCY_RATE, seconds=1)
            found[name].append(result["latency"]["p50"])
    return {name: statistics.median(values) for name, values in found.items()}


def compare(tools, upstream, proxies, rounds, seconds, only, progress):
    """The measurements by workload and proxy; a list of one entry a round."""
    results = {}
    for turn in range(rounds):
        # Who goes first alternates, so that a drift of the machine favours neither.
        order = proxies if turn % 2 == 0 else proxies[::-1]
        for name in only:
            entry = results.setdefault(name, {proxy.name: [] for proxy in proxies})
            if name == LATENCY:
                ports = {"direct": upstream.port} | {proxy.name: proxy.port for proxy in order}
                p50 = measure_latency(tools, ports, tools.workloads["chat-1k"], 2 * seconds)
                entry.setdefault("direct", []).append(p50["direct"])
                for proxy in proxies:
                    added = p50[proxy.name] - p50["direct"]
                    entry[proxy.name].append({"p50": p50[proxy.name], "added": added})
                    proxy.settle()
                    proxy.check_accounting()
            else:
                workload = tools.workloads[name]
                for proxy in order:
                    found = (
                        measure_streams(tools, proxy, workload) if name in STREAMS
                        else measure_plain(tools, proxy, workload, seconds)
                    )
                    entry[proxy.name].append(found)
                if name in PLAIN and len({entry[p.name][-1]["body"] for p in proxies}) > 1:
                    raise BenchmarkError(f"{name}: the two proxies gave bodies of unequal length")
            progress(f"round {turn + 1} of {rounds}: {name}")
    return results


def spread(values, digits=1):
    """`median (min-max)`."""
    return (
        f"{statistics.median(values):.{digits}f} "
        f"({min(values):.{digits}f}-{max(values):.{digits}f})"
    )


def verdict(ratio, target):
    return f"<= {target}x: {'reached' if ratio <= target else 'missed'}"


def cpu_row(title, unit, nginx, other, target):
    """Ratios are taken within each round, where both saw the same machine."""
    ratios = [b["cpu"] / a["cpu"] for a, b in zip(nginx, other)]

    def cell(rounds):
        user = statistics.median(entry["user"] / entry["cpu"] for entry in rounds)
        return f"{spread([entry['cpu'] for entry in rounds])}, {user:.0%} user"

    def rate(rounds):
        if unit == "chunk" or statistics.median(e["busy"] for e in rounds) < BUSY_MIN:
            return "-"
        return f"{statistics.median(entry['rate'] for entry in rounds):,.0f}"

    return [
        f"{title}: CPU us a {unit}", cell(nginx), cell(other), f"{spread(ratios, 2)}",
        verdict(statistics.median(ratios), target), rate(nginx), rate(other),
    ]


def latency_row(entry, name, other_name):
    added = [[value["added"] for value in entry[key]] for key in (name, other_name)]
    ratios = [b / a for a, b in zip(*added) if a > 0]
    if not ratios:
        ratios = [float("nan")]
    return [
        f"added p50 at {LATENCY_RATE} requests/s, us", spread(added[0], 0), spread(added[1], 0),
        spread(ratios, 2), verdict(statistics.median(ratios), LATENCY_RATIO_MAX), "-", "-",
    ]


def table(results, workloads, name, other_name):
    """The Markdown table that the README quotes."""
    rows = [
        ["", name, other_name, "ratio", "target", f"{name} req/s", f"{other_name} req/s"],
        ["---", "---", "---", "---", "---", "---:", "---:"],
    ]
    for key, entry in results.items():
        if key == LATENCY:
            rows.append(latency_row(entry, name, other_name))
        else:
            is_stream = key in STREAMS
            rows.append(
                cpu_row(
                    workloads[key].title, "chunk" if is_stream else "request", entry[name],
                    entry[other_name], CHUNK_RATIO_MAX if is_stream else PLAIN_RATIO_MAX,
                )
            )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def report(results, tools, proxies, rounds, seconds, nginx_version, json_file):
    names = [proxy.name for proxy in proxies]
    print(table(results, tools.workloads, *names))
    print(
        f"\nMedian (min-max) of {rounds} rounds of {seconds} s in turns; {description()}; nginx "
        f"{nginx_version}, one worker each, pinned to one core, load and upstream on another; "
        f"{CONNECTIONS} connections. Requests a second stand only where the proxy's core was at "
        f"least {BUSY_MIN:.0%} busy."
    )
    if json_file:
        with open(json_file, "w") as file:
            json.dump(results, file, indent=1)
