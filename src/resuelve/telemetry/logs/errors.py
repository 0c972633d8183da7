"""What the log tells of an error: of ours the sentence that we wrote, of any other only what it is and where it arose.

The texts of errors may hold what somebody wrote on a ticket. A `Message` says which part of it is ours: its slots are
filled only with numbers, codes, addresses and sentences of ours.
"""

from __future__ import annotations

import re
import traceback
from pathlib import PurePath
from typing import Any

from resuelve.domain.errors import ResuelveError
from resuelve.domain.message import Message
from resuelve.telemetry.logs.addresses import bare
from resuelve.telemetry.logs.values import Words, plain, text

_FRAMES = 8
_ONE_WORD = re.compile(r"[^\s'\"<>]{1,300}")
_KIND_FIRST = re.compile(r"([A-Z]\w{2,40}): ")
_CALL = re.compile(r"(?P<method>[A-Z]{3,7}) (?P<address>https?://\S+)")
_LEFT_OUT = "…"


def told(error: BaseException, words: Words) -> dict[str, Any]:
    """The error as fields; `words` takes secrets and persons out."""
    fields: dict[str, Any] = {"kind": type(error).__name__}
    if isinstance(error, ResuelveError):
        parts = {"what": ours(error.what), "where": _where(error.where), "remedy": ours(error.remedy)}
        fields |= {name: text(part, words) for name, part in parts.items() if part}
    else:
        fields["place"] = text(place(error), words)
    if error.__cause__ is not None:
        fields["because"] = type(error.__cause__).__name__
    fields |= {name: plain(value, words) for name in ("status", "attempts") if (value := getattr(error, name, None))}
    return fields


def ours(part: Message) -> str:
    """The sentence, with what others wrote left out."""
    if not part.slots:
        return part.template
    return part.template.format(**{name: _slot(value) for name, value in part.slots.items()})


def _slot(value: str) -> str:
    if isinstance(value, Message):
        return ours(value)
    if _ONE_WORD.fullmatch(value):
        return bare(value)
    kind = _KIND_FIRST.match(value)
    return f"{kind[1]}{_LEFT_OUT}" if kind else _LEFT_OUT if value else ""


def _where(part: Message) -> str:
    if part.slots:
        return ours(part)
    if call := _CALL.fullmatch(part):
        return f"{call['method']} {bare(call['address'])}"
    return bare(part) if _ONE_WORD.fullmatch(part) else _LEFT_OUT if part else ""


def place(error: BaseException) -> str:
    """Where it arose: the last frames, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " < ".join(f"{short(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames))


def short(file: str) -> str:
    """The end of a path that says which module it is, and nothing of the machine."""
    parts = PurePath(file).parts
    for mark in ("site-packages", "src"):
        if mark in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(mark) :])
    return "/".join(parts[-2:])
