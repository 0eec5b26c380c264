"""Metrics: as Prometheus reads them, as OTLP carries them, and both against what was served."""

import json
import math
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text
from sink import attributes
from test_export import experimental

OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}
CHAT = {"model": "mock-gpt", "messages": [{"role": "user", "content": "Hello"}]}
STREAM = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
EMBED = {"model": "mock-embedding", "input": "Hello"}
OFTEN = {"OTEL_METRIC_EXPORT_INTERVAL": "100"}
NEVER = {"OTEL_METRIC_EXPORT_INTERVAL": "3600000"}
SECONDS = {
    "gen_ai.client.operation.duration",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.client.operation.time_per_output_chunk",
    "gen_ai.server.request.duration",
    "gen_ai.server.time_to_first_token",
    "gen_ai.server.time_per_output_token",
    "http.server.request.duration",
    "http.client.request.duration",
    "martlet.request.queue.duration",
}


def families(gateway, headers=(), parse=parse_text):
    """The families of /metrics by name, as Prometheus' own parser reads them."""
    response = gateway.client_at_root().get("/metrics", headers)
    assert response.status == 200
    found = list(parse(response.body.decode()))
    names = [family.name for family in found]
    assert len(names) == len(set(names)), "a family stands twice"
    return {family.name: family for family in found}


def serve(gateway):
    """Calls of each kind; the tokens that the provider said they took, by operation and type."""
    tokens = Counter()
    client = gateway.client()
    for path, body, operation in [
        ("/chat/completions", CHAT, "chat"),
        ("/chat/completions", CHAT, "chat"),
        ("/chat/completions", STREAM, "chat"),
        ("/completions", {"model": "mock-gpt", "prompt": "Hello"}, "text_completion"),
        ("/embeddings", EMBED, "embeddings"),
        ("/chat/completions", {**CHAT, "model": "mock-status-429"}, "chat"),
        ("/chat/completions", {**STREAM, "model": "mock-no-usage"}, "chat"),
    ]:
        response = client.post(path, json.dumps(body))
        tokens[operation, "calls"] += 1
        if response.status != 200:
            continue
        if body.get("stream"):
            events = [
                json.loads(line[6:])
                for line in response.body.decode().splitlines()
                if line.startswith("data: {")
            ]
            usage = next((e["usage"] for e in events if e.get("usage")), None)
        else:
            usage = json.loads(response.body)["usage"]
        if usage:
            tokens[operation, "input"] += usage["prompt_tokens"]
            if operation != "embeddings":
                tokens[operation, "output"] += usage["completion_tokens"]
    return +tokens


def counted(gateway):
    """The same as /metrics says it."""
    found = Counter()
    metrics = families(gateway)
    for sample in metrics["gen_ai_client_token_usage"].samples:
        if sample.name.endswith("_sum"):
            labels = sample.labels
            found[labels["gen_ai_operation_name"], labels["gen_ai_token_type"]] += int(
                sample.value
            )
    for sample in metrics["gen_ai_client_operation_duration_seconds"].samples:
        if sample.name.endswith("_count"):
            found[sample.labels["gen_ai_operation_name"], "calls"] += int(sample.value)
    return +found


def pushed(request):
    """The metrics of a push by name."""
    found = {}
    for resource in request.resource_metrics:
        assert attributes(resource.resource.attributes)["service.name"]
        for scope in resource.scope_metrics:
            assert scope.schema_url == "https://opentelemetry.io/schemas/1.40.0"
            for metric in scope.metrics:
                assert metric.name not in found, f"{metric.name} stands twice"
                found[metric.name] = (scope.scope.name, metric)
    return found


def points(metric):
    return getattr(metric, metric.WhichOneof("data")).data_points


def told(requests):
    """What pushes say of tokens and calls, added up."""
    found = Counter()
    for request in requests:
        metrics = pushed(request)
        for name, kind in [
            ("gen_ai.client.token.usage", None),
            ("gen_ai.client.operation.duration", "calls"),
        ]:
            for point in points(metrics[name][1]) if name in metrics else []:
                labels = attributes(point.attributes)
                key = labels["gen_ai.operation.name"], kind or labels["gen_ai.token.type"]
                found[key] += point.count if kind else int(point.sum)
    return +found


def wait_for(sink, enough, seconds=60):
    deadline = time.monotonic() + seconds
    with sink.changed:
        while not enough(sink.metrics):
            left = deadline - time.monotonic()
            assert left > 0, f"the push did not come: {sink.problems}"
            sink.changed.wait(left)
        assert not sink.problems, sink.problems
        return list(sink.metrics)


def test_prometheus_reads_what_was_served(start, mock):
    gateway = start(mock.url + "/v1", **NEVER)
    served = serve(gateway)
    assert served["chat", "input"] > 0 and served["chat", "output"] > 0
    assert counted(gateway) == served
    metrics = families(gateway)
    for family in metrics.values():
        if family.type != "histogram":
            continue
        series = {}
        for sample in family.samples:
            labels = {k: v for k, v in sample.labels.items() if k != "le"}
            entry = series.setdefault(json.dumps(labels, sort_keys=True), {"buckets": []})
            if sample.name.endswith("_bucket"):
                entry["buckets"].append((float(sample.labels["le"]), sample.value))
            else:
                entry[sample.name.removeprefix(family.name)] = sample.value
        for entry in series.values():
            bounds, counts = zip(*entry["buckets"], strict=True)
            assert list(bounds) == sorted(bounds) and bounds[-1] == math.inf
            assert list(counts) == sorted(counts) and counts[-1] == entry["_count"] > 0
            assert entry["_sum"] >= 0
    errors = [
        sample.labels
        for sample in metrics["gen_ai_client_operation_duration_seconds"].samples
        if sample.name.endswith("_count") and "error_type" in sample.labels
    ]
    assert [e["gen_ai_request_model"] for e in errors] == ["mock-status-429"]


def test_openmetrics_with_exemplars(start, mock):
    gateway = start(mock.url + "/v1", **NEVER)
    served = serve(gateway)
    gateway.accounting_at_rest()
    plain = families(gateway)
    metrics = families(gateway, OPENMETRICS, parse_openmetrics)
    for name in plain:
        assert name in metrics or name.removesuffix("_total") in metrics, name
    duration = metrics["gen_ai_client_operation_duration_seconds"]
    assert (duration.type, duration.unit) == ("histogram", "seconds")
    assert sum(s.value for s in duration.samples if s.name.endswith("_count")) == sum(
        number for (_, kind), number in served.items() if kind == "calls"
    )
    spans = {(s.trace_id, s.span_id): s for s in gateway.sink.spans}
    kinds = {
        "gen_ai_client_operation_duration_seconds": "CLIENT",
        "gen_ai_client_token_usage": "CLIENT",
        "gen_ai_server_request_duration_seconds": "SERVER",
        "http_server_request_duration_seconds": "SERVER",
        "http_client_request_duration_seconds": "CLIENT",
    }
    for name, kind in kinds.items():
        exemplars = [s.exemplar for s in metrics[name].samples if s.exemplar]
        assert exemplars, name
        for exemplar in exemplars:
            span = spans[exemplar.labels["trace_id"], exemplar.labels["span_id"]]
            assert span.kind == kind
            if name == "gen_ai_client_operation_duration_seconds":
                assert exemplar.value == pytest.approx((span.end - span.start) / 1e9)


def test_unsampled_requests_count_and_have_no_exemplars(start, mock):
    gateway = start(mock.url + "/v1", OTEL_TRACES_SAMPLER="always_off", **NEVER)
    served = serve(gateway)
    assert counted(gateway) == served
    metrics = families(gateway, OPENMETRICS, parse_openmetrics)
    assert not any(s.exemplar for family in metrics.values() for s in family.samples)
    assert not gateway.sink.spans


def test_push_is_what_the_page_says(start, mock):
    gateway = start(mock.url + "/v1", **OFTEN)
    served = serve(gateway)
    requests = wait_for(gateway.sink, lambda all_: all_ and told(all_[-1:]) == served)
    assert counted(gateway) == served
    metrics = pushed(requests[-1])
    page = families(gateway)
    for name, (scope, metric) in metrics.items():
        assert scope == ("martlet.server" if name.startswith("gen_ai.server.") else "martlet")
        assert metric.description
        assert metric.unit == "s" if name in SECONDS else metric.unit != "s", name
        kind = metric.WhichOneof("data")
        family = name.replace(".", "_") + {"s": "_seconds", "By": "_bytes"}.get(metric.unit, "")
        expected = "histogram"
        if kind == "sum":
            expected = "counter" if metric.sum.is_monotonic else "gauge"
        assert page[family].type == expected
        data = getattr(metric, kind)
        cumulative = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
        assert data.aggregation_temporality == cumulative
        for point in data.data_points:
            assert 0 < point.start_time_unix_nano <= point.time_unix_nano
            if kind == "histogram":
                assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
                assert sum(point.bucket_counts) == point.count
    assert SECONDS <= metrics.keys()
    starts = {p.start_time_unix_nano for _, m in metrics.values() for p in points(m)}
    assert len(starts) == 1, "cumulative points count from the start of the process"
    # What stands still is the same number in both.
    for name in ("gen_ai.client.operation.duration", "gen_ai.server.request.duration"):
        there = page[name.replace(".", "_") + "_seconds"].samples
        sums = sorted(p.sum for p in points(metrics[name][1]))
        assert sums == pytest.approx(sorted(s.value for s in there if s.name.endswith("_sum")))


@pytest.mark.parametrize("preference", ["delta", "lowmemory", "DELTA"])
def test_differences_add_up(start, mock, preference):
    gateway = start(
        mock.url + "/v1",
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=preference,
        **OFTEN,
    )
    served = serve(gateway)
    wait_for(gateway.sink, lambda all_: told(all_) == served)
    served += serve(gateway)
    requests = wait_for(gateway.sink, lambda all_: told(all_) == served)
    ends = []
    for request in requests:
        for name, (_, metric) in pushed(request).items():
            data = getattr(metric, metric.WhichOneof("data"))
            isdelta = data.aggregation_temporality == (
                AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
            )
            if metric.WhichOneof("data") == "sum" and not metric.sum.is_monotonic:
                assert not isdelta, name
            elif name.startswith("martlet.export") or name.startswith("martlet.log"):
                assert isdelta == (preference.lower() == "delta"), name
            else:
                assert isdelta, name
            if name == "gen_ai.client.operation.duration":
                (window,) = {
                    (p.start_time_unix_nano, p.time_unix_nano) for p in data.data_points
                }
                assert not ends or window[0] >= ends[-1], "two windows overlap"
                ends.append(window[1])


def test_the_end_is_told(start, mock):
    gateway = start(mock.url + "/v1", **NEVER)
    served = serve(gateway)
    assert gateway.sink.metrics == []
    gateway.program.stop()
    assert told(gateway.sink.metrics) == served
    assert len(gateway.sink.metrics) == 1 and not gateway.sink.problems


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
def test_exemplars_of_a_push_name_spans(start, mock, new_sink, new_grpc_sink, protocol):
    sink = new_grpc_sink() if protocol == "grpc" else new_sink()
    gateway = start(mock.url + "/v1", sink, OTEL_EXPORTER_OTLP_PROTOCOL=protocol, **NEVER)
    served = serve(gateway)
    gateway.program.stop()
    (request,) = sink.metrics
    assert told([request]) == served and not sink.problems
    spans = {(s.trace_id, s.span_id) for s in sink.spans}
    exemplars = [
        exemplar
        for _, metric in pushed(request).values()
        if metric.WhichOneof("data") == "histogram"
        for point in points(metric)
        for exemplar in point.exemplars
    ]
    assert len(exemplars) > 10
    for exemplar in exemplars:
        assert (exemplar.trace_id.hex(), exemplar.span_id.hex()) in spans
        assert exemplar.time_unix_nano > 0 and exemplar.WhichOneof("value")


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_METRICS_EXPORTER": "none"},
        {"OTEL_SDK_DISABLED": "true"},
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": None,
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "SINK/v1/traces",
        },
        {"experimental": True},
    ],
)
def test_nothing_is_pushed_unasked(start, mock, new_sink, environment):
    sink = new_sink()
    if environment.pop("experimental", False):
        environment = experimental(sink)
    environment = {
        name: value and value.replace("SINK", sink.url) for name, value in environment.items()
    }
    gateway = start(mock.url + "/v1", sink, **OFTEN, **environment)
    serve(gateway)
    gateway.program.stop()
    assert sink.metrics == [] and not sink.problems
    assert not [path for path, _ in sink.requests if path != "/v1/traces" and "logs" not in path]


def test_an_endpoint_of_its_own(start, mock, new_sink):
    sink, other = new_sink(), new_sink()
    gateway = start(
        mock.url + "/v1", sink, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=other.url + "/v1/metrics"
    )
    served = serve(gateway)
    gateway.program.stop()
    assert sink.metrics == [] and told(other.metrics) == served


def test_the_console(start, mock):
    gateway = start(
        mock.url + "/v1",
        OTEL_METRICS_EXPORTER="console",
        OTEL_TRACES_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
        **NEVER,
    )
    serve(gateway)
    gateway.program.stop()
    assert "# TYPE gen_ai_client_token_usage histogram" in gateway.program.output()
    assert gateway.sink.requests == []


def test_labels_are_bounded(start, mock):
    gateway = start(mock.url + "/v1", MARTLET_TELEMETRY_METRIC_NAMES_MAX="20", **NEVER)
    client = gateway.client()
    for number in range(500):
        body = json.dumps({**CHAT, "model": f'model "{number}" {{\\'})
        assert client.post("/chat/completions", body).status == 200
    for headers, parse in (((), parse_text), (OPENMETRICS, parse_openmetrics)):
        metrics = families(gateway, headers, parse)
        models = {
            sample.labels.get("gen_ai_request_model")
            for family in metrics.values()
            for sample in family.samples
        } - {None}
        assert len(models) == 21 and "other" in models


def test_the_dashboard_asks_for_what_is_there(start, mock):
    gateway = start(mock.url + "/v1", **NEVER)
    serve(gateway)
    samples = [s for family in families(gateway).values() for s in family.samples]
    there = {s.name for s in samples} | {label for s in samples for label in s.labels}
    text = (Path(__file__).parents[2] / "config" / "grafana-dashboard.json").read_text()
    queries = [t["expr"] for panel in json.loads(text)["panels"] for t in panel["targets"]]
    asked = {w for q in queries for w in re.findall(r"\b(?:gen_ai|http|martlet|error)_\w+", q)}
    assert len(asked) > 10
    assert asked <= there, asked - there
