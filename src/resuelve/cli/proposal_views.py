"""Proposals as people and programs read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.cli.dictionary_views import print_json
from resuelve.cli.surroundings import terminal
from resuelve.domain.errors import Rejected
from resuelve.domain.known_error import Prescription
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.maintenance.proposal import Grade, Near, Proposal, ProposalKind
from resuelve.knowledge.maintenance.proposed import entry_as_json
from resuelve.knowledge.maintenance.review import row_fields
from resuelve.knowledge.maintenance.stored import TAKEN, Entry, State
from resuelve.settings import Settings
from resuelve.texts import catalogue, say

_COLOURS = {Grade.GOOD: "green", Grade.FAIR: "yellow", Grade.POOR: "red"}
_EVIDENCE = 5
_NEAR = 2


def show_list(settings: Settings, *, decided: bool, as_json: bool) -> None:
    """The open proposals, or all of them."""
    ledger, language, console = wiring.proposals(settings), settings.language, terminal(errors=as_json)
    tell_damaged(console, ledger.damaged(), language)
    every = ledger.entries()
    shown = in_order(one for one in every if decided or one.waiting)
    if as_json:
        dictionary = wiring.catalogue(settings)
        return print_json([_with_row(one, dictionary) for one in shown])
    if shown:
        console.print(proposals_table(shown, language))
    counts = Counter(one.state for one in every)
    slots = {str(state): counts[state] for state in State}
    console.print(say("review.list.totals", language, **slots), markup=False)
    return None


def show_one(settings: Settings, proposal: str, *, as_json: bool) -> None:
    """A proposal with everything that speaks for and against it.

    Raises:
        DictionaryError: there is none of that id.
    """
    entry, dictionary = wiring.proposals(settings).entry(proposal), wiring.catalogue(settings)
    if as_json:
        return print_json(_with_row(entry, dictionary))
    console = terminal()
    console.print(proposal_text(entry, dictionary, settings.language), soft_wrap=True)
    return None


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """The best documented first, and of those the ones with more incidents."""
    grades = list(Grade)
    return sorted(entries, key=lambda one: (grades.index(one.proposal.grade), -len(one.proposal.evidence)))


def tell_damaged(console: Console, rejected: Sequence[Rejected], language: str) -> None:
    """Say which lines of the ledger cannot be read."""
    for one in rejected:
        text = say("review.damaged", language, where=one.where, reason=one.reason)
        console.print(text, style="yellow", markup=False)


def proposals_table(entries: Sequence[Entry], language: str) -> Table:
    """A line each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    widths = {"description": 46, "resolution": 24, "near": 28}
    for name in ("id", "what", "description", "resolution", "grade", "incidents", "near"):
        table.add_column(
            Text(say(f"review.column.{name}", language)),
            justify="right" if name == "incidents" else "left",
            overflow="fold",
            max_width=widths.get(name),
        )
    for entry in entries:
        proposal = entry.proposal
        table.add_row(
            Text(proposal.id),
            _what(entry, language),
            Text(_short(entry.edits.get("DESCRIPCION", proposal.description), 90)),
            Text(_resolution(entry)),
            _grade(proposal, language),
            str(len(proposal.evidence)),
            _near_text(proposal),
        )
    return table


def proposal_text(entry: Entry, dictionary: Catalogue, language: str) -> Text:
    """A proposal in full."""
    proposal, text = entry.proposal, Text()
    text.append(f"{proposal.id}  ", style="bold")
    text.append_text(_what(entry, language)).append("  ")
    text.append_text(_grade(proposal, language))
    by = say("review.extracted", language) if proposal.worded_by == "extracted" else proposal.worded_by
    sure = say("review.certainty", language, percent=f"{100 * proposal.certainty:.0f}", by=by)
    text.append(f"  {sure}\n", style="dim")
    for reason in proposal.reasons:
        text.append(f"  · {_reason(reason, language)}\n", style="dim")
    for name, value in row_fields(entry, dictionary).items():
        if value:
            text.append(f"{name}: ", style="bold")
            text.append(value.replace("\n", "\n    "), style="cyan" if name in entry.edits else "")
            text.append("\n")
    text.append(say("review.evidence", language, count=len(proposal.evidence)) + "\n", style="bold")
    for one in proposal.evidence[:_EVIDENCE]:
        day = f"{one.closed_on:%Y-%m-%d}" if one.closed_on else "—"
        again = say("review.reopened", language) if one.reopened else ""
        text.append(f"  {one.code}  {day}  {_deed(one.done)}  {again}\n", style="dim")
        text.append(f"    {_short(one.title, 200)}\n    → {_short(one.answer, 300) or '—'}\n")
    if len(proposal.evidence) > _EVIDENCE:
        codes = ", ".join(one.code for one in proposal.evidence[_EVIDENCE:])
        text.append(f"  … {codes}\n", style="dim")
    _append_near(text, "duplicates", proposal.duplicates, dictionary, language)
    _append_near(text, "contradicts", proposal.contradicts, dictionary, language)
    for act in entry.acts:
        at = f"{act.at:%Y-%m-%d %H:%M}"
        slots = {"state": _state(act.state, language), "who": act.who, "at": at, "why": act.why}
        line = say("review.act", language, **slots)
        if act.version:
            line += " " + say("review.act.version", language, version=act.version, problem=act.problem)
        text.append(f"{line}\n", style="dim")
    text.rstrip()
    return text


def _append_near(text: Text, kind: str, near: Sequence[Near], dictionary: Catalogue, language: str) -> None:
    if near:
        text.append(say(f"review.{kind}", language) + "\n", style="bold" if kind == "duplicates" else "bold red")
    for one in near:
        problem = dictionary.problems.get(one.id)
        text.append(f"  {one.id} ({one.likeness:.2f})")
        if problem:
            text.append(f"  {_deed(problem.prescription)}  {_short(problem.description, 120)}", style="dim")
        text.append("\n")


def _with_row(entry: Entry, dictionary: Catalogue) -> dict[str, Any]:
    return {**entry_as_json(entry), "row": row_fields(entry, dictionary)}


def _what(entry: Entry, language: str) -> Text:
    if entry.state in TAKEN or entry.state is State.REJECTED:
        act = entry.acts[-1]
        return Text(f"{_state(entry.state, language)} {act.problem}".strip(), style="dim")
    kind, problem = entry.proposal.kind, entry.proposal.problem
    what = say("review.new" if kind is ProposalKind.PROBLEM else "review.example", language, problem=problem)
    return Text(f"{what} *" if entry.edits else what)


def _state(state: State, language: str) -> str:
    return say(f"review.state.{state}", language)


def _grade(proposal: Proposal, language: str) -> Text:
    return Text(say(f"review.grade.{proposal.grade}", language), style=_COLOURS[proposal.grade])


def _resolution(entry: Entry) -> str:
    """Where it leads; an example leads where its problem does."""
    if entry.proposal.kind is ProposalKind.EXAMPLE:
        return "—"
    done = entry.proposal.prescription
    label = entry.edits.get("RESOLUCION AUTOMÁTICA", done.label)
    return f"{label} {entry.edits.get('BUZON REASIGNACION', done.queue)}".strip()


def _deed(done: Prescription) -> str:
    return f"{done.label} {done.queue}".strip()


def _near_text(proposal: Proposal) -> Text:
    text = Text()
    for sign, near, style in (("≈", proposal.duplicates, "dim"), ("≠", proposal.contradicts, "red")):
        for one in near[:_NEAR]:
            text.append(f"{sign} {one.id} ({one.likeness:.2f}) ", style=style)
        if len(near) > _NEAR:
            text.append(f"{sign} … ", style=style)
    text.rstrip()
    return text


def _reason(key: str, language: str) -> str:
    """A reason of the grade; one that another version of the program gave stays what it was."""
    return say(key, language) if key in catalogue(language) else key


def _short(text: str, length: int) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= length else one_line[: length - 1] + "…"
