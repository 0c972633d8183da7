"""The page of `resuelve evaluate`: its reports, as plain JSON, with pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from resuelve.domain.decision import Doubt
from resuelve.pages.guarantees import guarantee_told
from resuelve.pages.numbers import number
from resuelve.pages.page import render
from resuelve.pages.pictures import Bar, bars
from resuelve.pages.plots import Axes, Dot, curve_plot, reliability_plot
from resuelve.texts import say

_LISTED = 20
_TICKS = (0, 25, 50, 75, 100)
_DOUBTS = frozenset(doubt.value for doubt in Doubt)

_WORDS = (
    "made accuracy answered auroc auroc_right cases calibration chosen confidence confusions confusions_intro "
    "coverage curve curve_intro drawn_in drawn_in_intro ece expected how_read how_read_text joint kb macro_f1 "
    "mistakes mistakes_intro ms ms_chart model_calls nothing operations precision problems recall reliability "
    "reliability_intro right set_aside tag tags test text threshold tokens why_not why_not_intro handover person "
    "at_target at_joint as_set at_target_alone at_joint_alone"
).split()


def evaluated_page(reports: Sequence[Mapping[str, Any]], *, made: str, language: str) -> str:
    """One or more evaluations (`Evaluation.as_json`) as one self-contained HTML page.

    Args:
        made: when, as it is to be read.
    """
    words = {name: say(f"evaluate.page.{name}", language) for name in _WORDS}
    values = {
        "w": words,
        "made": made.replace("T", " "),
        "sets": [_set(one, f"s{n}", language, words) for n, one in enumerate(reports, 1)],
        "n": lambda value: number(value, language),
        "percent": lambda share: _percent(share, language),
        "decimal": lambda value, digits=3: "—" if value is None else number(value, language, digits),
        "listed": _LISTED,
    }
    return render("evaluated.html", values, language=language, title=say("evaluate.page.title", language))


def _set(report: Mapping[str, Any], place: str, language: str, words: Mapping[str, str]) -> dict[str, Any]:
    return {
        **report,
        "place": place,
        "reliability_plot": _reliability(report, language, words),
        "curve_plot": _curve(report, language, words),
        "guaranteed_title": _guaranteed_title(report["guaranteed"], language),
        "guaranteed_lines": [guarantee_told(one, language) for one in report["guaranteed"]["by_resolution"]],
        "ms_picture": _times(report["ms_by_stage"], language, words["ms_chart"]),
        "reasons": _reasons(report["not_approved"], language, words["why_not"]),
        "rows": [
            *((words[name], report[name]) for name in ("at_target", "at_joint", "as_set")),
            *((words[f"{name}_alone"], report["score_alone"][name]) for name in ("at_target", "at_joint")),
        ],
    }


def _guaranteed_title(guaranteed: Mapping[str, Any], language: str) -> str:
    slots = {name: _percent(guaranteed[name], language) for name in ("risk", "confidence")}
    text = say("evaluate.guaranteed", language, **slots)
    return text[:1].upper() + text[1:]


def _reliability(report: Mapping[str, Any], language: str, words: Mapping[str, str]) -> str:
    cases = sum(one["cases"] for one in report["reliability"]) or 1
    dots = [
        Dot(
            one["confidence"],
            one["right"],
            one["low"],
            one["high"],
            one["cases"] / cases,
            f"{_percent(one['confidence'], language)} → {_percent(one['right'], language)} "
            f"({number(one['cases'], language)})",
        )
        for one in report["reliability"]
    ]
    return reliability_plot(dots, _axes(words["reliability"], words["confidence"], words["right"], language))


def _curve(report: Mapping[str, Any], language: str, words: Mapping[str, str]) -> str:
    points = [(one["coverage"], one["precision"]) for one in report["risk_coverage"]]
    axes = _axes(words["curve"], words["coverage"], words["precision"], language)
    return curve_plot(points, axes, target=report["target"])


def _axes(title: str, across: str, up: str, language: str) -> Axes:
    return Axes(title, across, up, [_percent(tick / 100, language, 0) for tick in _TICKS])


def _times(stages: Mapping[str, float], language: str, title: str) -> str:
    return bars([Bar(stage, ms, f"{number(ms, language, 2)} ms") for stage, ms in stages.items()], title)


def _reasons(counts: Mapping[str, int], language: str, title: str) -> str:
    rows = [Bar(_doubt(name, language), count, number(count, language), "unsure") for name, count in counts.items()]
    return bars(rows, title) if rows else ""


def _doubt(name: str, language: str) -> str:
    return say(f"cli.doubt.{name}", language) if name in _DOUBTS and name != Doubt.NONE.value else name


def _percent(share: float | None, language: str, digits: int = 1) -> str:
    if share is None:
        return "—"
    text = number(100 * share, language, digits)
    return f"{text} %" if language == "es" else f"{text}%"
