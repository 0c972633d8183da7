"""What the first run after a restore says before it acts."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from resuelve.resolution.reconcile import Comparison
from resuelve.texts import say

_MOST_SHOWN = 20


def print_comparison(console: Console, found: Comparison, report: Path, language: str) -> None:
    """What the journal did not know, what it held open, and what a person must look at."""
    text = say("backup.compared", language, open=found.open, closed=found.closed)
    console.print(text, markup=False)
    console.print(
        say(
            "backup.compared.counts",
            language,
            adopted=len(found.adopted),
            sent=len(found.sent),
            not_sent=len(found.not_sent),
        ),
        markup=False,
    )
    for name, seen in (("unknown", found.unknown), ("went_back", found.went_back)):
        for one in seen[:_MOST_SHOWN]:
            text = say(f"backup.compared.{name}", language, incident=one.incident, reference=one.reference)
            console.print(text, style="red", markup=False)
    console.print(say("cli.report", language, path=report), markup=False)
