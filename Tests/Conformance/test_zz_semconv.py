"""All that the other checks made the gateway export, judged by the semantic conventions. The judge
and its registries are not part of this package: without them the check is left out, and says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import EXPORTS

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "semconv"
SEMCONV = Path(os.environ.get("MARTLET_SEMCONV", BESIDE))
OLD_NAME = "deprecated-attribute: gen_ai.system"
# Sent too, and additive: 1.40 does not know them, 1.41 does.
LATER = (
    r"unknown-attribute: gen_ai\.(request\.stream|response\.time_to_first_chunk"
    r"|usage\.reasoning\.output_tokens)"
)


@pytest.mark.skipif(not SEMCONV.exists(), reason=f"no {SEMCONV}")
@pytest.mark.parametrize(
    ("registry", "ignored"),
    [("registry", f"{OLD_NAME}|{LATER}"), ("registry-1.41.1", OLD_NAME)],
)
def test_exports_follow_the_conventions(registry, ignored):
    folders = [str(folder) for folder in sorted(EXPORTS.iterdir()) if any(folder.iterdir())]
    assert folders, "nothing was exported"
    done = subprocess.run(
        [
            sys.executable,
            str(SEMCONV / "check_spans.py"),
            "check",
            *folders,
            "--registry",
            str(SEMCONV / registry),
            "--ignore",
            ignored,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = sorted(
        {line.split(": ", 1)[-1] if ": " in line else line for line in done.stdout.splitlines()}
    )
    assert done.returncode == 0, "\n".join(lines[:60]) + done.stderr
