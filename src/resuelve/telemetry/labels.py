"""Labels of a bounded number: what comes from outside must not fill the memory of those who watch."""

from __future__ import annotations

from collections.abc import Mapping

from resuelve.telemetry.metrics import Metric

THE_REST = "other"
_LONGEST = 100


class Bounded:
    """Gives each metric the labels that it has, and no further value of its first one when it has had its `most`."""

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {}
        self._put: dict[str, frozenset[str]] = {}

    def __call__(self, metric: Metric, labels: Mapping[str, str] | None) -> dict[str, str]:
        """The labels as they are shown, in the order of the metric; one that was not given is empty."""
        given = labels or {}
        shown = {name: sayable(given.get(name, "")[:_LONGEST]) for name in metric.labels}
        if metric.most:
            first = metric.labels[0]
            shown[first] = self._one_of_few(metric, shown[first])
        return shown

    def each(self, metric: Metric, values: Mapping[str, float]) -> dict[str, float]:
        """The values of a metric of one label as they are shown: those that share a label added up, and 0 for what was
        shown before and is not among them.
        """
        (label,) = metric.labels
        shown = dict.fromkeys(self._put.get(metric.name, ()), 0.0)
        for name, value in values.items():
            place = self(metric, {label: name})[label]
            shown[place] = shown.get(place, 0.0) + value
        self._put[metric.name] = frozenset(shown)
        return shown

    def _one_of_few(self, metric: Metric, value: str) -> str:
        seen = self._seen.setdefault(metric.name, set())
        if value not in seen and len(seen) >= metric.most:
            return THE_REST
        seen.add(value)
        return value


def sayable(text: str) -> str:
    """The text with ``?`` for what no encoding knows: half a character in a mailbox's name must not stop everything."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
