"""The goldens of the Swift tests, a call's GenAI span each, judged by the semantic conventions."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from test_zz_semconv import LATER, OLD_NAME, SEMCONV

GOLDENS = sorted((Path(__file__).parents[1] / "GatewayTests" / "Goldens").glob("*.json"))
KINDS = {"client": Span.SPAN_KIND_CLIENT, "internal": Span.SPAN_KIND_INTERNAL}
CONTENT = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
)
# Values of their own that goldens have where none of the conventions' applies.
CUSTOM = (
    "openai.request.service_tier=flex",
    "openai.request.service_tier=priority",
    "gen_ai.provider.name=vllm",
    "gen_ai.system=vllm",
)
# Sent only where the configuration asks for them.
OLD_TOKENS = (
    r"(unknown|deprecated)-attribute: "
    r"(gen_ai\.usage\.(prompt|completion|total)_tokens|http\.status_code)"
)


def fill(attribute, name, value):
    attribute.key = name
    if name in CONTENT:
        attribute.value.string_value = json.dumps(value)
    elif value == "<double>":
        attribute.value.double_value = 0.25
    elif isinstance(value, bool):
        attribute.value.bool_value = value
    elif isinstance(value, int):
        attribute.value.int_value = value
    elif isinstance(value, float):
        attribute.value.double_value = value
    elif isinstance(value, list):
        for element in value:
            attribute.value.array_value.values.add().string_value = element
    else:
        attribute.value.string_value = value


def request(golden, number):
    wanted = golden["span"]
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add()
    fill(spans.resource.attributes.add(), "service.name", "martlet")
    span = spans.scope_spans.add().spans.add()
    span.trace_id = number.to_bytes(16, "big")
    span.span_id = number.to_bytes(8, "big")
    span.name, span.kind = wanted["name"], KINDS[wanted["kind"]]
    span.start_time_unix_nano, span.end_time_unix_nano = 1, 2
    if wanted["status"] == "error":
        span.status.code = Status.STATUS_CODE_ERROR
        span.status.message = wanted["message"]
    for name, value in wanted["attributes"].items():
        fill(span.attributes.add(), name, value)
    for name in wanted["events"]:
        event = span.events.add()
        event.name, event.time_unix_nano = name, 1
    return message


def judge(goldens, folder, registry, ignored):
    """What the judge prints of the spans of `goldens`."""
    for number, path in enumerate(goldens, 1):
        message = request(json.loads(path.read_text()), number)
        (folder / f"{path.stem}.pb").write_bytes(message.SerializeToString())
    done = subprocess.run(
        [
            sys.executable,
            str(SEMCONV / "check_spans.py"),
            "check",
            *(str(folder / f"{path.stem}.pb") for path in goldens),
            "--registry",
            str(SEMCONV / registry),
            "--ignore",
            ignored,
            *(argument for value in CUSTOM for argument in ("--allow", value)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.replace(str(folder), "") + done.stderr


@pytest.mark.skipif(not SEMCONV.exists(), reason=f"no {SEMCONV}")
@pytest.mark.parametrize(
    ("registry", "ignored"),
    [("registry", f"{OLD_NAME}|{LATER}"), ("registry-1.41.1", OLD_NAME)],
)
def test_goldens_follow_the_conventions(registry, ignored, tmp_path):
    assert len(GOLDENS) >= 60
    asking = [path for path in GOLDENS if "telemetry.legacyTokenNames" in path.read_text()]
    assert len(asking) == 1
    others = [path for path in GOLDENS if path not in asking]
    code, text = judge(others, tmp_path, registry, ignored)
    assert code == 0, text
    code, text = judge(asking, tmp_path, registry, f"{ignored}|{OLD_TOKENS}")
    assert code == 0, text
    # The judge can fail.
    assert judge(asking, tmp_path, registry, ignored)[0] == 1
