"""The judge of the semantic conventions. It and its registries are not part of this package: where
they are missing, what needs them is left out, and says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "semconv"
SEMCONV = Path(os.environ.get("MARTLET_SEMCONV", BESIDE))
OLD_NAME = "deprecated-attribute: gen_ai.system"
# Sent too, and additive: 1.40 does not know them, 1.41 does.
LATER = (
    r"unknown-attribute: gen_ai\.(request\.stream|response\.time_to_first_chunk"
    r"|usage\.reasoning\.output_tokens)"
)

needs_judge = pytest.mark.skipif(not SEMCONV.exists(), reason=f"no {SEMCONV}")


def by_both_registries(test):
    """Calls `test` with each registry and what is ignored with it."""
    pairs = [("registry", f"{OLD_NAME}|{LATER}"), ("registry-1.41.1", OLD_NAME)]
    return needs_judge(pytest.mark.parametrize(("registry", "ignored"), pairs)(test))


def judge(paths, registry, ignored, allowed=()):
    """Judges the exports in files and folders: the exit code, what was found, and complaints.
    `allowed` are values of their own, as `attribute=value`."""
    done = subprocess.run(
        [
            sys.executable,
            str(SEMCONV / "check_spans.py"),
            "check",
            *map(str, paths),
            "--registry",
            str(SEMCONV / registry),
            "--ignore",
            ignored,
            *(argument for value in allowed for argument in ("--allow", value)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
