"""The calls of all goldens, made to the built gateway and exported by each transport: the spans are
the goldens', the same by all transports to the byte, and the conventions find nothing in them."""

import json
import re
from itertools import groupby

import pytest
from golden_calls import PATHS, Golden, call, of_golden, serve
from grpc_sink import GRPCSink
from semconv import by_both_registries, judge
from sink import Sink
from test_export import experimental
from test_goldens import CUSTOM, OLD_TOKENS
from test_transports import PROTOCOLS
from upstreams import Scripted

GZIPPED = ("http/json", "grpc")


def environment(golden, proxy):
    """The variables for a golden's host and settings."""
    settings = {"upstream.proxy": proxy, "telemetry.streamStall": "1h", **golden.settings}
    names = {"MARTLET_UPSTREAM_URL": f"http://{golden.host}/v1"}
    for path, value in settings.items():
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", path)
        names[f"MARTLET_{words.replace('.', '_').upper()}"] = value
    return names


def encoded(sink):
    """The spans that arrived, as the official encoder writes them, by their ids; and the resources
    and scopes around them."""
    spans, around = {}, set()
    for request in sink.messages("traces"):
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    assert span.span_id not in spans, "a span came twice"
                    spans[span.span_id] = span.SerializeToString(deterministic=True)
                del scope.spans[:]
        around.add(request.SerializeToString(deterministic=True))
    return spans, around


def group(golden):
    return golden.host, json.dumps(golden.settings, sort_keys=True)


@pytest.fixture(scope="module", params=PROTOCOLS)
def exported(request, start, tmp_path_factory):
    """By one transport: the goldens, their traces, and the two sinks of each gateway, to the first
    of which everything went by http/protobuf beside."""
    protocol = request.param
    current = []
    proxy = Scripted(lambda peer: serve(current[0], peer))
    proxy_url = proxy.url.removesuffix("/v1")
    folder = tmp_path_factory.mktemp("goldens")
    traces, sinks = {}, []
    goldens = sorted((Golden(path) for path in PATHS), key=group)
    for number, (_, calls) in enumerate(groupby(goldens, group)):
        calls = list(calls)
        # Not among the exports of the other checks: some goldens ask for names of old.
        first = Sink(folder / f"{number}-first")
        second = (GRPCSink if protocol == "grpc" else Sink)(folder / f"{number}-second")
        gateway = start(
            None,
            second,
            **experimental(
                first,
                **environment(calls[0], proxy_url),
                OTEL_EXPORTER_OTLP_ENDPOINT=second.url,
                OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
                OTEL_EXPORTER_OTLP_COMPRESSION="gzip" if protocol in GZIPPED else "none",
                OTEL_METRICS_EXPORTER="none",
                OTEL_LOGS_EXPORTER="none",
                OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true",
            ),
        )
        for golden in calls:
            current[:] = [golden]
            traces[call(gateway, golden)] = golden
        found = gateway.accounting_at_rest()
        assert found["lost"] == 0
        gateway.program.stop()
        assert not first.problems and not second.problems
        sinks.append((first, second))
    proxy.stop()
    return traces, sinks


def test_every_golden_is_exported(exported):
    traces, sinks = exported
    assert len(traces) == len(PATHS) >= 60
    operations = {}
    for _, sink in sinks:
        for span in sink.spans:
            if "gen_ai.operation.name" in span.attributes:
                assert span.trace_id not in operations, "two operations in one call"
                operations[span.trace_id] = span
    assert operations.keys() == traces.keys()
    for trace_id, golden in traces.items():
        span, wanted = operations[trace_id], golden.span
        found = {
            "name": span.name,
            "kind": span.kind.lower(),
            "status": span.status.lower(),
            "message": span.status_message,
            "attributes": of_golden(span, golden),
            "events": [name for name, _ in span.events],
        }
        # As text, where 1 and 1.0 differ.
        text = [json.dumps(x, sort_keys=True, indent=1) for x in (found, wanted)]
        assert text[0] == text[1], golden.name


def test_two_transports_carry_the_same(exported):
    """Ids, times and all."""
    for first, second in exported[1]:
        assert encoded(first) == encoded(second)
        assert len(encoded(first)[0]) == len(first.spans) > 0


@by_both_registries
def test_they_follow_the_conventions(exported, registry, ignored):
    traces, sinks = exported
    asking, others = [], []
    for _, sink in sinks:
        goldens = [traces[span.trace_id] for span in sink.spans]
        old = any("telemetry.legacyTokenNames" in golden.settings for golden in goldens)
        (asking if old else others).append(sink.folder)
    assert len(asking) == 1
    code, *text = judge(others, registry, ignored, CUSTOM)
    assert code == 0, "".join(text)
    code, *text = judge(asking, registry, f"{ignored}|{OLD_TOKENS}", CUSTOM)
    assert code == 0, "".join(text)
    # The judge can fail.
    assert judge(asking, registry, ignored, CUSTOM)[0] == 1
