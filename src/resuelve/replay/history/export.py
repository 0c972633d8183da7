"""The history as files: CSV, a file a role, and conversations (JSONL) as chat models are trained with."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from resuelve.durable import writing
from resuelve.journal import Json, ModelCall
from resuelve.replay.history.led_to import Known
from resuelve.resolution.report import no_formula

ROLES = ("embed", "reformulate", "rerank", "decide", "critique", "describe")
COLUMNS = (
    "id",
    "at",
    "run",
    "incident",
    "revision",
    "role",
    "model",
    "prompt",
    "input",
    "output",
    "error",
    "calls",
    "tokens_in",
    "tokens_out",
    "seconds",
    "outcome",
    "outcome_how",
)

_PLAIN_ROLE = re.compile(r"[a-z][a-z0-9-]{0,40}")
_FOR_ALL, _FOR_ME = 0o644, 0o600


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written.

    Attributes:
        calls: how many stand in it.
        left_out: how many do not, because they gave no answer.
    """

    path: Path
    calls: int
    left_out: int = 0


def export_csv(
    calls: Iterable[ModelCall], known: Known, folder: Path, *, role: str = "", private: bool = False
) -> list[Exported]:
    """Write ``ROLE.csv`` for each role. A file of before is replaced, also where no call is left for it.

    Args:
        role: the only one that is exported; empty for all.
        private: the files can be read by their owner only.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    folder_exists(folder)
    with ExitStack() as stack:
        tables: dict[str, _Table] = {}

        def table(name: str) -> _Table:
            if name not in tables:
                tables[name] = _Table(stack.enter_context(_replaced(folder / f"{name}.csv", private=private)))
            return tables[name]

        for name in (role,) if role else ROLES:
            if (folder / f"{name}.csv").exists():
                table(name)  # what was exported before and is forgotten now does not stay
        for call in calls:
            table(_plain(call.role)).add(_cells(call, known))
        counts = {name: one.rows for name, one in tables.items()}
    return [Exported(folder / f"{name}.csv", count) for name, count in sorted(counts.items())]


def export_chat(calls: Iterable[ModelCall], known: Known, file: Path, *, private: bool = False) -> Exported:
    """Write a conversation a line. Calls without an answer are left out: nothing can be learned from them.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    count = left_out = 0
    folder_exists(file.parent)
    with _replaced(file, private=private) as lines:
        for call in calls:
            if call.output is None:
                left_out += 1
                continue
            count += 1
            lines.write(json.dumps(conversation(call, known), ensure_ascii=False) + "\n")
    return Exported(file, count, left_out)


def conversation(call: ModelCall, known: Known) -> dict[str, Any]:
    """A call as `training.conversations` reads it; what is no text is JSON."""
    told, asked = _told(call)
    how = known.of_call(call)
    return {
        "messages": [
            {"role": "system", "content": told},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": _json(call.output)},
        ],
        "metadata": {
            "id": call.id,
            "at": call.at.isoformat(),
            "run": call.run,
            "role": call.role,
            "model": call.model,
            "prompt": call.prompt,
            "incident": call.incident,
            "revision": call.revision,
            "calls": call.calls,
            "tokens_in": call.tokens_in,
            "tokens_out": call.tokens_out,
            "seconds": call.seconds,
            "outcome": known.word(call),
            "outcome_how": how.how if how else "",
            "row": known.right.get(call.incident, ""),
        },
    }


def folder_exists(folder: Path) -> None:
    """Make a folder where there is none. Raises WorkspaceError."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


@dataclass(slots=True)
class _Table:
    file: IO[str]
    rows: int = 0

    def __post_init__(self) -> None:
        self._write(COLUMNS)

    def add(self, cells: Sequence[str]) -> None:
        self._write([no_formula(cell) for cell in cells])
        self.rows += 1

    def _write(self, cells: Sequence[str]) -> None:
        # Quoted all, because a lone carriage return would otherwise end the row for some readers.
        csv.writer(self.file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(cells)


def _cells(call: ModelCall, known: Known) -> list[str]:
    how = known.of_call(call)
    return [
        call.id,
        call.at.isoformat(),
        call.run,
        call.incident,
        call.revision,
        call.role,
        call.model,
        call.prompt,
        _json(call.input),
        "" if call.output is None else _json(call.output),
        call.error,
        str(call.calls),
        str(call.tokens_in),
        str(call.tokens_out),
        str(call.seconds),
        known.word(call),
        how.how if how else "",
    ]


def _told(call: ModelCall) -> tuple[str, str]:
    """What the model was told, and what it was given."""
    if call.prompt:
        return call.input["system"], call.input["user"]
    return f"{call.role}: JSON → JSON", _json(call.input)


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(role: str) -> str:
    """The role as a file's name; of a history that others wrote it may be anything."""
    return role if _PLAIN_ROLE.fullmatch(role) else "other"


@contextmanager
def _replaced(path: Path, *, private: bool) -> Iterator[IO[str]]:
    """A file to be written, which takes its place when the block ends well."""
    with (
        writing(path),
        NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", newline="", dir=path.parent, prefix=".", delete=False
        ) as file,
    ):
        written = Path(file.name)
        try:
            yield file
            file.close()
            written.chmod(_FOR_ME if private else _FOR_ALL)
            written.replace(path)
        finally:
            written.unlink(missing_ok=True)
