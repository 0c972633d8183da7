"""Which lines of an attachment tell what happened.

A screenshot is mostly what stands on every screen (menus, buttons, banners), and a log is mostly what always happens.
What counts are the lines that speak of a failure, with the line after them, lines with words that the dictionary has,
and the title of the screen. What stands at the foot of every page («Aviso legal · Protección de datos») never counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from resuelve.domain.identifier import Identifier
from resuelve.resolution.read import Part, Reading
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
    r"sin (?:conexion|permiso|cobertura|respuesta)|failed|failure|fatal|cannot|can't|unable|denied|expired|"
    r"timeout|timed out|not (?:found|available|allowed|valid)|exceeds?|invalid|stopped|unavailable)\b"
)


_FURNITURE = re.compile(
    r"\b(?:cookies?|aviso legal|legal notice|politica de|(?:de|y|la) privacidad|privacy|proteccion de datos|copyright|"
    r"condiciones (?:de uso|generales|legales)|terminos y condiciones|terms of|derechos reservados|rights reserved|"
    r"mapa (?:web|del sitio)|accesibilidad|siguenos|newsletter|redes sociales|atencion al cliente|contact us)\b|©"
)
"""Stands at the foot or the head of every page. Found in folded text."""

_BUTTONS = frozenset(
    "acept again ahora atras back cance cerra clic close conti desca descu eleg elegi entra envia guard "
    "hecho inici inten later log menu ok otro pagar reenv reint retry salir segui selec sigui subir tarde "
    "try ver volve".split()
)
"""A line of nothing else is a button."""

_MENU = re.compile(r"[|·•●▸]")
_SMALL = re.compile(
    r"\b(?:el|la|los|las|un|una|de|del|al|en|con|por|para|su|se|no|que|es|ha|the|of|to|in|is|has|not|for|your)\b"
)
_MENU_WORDS = 5
"""So many words without a small one among them are the entries of a menu."""

_TITLE_WORDS = 6
_TITLE_WITHIN = 6
"""The title of a screen is a short one among so many lines before what happened."""

_POINTING = frozenset(
    "abajo adjun algui algun antes apare aplic app aqui attac ayer buena bueno captu click clien corre "
    "cosa cuand cuant da deja desde despu dias dice dijer donde ello eso estab estar expli falla favor "
    "fiche forwa foto gente graci hacer haces hacie hoy image inten llevo mail manan manda mando mensa "
    "mia minut mio mirad mirar mirei miren momen neces noche nuevo os pagin panta panto pasa perso pictu "
    "podei podri pone poner porqu posib pront pueda puede puedo pues queda quier reenv sabe saber sale "
    "salen salid scree see segui seman shot shows siemp sigue soluc soy tambi tarde tengo tiemp todo "
    "traba urgen va ve veces veis ver vien vuelv web what".split()
)
"""Stems of what people write around an attachment: «me sale esto desde ayer, os mando la captura, es urgente»."""

_OPINION = 1.5
"""In the measure of `Lexicon.telling`: about two words that stand in few rows. A ticket whose own words come to no more
only points at its attachments."""

_MANY = 9
"""Words that the dictionary does not have, or not in the ticket's language. Who writes more of them tells something,
though nobody here knows what."""

_FEW = 2
"""Words that neither the dictionary nor the attachment has: a name below a greeting, and no more."""

_SALUTE = re.compile(r"\bsaludos?\b", re.IGNORECASE)
"""Would be taken for «salud»."""


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    failure: bool
    told: float


def own_words(text: str) -> frozenset[str]:
    """The stems of a ticket's own words, without those that only point at an attachment."""
    return frozenset(stem for stem in stems(_SALUTE.sub(" ", text)) if not stem.isdigit()) - GENERIC - _POINTING


def says_much(words: frozenset[str], lexicon: Lexicon) -> bool:
    """True when these words say what a ticket is about, in words of the dictionary or in many others."""
    known = lexicon.known(words)
    return lexicon.telling(known) > _OPINION or len(words - known) > _MANY


def says_else(words: frozenset[str], lexicon: Lexicon) -> bool:
    """True when these words, which neither row nor attachment has, may be about something else.

    One word of the dictionary will do, however common: «tarjeta denegada» is a short ticket with a matter of its own.
    """
    known = lexicon.known(words)
    return bool(known) or len(words - known) > _FEW


def telling_lines(reading: Reading, identifiers: Sequence[Identifier], lexicon: Lexicon) -> tuple[Query, ...]:
    """For each attachment that tells something, the lines that tell most, as a query; two that tell the same are one.

    Lines that speak of a failure come first, then those with the rarest words of the dictionary; they are put together
    in their own order.
    """
    texts = (_told_by([line for part in file for line in _lines(part, identifiers, lexicon)]) for file in reading.files)
    return tuple(Query(text, "attachment", 1.0) for text in dict.fromkeys(filter(None, texts)))


def _told_by(found: Sequence[_Line]) -> str:
    """The lines that tell most; empty when all together tell too little."""
    kept: dict[str, _Line] = {}
    room = _ROOM
    for line in sorted(found, key=lambda one: (not one.failure, -one.told)):
        if line.text not in kept and len(line.text) <= room:
            kept[line.text] = line
            room -= len(line.text) + 2
    if sum(line.told for line in kept.values()) < _LEAST_TOLD:
        return ""
    return ". ".join(line.text.rstrip(".") for line in dict.fromkeys(found) if kept.get(line.text) == line)


def _lines(part: Part, identifiers: Sequence[Identifier], lexicon: Lexicon) -> list[_Line]:
    """The lines of one text that may tell something, in their order."""
    texts = [text for text in lines_of(part, identifiers)[:_MOST_LINES] if not _is_furniture(text)]
    failing = [_FAILURE.search(fold(text)) is not None for text in texts]
    found: dict[int, _Line] = {}
    for number, text in enumerate(texts):
        some = stems(text) - _BUTTONS
        words = lexicon.known(some) - GENERIC
        told = lexicon.telling(words)
        failure = failing[number] or (number > 0 and failing[number - 1] and len(some) > 1)
        if failure or (told >= _LEAST_TOLD and len(words) > 1):
            found[number] = _Line(text, failure, told)
    title = _title(texts, min(found, default=0), lexicon)
    return ([title] if title else []) + list(found.values())


def _title(texts: Sequence[str], before: int, lexicon: Lexicon) -> _Line | None:
    """The last short line with a word of the dictionary before the first line that tells something: where it happened.

    It counts as a failure does, since the same message may stand on any screen.
    """
    for text in reversed(texts[max(0, before - _TITLE_WITHIN) : before]):
        if len(text.split()) <= _TITLE_WORDS and (words := lexicon.known(stems(text) - _BUTTONS) - GENERIC):
            return _Line(text, failure=True, told=lexicon.telling(words))
    return None


def _is_furniture(text: str) -> bool:
    """True for menus, buttons and what stands at the foot of every page."""
    folded = fold(text)
    if _FAILURE.search(folded):
        return False
    words = [word for word in folded.split() if word.isalpha()]
    menu = len(_MENU.findall(text)) > 1 or (len(words) >= _MENU_WORDS and not _SMALL.search(folded))
    return menu or bool(_FURNITURE.search(folded)) or not stems(text) - _BUTTONS
