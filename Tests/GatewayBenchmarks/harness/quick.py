"""Instructions and allocations a request, against limits that are kept in a file.

Both hardly change from run to run, other than times; so they can fail a build.
"""

import json
import os
import shutil
import subprocess

import callgrind
from hits import check_hits
from machine import BenchmarkError
from proxies import Martlet, Nginx
from telemetry import EVERYTHING, VARIANTS

PLAIN = ("chat-1k", "chat-10k", "embeddings")
STREAMS = ("streams", "streams-usage")
CONNECTIONS, WARM_UP, REQUESTS = 8, 200, 800
HIT = {"MARTLET_CACHE_STORE": "memory", "MARTLET_CACHE_SCOPE": "shared"}
# What costs more or less than the plain requests, by name: the workload, and the environment of a
# gateway of its own. Targets of times are those of `telemetry` and `hits`.
VARIED = {
    "chat-1k, all telemetry": ("chat-1k", EVERYTHING),
    "chat-10k, full content": ("chat-10k", VARIANTS["content"][1]),
    "chat-1k, hit": ("chat-1k", HIT),
    "chat-10k, hit": ("chat-10k", HIT),
}
# Slow enough that each chunk is relayed by itself although callgrind slows the proxy down.
STREAM_COUNT, CHUNKS, INTERVAL_MS = 10, 60, 50
# What a compiler or library update may cost before somebody has to look.
INSTRUCTIONS_MARGIN, ALLOCATIONS_MARGIN = 1.10, 1.0


def count_all(tools, proxy, counter, names=None):
    """Instructions and allocations a request (plain) or an event (streams), by workload."""
    found = {}
    for name in names or (*PLAIN, *STREAMS):
        workload = tools.workloads[name]
        if name in PLAIN:
            tools.load(proxy.port, workload, connections=CONNECTIONS, requests=WARM_UP)
        proxy.settle(60)
        counter.counts(proxy.pid)
        if name in PLAIN:
            result = tools.load(
                proxy.port, workload, connections=CONNECTIONS, requests=REQUESTS
            )
            units = result["answered"]
        else:
            result = tools.streams(
                proxy.stream_port, workload, count=STREAM_COUNT, stagger_ms=500
            )
            units = result["events"]
        proxy.settle(60)
        instructions, allocations = counter.counts(proxy.pid)
        found[name] = {
            "instructions": round(instructions / units),
            "allocations": round(allocations / units, 2),
        }
    proxy.check_accounting()
    return found


def count_varied(tools, binary, directory, upstream):
    found = {}
    for number, (name, (workload, environment)) in enumerate(VARIED.items()):
        counter = callgrind.Callgrind(directory, f"varied-{number}")
        with (
            tools.sink() as sink,
            Martlet(
                directory, binary, upstream, sink, wrapper=counter.command,
                name=f"martlet-varied-{number}", environment=environment,
            ) as gateway,
        ):
            found[name] = count_all(tools, gateway, counter, [workload])[workload]
            if environment is HIT:
                # The first of the warm-up may share a call.
                check_hits(gateway, REQUESTS)
    return found


def stripped(binary, directory):
    """A copy without debug information, which callgrind cannot always read."""
    copy = os.path.join(directory, "martlet-stripped")
    shutil.copy(binary, copy)
    subprocess.run(["strip", "-g", copy], check=True)
    return copy


def print_table(nginx, gateway, limits):
    print("| | nginx, instructions | martlet, instructions (limit) | ratio | allocations (limit) |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, found in gateway.items():
        limit = limits.get(name, {})
        unit = "an event" if name in STREAMS else "a request"
        base = nginx[VARIED[name][0] if name in VARIED else name]["instructions"]
        print(
            f"| {name}, {unit} | {base:,} "
            f"| {found['instructions']:,} ({limit.get('instructions', '-')}) "
            f"| {found['instructions'] / base:.2f} "
            f"| {found['allocations']} ({limit.get('allocations', '-')}) |"
        )
    print("\nUser-space instructions by callgrind; allocations are calls of malloc and its kin.")


def run(options, tools, directory):
    if not callgrind.available():
        raise BenchmarkError("`quick` needs valgrind")
    with tools.upstream(chunks=CHUNKS, interval_ms=INTERVAL_MS) as upstream:
        counter = callgrind.Callgrind(directory, "nginx")
        with Nginx(directory, upstream, wrapper=counter.command, single=True) as nginx:
            nginx_counts = count_all(tools, nginx, counter)
        counter = callgrind.Callgrind(directory, "gateway")
        if options.stand_in:
            other = Nginx(
                directory, upstream, name="stand-in", wrapper=counter.command, single=True
            )
            with other:
                counts = count_all(tools, other, counter)
        else:
            binary = stripped(options.gateway, directory)
            with (
                tools.sink() as sink,
                Martlet(
                    directory, binary, upstream, sink, wrapper=counter.command
                ) as other,
            ):
                counts = count_all(tools, other, counter)
            counts |= count_varied(tools, binary, directory, upstream)
    with open(options.thresholds) as file:
        limits = json.load(file)
    if options.record and not options.stand_in:
        limits = {
            name: {
                "instructions": round(found["instructions"] * INSTRUCTIONS_MARGIN),
                "allocations": round(found["allocations"] + ALLOCATIONS_MARGIN, 1),
            }
            for name, found in counts.items()
        }
        with open(options.thresholds, "w") as file:
            file.write(json.dumps(limits, indent=2) + "\n")
    print_table(nginx_counts, counts, limits)
    judge(counts, limits)


def judge(counts, limits):
    exceeded = [
        f"{name}: {found[key]} {key}, limit {limits[name][key]}"
        for name, found in counts.items()
        for key in ("instructions", "allocations")
        if name in limits and found[key] > limits[name][key]
    ]
    if exceeded:
        raise BenchmarkError("; ".join(exceeded))
    for name in counts:
        if name not in limits:
            print(f"{name} has no limit yet: `script/bench quick --record` writes it")
