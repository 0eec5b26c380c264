"""Requests that the encoder makes of random spans, read by the official decoder: they say what was
set. Tests/ExportGenerator makes them, and says what each is to say."""

import json
import math
import os
import struct
import subprocess
from pathlib import Path

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from programs import BINARY
from sink import from_json, has_unknown_fields

GENERATOR = Path(os.environ.get("MARTLET_GENERATOR", Path(BINARY).with_name("ExportGenerator")))
COUNT = 1000


def generated(seed):
    """Triples: a request, the same as JSON, what they are to say."""
    done = subprocess.run([GENERATOR, str(seed), str(COUNT)], capture_output=True, check=True)
    output, offset, blocks = done.stdout, 0, []
    while offset < len(output):
        (length,) = struct.unpack_from("<I", output, offset)
        blocks.append(output[offset + 4 : offset + 4 + length])
        offset += 4 + length
    assert offset == len(output) and len(blocks) == 3 * COUNT
    return [blocks[i : i + 3] for i in range(0, len(blocks), 3)]


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return ["string", value.string_value]
    if kind == "int_value":
        return ["int", str(value.int_value)]
    if kind == "bool_value":
        return ["bool", value.bool_value]
    if kind == "double_value":
        double = math.nan if math.isnan(value.double_value) else value.double_value
        return ["double", str(struct.unpack("<Q", struct.pack("<d", double))[0])]
    assert kind == "array_value", kind
    assert all(v.WhichOneof("value") == "string_value" for v in value.array_value.values)
    return ["strings", *(v.string_value for v in value.array_value.values)]


def attributes_of(message):
    pairs = {pair.key: value_of(pair.value) for pair in message.attributes}
    assert len(pairs) == len(message.attributes), "a key stands twice"
    return {"attributes": pairs, "droppedAttributes": message.dropped_attributes_count}


def told(request):
    """A request in the form in which the generator says what it is to say."""
    (resource,) = request.resource_spans
    (scope,) = resource.scope_spans
    schema = "https://opentelemetry.io/schemas/1.40.0"
    assert scope.schema_url == resource.schema_url == schema
    assert scope.scope.name == "martlet"
    return {
        "resource": attributes_of(resource.resource)["attributes"],
        "spans": [
            {
                "traceID": span.trace_id.hex(),
                "spanID": span.span_id.hex(),
                "parentID": span.parent_span_id.hex(),
                "traceState": span.trace_state,
                "name": span.name,
                "kind": span.kind,
                "start": str(span.start_time_unix_nano),
                "end": str(span.end_time_unix_nano),
                **attributes_of(span),
                "events": [
                    {
                        "time": str(event.time_unix_nano),
                        "name": event.name,
                        **attributes_of(event),
                    }
                    for event in span.events
                ],
                "droppedEvents": span.dropped_events_count,
                "links": [
                    {
                        "traceID": link.trace_id.hex(),
                        "spanID": link.span_id.hex(),
                        "flags": link.flags,
                    }
                    for link in span.links
                ],
                "droppedLinks": span.dropped_links_count,
                "status": span.status.code,
                "message": span.status.message,
                "flags": span.flags,
            }
            for span in scope.spans
        ],
    }


@pytest.mark.skipif(not GENERATOR.exists(), reason=f"no {GENERATOR}")
@pytest.mark.parametrize("seed", range(1, 6))
def test_what_was_set_is_what_is_read(seed):
    kinds = set()
    for protobuf, as_json, expected in generated(seed):
        request = ExportTraceServiceRequest.FromString(protobuf)
        assert not has_unknown_fields(request)
        expected = json.loads(expected)
        assert told(request) == expected
        other = ParseDict(from_json(json.loads(as_json)), ExportTraceServiceRequest())
        assert told(other) == expected
        for span in expected["spans"]:
            kinds |= {value[0] for value in span["attributes"].values()}
            kinds |= {name for name in ("events", "links", "message") if span[name]}
            kinds |= {name for name in span if name.startswith("dropped") and span[name]}
    assert kinds == {
        *("string", "int", "double", "bool", "strings", "events", "links", "message"),
        *("droppedAttributes", "droppedEvents", "droppedLinks"),
    }
