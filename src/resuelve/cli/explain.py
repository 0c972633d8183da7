"""`resuelve explain`: every stage's input and output for one incident. Touches nothing."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.text import Text

from resuelve import assembly, wiring
from resuelve.cli.explained import lines
from resuelve.cli.surroundings import harmless, now, run_name, terminal, warn
from resuelve.domain.errors import TicketNotFound
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.read import says_over
from resuelve.resolution.record import evidence
from resuelve.resolution.trace import plain
from resuelve.settings import Settings
from resuelve.telemetry.logs import bound
from resuelve.texts import say

_GIVEN_PARTS = ("attachments", "identify", "reformulate")
"""Stages that are given parts of the ticket, by their source."""


def run_explain(settings: Settings, code: str, *, as_json: bool = False) -> None:
    """Decide about the incident as it stands now, and show how; then what earlier runs did.

    Raises:
        TicketNotFound: the ticket manager does not list it.
    """
    console = terminal()
    with bound(incident=code), assembly.assemble(settings, run_name(now()), shadow=True, on_note=warn) as parts:
        incident = parts.tickets.current(code)
        if incident is None:
            raise TicketNotFound("the ticket manager does not list it", where=code, remedy="check the code")
        pipeline = parts.pipeline
        decided = deliberate(
            incident,
            knowledge=pipeline.knowledge,
            rules=pipeline.rules,
            agents=pipeline.agents,
            chat=pipeline.chat,
            fallen=pipeline.breakers.fallen,
            attachments=pipeline.attachments,
        )
    content = {
        "incident": plain(incident),
        "stages": [plain(step) for step in decided.trace.steps],
        "decision": evidence(decided),
        "over": says_over(incident),
        "before": _before(settings, code),
    }
    trace = (content["before"] or {}).get("trace", "")
    content["trace_url"] = settings.trace_url.replace("{trace}", trace) if trace else ""
    if as_json:
        # The signs that JSON lets through and a terminal obeys are no part of what was found.
        print(harmless(json.dumps(content, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
        return
    _show(console, content, settings.language)


def _before(settings: Settings, code: str) -> Any:
    journal = wiring.journal(settings, extend=False)
    try:
        record = journal.last_record(code)
        return record.content if record else None
    finally:
        journal.close()


def _show(console: Console, content: dict[str, Any], language: str) -> None:
    incident = content["incident"]
    console.rule(Text(f"{incident['code']} · {incident['queue']} · {incident['state']}"), align="left")
    console.print(Text(incident["title"], style="bold"))
    console.print(Text(incident["description"]))
    for step in content["stages"]:
        title = say(f"cli.stage.{step['stage']}", language)
        console.rule(Text(f"{title} ({1000 * step['seconds']:.1f} ms)"), align="left", style="dim")
        for side in ("input", "output"):
            console.print(Text(say(f"cli.explain.{side}", language), style="dim"))
            below = "parts" if step["stage"] in _GIVEN_PARTS and side == "input" else ""
            for line in lines(step[side], language, below=below, indent=1):
                console.print(Text(line))
    decision = content["decision"]
    console.rule(Text(say("cli.explain.decision", language)), align="left")
    verdict = decision["reason"] or (decision["critique"] or {}).get("reason", "")
    resolution = say(f"cli.resolution.{decision['resolution']}", language)
    permission = say(f"explain.permission.{decision['permission']}", language)
    console.print(Text(f"{resolution} · {permission} · {verdict}"))
    if versions := decision["versions"]:
        console.print(Text(say("students.spoke", language, versions=", ".join(versions.values())), style="dim"))
    if decision["proposed_text"]:
        console.print(Text(decision["proposed_text"], style="italic"))
    if content["over"]:
        text = say("cli.explain.closed", language, state=incident["state"])
        console.print(Text(text, style="yellow"))
    before = content["before"]
    if before:
        done = say(f"cli.outcome.{before['outcome']}", language)
        text = say("cli.explain.before", language, done=done, reason=before["reason"])
        console.print(Text(text, style="dim"))
        if who := before.get("approved_by"):
            console.print(Text(say("approvals.approved_by", language, who=who), style="dim"))
    if content["trace_url"]:
        console.print(Text(say("cli.explain.trace", language, url=content["trace_url"]), style="dim"), soft_wrap=True)
