"""Stage 3, reformulate: what the ticket is about, as short texts fit to search with.

The texts are cut out of the ticket: identifiers, placeholders, form fields about the person,
greetings and signatures go; what happened stays. With one, `restate` gives the model's sentence, with which more rows
are found to choose from, and a second matter that it sees. Neither counts in a score.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from resuelve.domain.identifier import Identifier, IdentifierKind
from resuelve.models import ChatModel
from resuelve.resolution.identify import identify_text, placeholders
from resuelve.resolution.prompts import prompt
from resuelve.resolution.prompts.schemas import Reformulation
from resuelve.resolution.read import LONGEST_TEXT, Part, Reading
from resuelve.resolution.words import stems

GENERIC = frozenset("ayuda consu duda error fallo help incid issue probl quest tema urgen".split())
"""Stems of titles that say nothing: «Problema con…», «Consulta sobre…»."""

_FULL = 6
"""Words from which on a description stands without its title."""

_CAP = 240
_REPORT = 400
"""Characters of a report that are searched with: as many as the encoder in the product takes of a row."""

_SAYS = 4
"""Letters of the shortest text that says something."""

_COURTESY = 40
"""Characters of the longest text that is looked at for being nothing but a courtesy."""

_MODEL_CAP = 2000
_SPLIT_AT = 4
_LONGEST_NAME = 3
_LONGEST = LONGEST_TEXT - 1000
"""Characters of a part that are looked at. Fewer than `identify` looks at: no identifier is cut in two by the limit."""

_FIELD = re.compile(
    r"\b(?:NIF|NIE|DNI|CIF|N\.?I\.?F\.?|Otros|Nombre(?:\s+y\s+apellidos)?|Apellidos|Titular|Solicitante|Asegurad[oa]"
    r"|N[º°o]?\.?\s*(?:de\s+)?(?:p[oó]liza|tarjeta)|P[oó]liza|Tarjeta|T|PO|Fecha\s+de\s+nacimiento|Ramo"
    r"|D[ií]a\s+y\s+hora(?:\s+en\s+que\s+se\s+produce\s+el\s+error)?|Fecha\s+y\s+hora|Hora|Fecha|Tel(?:[eé]fono(?:\s+de\s+contacto)?|f|\.)?"
    r"|M[oó]vil|E-?mail(?:\s+y\s+tel[eé]fono)?(?:\s+de\s+contacto)?|Correo(?:\s+electr[oó]nico)?|Contacto|IBAN"
    r"|Name|Full\s+name|Policy(?:\s+(?:no\.?|number))?|Date\s+of\s+birth|Phone|Date|Contenedor|Dispositivo|Navegador)"
    r"(?:\s*/\s*\w+){0,4}\s*[:=]+\s*",
    re.IGNORECASE,
)
_STRUCTURE = re.compile(
    r"\b(?:Descripci[oó]n(?:\s+del\s+(?:error|problema))?|Pantalla\s+en\s+(?:la\s+)?que\s+se\s+produce\s+el\s+error"
    r"|Error|Incidencia|Description|Issue)\s*:\s*",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:^|(?<=[\n.!¡]))[^\S\n]*(?:muy\s+)?(?:(?:hola|buenas(?:\s+(?:tardes|noches))?|buenos\s+d[ií]as"
    r"|estimad[oa]s?(?:\s+\w+)?|hi(?:\s+there|\s+all|\s+team)?|hello|dear\s+\w+|good\s+(?:morning|afternoon|evening))"
    r"\b[\s,.:;!]*){1,3}",
    re.IGNORECASE,
)
_THANKS = (
    r"(?:^|\n|(?<=[.!?]))[^\S\n]*(?:un\s+(?:cordial\s+)?saludo|saludos?(?:\s+cordiales)?|atentamente|muchas\s+gracias"
    r"|gracias|(?:kind|best)\s+regards|regards|many\s+thanks|thanks|thank\s+you|cheers)\b"
)
_FAREWELL = re.compile(rf"{_THANKS}[^\n]{{0,120}}(?:\n[\s\S]{{0,160}})?$", re.IGNORECASE)
_POLITE = re.compile(_THANKS, re.IGNORECASE)
_DATE = re.compile(
    r"\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b(?:[\s-]+\d{1,2}:\d{2}\s*h?)?|\b\d{1,2}:\d{2}\s*h?\b", re.IGNORECASE
)
_ASIDE = re.compile(
    r"(?:\b(?:por\s+otr[oa]\s+(?:lado|parte)|y\s+por\s+otro|otra\s+cosa|aparte\s+de\s+(?:eso|esto)|adem[aá]s|y\s+de\s+paso"
    r"|de\s+paso|tambi[eé]n\s+(?:tengo|quer[ií]a)|also|another\s+thing|on\s+top\s+of\s+that|separately|while\s+i'?m\s+at\s+it)\b"
    r"|\b(?:la\s+segunda|lo\s+segundo|the\s+second(?:\s+one)?|secondly)\b|(?<=[.;:?!]\s)(?:2[.)ºª]|b\))(?=\s))",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_GONE = "\ue000"
"""Stands where an identifier or a placeholder was, until the fields are dropped whose value it is."""

_VALUE = re.compile(rf"{_GONE}(?:[\s/,]*{_GONE})*|(?:[^\s.{_GONE}]+[^\S\n]*){{0,6}}")
_VALUE_ENDS = re.compile(r"[\n.;]\s|\n")


@dataclass(frozen=True, slots=True)
class Query:
    """A text to search with.

    Attributes:
        purpose: ``problem`` (the whole of it), ``title``, ``comment`` (what people added later), ``model`` (a model's
            words), ``attachment`` (the telling lines of what is attached) or ``aside`` (a second matter, which is
            compared but never resolved).
        weight: its share in the ranking; an aside has none.
    """

    text: str
    purpose: Literal["problem", "title", "comment", "model", "attachment", "aside"]
    weight: float


def reformulate(
    reading: Reading,
    identifiers: Sequence[Identifier],
    *,
    components: Sequence[str] = (),
    terse: bool = False,
    reports: bool = False,
) -> tuple[Query, ...]:
    """The queries of a ticket, the most telling first; none when the ticket says nothing.

    Args:
        components: those of the dictionary. A title that names only one of them says where, not what, and is no query.
        terse: the dictionary has rows for texts such as «hola» or «no» (`says_as_little`): then a ticket that says no
            more is searched with the words that it has.
        reports: the dictionary's texts are reports (`are_reports`): then title and description are searched with as one
            text, which is what such a row is.
    """
    title = _clean(Part("title", reading.text_of("title")), identifiers)
    body = _clean(Part("description", reading.text_of("description")), identifiers)
    comment = _comment(reading, identifiers)
    titled = bool(stems(title) - GENERIC - {stem for component in components for stem in stems(component)})
    if titled and len(body.split()) >= _FULL:
        if reports:
            queries = [Query(_cap(f"{title}. {body}", _REPORT), "problem", 1.0), Query(_cap(title), "title", 0.25)]
        else:  # each word is encoded once: encoding is nearly all that an incident costs
            queries = [Query(_cap(body), "problem", 1.0), Query(_cap(title), "title", 0.5)]
    else:
        whole = f"{title}. {body}" if body and title.lower() not in body.lower() else body or title
        queries = [Query(_cap(whole), "problem", 1.0)]
    if comment:
        queries.append(Query(_cap(comment), "comment", 0.3))
    aside = _aside(body)
    if aside:
        queries.append(Query(_cap(aside), "aside", 0.0))
    found = tuple(query for query in queries if _says_something(query.text))
    return found or (_courtesy(reading, identifiers) if terse else ())


def are_reports(examples: Sequence[str]) -> bool:
    """True when most of these texts of the dictionary are longer than what a ticket is usually searched with."""
    return bool(examples) and statistics.median(map(len, examples)) > _CAP


def says_as_little(examples: Iterable[str]) -> bool:
    """True when one of these texts of the dictionary would itself be no query: a greeting, a yes, a thanks."""
    # A dictionary may have a hundred thousand texts, and cleaning one takes .1 ms: few are looked at so closely.
    short = (text for text in examples if len(text) <= _COURTESY and _letters(text))
    courteous = (text for text in short if _letters(text) < _SAYS or _GREETING.search(text) or _POLITE.search(text))
    return any(not _says_something(_clean(Part("description", text), ())) for text in courteous)


def restate(ticket: str, chat: ChatModel) -> tuple[tuple[Query, ...], str]:
    """A model's own sentence about a `depersonalised` ticket, and a second matter if it sees one; and who said it.

    Raises:
        ModelUnavailable, ModelOutputInvalid: the model gave no answer that may be used.
    """
    completion = chat.complete(prompt("reformulate", ticket=ticket), Reformulation)
    return restated(completion.output), completion.model


def restated(answer: Reformulation) -> tuple[Query, ...]:
    """What a model's answer searches with; nothing where its sentence says nothing."""
    found = (Query(_cap(answer.problema), "model", 1.0), Query(_cap(answer.otro_asunto), "aside", 0.0))
    return tuple(q for q in found if _says_something(q.text)) if _says_something(found[0].text) else ()


def depersonalised(reading: Reading, identifiers: Sequence[Identifier], telling: str = "") -> str:
    """The ticket as a model may see it: each part with its origin, identifiers replaced by their kind.

    Args:
        telling: the lines of the attachments that tell something, in place of the whole of them: a model is not sent
            the rest of a prescription or of somebody's letter.
    """

    def shown(part: Part, own: Sequence[Identifier]) -> str:
        spans = [(i.start, i.end, f"[{i.kind.value}]") for i in _personal(part, own)]
        return f"{part.source}: {_replaced(part.text, spans)[:_MODEL_CAP]}"

    lines = [shown(part, identifiers) for part in reading.parts]
    if telling:  # what a row was found with must not be cut off by a long history
        lines.insert(min(2, len(lines)), f"attachments: {telling}")
    lines += [shown(part, tuple(identify_text(part.text, part.source))) for part in reading.described]
    return "\n".join(lines)[: 3 * _MODEL_CAP]


def _courtesy(reading: Reading, identifiers: Sequence[Identifier]) -> tuple[Query, ...]:
    """What title and description say, greetings and all; identifiers are no words."""

    def words(source: str) -> str:
        part = Part(source, reading.text_of(source))
        return _collapsed(_replaced(part.text, [(i.start, i.end, " ") for i in _personal(part, identifiers)]))

    text = _cap(". ".join(filter(None, (words("title"), words("description")))))
    return (Query(text, "problem", 1.0),) if _letters(text) else ()


def lines_of(part: Part, identifiers: Sequence[Identifier]) -> tuple[str, ...]:
    """The lines of a text without identifiers, fields about the person and dates."""
    text = _DATE.sub(" ", _nobody(part, identifiers, lambda whole: whole))
    return tuple(line for piece in text.split("\n") if (line := _collapsed(piece)))


def sentences(reading: Reading, identifiers: Sequence[Identifier]) -> tuple[str, ...]:
    """What the description and the comments say, sentence by sentence, without identifiers and greetings.

    Remarks of fewer than four words are left out. What comes after «gracias» is not: it may be no signature.
    """
    parts = (part for part in reading.parts if part.source != "title")
    texts = (_bare(part, identifiers, lambda text: _POLITE.sub("\n", text)) for part in parts)
    pieces = (_collapsed(piece) for text in texts for piece in _SENTENCE_END.split(text))
    return tuple(dict.fromkeys(_cap(piece) for piece in pieces if len(piece.split()) >= _SPLIT_AT))


def _comment(reading: Reading, identifiers: Sequence[Identifier]) -> str:
    """The last thing that a person added, when it is more than a remark."""
    for part in reversed(reading.comments):
        text = _clean(part, identifiers)
        if len(text.split()) >= _SPLIT_AT:
            return text
    return ""


def _aside(body: str) -> str:
    match = _ASIDE.search(body)
    rest = body[match.end() :].strip(" ,.;:\n") if match and match.start() > 20 else ""
    return rest if len(rest.split()) >= _SPLIT_AT else ""


def _personal(part: Part, identifiers: Sequence[Identifier]) -> list[Identifier]:
    """What says who, which policy, which account; an error code says what happened, and stays."""
    return [i for i in identifiers if i.source == part.source and i.kind is not IdentifierKind.ERROR_CODE]


def _replaced(text: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """The beginning of a text with other words in place of the spans, which do not overlap."""
    pieces, position = [], 0
    for start, end, instead in sorted(spans):
        if start >= _LONGEST:
            break
        pieces += [text[position:start], instead]
        position = end
    return "".join([*pieces, text[position:_LONGEST]])


def _clean(part: Part, identifiers: Sequence[Identifier]) -> str:
    text = _collapsed(_bare(part, identifiers, _without_farewell))
    return text.lower() if _shouts(text) else text


def _bare(part: Part, identifiers: Sequence[Identifier], without: Callable[[str], str]) -> str:
    """The text without what says who and the labels of a form, its lines still apart."""
    return _DATE.sub(" ", _STRUCTURE.sub(" ", _nobody(part, identifiers, without)))


def _nobody(part: Part, identifiers: Sequence[Identifier], without: Callable[[str], str]) -> str:
    """The text without what says who; `without` takes out thanks and farewells."""
    spans = [(i.start, i.end) for i in _personal(part, identifiers)]
    text = _replaced(part.text, [(start, end, _GONE) for start, end in (*spans, *placeholders(part.text))])
    text = without(_GREETING.sub(" ", text))
    return _drop_fields(text).replace(_GONE, " ")


def _collapsed(text: str) -> str:
    return re.sub(r" ([,.;:])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,.;:-/")


def _without_farewell(text: str) -> str:
    """Without the signature; what begins with thanks and goes on («gracias, pero sigue sin abrir») is none."""
    rest = _FAREWELL.sub(" ", text)
    if rest == text or _says_something(rest):
        return rest
    kept = _POLITE.sub(" ", text)
    return kept if len(kept.split()) > _LONGEST_NAME else ""


def _drop_fields(text: str) -> str:
    """Without the form fields about the person; a field ends at the next one, at a line's end or after six words."""
    kept, position = [], 0
    for match in _FIELD.finditer(text):
        kept.append(text[position : match.start()])
        following = _FIELD.search(text, match.end())
        limit = following.start() if following else len(text)
        value = _VALUE.match(text, match.end(), limit)
        end = value.end() if value else match.end()
        sentence = _VALUE_ENDS.search(text, match.end(), end)
        end = sentence.start() if sentence else end
        position = end if _is_short_value(text[match.end() : end]) else match.end()
    kept.append(text[position:])
    return " ".join(kept)


def _is_short_value(value: str) -> bool:
    """A name, a word or nothing: values that say who, not what. A sentence behind a label is kept."""
    words = value.split()
    return len(words) <= 3 or all(word[:1].isupper() for word in words)


def _shouts(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return len(letters) > 12 and sum(c.isupper() for c in letters) > 0.7 * len(letters)


def _cap(text: str, most: int = _CAP) -> str:
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0]


def _says_something(text: str) -> bool:
    return _letters(text) >= _SAYS


def _letters(text: str) -> int:
    return sum(c.isalpha() for c in text)
