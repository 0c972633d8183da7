"""Past tickets decided again, against the rows that existed when each was opened. Nothing is touched."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

from resuelve.domain.known_error import KnownError
from resuelve.knowledge.version_log import Version
from resuelve.models import ChatModel
from resuelve.replay.predict import Prediction, RememberingEmbedder, predict
from resuelve.replay.sets import LabelledCase, Split
from resuelve.replay.witness import Judgement, Problems, Witness
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rules import Rules

Knowing = Callable[[Problems], AbstractContextManager[Knowledge]]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What decides: everything that a team can change.

    Attributes:
        name: what it is called in the report.
        knowing: gives knowledge of a dictionary, on `embedder`; see `knowledge.impact.tried_out`.
        workers: tickets decided at the same time.
    """

    name: str
    rules: Rules
    embedder: RememberingEmbedder
    knowing: Knowing
    chat: ChatModel | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True)
class InForce:
    """A dictionary with the tickets that it is to decide.

    Attributes:
        version: its number in the history; 0 for one that is no version.
        tickets: their places among all.
    """

    version: int
    problems: Problems
    tickets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What would have become of a past ticket.

    Attributes:
        version: see `InForce`.
        row: the row that was chosen, or the closest one that was not approved; None where there was none.
        judgement: of acting on it, if it was acted on; else of handing it over.
        if_acted: of acting on the row, whether or not it was.
        right_rows: the rows that would have been right.
        prediction: what it was all made of; its case has no labels.
    """

    witness: Witness
    version: int
    row: KnownError | None
    judgement: Judgement
    if_acted: Judgement
    right_rows: tuple[str, ...]
    prediction: Prediction

    @property
    def automatic(self) -> bool:
        """The row would have been acted on, without anybody's leave."""
        return self.prediction.approved

    @property
    def may_act(self) -> bool:
        """Only the confidence decided whether it was."""
        return self.prediction.may_act

    @property
    def confidence(self) -> float:
        """Of the row, 0 to 1."""
        return self.prediction.confidence

    @property
    def doubt(self) -> str:
        """Why it was not acted on."""
        return self.prediction.doubt.value

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        lesson, row = self.witness.lesson, self.row
        opened = lesson.incident.opened
        return {
            "incident": lesson.incident.code,
            "title": lesson.incident.title,
            "opened": opened.isoformat() if opened else None,
            "version": self.version,
            "row": row.id if row else None,
            "written": row.fingerprint if row else "",
            "component": row.component if row else "",
            "resolution": row.prescription.label if row else "",
            "queue": row.prescription.queue if row else "",
            "automatic": self.automatic,
            "confidence": round(self.confidence, 4),
            "doubt": self.doubt,
            "judgement": self.judgement.value,
            "right_rows": list(self.right_rows),
            "done": lesson.done.label,
            "done_queue": lesson.done.queue,
            "reopened": lesson.reopened,
            "model_calls": self.prediction.calls,
            "tokens": self.prediction.tokens,
        }


def as_of_the_day(
    opened: Sequence[datetime | None], versions: Sequence[Version], at: Callable[[int], Problems]
) -> tuple[InForce, ...]:
    """Each ticket with the version that was in force when it was opened.

    A ticket from before the history, or without a date, gets the first version: see `is_before_history`.

    Args:
        opened: of the tickets; a time without a zone is of the zone here.
        versions: oldest first, at least one.
        at: the dictionary as a version left it.

    Raises:
        DictionaryError: of `at`.
    """
    places: dict[int, list[int]] = {}
    since = _since(versions)
    for place, day in enumerate(opened):
        number = versions[max(0, bisect_right(since, _zoned(day)) - 1)].number if day else versions[0].number
        places.setdefault(number, []).append(place)
    return tuple(InForce(number, at(number), tuple(places[number])) for number in sorted(places))


def is_before_history(opened: datetime | None, versions: Sequence[Version]) -> bool:
    """True for a ticket opened before the first version, or nobody knows when: what rows existed then is not known."""
    return opened is None or _zoned(opened) < versions[0].at


def replay(
    configuration: Configuration,
    in_force: Sequence[InForce],
    witnesses: Sequence[Witness],
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> tuple[Replayed, ...]:
    """Decide every ticket as this configuration would have, up to the point at which an agent would be asked.

    Args:
        in_force: every ticket stands in one of them.
        witnesses: the tickets, in their order.

    Raises:
        ModelUnavailable: the embedder or the language model is out of reach.
        VectorIndexError: an index could not be built or searched.
    """
    found: dict[int, Replayed] = {}
    for part in in_force:
        cases, before = [_case(witnesses[place]) for place in part.tickets], len(found)

        def told(done: int, _: int, before: int = before) -> None:
            progress(before + done, len(witnesses))

        with configuration.knowing(part.problems) as knowledge:
            predictions = predict(
                cases,
                knowledge,
                configuration.embedder,
                configuration.rules,
                chat=configuration.chat,
                workers=configuration.workers,
                progress=told,
            )
        for place, one in zip(part.tickets, predictions, strict=True):
            found[place] = _replayed(witnesses[place], one, part)
    return tuple(found[place] for place in range(len(witnesses)))


def _case(witness: Witness) -> LabelledCase:
    asked = witness.lesson.asked
    return LabelledCase(asked.code, Split.TEST, asked, frozenset())


def _replayed(witness: Witness, one: Prediction, part: InForce) -> Replayed:
    row = part.problems.get(one.choice)
    if_acted = witness.of_row(row) if row else Judgement.UNTOLD
    return Replayed(
        witness=witness,
        version=part.version,
        row=row,
        judgement=if_acted if one.approved else witness.of_handing_over(part.problems),
        if_acted=if_acted,
        right_rows=tuple(sorted(witness.right_rows(part.problems))),
        prediction=one,
    )


def _since(versions: Sequence[Version]) -> list[datetime]:
    """When each version came into force: never before the one before it, whatever the date of a copied file."""
    return list(accumulate((one.at for one in versions), max))


def _zoned(day: datetime) -> datetime:
    return day.astimezone() if day.tzinfo is None else day
