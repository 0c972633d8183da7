"""What the thresholds of an evaluation guarantee, in a sentence; for the page and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resuelve.pages.numbers import number, percent
from resuelve.texts import say


def guarantee_told(one: Mapping[str, Any], language: str) -> str:
    """One entry of `guaranteed.by_resolution` (`Guarantee.as_json`)."""
    key = "found" if one["threshold"] is not None else "none" if one["more_labels"] is None else "missing"
    return say(
        f"evaluate.guaranteed.{key}",
        language,
        word=one["resolution"] or say("evaluate.guaranteed.all", language),
        threshold=number(100 * (one["threshold"] or 0), language, 1),
        more=number(one["more_labels"] or 0, language),
        answered=number(one["answered"], language),
        wrong=number(one["wrong"], language),
        test_answered=number(one["test"]["answered"], language),
        test_right=number(one["test"]["right"], language),
    )


def calibration_told(report: Mapping[str, Any], language: str) -> str:
    """What the calibration split taught about the score (`Calibration.as_json`)."""
    slots = {name: number(report[name], language) for name in ("outcomes", "missing")}
    if report["before"] is None or report["after"] is None:
        return say("evaluate.taught.few", language, **slots)
    eces = {name: percent(report[name]["ece"], language, 1) for name in ("before", "after")}
    return say("evaluate.taught.learned" if report["learned"] else "evaluate.taught.kept", language, **slots, **eces)
