"""Which rows the critic rejects again and again, read from ``rejected/*.csv`` line by line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from resuelve.domain.errors import Rejected
from resuelve.domain.message import message, system_said
from resuelve.resolution.report import REJECTION_COLUMNS

_LARGEST_CELL = 1_000_000
_SEPARATORS = ",;\t"
_REMEMBERED = 200
"""Different advices that are counted for one row; a model may word each of its own."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that the critic rejected.

    Attributes:
        incidents: different incidents for which it was chosen and rejected.
        doubts: the kinds of doubt, each with the number of rejections, the most frequent first.
        advice: what the critic advised most often.
    """

    row: str
    incidents: int
    doubts: tuple[tuple[str, int], ...]
    advice: str


@dataclass(slots=True)
class _Tally:
    incidents: set[str] = field(default_factory=set)
    doubts: Counter[str] = field(default_factory=Counter)
    advice: Counter[str] = field(default_factory=Counter)


def rejected_rows(files: Iterable[Path]) -> tuple[tuple[RejectedRow, ...], tuple[Rejected, ...]]:
    """The rows by how many incidents they were rejected for, and what of the files could not be read.

    The files may have been opened and saved in a spreadsheet: other separators and encodings are read too. A line that
    cannot be read is set aside; the rest goes on.
    """
    tallies: dict[str, _Tally] = {}
    unread: list[Rejected] = []
    for file in files:
        try:
            for cells in _lines(file, unread):
                _count(cells, tallies)
        except OSError as error:
            unread.append(Rejected(file.name, file.name, message("cannot be read ({why})", why=system_said(error))))
    rows = [
        RejectedRow(row, len(tally.incidents), tuple(tally.doubts.most_common()), _most(tally.advice))
        for row, tally in tallies.items()
    ]
    return tuple(sorted(rows, key=lambda one: (-one.incidents, one.row))), tuple(unread)


def _lines(file: Path, unread: list[Rejected]) -> Iterator[dict[str, str]]:
    csv.field_size_limit(_LARGEST_CELL)
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        first = lines.readline(_LARGEST_CELL)
        separator = max(_SEPARATORS, key=first.count)
        header = [cell.strip() for cell in next(csv.reader([first], delimiter=separator), [])]
        missing = {"codigo_incidencia", "tipo_problema", "resolucion_completa"}.difference(header)
        if missing:
            unread.append(
                Rejected(
                    file.name, f"{file.name}:1", message("has no column {names}", names=" / ".join(sorted(missing)))
                )
            )
            return
        reader = csv.reader((line.replace("\0", "") for line in lines), delimiter=separator)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                unread.append(
                    Rejected(
                        file.name,
                        f"{file.name}:{reader.line_num + 1}",
                        message("the line cannot be read: {why}", why=error),
                    )
                )
                continue
            if len(cells) == len(header):
                yield {name: _text(cell) for name, cell in zip(header, cells, strict=True) if name in REJECTION_COLUMNS}
            elif cells:
                reason = message("it has {cells} cells, the header has {header}", cells=len(cells), header=len(header))
                unread.append(Rejected(" ".join(cells)[:80], f"{file.name}:{reader.line_num + 1}", reason))


def _text(cell: str) -> str:
    """A cell without the mark that keeps a spreadsheet from running it; what is no UTF-8 is read as Windows-1252."""
    if any("\udc80" <= char <= "\udcff" for char in cell):
        cell = cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return cell.removeprefix("'").strip()


def _count(cells: dict[str, str], tallies: dict[str, _Tally]) -> None:
    row = _row_of(cells)
    if not row:
        return
    tally = tallies.setdefault(row, _Tally())
    incident = cells.get("codigo_incidencia", "")
    tally.doubts[cells.get("tipo_problema", "")] += 1
    tally.incidents.add(incident)
    advice = cells.get("enfoque_recomendado", "")
    if advice and (advice in tally.advice or len(tally.advice) < _REMEMBERED):
        tally.advice[advice] += 1


def _row_of(cells: dict[str, str]) -> str:
    """The id of the rejected row: from the row as it was, else the first of those to avoid."""
    try:
        whole = json.loads(cells.get("resolucion_completa", ""))
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, dict) and isinstance(whole.get("problem"), str) and whole["problem"]:
        return str(whole["problem"])
    return cells.get("evitar_soluciones", "").split(";")[0].strip()


def _most(counted: Counter[str]) -> str:
    return counted.most_common(1)[0][0] if counted else ""
