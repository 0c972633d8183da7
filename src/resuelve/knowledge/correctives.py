"""Fixes under way, ``CORRECTIVOS_ABIERTOS.csv``: problems that are known, and will be gone on a day that is named.

A ticket that one of them fits is put on hold with that day. They are searched together with the dictionary and are no
part of it: nobody edits, mines or tests them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from resuelve.domain.errors import DictionaryError, Rejected
from resuelve.domain.known_error import Fix, KnownError, Prescription, ResolutionKind
from resuelve.domain.message import Message, message
from resuelve.knowledge.catalogue import Catalogue, clean, plain
from resuelve.knowledge.table import Line, read_text, split
from resuelve.resolution.promise import Promise, promise

_COLUMNS = {
    "id": "ID INCIDENCIA",
    "description": "DESCRIPCION",
    "expected": "FECHA PREVISTA",
    "resolution": "RESOLUCION AUTOMATICA",
}
_REQUIRED = ("id", "description", "expected")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:\s.*)?")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s].*)?")


def read(path: Path, *, language: str = "es") -> Catalogue:
    """The fixes of a file, as known errors on hold; none when there is no file.

    Rows that cannot be used are set aside with their line and reason.

    Args:
        language: of the text that is sent to the tickets.

    Raises:
        DictionaryError: the file is no text, or has no usable header.
    """
    if not path.exists():
        return Catalogue({})
    lines = split(read_text(path))
    fields = _fields(path, next(lines, None))
    problems: dict[str, KnownError] = {}
    rejected: list[Rejected] = []
    for line in lines:
        row = _row(line, fields, language)
        if isinstance(row, KnownError) and row.id in problems:
            row = _one_more_example(problems[row.id], row)
        if isinstance(row, Message):
            rejected.append(Rejected(" ".join(line.cells)[:80], f"{path.name}:{line.number}", row))
        else:
            problems[row.id] = row
    return Catalogue(problems, tuple(rejected))


def joined(dictionary: Catalogue, fixes: Catalogue, file_name: str) -> Catalogue:
    """What tickets are compared with: the dictionary and the fixes. A fix with the id of a row is set aside."""
    taken = [fix for fix in fixes.problems.values() if fix.id in dictionary.problems]
    reason = message("the dictionary has a row of the same id")
    conflicts = (Rejected(fix.description[:80], f"{file_name}:{fix.lines[0]}", reason) for fix in taken)
    added = {fix.id: fix for fix in fixes.problems.values() if fix.id not in dictionary.problems}
    return replace(
        dictionary,
        problems={**dictionary.problems, **added},
        rejected=(*dictionary.rejected, *fixes.rejected, *conflicts),
    )


def overdue(problems: Iterable[KnownError], today: date) -> list[str]:
    """The ids of the fixes whose day has passed, in order."""
    return sorted(problem.id for problem in problems if problem.fix and not problem.fix.ahead(today))


def _fields(path: Path, header: Line | None) -> Mapping[str, int]:
    names = [plain(clean(cell)) for cell in header.cells] if header else []
    missing = [_COLUMNS[field] for field in _REQUIRED if _COLUMNS[field] not in names]
    if missing:
        raise DictionaryError(
            message("has no column {names}", names=" / ".join(missing)),
            where=f"{path}:{header.number if header else 1}",
            remedy="the first line must be ID INCIDENCIA,DESCRIPCION,FECHA PREVISTA,RESOLUCION AUTOMÁTICA",
        )
    return {field: names.index(name) for field, name in _COLUMNS.items() if name in names}


def _row(line: Line, fields: Mapping[str, int], language: str) -> KnownError | Message:
    if line.problem:
        return message("the line cannot be read: {why}", why=line.problem)
    cells = {field: clean(line.cells[at]) if at < len(line.cells) else "" for field, at in fields.items()}
    if not cells["id"]:
        return message("ID INCIDENCIA is empty")
    if not cells["description"]:
        return message("DESCRIPCION is empty")
    expected = _day(cells["expected"])
    if isinstance(expected, Message):
        return expected
    word = plain(cells.get("resolution", ""))
    if word not in ("EN ESPERA", "MANUAL", ""):
        return message("RESOLUCION AUTOMÁTICA of a fix is En espera or manual, not «{word}»", word=word[:40])
    kind = ResolutionKind.HOLD if word == "EN ESPERA" else ResolutionKind.MANUAL
    return KnownError(
        id=cells["id"],
        component="",
        examples=(cells["description"],),
        kind="",
        solution=promise(Promise(cells["id"], expected), language) if expected else "",
        prescription=Prescription(kind),
        lines=(line.number,),
        fix=Fix(expected),
    )


def _one_more_example(first: KnownError, other: KnownError) -> KnownError | Message:
    if (first.fix, first.prescription) != (other.fix, other.prescription):
        return message("it differs from line {line}, which has the same ID INCIDENCIA", line=first.lines[0])
    examples = tuple(dict.fromkeys((*first.examples, *other.examples)))
    return replace(first, examples=examples, lines=first.lines + other.lines)


def _day(cell: str) -> date | Message | None:
    """The day that a cell names; None when it is empty."""
    if not cell:
        return None
    if match := _DAY_FIRST.fullmatch(cell):
        day, month, year = map(int, match.groups())
    elif match := _YEAR_FIRST.fullmatch(cell):
        year, month, day = map(int, match.groups())
    else:
        return message("FECHA PREVISTA «{cell}» is no date such as 31/12/2026", cell=cell[:40])
    try:
        return date(year, month, day)
    except ValueError:
        return message("FECHA PREVISTA «{cell}» is no date such as 31/12/2026", cell=cell[:40])
