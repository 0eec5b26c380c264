"""Span trees in a form that two runs share, and their goldens."""

import difflib
import json
import os
import re
from pathlib import Path

GOLDENS = Path(__file__).parent / "goldens"
# Attributes whose value differs from run to run: only their type is compared.
VOLATILE = re.compile(
    r"(\.port$|time_to_first_(byte|chunk|token)$|request[._]id$|_ms$|\.duration$"
    r"|^gen_ai\.response\.id$|stream\.(tokens_per_second|gap\.\w+|stall\.\w+|blocked\.time)$)"
)
PORT = re.compile(r"(127\.0\.0\.1|localhost):\d+")


def masked(name, value):
    if VOLATILE.search(name):
        return f"<{type(value).__name__}>"
    if isinstance(value, str):
        value = PORT.sub(r"\1:<port>", value)
        if value[:1] in "[{":  # content is JSON in a string
            try:
                return {"json": json.loads(value)}
            except ValueError:
                return value
    return value


def masked_all(attributes):
    return {name: masked(name, attributes[name]) for name in sorted(attributes)}


def node(span, spans, caller_id):
    parent = "caller" if span.parent_id == caller_id else "span" if span.parent_id else "none"
    found = {
        "name": span.name,
        "kind": span.kind,
        "parent": parent,
        "status": span.status,
        "attributes": masked_all(span.attributes),
    }
    if span.status_message:
        found["message"] = PORT.sub(r"\1:<port>", span.status_message)
    if span.events:
        found["events"] = [
            {"name": name, "attributes": masked_all(values)} for name, values in span.events
        ]
    if span.links:
        found["links"] = len(span.links)
    children = [node(s, spans, caller_id) for s in spans if s.parent_id == span.span_id]
    if children:
        found["children"] = children
    return found


def tree(spans, caller_id):
    """The one tree that the spans make; more roots than one, or a lost parent, fail."""
    known = {span.span_id for span in spans}
    roots = [span for span in spans if span.parent_id not in known]
    assert [r.parent_id for r in roots] == [caller_id], f"roots: {[r.name for r in roots]}"
    for span in spans:
        assert 0 < span.start <= span.end, f"{span.name} ends before it starts"
        # sampled, and the parent's remoteness is known and only the root's
        assert span.flags & 1, f"{span.name} does not carry the sampled flag"
        assert span.flags & 0x100, f"{span.name} does not say whether its parent is remote"
        assert bool(span.flags & 0x200) == (span is roots[0]), f"{span.name}: remote parent flag"
    by_id = {span.span_id: span for span in spans}
    for span in spans:
        if parent := by_id.get(span.parent_id):
            assert parent.start <= span.start, f"{span.name} starts before {parent.name}"
    return node(roots[0], spans, caller_id)


def outline(found, depth=0):
    """The names, kinds and error types of a tree, one line a span."""
    error = found["attributes"].get("error.type")
    line = "  " * depth + f"{found['name']} {found['kind']} {found['status']}"
    lines = [line + (f" {error}" if error else "")]
    for child in found.get("children", ()):
        lines += outline(child, depth + 1)
    return lines


def hold(name, found):
    """Compares with goldens/NAME.json as text, where 1 and 1.0 differ."""
    path = GOLDENS / f"{name}.json"
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDENS"):
        GOLDENS.mkdir(exist_ok=True)
        path.write_text(text)
        return
    assert path.exists(), f"no golden {path.name}: UPDATE_GOLDENS=1 Tests/Conformance/run writes it"
    wanted = path.read_text()
    difference = "\n".join(
        difflib.unified_diff(wanted.splitlines(), text.splitlines(), "golden", "now", lineterm="")
    )
    assert text == wanted, f"{path.name}:\n{difference}"
