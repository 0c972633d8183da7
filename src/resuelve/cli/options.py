"""What several commands share: the language of the command line, and options that mean the same everywhere."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from resuelve.texts import say

LANGUAGE = "en" if os.environ.get("RESUELVE_LANGUAGE", "es").lower().startswith("en") else "es"

BAD_USE, FAILED, INCOMPLETE = 2, 1, 3
"""Exit statuses: wrong settings or arguments; nothing could be done; some of it failed."""


def told(key: str, **slots: str) -> str:
    """The help text of this key, in the language of the command line."""
    return say(key, LANGUAGE, **slots)


class Rows(StrEnum):
    """The rows that past tickets are decided with: those that existed when each was opened, or those of today."""

    THEN = "then"
    NOW = "now"


Workspace = Annotated[Path | None, typer.Option("--workspace", "-w", help=told("cli.workspace.help"))]
Queue = Annotated[str, typer.Option("--queue", help=told("cli.queue.help"))]


def at_least_one(value: int | None) -> int | None:
    """Refuse a limit of none, which looks like "nothing" and could be taken for "all"."""
    if value is not None and value < 1:
        raise typer.BadParameter(told("cli.limit.low"))
    return value


def named(given: list[str] | None) -> dict[str, str]:
    """Names with their texts. Raises typer.BadParameter for one without ``=``."""
    found = {}
    for one in given or ():
        name, equals, text = one.partition("=")
        if not equals:
            raise typer.BadParameter(told("cli.named.wrong"), param_hint="NAME=…")
        found[name.strip()] = text
    return found


Limit = Annotated[int | None, typer.Option("--limit", callback=at_least_one, help=told("cli.limit.help"))]
AsJson = Annotated[bool, typer.Option("--json", help=told("cli.json.help"))]
PAST = 200
"""Past tickets that a change of the dictionary is compared on, unless the command says another number."""

Past = Annotated[int, typer.Option("--past", min=0, help=told("check.past.help"))]
