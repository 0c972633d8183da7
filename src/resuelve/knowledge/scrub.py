"""A text for a log: without identifiers, each replaced by its kind. Names are not recognised; log lines have no place
for them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from resuelve.domain.identifier import IdentifierKind
from resuelve.knowledge.personal_numbers import without_personal_numbers
from resuelve.resolution.identify import identify_text

_MAY_HOLD_ONE = re.compile(r"\d(?:\D{0,3}\d){4}|@|\barroba\b|\bat\b|\d{4}[ -]?[A-Za-z]{3}|(?i:p[oó]liz|polic|\bPO\b)")
"""Five digits near each other, a plate, or a word before a policy: anything else holds none, and is not looked at."""

_STAY = (IdentifierKind.URL, IdentifierKind.ERROR_CODE)


@lru_cache(maxsize=512)  # in an outage each incident fails with the same words
def scrubbed(text: str) -> str:
    """The text with ``[iban]``, ``[nif]``, ``[email]``… in the place of identifiers; error codes and addresses stay."""
    if not _MAY_HOLD_ONE.search(text):
        return text
    pieces, position = [], 0
    for one in identify_text(text, ""):
        if one.kind not in _STAY:
            pieces += [text[position : one.start], f"[{one.kind.value}]"]
            position = one.end
    return without_personal_numbers("".join([*pieces, text[position:]]))
