"""Which command is being carried out; what is to end with it is given to its context."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import typer
from typer.core import TyperGroup

_current: ContextVar[typer.Context | None] = ContextVar("current", default=None)
_ARGUMENTS = "resuelve.arguments"


class Commands(TyperGroup):
    """The commands of Resuelve."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note what was written."""
        ctx.meta[_ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Carry the command out."""
        before = _current.set(ctx)
        try:
            return super().invoke(ctx)
        finally:
            _current.reset(before)


def context() -> typer.Context | None:
    """That of the whole command line; None when nobody called it: Resuelve is used as a library."""
    return _current.get()


def command(of: typer.Context) -> str:
    """The name of the command: ``run``, ``dictionary edit``."""
    below: Any = of.command
    names: list[str] = []
    for one in of.meta[_ARGUMENTS]:
        if one in getattr(below, "commands", {}):
            below = below.commands[one]
            names.append(one)
    return " ".join(names)
