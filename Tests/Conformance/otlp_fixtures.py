"""Writes the fixtures of the JSON transcoder's test: for each signal a request in which every field
of every message is set and every choice is made once, as OpenTelemetry's own classes write it in
both encodings.

    .build/conformance/venv/bin/python Tests/Conformance/otlp_fixtures.py
"""

import base64
import itertools
import json
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

FOLDER = Path(__file__).parent.parent / "TelemetryTests" / "Fixtures"
REQUESTS = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}
# Profiles only.
UNUSED = {"string_value_strindex", "key_strindex"}
IDS = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
TEXTS = ["plain", 'quo"te\\', "naïve ☕ 🐦", "tab\tline\nnul\x01"]
INTEGERS = {
    FieldDescriptor.TYPE_INT32: [-1, 2**31 - 1],
    FieldDescriptor.TYPE_UINT32: [7, 2**32 - 1],
    FieldDescriptor.TYPE_SINT32: [-5, 2**31 - 1, -(2**31)],
    FieldDescriptor.TYPE_FIXED32: [0x301, 2**32 - 1],
    FieldDescriptor.TYPE_INT64: [-1, 2**63 - 1, -(2**63)],
    FieldDescriptor.TYPE_UINT64: [9, 2**64 - 1],
    FieldDescriptor.TYPE_FIXED64: [1_700_000_000_123_456_789, 2**64 - 1],
    FieldDescriptor.TYPE_SFIXED64: [-1, 2**63 - 1, -(2**63)],
}
DOUBLES = [0.1, -2.5e-300, 1e21, float("inf"), float("-inf"), float("nan"), 3.0]
counter = itertools.count()


def scalar(field):
    turn = next(counter)
    if field.type == FieldDescriptor.TYPE_STRING:
        return TEXTS[turn % len(TEXTS)]
    if field.type == FieldDescriptor.TYPE_BYTES:
        length = IDS.get(field.name, turn % 4)
        return bytes((turn * 37 + i * 11 + 1) % 256 for i in range(length))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return True
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return DOUBLES[turn % len(DOUBLES)]
    if field.type == FieldDescriptor.TYPE_ENUM:
        return field.enum_type.values[-1].number
    values = INTEGERS[field.type]
    return values[turn % len(values)]


def choices(descriptor):
    """The fields to set, once for each way to make the message's choices."""
    plain = [f for f in descriptor.fields if not f.containing_oneof]
    real = [o for o in descriptor.oneofs if len(o.fields) > 1]
    optional = [o.fields[0] for o in descriptor.oneofs if len(o.fields) == 1]
    options = [f for o in real for f in o.fields if f.name not in UNUSED]
    for option in options or [None]:
        yield [*plain, *optional, *([option] if option else [])]


def messages(descriptor, depth):
    """Messages of that type that together hold everything it can hold."""
    for fields in choices(descriptor):
        inner = {
            f: list(messages(f.message_type, depth - 1))
            for f in fields
            if f.message_type and depth > 0 and f.name not in UNUSED
        }
        # As many as the message inside that has the most variants and can stand only once.
        for turn in range(max([len(inner[f]) for f in inner if not f.is_repeated], default=1)):
            message = GetMessageClass(descriptor)()
            for field in fields:
                if field in inner and field.is_repeated:
                    getattr(message, field.name).extend(inner[field])
                elif field in inner:
                    getattr(message, field.name).CopyFrom(inner[field][turn % len(inner[field])])
                elif field.message_type or field.name in UNUSED:
                    continue
                elif field.is_repeated:
                    getattr(message, field.name).extend(scalar(field) for _ in range(3))
                else:
                    setattr(message, field.name, scalar(field))
            yield message


def with_hex_ids(value):
    """OTLP's one difference from the JSON of protocol buffers."""
    if isinstance(value, list):
        return [with_hex_ids(v) for v in value]
    if isinstance(value, dict):
        return {
            key: base64.b64decode(inner).hex()
            if key in ("traceId", "spanId", "parentSpanId")
            else with_hex_ids(inner)
            for key, inner in value.items()
        }
    return value


def fields_of(descriptor, done):
    """The names of all fields that can be in a message of that type."""
    if descriptor.full_name not in done:
        done.add(descriptor.full_name)
        for field in descriptor.fields:
            if field.name not in UNUSED:
                yield field.full_name
            if field.message_type:
                yield from fields_of(field.message_type, done)


def fields_in(message):
    """The names of all fields that are set in a message."""
    for field, value in message.ListFields():
        yield field.full_name
        if field.message_type:
            for inner in value if field.is_repeated else [value]:
                yield from fields_in(inner)


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, request_type in REQUESTS.items():
        request = request_type()
        # Deep enough for every message.
        (inner,) = request_type.DESCRIPTOR.fields
        depth = 7 if name == "metrics" else 5
        getattr(request, inner.name).extend(messages(inner.message_type, depth))
        missing = set(fields_of(request_type.DESCRIPTOR, set())) - set(fields_in(request))
        assert not missing, missing
        as_json = with_hex_ids(MessageToDict(request, use_integers_for_enums=True))
        (FOLDER / f"{name}.pb").write_bytes(request.SerializeToString(deterministic=True))
        text = json.dumps(as_json, indent=1, ensure_ascii=False, sort_keys=True)
        (FOLDER / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
