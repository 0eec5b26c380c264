"""What leaves the program in each content mode: words are sent through every place of a request,
and looked for in exports, log, start-up lines, pages and errors."""

import json
import re

import pytest
from programs import run_to_end

PERSONAL = ["sk-CANARYprompt0123456789", "canary.mail@example.org", "4111 1111 1111 1111"]
HEADERS = {
    "authorization": "Bearer CANARYclient",
    "cookie": "s=CANARYcookie",
    "x-api-key": "CANARYxapikey",
    "x-custom": "CANARYcustom",
    "baggage": "secret=CANARYbaggage",
    "x-portkey-config": "CANARYconfig",
    "x-portkey-metadata": '{"team":"sk-CANARYmetadata01"}',
    "content-type": "application/json",
}
QUERY = "?api_key=CANARYquery&access_token=CANARYquery&sig=CANARYquery&x=sk-CANARYquery0123"
ENVIRONMENT = {
    "MARTLET_API_KEYS": "CANARYclient",
    "OPENAI_API_KEY": "CANARYprovider",
    "MARTLET_SECRET": "CANARYsecret",
    "OTEL_EXPORTER_OTLP_HEADERS": "api-key=CANARYexport",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_AND_EVENT",
    "LOG_LEVEL": "debug",
}


def body():
    said = "CANARYword " + " and ".join(PERSONAL)
    return json.dumps(
        {
            "model": "mock-gpt",
            "user": "CANARYuser",
            "metadata": {"a": "CANARYmeta"},
            "x_unknown": "CANARYunknown",
            "messages": [{"role": "system", "content": said}, {"role": "user", "content": said}],
            "tools": [{"type": "function", "function": {"name": "f", "description": said}}],
        }
    )


def everything(gateway, recorder_free_responses):
    """All that left the program, as (place, text)."""
    places = [("program", gateway.program.output())]
    places += [("error", text) for text in recorder_free_responses]
    for page in ("/metrics", "/readyz", "/debug/traces"):
        places.append((page, gateway.client_at_root().get(page).body.decode()))
    for id_ in set(re.findall(r'"trace_id":"(\w+)"', places[-1][1])):
        page = f"/debug/traces/{id_}"
        places.append((page, gateway.client_at_root().get(page).body.decode()))
    for path in gateway.sink.folder.glob("*.pb"):
        places.append(("export", path.read_bytes().decode(errors="replace")))
    return places


@pytest.mark.parametrize(
    ("mode", "user", "compression"),
    [("off", "off", "none"), ("hashed", "hashed", "gzip"), ("redacted", "off", "none"),
     ("full", "full", "gzip")],
)
def test_what_leaves(start, recorder, new_sink, mode, user, compression):
    gateway = start(
        recorder.url,
        new_sink(),
        **ENVIRONMENT,
        MARTLET_CONTENT_MODE=mode,
        MARTLET_TELEMETRY_USER_ID=user,
        OTEL_EXPORTER_OTLP_COMPRESSION=compression,
    )
    client = gateway.client()
    answered = client.request("POST", "/chat/completions" + QUERY, body(), HEADERS)
    assert answered.status == 200
    wrong = {**HEADERS, "authorization": "Bearer CANARYwrong"}
    refused = [
        client.request("POST", "/chat/completions", body(), wrong),
        client.request("POST", "/chat/completions", '{"CANARYnojson"', HEADERS),
    ]
    assert [r.status for r in refused] == [401, 400]
    gateway.sink.trace(answered.headers["x-trace-id"])
    gateway.accounting_at_rest()
    places = everything(gateway, [r.body.decode() for r in refused])
    exported = "".join(text for place, text in places if place == "export")

    def holding(word):
        return [place for place, text in places if word in text]

    secrets = re.findall(r"CANARY\w+", json.dumps(HEADERS) + QUERY + json.dumps(ENVIRONMENT))
    for word in {*secrets, "CANARYmeta", "CANARYunknown", "CANARYnojson", "CANARYwrong"}:
        assert holding(word) == [], word
    for word in PERSONAL:
        assert (word in exported) == (mode == "full"), word
        assert mode == "full" or holding(word) == [], word
    assert ("CANARYword" in exported) == (mode in ("redacted", "full"))
    assert ("CANARYuser" in exported) == (user == "full")
    assert ("hmac-sha256:" in exported) == (mode == "hashed")
    assert not gateway.sink.problems


def test_check_shows_no_secret():
    code, output, error = run_to_end(
        ["check"],
        {
            **ENVIRONMENT,
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://u:CANARYpassword@h.example/?key=CANARYurl",
            "MARTLET_CONTENT_MODE": "hashed",
            "MARTLET_UPSTREAM_PROXY": "http://u:CANARYproxy@p.example:3128",
        },
    )
    assert code == 0, error
    assert "CANARY" not in output + error
    assert "hashes are keyed with MARTLET_SECRET" in output


@pytest.mark.parametrize(
    "wrong",
    [
        {"MARTLET_UPSTREAM_URL": "htps://h.example/v1?api_key=CANARYurl"},
        {"MARTLET_UPSTREAM_URL": "https://u:CANARYurl@h.example/v1"},
        {"MARTLET_UPSTREAM_PROXY": "u:CANARYurl@p.example"},
        {"MARTLET_API_KEYS": "CANARY key"},
        {"MARTLET_SECRET": "CANARY secret"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "CANARYurl:443/?key=CANARY"},
    ],
)
def test_mistakes_are_told_without_their_secrets(wrong):
    _, output, error = run_to_end(["check"], wrong)
    assert "CANARY" not in output + error
    assert output + error
