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
_KIND_FIRST = re.compile(r"([A-Z][A-Za-z0-9]{0,40}(?:Error|Exception|Timeout))(?:: .*)?", re.DOTALL)
_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+(?:/\S*)?", re.ASCII)
_CODE = re.compile(r"[\w.:+/|-]{1,100}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,12}(?:[.,]\d{1,6})?", re.ASCII)
_PLACE = re.compile(r"(?:RESUELVE|OPENAI|OTEL|MLFLOW|MOCK)_[A-Z_]{2,60}|[A-Z]{2,6}-?\d{1,8}", re.ASCII)
_OUR_PLACES = frozenset("attachments encryption index settings tickets".split())
_NUMBERS = frozenset(
    "announced before came cases cells characters columns count days dimension found free held_out length least limit "
    "line most needed newest now number place read room seconds status texts vectors version wait wanted "
    "written".split()
)
_CODES = frozenset("agent codec embedder engine id incident kind model problem role run setting".split())
"""Slots of ours in which stand counts, and codes: of incidents, rows, agents, models. In any other stand words that
somebody may have written.
"""

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
    return part.template.format(**{name: _slot(name, value) for name, value in part.slots.items()})


def _slot(name: str, value: str) -> str:
    if isinstance(value, Message):
        return ours(value)
    if (name in _NUMBERS and _NUMBER.fullmatch(value)) or (name in _CODES and _CODE.fullmatch(value)):
        return value
    if _ADDRESS.fullmatch(value):
        return bare(value)
    kind = _KIND_FIRST.fullmatch(value)
    return f"{kind[1]}{_LEFT_OUT if kind[1] != value else ''}" if kind else _LEFT_OUT if value else ""


def _where(part: Message) -> str:
    if part.slots:
        return ours(part)
    if call := _CALL.fullmatch(part):
        return f"{call['method']} {bare(call['address'])}"
    if part in _OUR_PLACES or _PLACE.fullmatch(part):
        return str(part)
    return bare(part) if _ADDRESS.fullmatch(part) else _LEFT_OUT if part else ""


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
