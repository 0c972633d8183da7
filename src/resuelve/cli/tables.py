"""How entries and totals look on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve.domain.decision import OutcomeKind, Verdict
from resuelve.journal import Intent
from resuelve.pages.systems import system_in_words
from resuelve.resolution.report import Totals
from resuelve.texts import say

_COLOURS = {
    OutcomeKind.CLOSED: "green",
    OutcomeKind.HELD: "cyan",
    OutcomeKind.REASSIGNED: "blue",
    OutcomeKind.HANDED_OFF: "yellow",
    OutcomeKind.SHADOWED: "magenta",
    OutcomeKind.PAUSED: "yellow",
    OutcomeKind.FAILED: "red",
    OutcomeKind.UNKNOWN: "red",
}
Line = tuple[Text, ...]

_IN_FULL = ("none", "agent_hands_off", "policy", "model_failed", "row_fell", "unproven")
"""Doubts whose reason says more than their name."""

_COLUMNS = ("incident", "problem", "confidence", "resolution", "done", "why")


def entries_table(entries: Sequence[Line], language: str) -> Table:
    """The incidents of a run, a line each, in the order of their codes."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for name in _COLUMNS:
        table.add_column(
            say(f"cli.column.{name}", language),
            justify="right" if name == "confidence" else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio={"problem": 5, "why": 4}.get(name),
            min_width={"problem": 16, "why": 16}.get(name),
            max_width={"resolution": 18, "done": 24}.get(name),
        )
    for line in sorted(entries, key=lambda one: one[0].plain):
        table.add_row(*line)
    return table


def line_of(entry: Mapping[str, Any], language: str) -> Line:
    """The cells of one entry. Texts of tickets and rows are shown as they are, never read as markup."""
    decision = entry.get("decision", {})
    kind = OutcomeKind(entry["outcome"])
    return (
        Text(entry["incident"]),
        _problem(decision),
        _confidence(decision),
        Text(_resolution(decision)),
        Text(_done(entry, kind, language), style=_COLOURS.get(kind, "")),
        Text(_short(_why(entry, decision, language), 200), style="dim" if not entry["changed"] else ""),
    )


def print_totals(console: Console, totals: Totals, language: str, unchanged: Sequence[str] = ()) -> None:
    """The sums below the table."""
    values = totals.as_json()
    console.print()
    console.print(
        say(
            "cli.totals",
            language,
            incidents=totals.incidents,
            executed=totals.executed - totals.approved,
            percent=f"{100 * values['automatic_rate']:.0f}",
        ),
        style="bold",
        markup=False,
    )
    if totals.approved:
        console.print(say("cli.approved", language, count=totals.approved), markup=False)
    kinds = ", ".join(f"{say(f'cli.outcome.{kind}', language)} {n}" for kind, n in totals.outcomes.most_common())
    if kinds:
        console.print(kinds, markup=False)
    doubts = ", ".join(f"{say(f'cli.doubt.{doubt}', language)} {n}" for doubt, n in totals.doubts.most_common())
    if doubts:
        console.print(say("cli.doubts", language, doubts=doubts), markup=False)
    if totals.errors:
        errors = ", ".join(f"{system_in_words(system, language)} {n}" for system, n in totals.errors.most_common())
        console.print(say("cli.errors", language, errors=errors), style="red", markup=False)
    if totals.usage["calls"]:
        console.print(
            say("cli.usage", language, **{k: totals.usage[k] for k in ("calls", "tokens_in", "tokens_out")}),
            markup=False,
        )
    if unchanged:
        console.print(say("cli.unchanged", language, count=len(unchanged)), markup=False)


def say_unknown(unknown: Sequence[Intent], language: str) -> str:
    """Which tickets wait for a person because nobody can tell whether they were changed."""
    tickets = ", ".join(f"{one.incident} ({one.reference})" for one in unknown)
    return say("cli.unknown", language, count=len(unknown), tickets=tickets)


def _problem(decision: Mapping[str, Any]) -> Text:
    problem = decision.get("problem")
    if problem:
        chosen = (decision.get("critique") or {}).get("verdict") == Verdict.APPROVED
        return Text(
            f"{'' if chosen else '≈ '}{problem['id']} {_short(problem['description'], 200)}",
            style="" if chosen else "dim",
        )
    closest = decision.get("considered") or ()
    return Text(f"≈ {closest[0]['problem']}" if closest else "—", style="dim")


def _confidence(decision: Mapping[str, Any]) -> Text:
    score = decision.get("score")
    return Text("" if score is None else f"{score:.0f}")


def _resolution(decision: Mapping[str, Any]) -> str:
    return str(decision.get("prescribed") or "—")


def _done(entry: Mapping[str, Any], kind: OutcomeKind, language: str) -> str:
    done = say(f"cli.outcome.{kind}", language)
    queue = (entry.get("sent") or {}).get("queue")
    return f"{done} → {queue}" if queue else done


def _why(entry: Mapping[str, Any], decision: Mapping[str, Any], language: str) -> str:
    """A kind of doubt in a word or two, else the reason in full."""
    doubt = decision.get("doubt", "none")
    if entry["changed"]:
        return say("cli.fits", language)
    return entry["reason"] if doubt in _IN_FULL else say(f"cli.doubt.{doubt}", language)


def _short(text: str, length: int) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= length else one_line[: length - 1] + "…"
