"""How values become text that any database stores and that comes back unchanged."""

from __future__ import annotations

import json
import re

from resuelve.journal.port import Json

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_STORABLE = re.compile("[\x00\\\\\ud800-\udfff]")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


def dump(value: Json) -> str:
    """A value as JSON text, readable as it stands; only lone surrogates, which no database takes, are escaped.

    Raises:
        TypeError: the value is not JSON.
    """
    return _LONE_SURROGATE.sub(_escaped, json.dumps(value, ensure_ascii=False))


def load(text: str) -> Json:
    """The value of a JSON text."""
    return json.loads(text)


def escape(text: str) -> str:
    """Any string of Python as one without NUL and lone surrogates; `unescape` gives it back."""
    return _NOT_STORABLE.sub(_escaped, text)


def unescape(text: str) -> str:
    """The string that `escape` was given."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
