"""What waits for a person, and the ladder of the rows, as people and programs read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from resuelve.cli.dictionary_views import print_json
from resuelve.cli.surroundings import now, terminal, warn
from resuelve.domain.decision import Reassign
from resuelve.resolution.ladder import Place
from resuelve.resolution.proposal import Proposal, Waiting
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.wiring.approving import approvals, ladder

_MOST_LINES = 200
"""What is shown on the terminal; `--json` has all."""

_LONGEST, _TITLE, _ENTRIES = 4000, 300, 20
"""Characters of a text and of a title, and entries of a conversation, that are shown on the terminal."""

_INDENT = 4
_HOURS_TOLD = 48
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
        console.print(_table(found.proposals[:_MOST_LINES], language, now()))
    console.print(say("approvals.count", language, count=len(found.proposals)), markup=False)
    for one in found.proposals[:_MOST_LINES]:
        console.print(Text(_command(one)), soft_wrap=True)
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
    sent = found.sent
    if as_json:
        message = {"text": sent.text, "queue": getattr(sent, "queue", "")} if sent else None
        return print_json({**found.as_json(), **_ticket(found), "sent": message, "decision": found.decision})
    print_proposal(terminal(), found, settings.language, now())
    return None


def print_proposal(console: Console, found: Proposal, language: str, at: datetime) -> None:
    """What a person must see before saying yes. What people wrote stands indented, so that it looks like nothing else.

    Args:
        at: now, for the age.
    """
    incident, decision, sent = found.incident, found.decision, found.sent
    console.print(Text(f"{incident.code} · {_flat(incident.queue, language)}", style="bold"), soft_wrap=True)
    for line in _ticket_told(found, language):
        console.print(line)
    row = f"{found.row} {decision['problem']['description']}"
    for text in (
        say("approvals.shown.row", language, row=_flat(row, language), score=_score(found)),
        say("approvals.shown.why", language, why=_flat(_why(found, language), language, _LONGEST)),
        say("approvals.shown.since", language, since=_since(found, language, at)),
    ):
        console.print(Text(text), soft_wrap=True)
    for line in _grounds(found, language):
        console.print(line, soft_wrap=True)
    console.print()
    console.print(Text(f"{found.mark} · {_said_of(found, language)}", style="bold"), soft_wrap=True)
    told = sent.text if sent else say("approvals.shown.agent", language, code=incident.code)
    # In a file or a pipe as it is, line by line.
    console.print(_quoted(told) if console.is_terminal else Text(_indented(told)), soft_wrap=not console.is_terminal)
    console.print()
    console.print(Text(_command(found)), soft_wrap=True)


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


def _table(found: Sequence[Proposal], language: str, at: datetime) -> Table:
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
            Text(_since(one, language, at)),
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


def _command(one: Proposal) -> str:
    """What to type to say yes to this text and no other."""
    if one.agent:
        return f"resuelve approvals ask {one.incident.code}"
    return f"resuelve approvals accept {one.incident.code}={one.mark}"


def _since(one: Proposal, language: str, at: datetime) -> str:
    hours = max(0, int((at - one.recorded.at).total_seconds() // 3600))
    unit, count = ("days", hours // 24) if hours >= _HOURS_TOLD else ("hours", hours)
    age = say(f"approvals.age.{unit}", language, count=count)
    return f"{one.recorded.at.astimezone():%d/%m/%Y %H:%M} ({age})"


def _ticket(found: Proposal) -> dict[str, Any]:
    """What people wrote on the ticket, and the names of what hangs on it."""
    incident = found.incident
    return {
        "description": incident.description,
        "conversation": [
            {
                "at": one.at.isoformat() if one.at else None,
                "author": one.author,
                "text": "\n".join(text for text in (one.detail, one.resolution_notes) if text),
            }
            for one in incident.history
            if one.detail or one.resolution_notes
        ],
        "attachments": [_name(url) for _, url in incident.all_attachments()],
    }


def _ticket_told(found: Proposal, language: str) -> Iterator[RenderableType]:
    ticket = _ticket(found)
    yield _quoted(_flat(found.incident.title, language))
    yield _quoted(_cut(ticket["description"], language))
    conversation, names = ticket["conversation"], ticket["attachments"]
    if conversation:
        yield Text(say("approvals.shown.conversation", language, count=len(conversation)), style="dim")
    if len(conversation) > _ENTRIES:
        yield Text(say("approvals.shown.earlier", language, count=len(conversation) - _ENTRIES), style="yellow")
    for one in conversation[-_ENTRIES:]:
        yield _quoted(f"{_flat(one['author'], language) or '—'}: {_cut(one['text'], language)}")
    if names:
        yield Text(say("approvals.shown.attachments", language, count=len(names)), style="dim")
        for name in names[:_ENTRIES]:
            yield _quoted(_flat(name, language))
        if len(names) > _ENTRIES:
            yield Text(say("approvals.more", language, count=len(names) - _ENTRIES), style="yellow")
    yield Text()


def _name(url: str) -> str:
    """The name of an attachment, as its address has it."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        path = url
    return path.rstrip("/").rpartition("/")[2] or url


def _cut(text: str, language: str, most: int = _LONGEST) -> str:
    """A text of bounded length that says how much of it is missing."""
    if len(text) <= most:
        return text
    return f"{text[:most]} {say('approvals.shown.cut', language, count=len(text) - most)}"


def _flat(text: str, language: str, most: int = _TITLE) -> str:
    """The same in one line."""
    return _cut(" ".join(text.split()), language, most)


def _quoted(text: str) -> RenderableType:
    """Indented, also where a line is wrapped: it is somebody's text, and not ours."""
    return Padding(Text("\n".join(text.splitlines())), (0, 0, 0, _INDENT), expand=False)


def _indented(text: str) -> str:
    return "\n".join(" " * _INDENT + line for line in text.splitlines())


def _grounds(found: Proposal, language: str) -> Iterator[Text]:
    decision = found.decision
    if critique := decision.get("critique"):
        yield Text(
            say("approvals.shown.critic", language, reason=_flat(critique["reason"], language, _LONGEST)), style="dim"
        )
    for other in decision.get("considered") or ():
        if other["problem"] != found.row:
            slots = {"row": other["problem"], "does": other["resolution"]}
            yield Text(say("approvals.shown.other", language, **slots), style="dim")


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
