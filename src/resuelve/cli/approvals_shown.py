"""What waits for a person, and the ladder of the rows, as people and programs read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from resuelve.cli.dictionary_views import print_json
from resuelve.cli.surroundings import terminal, warn
from resuelve.domain.decision import Reassign, TicketAction
from resuelve.resolution.ladder import Place
from resuelve.resolution.proposal import Proposal, Waiting
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.wiring.approving import approvals, ladder

_MOST_LINES = 200
"""What is shown on the terminal; `--json` has all."""

_LONGEST = 4000
_COLUMNS = ("incident", "row", "action", "score", "since", "why")
_RUNGS = ("row", "rung", "right", "wrong", "missing", "why")


def show_waiting(settings: Settings, queue: str, *, as_json: bool) -> None:
    """List what waits, and say why other proposals do not any more.

    Raises:
        TicketUnavailable, JournalError, DictionaryError: it cannot be read.
    """
    with approvals(settings, warn) as service:
        found = service.waiting(queue or settings.queue)
    language, console = settings.language, terminal()
    if as_json:
        fallen = [{"incident": code, "why": translated(why, language)} for code, why in found.fallen_out.items()]
        return print_json({"waiting": [one.as_json() for one in found.proposals], "fallen_out": fallen})
    if found.proposals:
        console.print(_table(found.proposals[:_MOST_LINES], language))
    console.print(say("approvals.count", language, count=len(found.proposals)), markup=False)
    for line in _fallen_out(found, language):
        console.print(Text(line, style="dim"))
    return None


def show_one(settings: Settings, code: str, *, as_json: bool) -> None:
    """Show a proposal: the exact text that would be sent, and on which grounds.

    Raises:
        NotWaiting: nothing waits there.
        TicketUnavailable, JournalError, DictionaryError: it cannot be read.
    """
    with approvals(settings, warn) as service:
        found = service.one(code)
        sent = service.would_send(found)
    if as_json:
        message = {"text": sent.text, "queue": getattr(sent, "queue", "")} if sent else None
        return print_json({**found.as_json(), "sent": message, "decision": found.decision})
    console = terminal()
    for line in _lines(found, sent, settings.language):
        console.print(line, soft_wrap=True)
    return None


def show_ladder(settings: Settings, *, as_json: bool) -> None:
    """Show where every row stands.

    Raises:
        DictionaryError, JournalError, ModelUnavailable, WorkspaceError: one of them cannot be read.
    """
    found, language, console = ladder(settings), settings.language, terminal()
    if as_json:
        return print_json([one.as_json() for one in found])
    console.print(_ladder_table(found[:_MOST_LINES], language))
    if len(found) > _MOST_LINES:
        console.print(say("approvals.more", language, count=len(found) - _MOST_LINES), markup=False)
    if needed := settings.right_before_acting:
        console.print(say("approvals.ladder.earns", language, needed=needed), markup=False)
    else:
        console.print(say("approvals.ladder.free", language), markup=False)
    return None


def _said_of(one: Proposal, language: str) -> str:
    """What is proposed, in a few words."""
    action = one.action
    if action is None:
        return say("approvals.action.agent", language, agent=one.agent)
    done = say(f"cli.resolution.{type(action).__name__}", language)
    return f"{done} → {action.queue}" if isinstance(action, Reassign) else done


def _table(found: Sequence[Proposal], language: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        table.add_column(
            Text(say(f"approvals.column.{name}", language)),
            justify="right" if name == "score" else "left",
            overflow="fold",
            max_width={"row": 24, "action": 32, "why": 56}.get(name),
        )
    for one in found:
        table.add_row(
            Text(one.incident.code),
            Text(one.row),
            Text(_said_of(one, language)),
            Text(_score(one)),
            Text(f"{one.recorded.at.astimezone():%d/%m/%Y %H:%M}"),
            Text(_why(one, language)),
        )
    return table


def _why(one: Proposal, language: str) -> str:
    if one.answer:
        return say("approvals.not_carried_out", language, who=one.answer.who)
    return str(one.decision["reason"])


def _fallen_out(found: Waiting, language: str) -> Iterator[str]:
    several = list(found.fallen_out.items())
    for code, why in several[:_MOST_LINES]:
        yield f"{code}: {translated(why, language)}"
    if len(several) > _MOST_LINES:
        yield say("approvals.more", language, count=len(several) - _MOST_LINES)


def _lines(found: Proposal, sent: TicketAction | None, language: str) -> Iterator[Text]:
    decision, incident = found.decision, found.incident
    yield Text(f"{incident.code} · {incident.queue} · {incident.title}"[:_LONGEST], style="bold")
    yield Text(incident.description[:_LONGEST])
    yield Text()
    row = f"{found.row} {decision['problem']['description']}"
    yield Text(say("approvals.shown.row", language, row=row, score=_score(found)))
    yield Text(say("approvals.shown.why", language, why=_why(found, language)))
    if critique := decision.get("critique"):
        yield Text(say("approvals.shown.critic", language, reason=critique["reason"]), style="dim")
    for other in decision.get("considered") or ():
        if other["problem"] != found.row:
            slots = {"row": other["problem"], "does": other["resolution"]}
            yield Text(say("approvals.shown.other", language, **slots), style="dim")
    yield Text()
    yield Text(f"{found.mark} · {_said_of(found, language)}", style="bold")
    yield Text(sent.text if sent else say("approvals.shown.agent", language, code=incident.code))


def _score(one: Proposal) -> str:
    score = one.decision["score"]
    return "—" if score is None else f"{score:.0f}"


def _ladder_table(found: Sequence[Place], language: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _RUNGS:
        table.add_column(
            Text(say(f"approvals.column.{name}", language)),
            justify="right" if name in ("right", "wrong", "missing") else "left",
            overflow="fold",
            max_width={"row": 30, "why": 64}.get(name),
        )
    for one in found:
        numbers = (one.merit.right, one.merit.wrong, one.missing)
        rung = say(f"approvals.rung.{one.rung}", language)
        table.add_row(Text(one.problem.id), Text(rung), *map(str, numbers), Text(one.why))
    return table
