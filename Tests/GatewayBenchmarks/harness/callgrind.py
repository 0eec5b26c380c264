"""Counts instructions and allocations of a running process with valgrind's callgrind."""

import glob
import os
import re
import shutil
import subprocess

from machine import BenchmarkError

ALLOCATORS = {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "memalign"}


def available():
    return shutil.which("valgrind") is not None and shutil.which("callgrind_control") is not None


class Callgrind:
    """`command` goes before the program; `counts` gives what was executed since the last call."""

    def __init__(self, directory, name):
        self.output = os.path.join(directory, f"callgrind.{name}")
        self.command = [
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={self.output}",
            "--dump-line=no", "-q",
        ]
        self.seen = set()

    def counts(self, pid):
        """Instructions in user space, and calls of an allocator, since the last call."""
        subprocess.run(
            ["callgrind_control", "--dump", str(pid)], check=True, timeout=60,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        fresh = [path for path in glob.glob(self.output + ".*") if path not in self.seen]
        if not fresh:
            raise BenchmarkError("callgrind wrote no dump")
        self.seen.update(fresh)
        totals = [read_dump(path) for path in fresh]
        return sum(total[0] for total in totals), sum(total[1] for total in totals)


def read_dump(path):
    """The instructions and allocator calls of one dump (callgrind's profile format: `cfn=` names
    the callee, as `(id) name` the first time and `(id)` later, and `calls=` follows it)."""
    names, callee, allocations, instructions = {}, "", 0, 0
    with open(path, errors="replace") as file:
        for line in file:
            if line.startswith(("cfn=", "fn=")):
                found = re.match(r"c?fn=\((\d+)\)(?: (.+))?", line)
                if found[2]:
                    names[found[1]] = found[2].split("'")[0]
                if line.startswith("c"):
                    callee = names.get(found[1], "")
            elif line.startswith("calls=") and callee in ALLOCATORS:
                allocations += int(line[6:].split()[0])
            elif line.startswith("totals:"):
                instructions += int(line.split()[1])
    return instructions, allocations
