"""Whether a replay keeps within the limits that were set for it: for those who run it before every change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """What a replay has to keep to; it is the last configuration that is measured.

    Attributes:
        most_wrong: percentage of wrong ones among the automatic actions that the past calls right or wrong.
        least_automatic: percentage of all tickets.
        no_new_wrong: no ticket may be acted on wrongly that the first configuration leaves or does rightly.
    """

    most_wrong: float | None = None
    least_automatic: float | None = None
    no_new_wrong: bool = False


def broken(report: Mapping[str, Any], limits: Limits) -> list[dict[str, Any]]:
    """The limits that do not hold, each with its name, the limit and what was found."""
    totals = report["configurations"][-1]["totals"]
    judged = totals["right"] + totals["wrong"]
    wrong = 100 * totals["wrong"] / judged if judged else 0.0
    automatic = 100 * totals["automatic"] / totals["tickets"] if totals["tickets"] else 0.0
    comparison = report["comparison"]
    found: list[dict[str, Any]] = []
    if limits.most_wrong is not None and wrong > limits.most_wrong:
        found.append({"limit": "most_wrong", "set": limits.most_wrong, "found": round(wrong, 1)})
    if limits.least_automatic is not None and automatic < limits.least_automatic:
        found.append({"limit": "least_automatic", "set": limits.least_automatic, "found": round(automatic, 1)})
    if limits.no_new_wrong and comparison:
        if comparison["new_wrong"]:
            found.append({"limit": "no_new_wrong", "set": 0, "found": comparison["new_wrong"]})
        if not comparison["compared"]:
            found.append({"limit": "nothing_compared", "set": 1, "found": 0})
    return found
