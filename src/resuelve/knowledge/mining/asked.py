"""What each incident asked, without who asked it, and the known problem that it is a case of, if it clearly is one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

import numpy as np

from resuelve.domain.incident import Incident
from resuelve.knowledge.people import People
from resuelve.models import Embedder, Vectors
from resuelve.resolution.identify import identify
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.read import Reading, read
from resuelve.resolution.reformulate import Query, reformulate
from resuelve.resolution.rerank import Ranked, rerank
from resuelve.resolution.retrieve import retrieve, weighted_mean
from resuelve.resolution.score import features, score

SURE = 60.0
"""Score from which on an incident counts as a case of its row: of the two invented desks of `benchmarks/critic`, 94 %
rightly. Acting on a ticket takes more (`CRITIC_APPROVAL_THRESHOLD`); counting it does not."""

POSSIBLE = 25.0
"""Score below which no row is near: two thirds of those desks' incidents without a row lie there."""

_BLOCK = 256
"""Incidents whose texts are embedded in one call: enough to keep every core busy."""

NEAR = 12
"""Rows that are remembered of an incident."""

_SHOWN_TITLE = 90
_TITLE_WORDS = 3


class Fit(StrEnum):
    """How an incident stands to the dictionary."""

    KNOWN = "known"
    UNSURE = "unsure"
    NEW = "new"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Asked:
    """An incident as it was asked.

    Attributes:
        title, text: what it says, for people to read: without identifiers and names of people.
        body: what it says besides its title; the whole where there is nothing besides.
        fit: KNOWN: clearly a case of `problem`; UNSURE: perhaps; NEW: no row is near; SILENT: it says nothing.
        problem: id of the nearest known problem; empty when none was found at all.
        score: how likely the nearest row is the right one, 0 to 100 (`resolution.score`).
        otherwise: the team did something else than that row prescribes.
        foreign: it is in another language than the dictionary.
        near: the rows nearest to it, at most `NEAR`, the nearest first.
    """

    code: str
    title: str
    text: str
    body: str
    fit: Fit
    problem: str
    score: float
    otherwise: bool = False
    foreign: bool = False
    near: tuple[Ranked, ...] = ()

    @property
    def likely(self) -> bool:
        """True when the score alone says that it is a case of its row."""
        return self.score >= SURE


@dataclass(frozen=True, slots=True)
class Past:
    """Incidents in their order, with a unit vector each (zero for those that say nothing)."""

    asked: tuple[Asked, ...]
    vectors: Vectors


def look(
    incidents: Sequence[Incident],
    knowledge: Knowledge,
    people: People,
    *,
    label: str,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Past:
    """Take incidents through the stages from read to rerank, many at a time; each different text is embedded once.

    Args:
        incidents: as they were asked (`Lesson.asked`).
        progress: told how many of how many are done.

    Raises:
        ModelUnavailable: the embedder gave no answer.
        VectorIndexError: the index could not be searched.
    """
    vectors = np.zeros((len(incidents), knowledge.embedder.dimension), dtype=np.float32)
    found: list[Asked] = []
    seen: dict[bytes, int] = {}
    rest = iter(incidents)
    while block := [_prepare(incident, knowledge, label) for incident in islice(rest, _BLOCK)]:
        new = [one for one in block if one.key not in seen]
        embedder = _Prepared(knowledge.embedder, [query.text for one in new for query in one.queries])
        for one in block:
            row = len(found)
            twin = seen.setdefault(one.key, row)
            if one.queries and twin == row:
                vectors[row] = weighted_mean(one.queries, embedder.embed([query.text for query in one.queries]))
            elif twin != row:
                vectors[row] = vectors[twin]
            found.append(_placed(one, knowledge, embedder, people) if twin == row else _again(one, found[twin]))
        progress(len(found), len(incidents))
    return Past(tuple(found), vectors)


@dataclass(frozen=True, slots=True)
class _Ticket:
    reading: Reading
    queries: tuple[Query, ...]
    key: bytes


class _Prepared:
    """An embedder that has embedded everything already, in one call."""

    def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
        different = list(dict.fromkeys(texts))
        self.identity, self.dimension, self.parts = embedder.identity, embedder.dimension, embedder.parts
        self._vectors = dict(zip(different, embedder.embed(different), strict=True)) if different else {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vectors[text] for text in texts])


def _prepare(incident: Incident, knowledge: Knowledge, label: str) -> _Ticket:
    reading = read(incident, label=label)
    queries = reformulate(reading, identify(reading), components=knowledge.components)
    # A second matter would be searched for, too, and plays no part here.
    queries = tuple(query for query in queries if query.weight)
    said = "\x1f".join([incident.requester, incident.queue, incident.title, *(f"{q.weight}{q.text}" for q in queries)])
    return _Ticket(reading, queries, hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest())


def _again(one: _Ticket, twin: Asked) -> Asked:
    """The same words were looked at before."""
    return replace(twin, code=one.reading.incident.code)


def _placed(one: _Ticket, knowledge: Knowledge, embedder: Embedder, people: People) -> Asked:
    incident, queries = one.reading.incident, one.queries
    found = retrieve(queries, embedder=embedder, index=knowledge.index, problems=knowledge.problems)
    ranked = rerank(
        one.reading, queries, found, metric=knowledge.metric, lexicon=knowledge.lexicon, components=knowledge.components
    )
    points = (
        score(features(ranked[0], ranked, words=one.reading.language == knowledge.lexicon.language)) if ranked else 0.0
    )
    texts = list(_shown(queries, people, incident.requester))
    return Asked(
        code=incident.code,
        title=_short(_title(texts), _SHOWN_TITLE),
        text=" ".join(texts),
        body=texts[-1] if texts else "",
        fit=_fit(points) if queries else Fit.SILENT,
        problem=ranked[0].problem.id if ranked else "",
        score=round(points, 1),
        foreign=one.reading.language != knowledge.lexicon.language,
        near=ranked[:NEAR],
    )


def _fit(points: float) -> Fit:
    if points >= SURE:
        return Fit.KNOWN
    return Fit.UNSURE if points >= POSSIBLE else Fit.NEW


def _shown(queries: Sequence[Query], people: People, requester: str) -> Iterator[str]:
    """Title and problem, the title first."""
    for purpose in ("title", "problem"):
        for query in queries:
            if query.purpose == purpose:
                yield people.hide(query.text, requester)


def shown_text(text: str, people: People, requester: str = "") -> str:
    """Any text of a ticket, such as the team's answer, without identifiers and names of people."""
    reading = read(Incident(code="", description=text), label="")
    return " ".join(_shown(reformulate(reading, identify(reading)), people, requester))


def _title(texts: Sequence[str]) -> str:
    """The title; with the problem behind it where it is but a word or two."""
    few = bool(texts) and len(texts[0].split()) < _TITLE_WORDS
    return ": ".join(texts) if few else next(iter(texts), "")


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rsplit(" ", 1)[0] + "…"
