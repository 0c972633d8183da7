"""An order of candidates that was learned from outcomes: a weight for each of what their place can come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resuelve.resolution.finite import finite

PLACES = (
    "relevance",
    "closeness",
    "coverage",
    "echo",
    "component",
    "mailbox",
    "agreement",
    "runoff",
    "typical",
    "dense",
)
"""What the place of a candidate can come from; but for ``relevance`` each is the feature of that name
(`score.features`)."""


@dataclass(frozen=True, slots=True)
class Order:
    """What each named value adds to a candidate's place; the sum means nothing but its order within one ticket."""

    by_value: Mapping[str, float]

    def score(self, values: Mapping[str, float]) -> float:
        """The higher, the further in front."""
        return sum(weight * values.get(name, 0.0) for name, weight in self.by_value.items())

    def as_json(self) -> dict[str, Any]:
        """What `order_from` reads."""
        return {"by_value": dict(self.by_value)}


def order_from(content: Mapping[str, Any]) -> Order:
    """An order from its JSON, read strictly: known names and finite numbers, at least one.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is something else.
    """
    by_value = {name: finite(weight) for name, weight in content["by_value"].items()}
    if not by_value or not by_value.keys() <= set(PLACES):
        raise ValueError(sorted(by_value))
    return Order(by_value)
