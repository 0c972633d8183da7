"""Secrets of the settings, taken out of texts by their very value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from resuelve.telemetry.logs.addresses import bare
from resuelve.telemetry.logs.values import Words

HIDDEN = "[secret]"
_SHORTEST = 4
"""Characters of what is looked for: a key of three letters stands in any word."""


def hiding(secrets: Iterable[str]) -> Words:
    """What puts `HIDDEN` in the place of these secrets, as they are and as an address writes them, and takes users and
    queries out of addresses.
    """
    forms = {form for one in secrets for form in (one, quote(one, safe=""), unquote(one), one.strip())}
    known = sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
    if not known:
        return bare
    pattern = re.compile("|".join(map(re.escape, known)))
    return lambda text: bare(pattern.sub(HIDDEN, text))
