"""Which lines of an attachment tell what happened.

A screenshot is mostly what stands on every screen (menus, buttons, banners), and a log is mostly what always happens.
What counts are the lines that speak of a failure, with the line after them, and lines with words that the dictionary
has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from resuelve.domain.identifier import Identifier
from resuelve.resolution.read import Reading
from resuelve.resolution.reformulate import GENERIC, Query, lines_of
from resuelve.resolution.words import Lexicon, fold, stems

_ROOM = 240
"""Characters of a query."""

_MOST_LINES = 400
_LEAST_TOLD = 0.6
"""Words that tell, in the measure of `Lexicon.telling`, without which an attachment says nothing of a known problem."""

_FAILURE = re.compile(
    r"\b(?:error|errores|fall[oa]|fallid[oa]|incidencia|averia|problema|exception|excepcion|denegad[oa]|rechazad[oa]|"
    r"caducad[oa]|bloquead[oa]|invalid[oa]|incorrect[oa]|no valid[oa]|detenid[oa]|excedid[oa]|agotad[oa]|supera|maximo|"
    r"no (?:se )?(?:ha|han|hemos|puede|pueden|pudo|esta|existe|responde|disponible|permite|encuentra)|ha dejado de|"
    r"sin (?:conexion|permiso|cobertura|respuesta)|intentelo|failed|failure|fatal|cannot|can't|unable|denied|expired|"
    r"timeout|timed out|not (?:found|available|allowed|valid)|exceeds?|invalid|stopped|unavailable)\b"
)


_POINTING = frozenset(
    "abajo adjun aparec aqui attac buena bueno captu click cosa dias dice estab esto favor fichero foto "
    "hacer haces hacie here image manda mando mensa minut mirad mirar miren momen noche panta pantal "
    "panto pasa pictu podei podri pone pueda puede puedo queda sabe sale salen salid scree see segui shot "
    "shows sigue tarde tengo tiempo todo veis ver vien vuelv what".split()
)
"""Stems of what people write around an attachment: «me sale esto, os mando la captura»."""

_OPINION = 1.5
"""In the measure of `Lexicon.telling`: about two words that stand in few rows. A ticket whose own words come to no more
only points at its attachments."""


@dataclass(frozen=True, slots=True)
class _Line:
    order: int
    text: str
    failure: bool
    told: float


def own_words(text: str, lexicon: Lexicon) -> frozenset[str]:
    """The stems of a ticket's own words that the dictionary has, without those that only point at an attachment."""
    return lexicon.known(stems(text)) - GENERIC - _POINTING


def says_much(words: frozenset[str], lexicon: Lexicon) -> bool:
    """True when these words alone would say what a ticket is about."""
    return lexicon.telling(words) > _OPINION


def telling_lines(reading: Reading, identifiers: Sequence[Identifier], lexicon: Lexicon) -> Query | None:
    """The lines of all attachments that tell most, as one query; None when none of them tells anything.

    Lines that speak of a failure come first, then those with the rarest words of the dictionary; they are put together
    in their own order.
    """
    texts = [line for part in reading.seen for line in lines_of(part, identifiers)[:_MOST_LINES]]
    failing = [bool(_FAILURE.search(fold(text))) for text in texts]
    beside = [failing[i] or (i > 0 and failing[i - 1]) for i in range(len(texts))]
    found = [
        _Line(i, text, beside[i], lexicon.telling(lexicon.known(stems(text))))
        for i, text in enumerate(texts)
        if len(stems(text)) > 1
    ]
    kept: dict[str, _Line] = {}
    room = _ROOM
    for line in sorted(found, key=lambda one: (not one.failure, -one.told, one.order)):
        if line.text not in kept and len(line.text) <= room and (line.failure or line.told >= _LEAST_TOLD):
            kept[line.text] = line
            room -= len(line.text) + 2
    if sum(line.told for line in kept.values()) < _LEAST_TOLD:
        return None
    text = ". ".join(line.text.rstrip(".") for line in sorted(kept.values(), key=lambda one: one.order))
    return Query(text, "attachment", 1.0)
