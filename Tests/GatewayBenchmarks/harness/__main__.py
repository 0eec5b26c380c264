"""Entry of `script/bench`: reads the command line, starts what is needed, ends it again."""

import argparse
import contextlib
import glob
import os
import signal
import subprocess
import sys
import tempfile

import compare
import hits
import memory
import quick
import soak
import telemetry
from machine import BenchmarkError, require_two_cores
from proxies import Martlet, Nginx
from tools import Tools
from workloads import all_workloads


def arguments():
    parser = argparse.ArgumentParser(
        prog="script/bench", description="See the head of script/bench."
    )
    parser.add_argument(
        "mode", nargs="?", default="compare",
        choices=["compare", "telemetry", "hits", "memory", "soak", "quick"],
    )
    parser.add_argument("--gateway", help="the gateway's binary")
    parser.add_argument("--tool", help="the GatewayBenchmarks binary")
    parser.add_argument("--thresholds", help="the file of limits for `quick`")
    parser.add_argument("--rounds", type=int, default=5, help="compare, telemetry, hits: rounds")
    parser.add_argument("--seconds", type=int, default=4, help="compare, hits: length of a measurement")
    parser.add_argument("--only", help="compare: comma list of " + ", ".join(compare.ALL))
    parser.add_argument("--json", help="compare: write all measurements to this file")
    parser.add_argument(
        "--stand-in", action="store_true", help="a second nginx plays the gateway (a null test)"
    )
    parser.add_argument(
        "--short", action="store_true",
        help="memory: without nginx; soak: fewer requests; the same limits",
    )
    parser.add_argument("--record", action="store_true", help="quick: write the limits anew")
    return parser.parse_args()


def run_compare(options, tools, directory, stack):
    require_two_cores()
    only = tuple(options.only.split(",")) if options.only else compare.ALL
    if unknown := set(only) - set(compare.ALL):
        raise BenchmarkError(f"unknown workload {', '.join(unknown)}")
    upstream = stack.enter_context(tools.upstream(chunks=250, interval_ms=20, seconds_max=7200))
    nginx = stack.enter_context(Nginx(directory, upstream))
    if options.stand_in:
        other = stack.enter_context(Nginx(directory, upstream, name="stand-in"))
    else:
        sink = stack.enter_context(tools.sink())
        other = stack.enter_context(Martlet(directory, options.gateway, upstream, sink))
    results = compare.compare(
        tools, upstream, [nginx, other], options.rounds, options.seconds, only,
        lambda text: print(text, file=sys.stderr),
    )
    compare.report(
        results, tools, [nginx, other], options.rounds, options.seconds, Nginx.version(),
        options.json,
    )


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="martlet-bench-"))
        tools = Tools(options.tool, all_workloads(directory))
        try:
            if options.mode == "compare":
                run_compare(options, tools, directory, stack)
            elif options.mode == "telemetry":
                telemetry.run(
                    options, tools, directory, lambda text: print(text, file=sys.stderr)
                )
            elif options.mode == "hits":
                hits.run(options, tools, directory, lambda text: print(text, file=sys.stderr))
            elif options.mode == "memory":
                memory.run(options, tools, directory)
            elif options.mode == "soak":
                soak.run(options, tools, directory)
            else:
                quick.run(options, tools, directory)
        except (BenchmarkError, subprocess.SubprocessError, OSError) as error:
            for log in sorted(glob.glob(os.path.join(directory, "martlet*.log"))):
                with open(log, errors="replace") as file:
                    sys.stderr.write("".join(file.readlines()[-20:]))
            sys.exit(f"bench: {error}")


main()
