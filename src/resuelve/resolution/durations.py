"""Lengths of time as people write them, in Spanish and English: «15 días laborables», «two weeks»."""

from __future__ import annotations

import re

_WORDS = "un una uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince".split()
_NUMBERS = {word: max(1, at - 1) for at, word in enumerate(_WORDS)} | {
    **{word: at for at, word in enumerate("one two three four five six seven eight nine ten".split(), 1)},
    "a": 1,
    "an": 1,
    "veinte": 20,
    "treinta": 30,
    "twenty": 20,
    "thirty": 30,
    "couple": 2,
    "par": 2,
    "fifteen": 15,
    "fourteen": 14,
    "twelve": 12,
}
_UNITS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "s": 7.0, "m": 30.0, "y": 365.0, "a": 365.0}
_WORKING = 7 / 5
"""Days of the calendar in a working day."""

QUANTITY = (
    rf"(?P<number>\d{{1,4}}|{'|'.join(_NUMBERS)})\s+(?:of\s+|de\s+)?"
    r"(?P<unit>horas?|hours?|dias?|days?|semanas?|weeks?|mes(?:es)?|months?|anos?|years?)\b"
    r"(?P<working>\s+(?:laborables|habiles)|\s*working)?"
)
MONTHS = {
    name: number
    for names in (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "january february march april may june july august september october november december",
    )
    for number, name in enumerate(names.split(), 1)
}


def days_of(match: re.Match[str]) -> float:
    """Days, of a match of `QUANTITY`."""
    number = float(match["number"]) if match["number"].isdigit() else float(_NUMBERS[match["number"]])
    days = number * _UNITS[match["unit"][0]]
    return days * _WORKING if match["working"] else days
