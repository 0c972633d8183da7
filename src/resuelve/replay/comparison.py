"""Two projections side by side. They are compared as JSON, so that one may come from a file: of an earlier version of
the product, with other prompts, or of another day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

Ticket = Mapping[str, Any]


class Effect(StrEnum):
    """What the second configuration makes of a ticket that it treats otherwise.

    - BETTER: it does rightly what the first left or did wrongly, or leaves what the first did wrongly;
    - WORSE: the other way round;
    - UNTOLD: the past does not tell which is right;
    - ALIKE: they do different things, and both are right or both are wrong.
    """

    BETTER = "better"
    WORSE = "worse"
    UNTOLD = "untold"
    ALIKE = "alike"


_WORTH = {(True, "right"): 2, (False, "right"): 2, (False, "wrong"): 1, (True, "wrong"): 0}
"""Of an outcome, automatic or not, as the past judges it: better a person in vain than a wrong act."""


def compared(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """The tickets that both have decided and treat otherwise, as JSON, the worse ones first.

    Args:
        first, second: see `replay.projection.projection`.
    """
    before = {one["incident"]: one for one in first["tickets"]}
    pairs = [(before[one["incident"]], one) for one in second["tickets"] if one["incident"] in before]
    differing = [_difference(was, now) for was, now in pairs if _does(was) != _does(now)]
    effects = Counter(one["effect"] for one in differing)
    order = [Effect.WORSE, Effect.UNTOLD, Effect.ALIKE, Effect.BETTER]
    return {
        "compared": len(pairs),
        "only_first": len(first["tickets"]) - len(pairs),
        "only_second": len(second["tickets"]) - len(pairs),
        "effects": {effect.value: effects[effect] for effect in Effect},
        "new_wrong": sum(_wrong(now) and not _wrong(was) for was, now in pairs),
        "differences": sorted(differing, key=lambda one: (order.index(one["effect"]), one["incident"])),
    }


def _does(ticket: Ticket) -> tuple[Any, ...] | None:
    """What becomes of the ticket, as its requester sees it; None when a person gets it."""
    names = ("row", "written", "resolution", "queue")
    return tuple(ticket[name] for name in names) if ticket["automatic"] else None


def _wrong(ticket: Ticket) -> bool:
    return bool(ticket["automatic"] and ticket["judgement"] == "wrong")


def _difference(was: Ticket, now: Ticket) -> dict[str, Any]:
    names = ("row", "resolution", "queue", "automatic", "confidence", "doubt", "judgement")
    return {
        **{name: now[name] for name in ("incident", "title", "opened", "done", "done_queue")},
        "effect": _effect(was, now),
        "before": {name: was[name] for name in names},
        "after": {name: now[name] for name in names},
    }


def _effect(was: Ticket, now: Ticket) -> Effect:
    before, after = (_WORTH.get((one["automatic"], one["judgement"])) for one in (was, now))
    if before is None or after is None:
        return Effect.UNTOLD
    if before == after:
        return Effect.ALIKE
    return Effect.BETTER if after > before else Effect.WORSE
