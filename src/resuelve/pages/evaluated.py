"""The page of `resuelve evaluate`: its reports, as plain JSON, with pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from resuelve.pages.confidence import curve_picture, reliability_picture
from resuelve.pages.doubts import doubt_in_words
from resuelve.pages.guarantees import calibration_told, guarantee_told
from resuelve.pages.numbers import number, percent
from resuelve.pages.page import render
from resuelve.pages.pictures import Bar, bars
from resuelve.texts import say

_LISTED = 20

_WORDS = (
    "made accuracy answered auroc auroc_right cases calibration chosen confidence confusions confusions_intro "
    "coverage curve curve_intro drawn_in drawn_in_intro ece expected how_read how_read_text joint kb macro_f1 "
    "mistakes mistakes_intro ms ms_chart model_calls nothing operations precision problems recall reliability "
    "reliability_intro right set_aside tag tags test text threshold tokens why_not why_not_intro handover person "
    "at_target at_joint as_set at_target_alone at_joint_alone undecided"
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
        "percent": lambda share: percent(share, language, 1),
        "decimal": lambda value, digits=3: "—" if value is None else number(value, language, digits),
        "listed": _LISTED,
    }
    return render("evaluated.html", values, language=language, title=say("evaluate.page.title", language))


def _set(report: Mapping[str, Any], place: str, language: str, words: Mapping[str, str]) -> dict[str, Any]:
    return {
        **report,
        "place": place,
        "reliability_plot": reliability_picture(report, language),
        "curve_plot": curve_picture(report, language, target=report["target"]),
        "taught": calibration_told(report["calibration"], language),
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
    slots = {name: percent(guaranteed[name], language, 1) for name in ("risk", "confidence")}
    text = say("evaluate.guaranteed", language, **slots)
    return text[:1].upper() + text[1:]


def _times(stages: Mapping[str, float], language: str, title: str) -> str:
    return bars([Bar(stage, ms, f"{number(ms, language, 2)} ms") for stage, ms in stages.items()], title)


def _reasons(counts: Mapping[str, int], language: str, title: str) -> str:
    rows = [
        Bar(doubt_in_words(name, language), count, number(count, language), "unsure") for name, count in counts.items()
    ]
    return bars(rows, title) if rows else ""
