"""Pictures of confidence, from the JSON of reports: what it promised and what came, and what it costs to be sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resuelve.pages.numbers import number, percent
from resuelve.pages.plots import Axes, Dot, curve_plot, reliability_plot
from resuelve.texts import say

_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def reliability_picture(report: Mapping[str, Any], language: str) -> str:
    """The bins of ``reliability`` as SVG, each dot as large as its share of the cases."""
    cases = sum(one["cases"] for one in report["reliability"]) or 1
    dots = [
        Dot(
            one["confidence"],
            one["right"],
            one["low"],
            one["high"],
            one["cases"] / cases,
            f"{percent(one['confidence'], language, 1)} → {percent(one['right'], language, 1)} "
            f"({number(one['cases'], language)})",
        )
        for one in report["reliability"]
    ]
    return reliability_plot(dots, _axes("reliability", "confidence", "right", language))


def curve_picture(report: Mapping[str, Any], language: str, *, target: float) -> str:
    """The points of ``risk_coverage`` as SVG, with the precision that is aimed at."""
    points = [(one["coverage"], one["precision"]) for one in report["risk_coverage"]]
    return curve_plot(points, _axes("curve", "coverage", "precision", language), target=target)


def _axes(title: str, across: str, up: str, language: str) -> Axes:
    title, across, up = (say(f"evaluate.page.{name}", language) for name in (title, across, up))
    return Axes(title, across, up, [percent(tick, language) for tick in _TICKS])
