"""`martlet check --semconv`: the program judges its own spans, as it is configured."""

import pytest
from programs import run_to_end

PROGRAM = ["check", "--semconv"]


def test_the_defaults_have_no_finding():
    code, output, errors = run_to_end(PROGRAM)
    assert code == 0, output + errors
    assert "3 calls, 9 spans" in output and "0 findings" in output


@pytest.mark.parametrize(
    "environment",
    [
        {"MARTLET_API_KEYS": "a-key-of-a-client", "MARTLET_LISTEN": "0.0.0.0:8787"},
        {"MARTLET_UPSTREAM_URL": "https://api.groq.com/openai/v1"},
        {"MARTLET_UPSTREAM_PROXY": "http://127.0.0.1:9"},
        {"OTEL_TRACES_SAMPLER": "always_off", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        {"MARTLET_TELEMETRY_SYSTEM_MESSAGES_IN_HISTORY": "true"},
    ],
    ids=lambda environment: " ".join(environment),
)
def test_what_changes_no_span_has_no_finding(environment):
    code, output, errors = run_to_end(PROGRAM, environment)
    assert code == 0, output + errors


@pytest.mark.parametrize(
    ("environment", "finding"),
    [
        ({"MARTLET_TELEMETRY_LEGACY_TOKEN_NAMES": "true"}, "gen_ai.usage.prompt_tokens deprecated"),
        ({"MARTLET_UPSTREAM_INJECT_USAGE": "false"}, "gen_ai.usage.output_tokens recommended"),
        ({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "12"}, "gen_ai.request.seed conditionally required"),
        ({"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "10"}, "span name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_switch_that_breaks_conformance_is_found(environment, finding):
    code, output, errors = run_to_end(PROGRAM, environment)
    assert code == 1, output + errors
    assert any(line.startswith("finding: ") and finding in line for line in output.splitlines())
