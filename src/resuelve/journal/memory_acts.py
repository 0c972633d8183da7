"""The record of acts in memory, for tests and for runs that may be forgotten."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from resuelve.journal.port import Act, Returned, ReturnedAs


@dataclass(frozen=True, slots=True)
class _Kept:
    act: Act
    returned: Returned | None = None
    seen: bool = False


class MemoryActs:
    """`Acts` that are lost with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, _Kept] = {}

    def note(self, act: Act) -> None:
        with self._lock:
            self._kept.setdefault(act.reference, _Kept(act))

    def get(self, reference: str) -> Act | None:
        with self._lock:
            kept = self._kept.get(reference)
        return kept.act if kept else None

    def of(self, incident: str) -> Sequence[Act]:
        with self._lock:
            return [kept.act for kept in self._kept.values() if kept.act.incident == incident]

    def count(self, since: datetime, kinds: Collection[str]) -> int:
        with self._lock:
            return sum(1 for kept in self._kept.values() if kept.act.at >= since and kept.act.kind in kinds)

    def note_return(self, reference: str, how: ReturnedAs, at: datetime) -> bool:
        with self._lock:
            kept = self._kept.get(reference)
            if kept is None or kept.returned:
                return False
            self._kept[reference] = replace(kept, returned=Returned(kept.act, how, at))
            return True

    def returned(self) -> Sequence[Returned]:
        with self._lock:
            return [kept.returned for kept in self._kept.values() if kept.returned and not kept.seen]

    def see_to(self, references: Collection[str]) -> int:
        with self._lock:
            meant = [self._kept[one] for one in set(references) if one in self._kept]
            open_ones = [kept for kept in meant if kept.returned and not kept.seen]
            self._kept.update({kept.act.reference: replace(kept, seen=True) for kept in open_ones})
            return len(open_ones)

    def seen(self) -> int:
        with self._lock:
            return sum(1 for kept in self._kept.values() if kept.seen)

    def close(self) -> None:
        """Keep everything: whoever holds the object can go on."""
