"""The goldens of the Swift tests, a call's GenAI span each, judged by the semantic conventions."""

import json
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from semconv import by_both_registries, judge

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


def judged(goldens, folder, registry, ignored):
    """The judge's exit code and what it prints of the spans of `goldens`."""
    paths = [folder / f"{path.stem}.pb" for path in goldens]
    for number, (path, file) in enumerate(zip(goldens, paths, strict=True), 1):
        message = request(json.loads(path.read_text()), number)
        file.write_bytes(message.SerializeToString())
    code, found, complaints = judge(paths, registry, ignored, CUSTOM)
    return code, found.replace(str(folder), "") + complaints


@by_both_registries
def test_goldens_follow_the_conventions(registry, ignored, tmp_path):
    assert len(GOLDENS) >= 60
    asking = [path for path in GOLDENS if "telemetry.legacyTokenNames" in path.read_text()]
    assert len(asking) == 1
    others = [path for path in GOLDENS if path not in asking]
    code, text = judged(others, tmp_path, registry, ignored)
    assert code == 0, text
    code, text = judged(asking, tmp_path, registry, f"{ignored}|{OLD_TOKENS}")
    assert code == 0, text
    # The judge can fail.
    assert judged(asking, tmp_path, registry, ignored)[0] == 1
