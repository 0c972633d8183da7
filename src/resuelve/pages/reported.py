"""The page of `resuelve report`: its summary of runs, as plain JSON, with pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resuelve.domain.decision import OutcomeKind
from resuelve.pages.answers import cost_told, right_told, working_told
from resuelve.pages.counted import counted
from resuelve.pages.days import day_told, moment_told
from resuelve.pages.doubts import doubt_in_words
from resuelve.pages.lasted import lasted_told
from resuelve.pages.numbers import number, percent
from resuelve.pages.page import render
from resuelve.pages.pictures import Bar, bars
from resuelve.pages.stages import stage_in_words
from resuelve.pages.times import GROUPS, outcomes_over_time, rate_over_time
from resuelve.pages.traces import trace_address
from resuelve.texts import say

LISTED = 60
"""Lines of a list; the summary in JSON has more of them."""

_BARS, _GAPS = 15, 8
_OUTCOMES = frozenset(OutcomeKind)
_FATES = frozenset("problem example covered unsure undocumented otherwise untold own silent".split())
_KINDS = frozenset(("problem", "example"))

_WORDS = (
    "added advice aside_now automatic batch batch_intro broken_off came_back_list certainty change closest "
    "contradicts cost description doubles duplicates each_run each_run_intro entries examples executed failed "
    "acted came_back fates file gaps gaps_intro handed how how_read how_read_text incident incidents kept kind largest "
    "lasted lasted_column lasted_intro moved reopened reported "
    "maintenance maintenance_intro more more_periods new_proposals newest newest_intro notes nothing "
    "outcome outcomes outcomes_intro queue rate rate_intro reason refused refused_intro "
    "remarks removed resolutions returned returned_intro returned_unknown right row rows rows_aside rows_column "
    "score seconds set_aside shadow stages stages_intro started trace unknown_now unreadable wants when working"
).split()


def reported_page(report: Mapping[str, Any], *, language: str, trace_url: str = "") -> str:
    """A summary of runs (as `resuelve report --json` writes it) as one self-contained HTML page.

    Args:
        trace_url: the address at which a trace is shown, with ``{trace}`` in it; empty for none.
    """
    words = {name: say(f"report.page.{name}", language) for name in _WORDS}
    values = {
        "w": words,
        "report": report,
        "head": summary_told(report, language),
        "older": counted("older", report["older_runs"], language),
        "other_runs": counted("other_runs", report["returned"].get("of_other_runs", 0), language),
        "lasted": lasted_told(report["durable"], language) if report.get("durable") else None,
        "answers": [
            (words["working"], working_told(report, language)),
            (words["right"], right_told(report, language)),
            (words["cost"], cost_told(report, language)),
        ],
        **_pictures(report, language, words),
        "listed": LISTED,
        "n": lambda value, digits=0: number(value, language, digits),
        "percent": lambda share, digits=0: percent(share, language, digits),
        "day": lambda text: day_told(text, language),
        "moment": lambda text: moment_told(text, language),
        "doubt": lambda name: doubt_in_words(name, language),
        "outcome": lambda name: outcome_in_words(name, language),
        "said": lambda key: say(f"report.{key}", language),
        "dot": _dot,
        "by_kind": lambda found: [(outcome_in_words(name, language), one) for name, one in found.items()],
        "by_row": lambda found: [(one["row"], one) for one in found],
        "trace_of": lambda one: trace_address(trace_url, one.get("trace")),
        "known_kind": lambda name: say(f"report.kind.{name}", language) if name in _KINDS else name,
    }
    return render("reported.html", values, language=language, title=say("report.page.title", language))


def outcome_in_words(name: str, language: str) -> str:
    """An outcome; as it stands where it is none of ours (a file may have been edited, or be of a newer version)."""
    return say(f"cli.outcome.{name}", language) if name in _OUTCOMES else name or "—"


def _dot(outcome: str) -> str:
    """The colour of an outcome, as the chart over time has it."""
    kind = next((kind for kind, names in GROUPS.items() if outcome in names), "silent")
    circle = f'<circle class="{kind}" cx="5" cy="5" r="5"/>'
    return f'<svg class="dot" width="10" height="10" aria-hidden="true">{circle}</svg> '


def summary_told(report: Mapping[str, Any], language: str) -> str:
    """The runs in a sentence or two."""
    runs, shadow = report["runs"], report["shadow"]
    if not runs["count"]:
        return say("report.no_runs", language)
    told = _done(report, language)
    if shadow:
        told += " " + say(
            "report.shadow" if runs["live"] else "report.shadow_only",
            language,
            incidents=counted("incidents", shadow["handled"], language),
            would_change=number(shadow["would_change"], language),
            rate=percent(shadow["rate"], language, 1),
        )
    return told


def _done(report: Mapping[str, Any], language: str) -> str:
    runs, incidents = report["runs"], report["incidents"]
    days = {name: day_told(runs[name], language) for name in ("first", "last")}
    told = counted("runs", runs["count"], language)
    if not runs["live"]:
        return say("report.head_shadow", language, runs=told, **days)
    return say(
        "report.head",
        language,
        runs=told,
        **days,
        incidents=counted("different", incidents["handled"], language),
        executed=number(incidents["executed"], language),
        rate=percent(incidents["automatic_rate"], language, 1),
    )


def _pictures(report: Mapping[str, Any], language: str, words: Mapping[str, str]) -> dict[str, Any]:
    resolutions = [Bar(word or "—", count, number(count, language)) for word, count in report["resolutions"].items()]
    handed = _doubts(report["handed_over"], language)
    refused = _doubts(report["refused"]["by_reason"], language)
    gaps = [
        Bar(f"{one['queue'] or '—'} · {one['row'] or '—'}", one["incidents"], number(one["incidents"], language), "new")
        for one in report["gaps"]["list"][:_GAPS]
    ]
    stages = [
        Bar(
            stage_in_words(one["stage"], language),
            one["seconds"],
            f"{percent(one['share'], language, 1)} · {number(one['seconds'], language, 1)} s",
        )
        for one in report["cost"]["stages"][:_BARS]
    ]
    found = {"resolutions": resolutions, "handed": handed, "refused": refused, "gaps": gaps}
    pictures = {
        f"{name}_picture": bars(parts[:_BARS], words.get(name, name)) if parts else ""
        for name, parts in {**found, "stages": stages}.items()
    }
    return {
        **pictures,
        "rate_picture": rate_over_time(report["over_time"], language),
        "outcomes_picture": outcomes_over_time(report["over_time"], language),
        "groups": [(kind, say(f"report.group.{kind}", language)) for kind in GROUPS],
        "fate_pictures": [_fates(one["fates"], language) for one in report["maintenance"]],
    }


def _doubts(found: Mapping[str, int], language: str) -> list[Bar]:
    return [
        Bar(doubt_in_words(name, language), count, number(count, language), "unsure") for name, count in found.items()
    ]


def _fates(fates: Mapping[str, int], language: str) -> str:
    rows = [
        Bar(say(f"report.fate.{name}", language) if name in _FATES else name, count, number(count, language))
        for name, count in fates.items()
        if count
    ]
    return bars(rows[:_BARS], say("report.page.fates", language)) if rows else ""
