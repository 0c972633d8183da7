"""What a replay comes to: how much would have been done without a person, how much of it rightly, and the curve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from resuelve.replay import metrics
from resuelve.replay.replay import Replayed
from resuelve.replay.witness import Judgement

_DIGITS = 4


def projection(name: str, tickets: Sequence[Replayed]) -> dict[str, Any]:
    """The figures of one configuration, and every ticket, as JSON.

    Shares of right ones are of those that the past calls right or wrong; tickets that do not tell are counted apart.
    """
    return {
        "name": name,
        "totals": _counted(tickets),
        "by_resolution": _by(tickets, lambda one: one.row.prescription.label if one.row else ""),
        "by_component": _by(tickets, lambda one: one.row.component if one.row else ""),
        "not_automatic": dict(Counter(one.doubt for one in tickets if not one.automatic).most_common()),
        "model_calls": sum(one.prediction.calls for one in tickets),
        "tokens": sum(one.prediction.tokens for one in tickets),
        **_curves(tickets),
        "tickets": [one.as_json() for one in tickets],
    }


def _by(tickets: Sequence[Replayed], key: Callable[[Replayed], str]) -> list[dict[str, Any]]:
    groups: dict[str, list[Replayed]] = {}
    for one in tickets:
        groups.setdefault(key(one), []).append(one)
    ordered = sorted(groups.items(), key=lambda pair: (not pair[0], -len(pair[1]), pair[0]))
    return [{"name": name, **_counted(some)} for name, some in ordered]


def _counted(tickets: Sequence[Replayed]) -> dict[str, Any]:
    done = Counter(one.judgement for one in tickets if one.automatic)
    left = Counter(one.judgement for one in tickets if not one.automatic)
    judged = metrics.Answered(len(tickets), done[Judgement.RIGHT] + done[Judgement.WRONG], done[Judgement.RIGHT])
    automatic = done.total()
    return {
        "tickets": len(tickets),
        "automatic": automatic,
        "automatic_rate": round(automatic / len(tickets), _DIGITS) if tickets else None,
        "right": done[Judgement.RIGHT],
        "wrong": done[Judgement.WRONG],
        "untold": done[Judgement.UNTOLD],
        "precision": _rounded(judged.precision),
        "precision_lower_95": _rounded(judged.lower),
        "handed_over": left.total(),
        "rightly_handed_over": left[Judgement.RIGHT],
        "missed": left[Judgement.WRONG],
        "handed_over_untold": left[Judgement.UNTOLD],
    }


def _curves(tickets: Sequence[Replayed]) -> dict[str, Any]:
    """The risk-coverage curve of what may be acted on, and the reliability of every confidence."""
    told = [one for one in tickets if one.row and one.if_acted is not Judgement.UNTOLD]
    allowed = [one for one in told if one.may_act]
    untold = sum(one.may_act and one.if_acted is Judgement.UNTOLD for one in tickets)
    curve = metrics.risk_coverage(_confidences(allowed), _right(allowed), max(1, len(tickets) - untold))
    bins = metrics.reliability(_confidences(told), _right(told))
    return {
        "risk_coverage": [_all_rounded(asdict(one)) for one in curve],
        "reliability": [_all_rounded(asdict(one)) for one in bins],
        "ece": _rounded(metrics.calibration_error(bins)),
    }


def _confidences(tickets: Sequence[Replayed]) -> metrics.Floats:
    return np.asarray([one.confidence for one in tickets], dtype=np.float64)


def _right(tickets: Sequence[Replayed]) -> metrics.Flags:
    return np.asarray([one.if_acted is Judgement.RIGHT for one in tickets], dtype=np.bool_)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _all_rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in values.items()}
