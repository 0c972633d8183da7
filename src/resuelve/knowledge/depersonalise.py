"""A ticket without what says who wrote it, that is still decided as it was.

Identifiers become samples of their kind, valid where they were valid, because a row may be about an IBAN, and never
about this one. The requester's name becomes the one that Spanish has for nobody in particular. Names of other people in
a text are not recognised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from resuelve.domain.identifier import Identifier, IdentifierKind
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.resolution.identify import identify_text
from resuelve.resolution.read import LONGEST_TEXT
from resuelve.resolution.words import fold, stems

_SAMPLES = {
    IdentifierKind.NIF: ("12345678Z", "12345678A"),
    IdentifierKind.NIE: ("X1234567L", "X1234567A"),
    IdentifierKind.CIF: ("B12345674", "B12345670"),
    IdentifierKind.IBAN: ("ES9121000418450200051332", "ES9021000418450200051332"),
    IdentifierKind.EMAIL: ("persona@example.com", "persona@example.com"),
    IdentifierKind.PHONE: ("612345678", "612345678"),
    IdentifierKind.URL: ("https://example.com/", "https://example.com/"),
}
"""Valid and not: the numbers that manuals show, which are nobody's."""

NOBODY = ("Fulano", "Mengano", "Zutano", "Perengano")
"""The names that Spanish has for nobody in particular."""

_TEAM = "Equipo"
PARTICLES = frozenset("das del den der dos las los san van von the and".split())
"""Words of three letters that stand between the parts of a name."""

_WORD = re.compile(r"[^\W\d_]+")
SHORTEST = 3
"""Letters of a name's part that is looked for in texts."""


def depersonalised(incident: Incident, *, vocabulary: Collection[str] = ()) -> Incident:
    """The ticket with other identifiers and names, and without attachments.

    Args:
        vocabulary: stems of the dictionary. A word of the requester's name that is among them («Portal de clientes»,
            «Luz») is left in the texts, where it may be what the ticket is about.
    """
    name = _Name(incident.requester, frozenset(vocabulary))
    entries = incident.history
    texts = (incident.title, incident.description, *(e.detail for e in entries), *(e.resolution_notes for e in entries))
    personal = samples_for(texts)

    def nameless(text: str) -> str:
        return name.taken_out(with_samples(text, personal))

    def entry(one: HistoryEntry) -> HistoryEntry:
        own = fold(one.author) == fold(incident.requester)
        return replace(
            one,
            author=name.alias if own else _TEAM if one.author else "",
            detail=nameless(one.detail),
            resolution_notes=nameless(one.resolution_notes),
            attachments=(),
        )

    return replace(
        incident,
        requester=name.alias,
        title=nameless(incident.title),
        description=nameless(incident.description),
        history=tuple(entry(one) for one in incident.history),
        attachments=(),
    )


def samples_for(texts: Iterable[str]) -> dict[str, str]:
    """The sample for each identifier of these texts that is somebody's, as it is written there; the longest first."""
    found = {
        one.raw: _sample(one) for text in texts for one in identify_text(_looked_at(text), "") if _is_personal(one)
    }
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def with_samples(text: str, personal: Mapping[str, str]) -> str:
    """What the stages look at of a text, with samples for its identifiers.

    Those of the whole ticket go also where they are not recognised, as with a digit too many.
    """
    text = _looked_at(text)

    def elsewhere(piece: str) -> str:
        for raw, sample in personal.items():
            piece = piece.replace(raw, sample)
        return piece

    pieces, position = [], 0
    for one in identify_text(text, ""):
        pieces += [elsewhere(text[position : one.start]), _sample(one)]
        position = one.end
    return "".join([*pieces, elsewhere(text[position:])])


def _looked_at(text: str) -> str:
    return unicodedata.normalize("NFC", text)[:LONGEST_TEXT]


def _is_personal(one: Identifier) -> bool:
    return one.kind not in (IdentifierKind.ERROR_CODE, IdentifierKind.POLICY)


def _sample(one: Identifier) -> str:
    if one.kind is IdentifierKind.ERROR_CODE:
        return one.raw  # it says what happened, not to whom
    if one.kind is IdentifierKind.POLICY:
        return _same_shape(one.raw)
    return _SAMPLES[one.kind][0 if one.valid else 1]


def _same_shape(raw: str) -> str:
    """Other digits in the same places: policy numbers are recognised by their shape."""
    digits = iter("123456789" * (len(raw) // 9 + 1))
    return "".join(next(digits) if char.isdigit() else char for char in raw)


class _Name:
    """The requester's name, and what stands in its place."""

    def __init__(self, requester: str, vocabulary: frozenset[str]) -> None:
        words = _WORD.findall(unicodedata.normalize("NFC", requester))
        parts = [word for word in words if len(word) >= SHORTEST and fold(word) not in PARTICLES]
        self._aliases = {_level(part): NOBODY[i % len(NOBODY)] for i, part in enumerate(dict.fromkeys(parts))}
        self.alias = " ".join(self._aliases.values()) or (NOBODY[0] if requester else "")
        telling = [part for part in parts if not stems(part) & vocabulary]
        self._written_small = {_level(part) for part in telling if not part[0].isupper()}
        alternatives = [r"\W+".join(map(re.escape, map(_level, words)))] if len(words) > 1 and telling else []
        alternatives += [re.escape(part) for part in sorted({_level(p) for p in telling}, key=len, reverse=True)]
        self._pattern = re.compile(rf"\b(?:{'|'.join(alternatives)})\b") if alternatives else None

    def taken_out(self, text: str) -> str:
        """The text with nobody's name. One word alone counts as a name only where it begins with a capital."""
        if self._pattern is None:
            return text
        pieces, position = [], 0
        for match in self._pattern.finditer(_level(text)):
            found = match.group()
            if found in self._aliases and found not in self._written_small and not text[match.start()].isupper():
                continue
            pieces += [text[position : match.start()], self._aliases.get(found, self.alias)]
            position = match.end()
        return "".join([*pieces, text[position:]])


def _level(text: str) -> str:
    """Lower case without accents, a character for a character, so that places stay."""
    return "".join((fold(char) or char)[0] for char in text)
