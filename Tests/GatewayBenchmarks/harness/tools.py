"""The Swift tools of this directory as Python objects: servers to keep, clients to run."""

import json
import subprocess
import urllib.request

from machine import TOOLS_CORE, BenchmarkError, spawn, stop


def http_get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.read().decode()


class ToolServer:
    """`upstream` or `sink`: runs until the `with` block ends (its standard input closes)."""

    def __init__(self, tool, name, **options):
        arguments = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
        command = [tool, name] + [part for text in arguments for part in text.split("=", 1)]
        self.process = spawn(
            command, TOOLS_CORE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline().split()[1])

    def statistics(self):
        return json.loads(http_get(self.port, "/stats"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        stop(self.process)


class ToolClient:
    """`load`, `streams` or `hangups`: started at once, `result()` waits for its line of JSON."""

    def __init__(self, tool, name, port, workload, seconds_max=300, **options):
        self.name, self.seconds_max = name, seconds_max
        command = [tool, name, "--port", str(port), "--path", workload.path]
        command += ["--body-file", workload.body_file]
        for key, value in options.items():
            command += [f"--{key.replace('_', '-')}", str(value)]
        self.process = spawn(command, TOOLS_CORE, stdout=subprocess.PIPE, text=True)

    def wait_for(self, word):
        """Waits for a line that says the word (`open`)."""
        line = self.process.stdout.readline()
        if line.strip() != word:
            stop(self.process)
            raise BenchmarkError(f"{self.name} said {line.strip()!r} instead of {word!r}")

    def result(self):
        try:
            output, _ = self.process.communicate(timeout=self.seconds_max)
        except subprocess.TimeoutExpired:
            stop(self.process)
            raise BenchmarkError(f"{self.name} did not end in {self.seconds_max} s") from None
        if self.process.returncode != 0 or not output:
            raise BenchmarkError(f"{self.name} failed with {self.process.returncode}")
        return json.loads(output.splitlines()[-1])


class Tools:
    """The built executable and the workloads' files."""

    def __init__(self, executable, workloads):
        self.executable, self.workloads = executable, workloads

    def upstream(self, **options):
        return ToolServer(self.executable, "upstream", **options)

    def sink(self):
        return ToolServer(self.executable, "sink")

    def load(self, port, workload, **options):
        """Runs plain requests; every one must be answered with 200 and the same length."""
        result = ToolClient(self.executable, "load", port, workload, **options).result()
        if result["errors"] or result["bodyBytesDiffer"] or not result["answered"]:
            raise BenchmarkError(f"{workload.name} through port {port}: {result}")
        return result

    def start_streams(self, port, workload, **options):
        return ToolClient(self.executable, "streams", port, workload, **options)

    def streams(self, port, workload, **options):
        """Runs streams to their ends; none may be cut."""
        return check_streams(self.start_streams(port, workload, **options).result(), workload)

    def hangups(self, port, plain, stream, **options):
        return ToolClient(
            self.executable, "hangups", port, plain, stream_body_file=stream.body_file, **options
        ).result()


def check_streams(result, workload):
    if result["cut"] or result["eventsMin"] != result["eventsMax"]:
        raise BenchmarkError(f"{workload.name}: streams were cut: {result}")
    return result
