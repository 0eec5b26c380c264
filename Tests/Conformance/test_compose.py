"""docker/compose.yaml, as far as it can be held without a container engine: what it names is there,
images are pinned, and the gateway takes the variables that it is given."""

import re
from pathlib import Path

import yaml
from programs import run_to_end

FOLDER = Path(__file__).parents[2] / "docker"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]


def test_images_are_pinned():
    images = {s["image"] for s in SERVICES.values()} - {"martlet:local"}
    assert len(images) >= 3
    for image in images:
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+(-\w+)?", image), image


def test_ports_are_the_usual_ones_and_on_loopback():
    ports = [port.split(":") for s in SERVICES.values() for port in s.get("ports", ())]
    assert {port[-1] for port in ports} >= {"8787", "4317", "4318", "8889", "16686"}
    assert {port[0] for port in ports} == {"127.0.0.1"}


def test_what_is_named_is_there():
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= SERVICES.keys()
        for volume in service.get("volumes", ()):
            source, _, mode = volume.split(":")
            assert (FOLDER / source).exists() and mode == "ro"
    for name in re.findall(r"//([\w-]+):\d+", str(SERVICES["gateway"]["environment"])):
        assert name in SERVICES


def test_the_gateway_takes_its_variables():
    code, output, error = run_to_end(["check"], SERVICES["gateway"]["environment"])
    assert code == 0, error
    assert "http://otel-collector:4318/v1/traces by http/protobuf" in output
    assert "warning" not in (output + error).lower()
