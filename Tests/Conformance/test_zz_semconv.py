"""All that the other checks made the gateway export, judged by the semantic conventions."""

from conftest import EXPORTS
from semconv import by_both_registries, judge


@by_both_registries
def test_exports_follow_the_conventions(registry, ignored):
    folders = [folder for folder in sorted(EXPORTS.iterdir()) if any(folder.iterdir())]
    assert folders, "nothing was exported"
    code, found, complaints = judge(folders, registry, ignored)
    lines = sorted({line.split(": ", 1)[-1] for line in found.splitlines()})
    assert code == 0, "\n".join(lines[:60]) + complaints
