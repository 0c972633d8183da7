"""Every command that a page shows is run here, or named here with the test that covers it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.laws.repository import ROOT, documents, name_of

RUN_HERE = (
    "resuelve --help",
    "resuelve * --help",
    "python -m resuelve --help",
)
"""Safe and quick: run for real, in a folder of their own, and must succeed."""

COVERED_ELSEWHERE = {
    # what needs an environment of its own is run on every submission
    "make demo": ".ci/run",
    "make test": ".ci/run",
    "make check": ".ci/run",
    # asks the package index
    "make lock": "tests/laws/test_packaging.py",
    "make encryption": "tests/laws/test_packaging.py",
    "make mlflow": "tests/laws/test_packaging.py",
    "make pair": "tests/laws/test_packaging.py",
    "make telemetry": "tests/laws/test_packaging.py",
    "make environment-phoenix": "tests/laws/test_packaging.py",
    "make train": "tests/laws/test_packaging.py",
    "make lock UPGRADE=--upgrade": "tests/laws/test_packaging.py",
    # needs a container engine; what can be proved without one is
    "docker compose *": "tests/deploy/test_compose.py",
    "deploy/passwords.sh": "tests/deploy/test_compose.py",
    # figures depend on the machine
    "make bench": "it measures and asserts nothing",
    "make rivals*": "it measures, and asks the package index",
    "python -m benchmarks.rivals *": "it measures, and needs a language model",
    # need a ticket manager
    "resuelve doctor": "tests/acceptance/test_commands.py",
    "resuelve index": "tests/acceptance/test_commands.py",
    "resuelve approvals*": "tests/acceptance/test_approvals.py",
    "resuelve returned*": "tests/acceptance/test_breakers.py",
    "resuelve run": "tests/acceptance/test_commands.py",
    "resuelve run --shadow": "tests/acceptance/test_commands.py",
    "resuelve run --watch": "tests/chaos/test_run_together.py",
    "resuelve run --incident *": "tests/acceptance/test_commands.py",
    "resuelve run --queue *": "tests/acceptance/test_commands.py",
    "resuelve history *": "tests/acceptance/test_history.py",
    "resuelve explain *": "tests/acceptance/test_commands.py",
    "resuelve mine": "tests/acceptance/test_mine.py",
    "resuelve mine --from *": "tests/acceptance/test_mine.py",
    "resuelve mine --at-least *": "tests/acceptance/test_mine.py",
    "resuelve dictionary *": "tests/acceptance/test_dictionary.py",
    "resuelve check": "tests/acceptance/test_check.py",
    "resuelve check add *": "tests/acceptance/test_check.py",
    "resuelve maintain": "tests/acceptance/test_maintain.py",
    "resuelve maintain --*": "tests/acceptance/test_maintain.py",
    "resuelve maintain review *": "tests/acceptance/test_review.py",
    "resuelve evaluate *": "tests/acceptance/test_evaluate.py",
    "resuelve calibrate": "tests/acceptance/test_calibrate.py",
    "resuelve calibrate *": "tests/acceptance/test_calibrate.py",
    "resuelve report*": "tests/acceptance/test_report.py",
    "resuelve replay": "tests/acceptance/test_replay.py",
    "resuelve replay *": "tests/acceptance/test_replay.py",
    "mlflow server *": "tests/mlflow_server.py",
    "mlflow ui *": "its pages are in the whole MLflow, which no lock holds",
    "resuelve runs list": "tests/acceptance/test_mlflow.py",
    "resuelve runs compare *": "tests/acceptance/test_mlflow.py",
    "resuelve train image *": "tests/acceptance/test_fine_tune.py",
    "resuelve train reformulate *": "tests/acceptance/test_fine_tune.py",
    "resuelve train critic*": "tests/unit/test_cli_students.py",
    "resuelve train encoder*": "tests/unit/test_cli_encoder.py",
    "resuelve train rerank": "tests/unit/test_cli_students.py",
    "resuelve train list": "tests/unit/test_cli_students.py",
    "resuelve train show *": "tests/unit/test_cli_students.py",
    "resuelve train promote *": "tests/unit/test_cli_students.py",
    "resuelve train demote *": "tests/unit/test_cli_students.py",
    "resuelve mocks": "tests/acceptance/test_commands.py",
    "resuelve backup": "tests/acceptance/test_backup.py",
    "resuelve backup --to *": "tests/acceptance/test_backup.py",
    "resuelve backup --keep *": "tests/acceptance/test_backup.py",
    "resuelve backup --encrypt": "tests/acceptance/test_backup.py",
    "resuelve backup --encrypt --passphrase-file *": "tests/acceptance/test_backup.py",
    "resuelve backup list": "tests/acceptance/test_backup.py",
    "resuelve backup verify *": "tests/acceptance/test_backup.py",
    "resuelve read *": "tests/acceptance/test_read.py",
    "resuelve restore *": "tests/acceptance/test_backup.py",
}
"""Not run here: the file that runs the command, or the reason why none can, by pattern. None may be without use."""


@dataclass(frozen=True)
class Command:
    """One command of a page: as `resuelve …` or `make …`, without prompt, variables, comment and path."""

    text: str
    page: str
    line: int

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def commands_of(text: str, page: str) -> Iterator[Command]:
    """The commands in the fenced blocks of a page; in a `console` block they follow a ``$``, the rest is output."""
    language, pending, start = "", "", 0
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"\s*(?:```|~~~)\s*(\w*)", line)
        if fence:
            language = "" if language else (fence[1] or "text")
            continue
        if language == "console" and not pending:
            if not line.lstrip().startswith("$ "):
                continue
            line = line.lstrip()[2:]  # noqa: PLW2901
        elif language not in ("console", "bash", "sh", "shell"):
            continue
        start = start if pending else number
        pending = f"{pending} {line.strip()}".strip()
        if pending.endswith("\\"):
            pending = pending[:-1].rstrip()
            continue
        for part in re.split(r"\s(?:&&|\|\|?|;)\s", pending):
            if bare := _bare(part):
                yield Command(bare, page, start)
        pending = ""


def _bare(text: str) -> str:
    words = shlex.split(text, comments=True)
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words.pop(0)
    if words:
        words[0] = words[0].removeprefix("./").removeprefix(".venv/bin/")
    return shlex.join(words)


def _all_commands() -> list[Command]:
    return [c for path in documents() for c in commands_of(path.read_text(encoding="utf-8"), name_of(path))]


COMMANDS = _all_commands()
RUNNABLE = sorted({c.text for c in COMMANDS if any(fnmatchcase(c.text, p) for p in RUN_HERE)})


def test_every_command_of_a_page_is_run_or_covered() -> None:
    known = (*RUN_HERE, *COVERED_ELSEWHERE)
    strangers = [str(c) for c in COMMANDS if not any(fnmatchcase(c.text, pattern) for pattern in known)]
    assert not strangers, "add them to RUN_HERE, or to COVERED_ELSEWHERE with the test that covers them"


def test_no_entry_is_without_use_or_proof() -> None:
    unused = [p for p in COVERED_ELSEWHERE if not any(fnmatchcase(c.text, p) for c in COMMANDS)]
    assert not unused, "no page shows these commands any more"
    missing = [f for f in COVERED_ELSEWHERE.values() if " " not in f and not (ROOT / f).exists()]
    assert not missing, "these files do not exist: name the test that covers the command, or say why none can"


@pytest.mark.parametrize("command", RUNNABLE)
def test_command_succeeds(command: str, own_folder: Path) -> None:
    words = shlex.split(command)
    arguments = words[3:] if words[0] == "python" else words[1:]
    done = subprocess.run(
        [sys.executable, "-m", "resuelve", *arguments], cwd=own_folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_every_command_line_is_understood() -> None:
    """Also what is not run here: the command exists, and so does each of its options."""
    from typer.main import get_command

    from resuelve.cli import app

    group: Any = get_command(app)
    wrong = []
    for command in COMMANDS:
        words = shlex.split(command.text)
        words = ["resuelve", *words[3:]] if words[:3] == ["python", "-m", "resuelve"] else words
        if words[0] == "resuelve" and (problem := _misunderstood(group, words[1:])):
            wrong.append(f"{command}: {problem}")
    assert not wrong


def _misunderstood(command: Any, words: list[str]) -> str:
    rest = iter(words)
    for word in rest:
        options = {name: p for p in command.params for name in (*p.opts, *p.secondary_opts)}
        name, _, value = word.partition("=")
        if word == "--help":
            continue
        if word.startswith("-"):
            if name not in options:
                return f"no option {name}"
            if not value and not getattr(options[name], "is_flag", False):
                next(rest, "")
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"no command {word}"
            command = command.commands[word]
    return ""


def test_every_make_target_of_a_page_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {w: str(c) for c in COMMANDS if c.text.startswith("make ") for w in c.text.split()[1:] if "=" not in w}
    assert not {target: where for target, where in shown.items() if target not in targets}


def test_a_command_line_that_does_not_exist_is_noticed() -> None:
    from typer import Option, Typer
    from typer.main import get_command

    app = Typer()

    @app.callback()
    def main(workspace: str = Option("")) -> None: ...

    @app.command()
    def run(code: str = "", limit: int = 0, watch: bool = False) -> None: ...

    group: Any = get_command(app)
    assert _misunderstood(group, ["--workspace", "here", "run", "--watch", "--limit", "3", "--code=x"]) == ""
    assert _misunderstood(group, ["run", "--limits", "3"]) == "no option --limits"
    assert _misunderstood(group, ["walk"]) == "no command walk"


def test_commands_are_found_in_blocks() -> None:
    page = """
```console
$ ENTORNO=DESA .venv/bin/resuelve run \\
    --limit 3   # a comment
3 incidents
```
```bash
make demo && make test
```
```python
resuelve = 1
```
"""
    assert [c.text for c in commands_of(page, "x.md")] == ["resuelve run --limit 3", "make demo", "make test"]
