"""What the history teaches: the calls of the critic and of the reranker, with what became known of them.

Of several calls for one incident and row the first counts, and none for a text that the ticket got later: it may hold
what people found out. Of several outcomes the newest counts. What cannot be used is counted with its reason.

Incidents on which Resuelve acted teach nothing: where it was right nobody says so, and where it was wrong the incident
comes back, so that of what was acted on only failures would be known. Where a person agreed before, somebody did say
so, and such an incident teaches.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from resuelve.domain.decision import Doubt, Verdict
from resuelve.journal.port import CallOutcome, ModelCall
from resuelve.resolution.finite import finite
from resuelve.resolution.order import PLACES
from resuelve.resolution.score import FEATURES, WORDS

HELD_OUT = 0.3
"""Share of the incidents, the newest, that nothing is learned from."""

LEAST_HELD_OUT = 20
"""Outcomes that are held out at least."""

_OURS = re.compile(r"resuelve( \S+)?|(critic|rerank)/\d+")
_BREAKING = (ValueError, KeyError, TypeError, AttributeError)
_NEWER = {"record": 0.0}
"""Features that earlier versions did not keep, and what they are when nothing is known."""

_ActedOn = Callable[[str], bool]


class Aside(StrEnum):
    """Why a call teaches nothing."""

    FAILED = "failed"
    UNREADABLE = "unreadable"
    CHAT = "chat"
    ACTED = "acted"
    RULE = "rule"
    EMBEDDER = "embedder"
    FEATURES = "features"
    LATER = "later"
    NO_OUTCOME = "no_outcome"
    NONE_RIGHT = "none_right"
    NONE_WRONG = "none_wrong"
    ALONE = "alone"


_TELL_NOTHING = (Aside.FAILED, Aside.CHAT, Aside.ACTED, Aside.EMBEDDER, Aside.UNREADABLE)
"""Of these another call for the same incident may tell more."""


@dataclass(frozen=True, slots=True)
class JudgedChoice:
    """A choice on which only the score decided, with its outcome.

    Attributes:
        day: of the call.
        features: see `resolution.score.features`.
        score: what it was given then, 0 to 100.
        threshold: what it takes to act on this row, 0 to 100.
    """

    incident: str
    row: str
    day: date
    features: Mapping[str, float]
    score: float
    threshold: float
    right: bool


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row that was found for a ticket.

    Attributes:
        values: see `Ranked.places`.
        right: what its outcome says; None where nobody knows.
    """

    row: str
    values: Mapping[str, float]
    right: bool | None


@dataclass(frozen=True, slots=True)
class JudgedRanking:
    """A ticket's candidates, at least one known to be right and one known not to be."""

    incident: str
    day: date
    candidates: tuple[JudgedRow, ...]


_Example = TypeVar("_Example", JudgedChoice, JudgedRanking)


@dataclass(frozen=True, slots=True)
class Choices:
    """Examples for the critic, oldest first, and how many calls were set aside, by reason."""

    kept: tuple[JudgedChoice, ...]
    aside: Mapping[Aside, int]


@dataclass(frozen=True, slots=True)
class Rankings:
    """Examples for the reranker, oldest first, and how many calls were set aside, by reason."""

    kept: tuple[JudgedRanking, ...]
    aside: Mapping[Aside, int]


def choices(
    calls: Iterable[ModelCall],
    outcomes: Iterable[CallOutcome],
    *,
    embedder: str,
    embedders: Mapping[str, str] | None = None,
    threshold_of: Callable[[str, float], float] = lambda _, then: then,
    acted_on: _ActedOn = lambda _: False,
) -> Choices:
    """What the critic can learn from.

    Args:
        calls: of the role ``critique``.
        embedder: the one in use; features of another one mean something else.
        embedders: by run, the one that was used; where none is named it is taken to be the one in use.
        threshold_of: what it takes to act, by row and by what it took then.
        acted_on: whether Resuelve acted on an incident and no person had agreed before; then none of its calls teaches.
    """
    newest = _newest(outcomes, lambda one: (one.incident, one.state))

    def read(call: ModelCall) -> JudgedChoice | Aside:
        return _unusable(call, embedder, embedders or {}, acted_on) or _judged(call, newest, threshold_of)

    kept, aside = _told(calls, read, lambda said: said.row)
    kept.sort(key=lambda one: (one.day, _shuffled(one.incident), one.row))
    return Choices(tuple(kept), aside)


def rankings(
    calls: Iterable[ModelCall],
    outcomes: Iterable[CallOutcome],
    *,
    embedder: str,
    embedders: Mapping[str, str] | None = None,
    acted_on: _ActedOn = lambda _: False,
) -> Rankings:
    """What the reranker can learn from.

    Args:
        calls: of the role ``rerank``.
        embedder, embedders, acted_on: as for `choices`.
    """
    newest = {place: one.right for place, one in _newest(outcomes, lambda one: (one.incident, one.state)).items()}

    def read(call: ModelCall) -> JudgedRanking | Aside:
        return _unusable(call, embedder, embedders or {}, acted_on) or _ranking(call, newest)

    kept, aside = _told(calls, read, lambda _: "")
    kept.sort(key=lambda one: (one.day, _shuffled(one.incident)))
    return Rankings(tuple(kept), aside)


def embedders_of(calls: Iterable[ModelCall]) -> dict[str, str]:
    """By run, the embedder that was used, from the calls of the role ``embed``."""
    return {call.run: call.model for call in calls if not call.error}


def newest_incidents(examples: Sequence[JudgedChoice | JudgedRanking]) -> frozenset[str]:
    """The incidents that are held out: the newest, whole, `HELD_OUT` of them and with `LEAST_HELD_OUT` examples.

    Args:
        examples: as `choices` and `rankings` give them.
    """
    of_each = Counter(one.incident for one in examples)
    newest_first = list(dict.fromkeys(one.incident for one in reversed(examples)))
    held: list[str] = []
    known = 0
    for incident in newest_first:
        if len(held) >= HELD_OUT * len(newest_first) and known >= LEAST_HELD_OUT:
            break
        held.append(incident)
        known += of_each[incident]
    return frozenset(held)


def dataset_digest(examples: Sequence[JudgedChoice | JudgedRanking]) -> str:
    """The same for the same examples in the same order (hex)."""
    return hashlib.sha256("\n".join(map(repr, examples)).encode("utf-8", "backslashreplace")).hexdigest()


def _newest(outcomes: Iterable[CallOutcome], place: Callable[[CallOutcome], Any]) -> dict[Any, CallOutcome]:
    found: dict[Any, CallOutcome] = {}
    for one in outcomes:
        known = found.get(place(one))
        if known is None or one.at >= known.at:
            found[place(one)] = one
    return found


@dataclass(frozen=True, slots=True, order=True)
class _When:
    """A call without its texts, of which there may be many; ordered by time."""

    at: datetime
    id: str
    incident: str
    revision: str


def _told(
    calls: Iterable[ModelCall], read: Callable[[ModelCall], _Example | Aside], row_of: Callable[[_Example], str]
) -> tuple[list[_Example], Counter[Aside]]:
    """What the calls tell, the first for each row of an incident as it was when first asked about; and the others."""
    aside: Counter[Aside] = Counter()
    told: list[tuple[_When, _Example | Aside]] = []
    for call in calls:
        said = read(call)
        if isinstance(said, Aside) and said in _TELL_NOTHING:
            aside[said] += 1
        else:
            told.append((_When(call.at, call.id, call.incident, call.revision), said))
    first_text: dict[str, str] = {}
    found: dict[tuple[str, str], _Example] = {}
    for when, said in sorted(told, key=lambda one: one[0]):
        if first_text.setdefault(when.incident, when.revision) != when.revision:
            aside[Aside.LATER] += 1
        elif isinstance(said, Aside):
            aside[said] += 1
        elif found.setdefault((when.incident, row_of(said)), said) is not said:
            aside[Aside.LATER] += 1
    return list(found.values()), aside


def _unusable(call: ModelCall, embedder: str, embedders: Mapping[str, str], acted_on: _ActedOn) -> Aside | None:
    if call.error or call.output is None:
        return Aside.FAILED
    if call.prompt or not _OURS.fullmatch(call.model):
        return Aside.CHAT
    if acted_on(call.incident):
        return Aside.ACTED
    return None if embedders.get(call.run, embedder) == embedder else Aside.EMBEDDER


def _judged(
    call: ModelCall, newest: Mapping[Any, CallOutcome], threshold_of: Callable[[str, float], float]
) -> JudgedChoice | Aside:
    try:
        given, answered = call.input, call.output
        row, features = str(given["problem"]), _numbers({**_NEWER, **given["features"]}, FEATURES)
        then, score = finite(given["threshold"]), finite(answered["score"])
        decided_by_score = answered["verdict"] == Verdict.APPROVED or answered["doubt"] == Doubt.WEAK_MATCH
        outcome = newest.get((call.incident, str(given["state"])))
    except _BREAKING:
        return Aside.UNREADABLE
    if not decided_by_score:
        return Aside.RULE
    wanted = set(FEATURES) if "echo" in features else set(FEATURES) - set(WORDS)
    if features.keys() != wanted:
        return Aside.FEATURES
    if outcome is None:
        return Aside.NO_OUTCOME
    return JudgedChoice(call.incident, row, call.at.date(), features, score, threshold_of(row, then), outcome.right)


def _ranking(call: ModelCall, newest: Mapping[Any, bool]) -> JudgedRanking | Aside:
    try:
        rows = tuple(_rows(call, newest))
    except _BREAKING:
        return Aside.UNREADABLE
    if len(rows) < 2 or all(row.right for row in rows):
        return Aside.ALONE
    known = {row.right for row in rows} - {None}
    if known == {True, False}:
        return JudgedRanking(call.incident, call.at.date(), rows)
    if not known:
        return Aside.NO_OUTCOME
    return Aside.NONE_WRONG if True in known else Aside.NONE_RIGHT


def _rows(call: ModelCall, newest: Mapping[Any, bool]) -> Iterator[JudgedRow]:
    for one in call.output["order"]:
        right = newest.get((call.incident, str(one["state"])))
        values = _numbers({**one["features"], "relevance": one["relevance"]}, PLACES)
        yield JudgedRow(str(one["problem"]), values, right)


def _numbers(values: Mapping[str, Any], names: Collection[str]) -> dict[str, float]:
    return {name: finite(values[name]) for name in names if name in values}


def _shuffled(incident: str) -> str:
    """An order within one day that tells nothing of the incidents."""
    return hashlib.sha256(incident.encode("utf-8", "backslashreplace")).hexdigest()
