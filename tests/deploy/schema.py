"""Looks a dashboard over by the types that Grafana publishes: names of fields, types, and words of fixed lists."""

from __future__ import annotations

import enum
import json
import sys
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

OURS = "grafana_foundation_sdk.models"

NOT_TYPED = ("titleFormat",)
"""Fields that a data source adds to an annotation; Prometheus's knows this one."""


def mistakes(dashboard: Any) -> list[str]:
    """What Grafana would not understand: read by its types, and compared with what they write."""
    register_default_plugins()
    read = Dashboard.from_json(dashboard)
    written = json.loads(json.dumps(read, cls=JSONEncoder))
    return [*_dropped(dashboard, written, ""), *_mistyped(read, "")]


def _dropped(given: Any, written: Any, where: str) -> Iterator[str]:
    """What was given and is not written again: a field that the types do not know."""
    if isinstance(given, dict) and isinstance(written, dict):
        for key, value in given.items():
            if key not in written and value is not None and key not in NOT_TYPED:
                yield f"{where}.{key} is no field"
            elif key in written:
                yield from _dropped(value, written[key], f"{where}.{key}")
    elif isinstance(given, list) and isinstance(written, list) and len(given) == len(written):
        for at, (one, other) in enumerate(zip(given, written, strict=True)):
            yield from _dropped(one, other, f"{where}[{at}]")
    elif given != written:
        yield f"{where} is {given!r}, read as {written!r}"


def _mistyped(value: Any, where: str) -> Iterator[str]:
    """Attributes that are not of the type that they are declared with."""
    if isinstance(value, list):
        for at, one in enumerate(value):
            yield from _mistyped(one, f"{where}[{at}]")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _mistyped(one, f"{where}.{key}")
    elif type(value).__module__.startswith(OURS) and not isinstance(value, enum.Enum):
        hints = get_type_hints(type(value), vars(sys.modules[type(value).__module__]))
        for name, hint in hints.items():
            one = getattr(value, name)
            if not _fits(one, hint):
                yield f"{where}.{name} is {one!r}"
            yield from _mistyped(one, f"{where}.{name}")


def _fits(value: Any, hint: Any) -> bool:
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if kind is Literal:
        return value in inner
    if kind in (list, dict):
        parts = value.values() if isinstance(value, dict) else value
        return isinstance(value, kind) and all(_fits(one, inner[-1]) for one in parts)
    if not isinstance(hint, type) or hint is object:
        return True
    if issubclass(hint, enum.Enum):
        return value in [member.value for member in hint] or value in list(hint)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint.__module__.startswith(OURS) and isinstance(value, dict):
        return True  # some types are left as they came
    return isinstance(value, hint)
