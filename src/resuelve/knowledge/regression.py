"""Regression tickets: incidents for which a known problem must, or must not, be chosen.

They lie beside the dictionary in ``PRUEBAS_PROBLEMAS.jsonl``, a line each: an incident as the ticket manager tells it,
with three fields more.

    {"ID PROBLEMA": "REE001", "debe": true, "nota": "…", "codIncidencia": "INC1004", "titulo": "…", …}

``debe`` is true for "must be chosen" (also when it is absent) and false for "must not". An incident may be named for
several problems. A line that cannot be read is set aside, and stays in the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from resuelve import durable
from resuelve.domain.errors import Rejected, WorkspaceError
from resuelve.domain.incident import Incident
from resuelve.domain.message import message, system_said
from resuelve.knowledge.standing import Standing, each, standing
from resuelve.knowledge.turns import locked
from resuelve.models import ChatModel
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rules import Rules

FILE_NAME = "PRUEBAS_PROBLEMAS.jsonl"
PROBLEM, MUST, NOTE = "ID PROBLEMA", "debe", "nota"
_PATIENCE = 30.0
"""Seconds to wait for another writer."""

_WORDS = {"true": True, "si": True, "sí": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class RegressionTicket:
    """An incident and what a known problem has to do with it.

    Attributes:
        problem: the ``ID PROBLEMA``.
        must: True when it must be chosen, False when it must not.
        note: why, for people.
        line: where it stands in the file; 0 for one that stands nowhere yet.
    """

    problem: str
    must: bool
    incident: Incident
    note: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RegressionTickets:
    """What the file holds, in its order, and the lines that could not be read."""

    tickets: tuple[RegressionTicket, ...] = ()
    rejected: tuple[Rejected, ...] = ()


class RegressionFile:
    """The file of regression tickets. Writing keeps every other line byte for byte.

    Args:
        path: it need not exist.
        lock: a file that only one writer holds at a time.
        reader, writer: from the ticket manager's form of an incident, and to it.
    """

    def __init__(
        self,
        path: Path,
        lock: Path,
        *,
        reader: Callable[[object, str], Incident | Rejected],
        writer: Callable[[Incident], Mapping[str, object]],
    ) -> None:
        self._path = path
        self._lock = lock
        self._reader = reader
        self._writer = writer

    def read(self) -> RegressionTickets:
        """The tickets; none when there is no file. Any line gives a ticket, nothing (a blank one) or a `Rejected`.

        Raises:
            WorkspaceError: the file cannot be read.
        """
        tickets: dict[tuple[str, str], RegressionTicket] = {}
        rejected: list[Rejected] = []
        for number, raw in enumerate(self._lines(), start=1):
            if not raw.strip():
                continue
            ticket = self._parsed(raw, number)
            if isinstance(ticket, Rejected):
                rejected.append(ticket)
            elif first := tickets.get(_key(ticket)):
                reason = message(
                    "line {line} says something of {problem} and this incident already",
                    line=first.line,
                    problem=ticket.problem,
                )
                rejected.append(Rejected(ticket.incident.code, self._place(number), reason))
            else:
                tickets[_key(ticket)] = ticket
        return RegressionTickets(tuple(tickets.values()), tuple(rejected))

    def add(self, ticket: RegressionTicket) -> bool:
        """Write a ticket to the end of the file, instead of one of the same problem and incident.

        Returns:
            True when there was such a one.

        Raises:
            WorkspaceError, DictionaryError: the file cannot be written, or another process does so; it is as it was.
        """
        entry = {PROBLEM: ticket.problem, MUST: ticket.must, NOTE: ticket.note, **self._writer(ticket.incident)}
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace")
        return bool(self._rewrite(lambda one: _key(one) == _key(ticket), line))

    def remove(self, incident: str, problem: str = "") -> int:
        """Take out the tickets of an incident, for one problem or for all; how many there were.

        Raises:
            WorkspaceError, DictionaryError: the file cannot be written, or another process does so; it is as it was.
        """
        return self._rewrite(lambda one: one.incident.code == incident and problem in ("", one.problem))

    def _rewrite(self, gone: Callable[[RegressionTicket], bool], added: bytes = b"") -> int:
        try:
            with locked(self._lock, _PATIENCE):
                kept, count = [], 0
                for number, raw in enumerate(self._lines(), start=1):
                    ticket = self._parsed(raw, number) if raw.strip() else None
                    if isinstance(ticket, RegressionTicket) and gone(ticket):
                        count += 1
                    else:
                        kept.append(raw)
                if count or added:
                    data = b"".join(_ended(raw) for raw in (*kept, added) if raw)
                    durable.replace(self._path.resolve(), data)  # a link to the file stays a link
        except OSError as error:
            raise self._failure("the regression tickets cannot be written ({why})", error) from error
        return count

    def _parsed(self, raw: bytes, number: int) -> RegressionTicket | Rejected:
        try:
            # Without its end, so that the last line is read as it will be once there is another.
            entry = json.loads(raw.rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError:
            return Rejected(f"line {number}", self._place(number), "it is not UTF-8")
        except (ValueError, RecursionError) as error:
            return Rejected(
                f"line {number}", self._place(number), message("it is not JSON ({why})", why=str(error)[:200])
            )
        incident = self._reader(entry, self._place(number))
        if isinstance(incident, Rejected):
            return incident
        assert isinstance(entry, Mapping)  # noqa: S101 - only an object is an incident
        return self._ticket(entry, incident, number)

    def _ticket(self, entry: Mapping[str, Any], incident: Incident, number: int) -> RegressionTicket | Rejected:
        problem, must, note = entry.get(PROBLEM), _truth(entry.get(MUST, True)), entry.get(NOTE)
        if not isinstance(problem, str | int) or isinstance(problem, bool) or not str(problem).strip():
            return Rejected(incident.code, self._place(number), message("{name} is missing", name=PROBLEM))
        if must is None:
            return Rejected(incident.code, self._place(number), message("{name} is neither true nor false", name=MUST))
        return RegressionTicket(str(problem).strip(), must, incident, note if isinstance(note, str) else "", number)

    def _place(self, number: int) -> str:
        return f"{self._path.name}:{number}"

    def _lines(self) -> list[bytes]:
        try:
            return self._path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._failure("the regression tickets cannot be read ({why})", error) from error

    def _failure(self, what: str, error: OSError) -> WorkspaceError:
        return WorkspaceError(
            message(what, why=system_said(error)),
            where=str(self._path),
            remedy="check space and permissions",
        )


class Result(StrEnum):
    """What became of a regression ticket.

    - PASSED: the row that must be chosen was chosen and approved at the threshold; or the row that must not be was not.
    - WEAK: the row that must be chosen was the closest, but the critic did not approve it: a person gets the ticket.
    - FAILED: another row was closest or approved, or none was found; or the row that must not be was approved.
    """

    PASSED = "passed"
    WEAK = "weak"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Checked:
    """A regression ticket and how it came out.

    Attributes:
        known: False when the dictionary has no such problem. It can then not be chosen.
    """

    ticket: RegressionTicket
    result: Result
    standing: Standing
    known: bool

    def as_json(self) -> dict[str, Any]:
        """For reports and other programs."""
        ticket = self.ticket
        return {
            "problem": ticket.problem,
            "must": ticket.must,
            "incident": ticket.incident.code,
            "title": ticket.incident.title,
            "note": ticket.note,
            "line": ticket.line,
            "result": self.result.value,
            "known_problem": self.known,
            "decision": self.standing.as_json(),
        }


def check(
    tickets: Sequence[RegressionTicket],
    knowledge: Knowledge,
    rules: Rules,
    *,
    chat: ChatModel | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> tuple[Checked, ...]:
    """Decide each ticket as a run would, and compare. Nothing is touched, no agent is asked.

    Raises:
        ModelUnavailable, VectorIndexError: see `standing`.
    """

    def work(ticket: RegressionTicket) -> Checked:
        found = standing(ticket.incident, knowledge, rules, chat)
        return Checked(ticket, result_of(ticket, found), found, ticket.problem in knowledge.problems)

    return tuple(each(work, tickets, workers=workers, progress=progress))


def result_of(ticket: RegressionTicket, found: Standing) -> Result:
    """Compare what must be with what is."""
    same = found.problem == ticket.problem
    if not ticket.must:
        return Result.FAILED if same and found.approved else Result.PASSED
    if not same:
        return Result.FAILED
    return Result.PASSED if found.approved else Result.WEAK


def _key(ticket: RegressionTicket) -> tuple[str, str]:
    return ticket.problem, ticket.incident.code


def _ended(line: bytes) -> bytes:
    return line if line.endswith((b"\n", b"\r")) else line + b"\n"


def _truth(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return _WORDS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
