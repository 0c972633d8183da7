"""What people got because no row covered it, in groups that tell what to write: by the closest row and the mailbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resuelve.domain.decision import Doubt, OutcomeKind
from resuelve.knowledge.mining.gaps import LACKING
from resuelve.reports.notes import Note
from resuelve.reports.values import LISTED

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class _Lacking:
    row: str
    queue: str
    doubt: str
    title: str


class Gaps:
    """Collects the incidents whose newest entry says that no row covers them."""

    def __init__(self) -> None:
        self._lacking: dict[str, _Lacking] = {}

    def add(self, note: Note) -> None:
        """Take an entry in; an earlier one of the same incident counts no more."""
        if note.outcome == OutcomeKind.HANDED_OFF and note.doubt in LACKING:
            self._lacking[note.incident] = _Lacking(note.row, note.queue, note.doubt, note.title)
        elif note.outcome != OutcomeKind.WAITING:  # nothing happened to it since
            self._lacking.pop(note.incident, None)

    def as_json(self, rows: Mapping[str, str]) -> dict[str, Any]:
        """The largest groups, each with what would help: a new row, or another example of the closest.

        Args:
            rows: descriptions by row.
        """
        groups: dict[tuple[str, str], list[str]] = {}
        for incident, one in self._lacking.items():
            groups.setdefault((one.row, one.queue), []).append(incident)
        largest = sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
        return {
            "incidents": len(self._lacking),
            "groups": len(groups),
            "list": [self._group(*key, codes, rows) for key, codes in largest[:LISTED]],
        }

    def _group(self, row: str, queue: str, codes: list[str], rows: Mapping[str, str]) -> dict[str, Any]:
        doubts = Counter(self._lacking[code].doubt for code in codes)
        weak = 2 * doubts[Doubt.NO_MATCH] < len(codes)
        return {
            "row": row,
            "description": rows.get(row, ""),
            "queue": queue,
            "incidents": len(codes),
            "doubts": dict(sorted(doubts.items(), key=lambda one: (-one[1], one[0]))),
            "wants": "example" if row and weak else "row",
            "examples": [{"incident": code, "title": self._lacking[code].title} for code in sorted(codes)[:_EXAMPLES]],
        }
