"""The record of acts in memory, for tests and for runs that may be forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from resuelve.journal.port import Act, Followed, Returned, ReturnedAs


@dataclass(frozen=True, slots=True)
class _Kept:
    act: Act
    returned: Returned | None = None
    first: datetime | None = None
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
            if kept is None or (kept.returned and not how.outweighs(kept.returned.how)):
                return False
            wrong = how is not ReturnedAs.MOVED
            back = Returned(kept.act, how, at)
            self._kept[_key(act)] = replace(kept, returned=back, first=kept.first or at, open=wrong)
            return True

    def returned(self, *, ever: bool = False) -> Sequence[Returned]:
        with self._lock:
            back = [kept.returned for kept in self._kept.values() if kept.returned and (ever or kept.open)]
        return [one for one in back if one.how is not ReturnedAs.MOVED]

    def followed(self, since: datetime) -> Iterator[Followed]:
        with self._lock:
            kept = [one for one in self._kept.values() if one.act.at >= since]
        kept.sort(key=lambda one: one.act.at)
        return iter([Followed(one.act, one.returned.how if one.returned else None, one.first) for one in kept])

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
