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
    open: bool = False
    seen: int = 0


class MemoryActs:
    """`Acts` that are lost with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[str, str], _Kept] = {}

    def note(self, act: Act) -> None:
        with self._lock:
            self._kept.setdefault(_key(act), _Kept(act))

    def forget(self, incident: str, reference: str) -> None:
        with self._lock:
            self._kept.pop((incident, reference), None)

    def find(self, references: Collection[str]) -> Sequence[Act]:
        wanted = set(references)
        with self._lock:
            return [kept.act for kept in self._kept.values() if kept.act.reference in wanted]

    def of(self, incident: str) -> Sequence[Act]:
        with self._lock:
            return [kept.act for kept in self._kept.values() if kept.act.incident == incident]

    def count(self, since: datetime, kinds: Collection[str]) -> int:
        with self._lock:
            return sum(1 for kept in self._kept.values() if kept.act.at >= since and kept.act.kind in kinds)

    def note_return(self, act: Act, how: ReturnedAs, at: datetime) -> bool:
        with self._lock:
            kept = self._kept.get(_key(act))
            if kept is None or (how is ReturnedAs.REOPENED and kept.returned):
                return False
            self._kept[_key(act)] = replace(kept, returned=Returned(kept.act, how, at), open=True)
            return True

    def returned(self, *, ever: bool = False) -> Sequence[Returned]:
        with self._lock:
            return [kept.returned for kept in self._kept.values() if kept.returned and (ever or kept.open)]

    def see_to(self, acts: Collection[Act]) -> int:
        with self._lock:
            keys = {_key(act) for act in acts}
            found = {key: kept for key, kept in self._kept.items() if key in keys and kept.open}
            self._kept.update({key: replace(kept, open=False, seen=kept.seen + 1) for key, kept in found.items()})
            return len(found)

    def seen(self) -> int:
        with self._lock:
            return sum(kept.seen for kept in self._kept.values())

    def close(self) -> None:
        """Keep everything: whoever holds the object can go on."""


def _key(act: Act) -> tuple[str, str]:
    return act.incident, act.reference
