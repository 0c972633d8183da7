"""What the critic refused: each pair of an incident and a row once, with the newest reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from resuelve.reports.notes import Note
from resuelve.reports.values import LISTED


class Refusals:
    """Collects rejected rows."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, tuple[str, str]]] = {}

    def add(self, note: Note) -> None:
        """Take an entry in."""
        for one in note.refusals:
            self._rows.setdefault(one.row, {})[hash(note.incident)] = one.doubt, one.advice

    def as_json(self, rows: Mapping[str, str]) -> dict[str, Any]:
        """How many, why, and the rows most refused.

        Args:
            rows: descriptions by row.
        """
        reasons = Counter(doubt for of_row in self._rows.values() for doubt, _ in of_row.values())
        incidents = {incident for of_row in self._rows.values() for incident in of_row}
        most = sorted(self._rows.items(), key=lambda one: (-len(one[1]), one[0]))
        return {
            "incidents": len(incidents),
            "choices": reasons.total(),
            "by_reason": _sorted(reasons),
            "rows_count": len(self._rows),
            "rows": [
                {
                    "row": row,
                    "description": rows.get(row, ""),
                    "incidents": len(of_row),
                    "by_reason": _sorted(Counter(doubt for doubt, _ in of_row.values())),
                    "advice": next(iter(_sorted(Counter(advice for _, advice in of_row.values() if advice))), ""),
                }
                for row, of_row in most[:LISTED]
            ],
        }


def _sorted(found: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
