"""Conditions of time: a row for «more than 15 days» is right only for a ticket that shows it.

Embeddings do not see the difference between «more than» and «less than», and words hardly do; so plain code compares
what the row demands with what the ticket says: time that has passed («hace más de 15 días») with how long ago things
happened, time that remains («faltan menos de 24 horas») with what lies ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from resuelve.domain.known_error import KnownError
from resuelve.resolution import ahead, elapsed
from resuelve.resolution.durations import days_of
from resuelve.resolution.words import fold


@dataclass(frozen=True, slots=True)
class Condition:
    """More than so many days (`more`), or less, must have passed, or remain (`ahead`)."""

    more: bool
    days: float
    ahead: bool = False

    def allows(self, least: float, most: float) -> bool:
        """True when it is met by anything from so many days to so many."""
        return least > self.days if self.more else most < self.days


def condition_of(text: str) -> Condition | None:
    """The condition of time that a row's description states; None when it states none."""
    folded = fold(text)
    passed = elapsed.CONDITION.search(folded)
    match = passed or next(filter(None, (pattern.search(folded) for pattern in ahead.CONDITIONS)), None)
    return Condition(match["sense"] in ("mas", "more"), days_of(match), ahead=passed is None) if match else None


def conditions(problem: KnownError) -> tuple[Condition, ...]:
    """The conditions of a row: those of its examples, if its own description states one."""
    if condition_of(problem.description) is None:
        return ()
    return tuple(one for one in map(condition_of, problem.examples) if one)


def meets(problem: KnownError, texts: Sequence[str], opened: datetime | None) -> bool:
    """True when the row states no condition of time, or what the ticket says of time meets one of them.

    Args:
        opened: when the ticket was opened; without it no date in a text can be counted from.
    """
    demanded = conditions(problem)
    return not demanded or any(
        _remains(one, texts, opened) if one.ahead else _passed(one, texts, opened) for one in demanded
    )


def _passed(condition: Condition, texts: Sequence[str], opened: datetime | None) -> bool:
    """The oldest time is taken for when the matter began; later ones tell what was done about it («ayer llamé»)."""
    oldest = max((age for text in texts for age in elapsed.ages(text, opened)), default=None)
    return oldest is not None and condition.allows(oldest, oldest)


def _remains(condition: Condition, texts: Sequence[str], opened: datetime | None) -> bool:
    """Whatever the ticket names that lies ahead must meet it: which of several is meant, plain code cannot tell."""
    named = [span for text in texts for span in ahead.spans(text, opened)]
    return bool(named) and all(condition.allows(span.least, span.most) for span in named)
