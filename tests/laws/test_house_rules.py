"""Files stay small, errors are named, and the tree says nothing of the machine it was made on."""

from __future__ import annotations

import ast
import re

from tests.laws.repository import ROOT, name_of, project_files, source_files, syntax

LONGEST = 400

STAGE_BOUNDARIES: dict[str, str] = {
    "src/resuelve/readers/extract.py": "one file: whatever a library raises for it, the next one is read",
    "src/resuelve/resolution/pipeline.py": "one incident: whatever goes wrong with it, the others go on",
    "src/resuelve/telemetry/otel_spans.py": "spans, whatever becomes of them, stop nobody",
    "src/resuelve/telemetry/otel.py": "one measurement: whoever is watched works on",
    "src/resuelve/wiring/watching.py": "watching as a whole: what it cannot begin with stops no run",
    "src/resuelve/telemetry/logs/libraries.py": "one line of a library: what cannot be told does not stop the library",
    "src/resuelve/telemetry/logs/shipping/thread.py": "the thread that ships: whatever breaks it, lines wait",
}
"""Files that may catch every exception, with the reason: whatever one incident does, the others go on."""

ABSOLUTE = re.compile(rb"(?<![\w.-])/(?:work|tmp|root|opt|home/\w+|Users/\w+)/")


def test_no_file_is_too_long() -> None:
    long = {name_of(f): n for f in source_files() if (n := len(f.read_text(encoding="utf-8").splitlines())) > LONGEST}
    assert not long


def test_errors_are_caught_by_name() -> None:
    broad = {
        f"{name_of(file)}:{node.lineno}"
        for file in source_files()
        for node in ast.walk(syntax(file))
        if isinstance(node, ast.ExceptHandler) and _catches_all(node) and not _raises_again(node)
    }
    assert {place for place in broad if place.split(":")[0] not in STAGE_BOUNDARIES} == set()
    assert set(STAGE_BOUNDARIES) <= {place.split(":")[0] for place in broad}, "an exception that is not needed"


def _catches_all(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(n, ast.Name) and n.id in ("Exception", "BaseException") for n in ast.walk(handler.type))


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Here, or in the thread that waits for the answer."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise):
        return last.exc is None
    return isinstance(last, ast.Expr) and ast.unparse(last).endswith(f".set_exception({handler.name})")


def test_no_path_of_a_machine_stands_in_the_tree() -> None:
    found = []
    for file in project_files():
        lines = file.read_bytes().splitlines()
        found += [f"{name_of(file)}:{n}" for n, line in enumerate(lines, 1) if ABSOLUTE.search(line)]
    assert not found


def test_scripts_can_be_run() -> None:
    scripts = [ROOT / ".ci" / "run", *(ROOT / "scripts").glob("*.sh")]
    assert [name_of(script) for script in scripts if not script.stat().st_mode & 0o100] == []
