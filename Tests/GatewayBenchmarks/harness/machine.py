"""Processes, cores and what /proc says about them."""

import ctypes
import os
import signal
import socket
import subprocess

# The proxy under measurement has a core for itself; load, upstream and sink share the other.
PROXY_CORE, TOOLS_CORE = 0, 1
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class BenchmarkError(Exception):
    """Something that makes the figures worthless: a failed request, a lost span, a dead process."""


def require_two_cores():
    if not {PROXY_CORE, TOOLS_CORE} <= os.sched_getaffinity(0):
        raise BenchmarkError("the benchmark needs cores 0 and 1")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def spawn(command, core, **options):
    """Starts a process on one core; it gets SIGTERM should this one die."""

    def prepare():
        os.sched_setaffinity(0, {core})
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return subprocess.Popen(command, preexec_fn=prepare, **options)


def stop(process, seconds=10):
    """Ends a process this program started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class CPU:
    """CPU seconds of processes so far, all threads; `a - b` is what was used between."""

    def __init__(self, user, system, total):
        self.user, self.system, self.total = user, system, total

    def __sub__(self, earlier):
        return CPU(
            self.user - earlier.user, self.system - earlier.system, self.total - earlier.total
        )


def cpu(pids):
    """The split into user and system has ticks of 10 ms (/proc/PID/stat); the total is the same
    clock in nanoseconds (schedstat of each thread; the threads here stay for the whole run)."""
    user = system = total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        user += int(fields[11]) / TICKS_PER_SECOND
        system += int(fields[12]) / TICKS_PER_SECOND
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0]) / 1e9
    return CPU(user, system, total)


def resident_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        for line in file:
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
    raise BenchmarkError(f"no Rss of {pid}")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def description():
    """One line about this machine for the report."""
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release.split('-')[0]}"
