"""The report of a run, and the file of rejections, as the files that the team already knows."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from resuelve.domain.decision import OutcomeKind
from resuelve.domain.errors import Rejected, WorkspaceError
from resuelve.domain.message import message, system_said
from resuelve.texts import translated

_ACTED = frozenset({OutcomeKind.CLOSED, OutcomeKind.HELD, OutcomeKind.REASSIGNED})
REJECTION_COLUMNS = (
    "timestamp",
    "codigo_incidencia",
    "motivo_rechazo",
    "critica_completa",
    "tipo_problema",
    "evitar_soluciones",
    "enfoque_recomendado",
    "resolucion_tipo",
    "resolucion_buzon",
    "resolucion_solucion",
    "resolucion_completa",
)
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""With these a spreadsheet lets a formula begin; the wide ones in some languages."""


@dataclass(slots=True)
class Totals:
    """Sums over the entries of a run; each entry is added once and not kept."""

    incidents: int = 0
    executed: int = 0
    approved: int = 0
    agreed: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    resolutions: Counter[str] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    usage: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add the entry of one incident."""
        decision = entry.get("decision", {})
        self.incidents += 1
        self.agreed += "approved_by" in entry
        self.outcomes[entry["outcome"]] += 1
        if entry["outcome"] in _ACTED and entry["changed"]:
            self.executed += 1
            self.approved += "approved_by" in entry
            self.resolutions[decision["prescribed"]] += 1
        if decision.get("doubt", "none") != "none":
            self.doubts[decision["doubt"]] += 1
        if "failed_system" in decision:
            self.errors[decision["failed_system"]] += 1
        self.seconds.update(entry.get("seconds", {}))
        self.usage.update({k: v for k, v in decision.get("usage", {}).items() if k != "seconds"})

    def as_json(self) -> dict[str, Any]:
        """The totals as they stand in the report. `automatic_rate` counts executed actions, not good intentions.

        What a person agreed to was executed, and was not automatic: it counts neither for nor against that rate.
        """
        automatic, alone = self.executed - self.approved, self.incidents - self.agreed
        return {
            "incidents": self.incidents,
            "executed": self.executed,
            **({"approved": self.approved} if self.approved else {}),
            "automatic_rate": round(automatic / alone, 4) if alone else 0.0,
            "by_outcome": dict(self.outcomes),
            "by_resolution": dict(self.resolutions),
            "by_doubt": dict(self.doubts),
            "errors_by_system": dict(self.errors),
            "seconds_by_stage": {stage: round(total, 4) for stage, total in self.seconds.items()},
            "model": {name: self.usage.get(name, 0) for name in ("calls", "tokens_in", "tokens_out")},
        }


def write_report(
    folder: Path, at: datetime, head: Mapping[str, Any], entries: Iterable[Mapping[str, Any]], totals: Mapping[str, Any]
) -> Path:
    """Write ``reporteYYYYMMDD_HHMM.json``, entry by entry, so that its size does not matter.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    pieces = [_dump({**head, "totals": totals})[:-2] + ',\n "incidents": [']
    separated = (("," if number else "") + "\n" + _dump(entry) for number, entry in enumerate(entries))
    return write_new(folder, f"reporte{at:%Y%m%d_%H%M}", chain(pieces, separated, ["\n]}\n"]))


def write_new(folder: Path, stem: str, pieces: Iterable[str]) -> Path:
    """Write a new JSON file; where two come in one minute the later one gets ``_2``, ``_3``…

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _claim(folder, stem)
        partial = path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(pieces)
        partial.replace(path)
    except OSError as error:
        raise WorkspaceError(
            message("the report cannot be written ({why})", why=system_said(error)),
            where=str(folder),
            remedy="check space and permissions",
        ) from error
    return path


def write_beside(report: Path, suffix: str, text: str) -> Path:
    """Write another form of a report that was just written (`write_new`) under its name, with another suffix.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    path = report.with_suffix(suffix)
    partial = report.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
        partial.replace(path)
    except OSError as error:
        raise WorkspaceError(
            message("the report cannot be written ({why})", why=system_said(error)),
            where=str(path),
            remedy="check space and permissions",
        ) from error
    return path


def append_rejections(folder: Path, at: datetime, entry: Mapping[str, Any]) -> None:
    """Add what the critic rejected about one incident to ``rejectedYYYYMMDD.csv``.

    Each row is one write to a file opened for appending, so that several processes may share it.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    rows = [_rejection(at, entry, one) for one in entry.get("decision", {}).get("rejections", ())]
    if not rows:
        return
    path = folder / f"rejected{at:%Y%m%d}.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _with_header(path)
        for row in rows:
            _append(path, row)
    except OSError as error:
        raise WorkspaceError(
            message("rejections cannot be written ({why})", why=system_said(error)),
            where=str(path),
            remedy="check space and permissions",
        ) from error


def rejected_as_json(rejected: Iterable[Rejected], language: str) -> list[dict[str, str]]:
    """Things set aside, for the report, with their reasons in this language."""
    return [
        {"what": one.what, "where": translated(one.where, language), "reason": translated(one.reason, language)}
        for one in rejected
    ]


def _claim(folder: Path, stem: str) -> Path:
    number = 1
    while True:
        path = folder / (f"{stem}.json" if number == 1 else f"{stem}_{number}.json")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            number += 1
        else:
            return path


def _rejection(at: datetime, entry: Mapping[str, Any], one: Mapping[str, Any]) -> list[str]:
    critique = one["critique"]
    return [
        at.isoformat(timespec="seconds"),
        entry["incident"],
        critique["reason"],
        _dump(critique),
        critique["doubt"],
        "; ".join(critique["avoid"]),
        critique["advice"],
        one["resolution"],
        one["queue"],
        one["solution"],
        _dump({key: one[key] for key in ("problem", "resolution", "queue", "solution")}),
    ]


def _with_header(path: Path) -> None:
    """The file with its header, whole from the first moment: another process may append as soon as it is there."""
    if path.exists():
        return
    with NamedTemporaryFile("w", encoding="utf-8", newline="", dir=path.parent, prefix=".", delete=False) as file:
        csv.writer(file, lineterminator="\n").writerow(REJECTION_COLUMNS)
    try:
        Path(file.name).chmod(0o644)
        os.link(file.name, path)
    except FileExistsError:
        return
    finally:
        Path(file.name).unlink()


def _append(path: Path, row: list[str]) -> None:
    line: list[str] = []
    # Quoted all, because a lone carriage return would otherwise end the row for some readers.
    writer = csv.writer(_Sink(line.append), lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([no_formula(cell) for cell in row])
    with path.open("ab", buffering=0) as file:
        file.write(line[0].encode("utf-8", "backslashreplace"))


def is_formula(cell: str) -> bool:
    """True for a cell that a spreadsheet would run instead of showing it."""
    return cell.lstrip().startswith(_FORMULA) or cell.startswith(("\t", "\r", "\n"))


def no_formula(cell: str) -> str:
    """A cell that a spreadsheet will not run: texts from tickets end here."""
    return f"'{cell}" if is_formula(cell) else cell


@dataclass(frozen=True, slots=True)
class _Sink:
    write: Callable[[str], Any]


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
