"""`resuelve history export`: the history as files, without personal data unless it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from resuelve import wiring
from resuelve.cli.history_shown import at_home, opened
from resuelve.cli.surroundings import terminal, warn
from resuelve.journal import History
from resuelve.replay.history.export import Exported, export_chat, export_csv
from resuelve.replay.history.led_to import Known
from resuelve.replay.history.redaction import Redaction, as_it_is, redaction
from resuelve.settings import Settings
from resuelve.texts import say

_CHAT = "conversaciones.jsonl"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported.

    Attributes:
        chat: as conversations, in place of CSV.
        role, model: only the calls of these; empty for all.
        since: only calls that ended on this day or later.
        out: a folder for CSV, a file for conversations; None for the workspace's own.
        personal: with personal data.
    """

    chat: bool = False
    role: str = ""
    model: str = ""
    since: datetime | None = None
    out: Path | None = None
    personal: bool = False


def export_history(settings: Settings, wanted: Wanted) -> None:
    """Write the files and say where they are.

    Raises:
        JournalError, WorkspaceError, DictionaryError: the history or the dictionary cannot be read, or a file cannot be
            written.
    """
    console, language = terminal(), settings.language
    with opened(settings, console) as history:
        if history is None:
            return
        if wanted.personal:
            warn(say("history.personal.warning", language))
        files = _exported(settings, history, wanted)
    for one in files:
        console.print(say("history.exported", language, calls=one.calls, file=one.path), markup=False)
        if one.left_out:
            console.print(say("history.left_out", language, count=one.left_out), markup=False)
    if not files:
        console.print(say("history.nothing", language), markup=False)


def _exported(settings: Settings, history: History, wanted: Wanted) -> list[Exported]:
    shown: Redaction = as_it_is
    if not wanted.personal:
        shown = redaction(history, wiring.known_problems(settings).problems)
    known = Known.of(history)
    since = at_home(wanted.since) if wanted.since else None
    found = history.calls(role=wanted.role, since=since)
    calls = (shown(one) for one in found if wanted.model in ("", one.model))
    folder = wiring.workspace(settings).history
    if wanted.chat:
        return [export_chat(calls, known, wanted.out or folder / _CHAT, private=wanted.personal)]
    return export_csv(calls, known, wanted.out or folder, role=wanted.role, private=wanted.personal)
