"""The page of a fine-tune: the loss by epoch, and samples before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resuelve.pages.numbers import number
from resuelve.pages.page import render
from resuelve.pages.pictures import Bar, bars
from resuelve.texts import say

_WORDS = "made model learned_from held_out loss kept samples name wanted before after".split()


def trained_page(report: Mapping[str, Any], *, language: str) -> str:
    """A fine-tune (as `resuelve train image` writes it to JSON) as a self-contained HTML page."""
    losses = [(say("trained.start", language), report["before"], 0)]
    losses += [(str(one["number"]), one["held_out"], one["number"]) for one in report["epochs"]]
    rows = [
        Bar(label, loss, number(loss, language, 4), "plain" if epoch == report["best"] else "unsure")
        for label, loss, epoch in losses
    ]
    values = {
        "w": {name: say(f"trained.{name}", language) for name in _WORDS},
        "report": report,
        "losses": bars(rows, say("trained.loss", language)),
        "n": lambda value: number(value, language),
        "decimal": lambda value: number(value, language, 4),
    }
    title = say("trained.title", language, name=report["version"])
    return render("trained.html", values, language=language, title=title)
