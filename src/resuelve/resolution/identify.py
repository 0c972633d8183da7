"""Stage 2, identify: policy numbers, NIF, NIE, CIF, IBAN, e-mail, telephone, URLs and error codes, with their place.

Check digits are verified with python-stdnum, telephone numbers with Google's libphonenumber. A number that fails its
check is kept and marked, because it may be the very cause of the incident. Placeholders are recognised as absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number, is_valid_number, parse
from stdnum import iban, numdb
from stdnum.es import cif, dni, nie
from stdnum.es import iban as spanish_iban
from stdnum.exceptions import ValidationError

from resuelve.domain.identifier import Identifier, IdentifierKind
from resuelve.resolution.read import LONGEST_TEXT, Reading

_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"'()\[\]{}]+", re.IGNORECASE)
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}\b")
_IBAN_START = re.compile(r"\b([A-Z]{2})[ \-.]?\d{2}(?=[ \-.]?[A-Z0-9])", re.IGNORECASE)
_IBAN_LABEL = re.compile(r"\bIBAN\W*\Z", re.IGNORECASE)
_GROUP = re.compile(r"[ .\-]?([A-Z0-9]+)", re.IGNORECASE | re.ASCII)
_NIF = re.compile(r"\b(?:\d{1,2}\.\d{3}\.\d{3}|\d{7,8}|[KLM][ \-.]?\d{7})[ \-.]{0,2}[A-Z]\b", re.IGNORECASE)
_NIE = re.compile(r"\b[XYZ][ \-.]?\d{7}[ \-.]?[A-Z]\b", re.IGNORECASE)
_CIF = re.compile(r"\b[ABCDEFGHJNPQRSUVW][ \-.]?\d{7}[ \-.]?[0-9A-J]\b", re.IGNORECASE)
_POLICY_VALUE = r"(?P<value>(?=[A-Z0-9/-]*\d)[A-Z0-9]+(?:[-/][A-Z0-9]+)*)"
_POLICY_LABELLED = re.compile(
    r"\b(?:p[oó]lizas?|policy|policies|PO)\b(?:\s+(?:con\s+|with\s+)?(?:el\s+)?(?:n[ºo°.]*|n[uú]meros?|numbers?|no\.?|nr\.?))?"
    rf"\s*[:#.=º°]?\s*(?:es\s+(?:la\s+)?|is\s+)?(?:PO\s*:\s*)?{_POLICY_VALUE}",
    re.IGNORECASE,
)
_POLICY_NEXT = re.compile(rf"\s*(?:[,;/]|[yeou]\b|and\b|or\b){{1,2}}\s*(?:la\s+|the\s+)?{_POLICY_VALUE}", re.IGNORECASE)
_POLICY_SHAPED = re.compile(
    r"\b(?:[A-Z]{2,5}\d{0,6}(?:-[A-Z0-9]{2,12}){2,4}|[A-Z]{3}\d{3,}(?:-[A-Z]{2,12})+|\d{6,12}-\d{6,12}-\d)\b"
)
_ERROR = re.compile(
    r"\b(?:(?P<code>[A-Z]{2,8}[-_]\d{2,6}|[A-Z]{1,3}\d{3,5}|[A-Z][A-Za-z]{3,40}(?:Exception|Error))"
    r"|(?:HTTP|error|c[oó]digo(?:\s+de\s+error)?|code)\s*[:#]?\s*(?P<number>[1-5]\d{2,4}))\b"
)
_NATIONAL = re.compile(r"\d{3}[ .\-]?\d{3}[ .\-]?\d{3}|\d{3}(?:[ .\-]?\d{2}){3}", re.ASCII)
_NATIONAL_IN_A_ROW = re.compile(
    rf"(?<![\w+])(?<!\d[ .\-])(?>{_NATIONAL.pattern})(?:[ .\-]++(?>{_NATIONAL.pattern}))++(?![ .\-]?\d)(?!\w)",
    re.ASCII,
)
"""Where nothing but a blank stands between two numbers, the library takes them for one, which is too long.
Possessive, so that a long row that ends otherwise costs no more than reading it."""

_PLACEHOLDER = re.compile(r"MOCK_\w+|\b[xX]{3,}\b|\b0{5,}[A-Z]?\b|[Xx*]{4,}\d{0,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Found:
    kind: IdentifierKind
    start: int
    end: int
    value: str
    problem: str = ""


def identify(reading: Reading) -> tuple[Identifier, ...]:
    """Every identifier of the ticket and of what is attached, in the order of the parts, each place once."""
    parts = (*reading.parts, *reading.seen)
    return tuple(identifier for part in parts for identifier in identify_text(part.text, part.source))


def identify_text(text: str, source: str) -> Iterator[Identifier]:
    """The identifiers of one text (its first 20,000 characters), in order; their spans do not overlap."""
    text = text[:LONGEST_TEXT]
    taken: list[tuple[int, int]] = [(m.start(), m.end()) for m in _PLACEHOLDER.finditer(text)]
    found: list[_Found] = []
    for finder in _FINDERS:
        for one in finder(_masked(text, taken)):
            if all(one.end <= start or one.start >= end for start, end in taken):
                taken.append((one.start, one.end))
                found.append(one)
    for one in sorted(found, key=lambda f: f.start):
        raw = text[one.start : one.end]
        yield Identifier(one.kind, one.value, raw, source, one.start, one.end, not one.problem, one.problem)


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with the spans struck out, so that a number is not read together with its neighbour."""
    chars = list(text)
    for start, end in spans:
        chars[start:end] = "|" * (end - start)
    return "".join(chars)


def placeholders(text: str) -> Iterator[tuple[int, int]]:
    """The spans of placeholders such as ``MOCK_NIF``, ``XXXX`` or ``00000000``."""
    for match in _PLACEHOLDER.finditer(text[:LONGEST_TEXT]):
        yield match.span()


def has_placeholder(text: str) -> bool:
    """True when a text of the dictionary still holds a placeholder and must not be sent to anybody."""
    return re.search(r"MOCK_\w+|\b[xX]{3,}\b", text) is not None


def _plain(raw: str) -> str:
    return re.sub(r"[\s.\-]", "", raw).upper()


def _urls(text: str) -> Iterator[_Found]:
    for match in _ADDRESS.finditer(text):
        value = match.group().rstrip(".,;:!?")
        yield _Found(IdentifierKind.URL, match.start(), match.start() + len(value), value)


def _emails(text: str) -> Iterator[_Found]:
    for match in _EMAIL.finditer(text):
        yield _Found(IdentifierKind.EMAIL, match.start(), match.end(), match.group().lower())


def _ibans(text: str) -> Iterator[_Found]:
    for match in _IBAN_START.finditer(text):
        places = _iban_places(match.group(1).upper())
        end = _extent(text, match.start(), places) if places else match.start()
        value = _plain(text[match.start() : end])
        if sum(c.isdigit() for c in value) < 10:
            continue
        problem = _failure(spanish_iban.validate if value.startswith("ES") else iban.validate, value)
        if problem and _is_word(text, match) and not (match[1].isupper() and len(value) == len(places)):
            continue
        yield _Found(IdentifierKind.IBAN, match.start(), end, value, problem)


def _is_word(text: str, start: re.Match[str]) -> bool:
    """Apart from the digits, two letters are rather a word («mi póliza es 666…»), unless they follow the word IBAN."""
    return text[start.end(1)] == " " and not _IBAN_LABEL.search(text, max(0, start.start() - 10), start.start())


@cache
def _iban_places(country: str) -> str:
    """What may stand in each place of a country's IBANs, by the registry that python-stdnum ships: digits (n), letters
    (a) or both (c); empty for no such country.
    """
    structure = numdb.get("iban").info(country)[0][1].get("bban", "")
    bban = "".join(kind * int(count) for count, kind in re.findall(r"(\d+)!([nac])", structure))
    return f"aann{bban}" if bban else ""


def _extent(text: str, start: int, places: str) -> int:
    """Where a number ends that may be written in groups; the last group belongs to it even if it is too long.

    A group of letters only is a word of the text, unless letters may stand in those places.
    """
    end, count = start, 0
    while count < len(places) and (group := _GROUP.match(text, end)):
        if count and group[1].isalpha() and not _may_stand(group[1], places[count:], text[start].isupper()):
            break
        count += len(group[1])
        end = group.end()
    return end


def _may_stand(letters: str, places: str, upper: bool) -> bool:
    return len(letters) <= len(places) and "n" not in places[: len(letters)] and not (upper and letters.islower())


def _numbers(
    kind: IdentifierKind, pattern: re.Pattern[str], check: Callable[[str], str]
) -> Callable[[str], Iterator[_Found]]:
    def find(text: str) -> Iterator[_Found]:
        for match in pattern.finditer(text):
            value = _plain(match.group())
            if kind is IdentifierKind.NIF and value[:-1].isdigit():
                value = value.zfill(9)
            yield _Found(kind, match.start(), match.end(), value, _failure(check, value))

    return find


def _nif(value: str) -> str:
    # K, L and M numbers use the letter of the DNI over their seven digits.
    return str(dni.validate("0" + value[1:] if value[0] in "KLM" else value))


def _failure(check: Callable[[str], object], value: str) -> str:
    try:
        check(value)
    except ValidationError as error:
        return type(error).__name__
    return ""


def _policies_labelled(text: str) -> Iterator[_Found]:
    for match in _POLICY_LABELLED.finditer(text):
        following: re.Match[str] | None = match
        while following and _looks_like_policy(following["value"]) and _form(following) == _form(match):
            value, (start, end) = following["value"], following.span("value")
            yield _Found(IdentifierKind.POLICY, start, end, value.upper())
            following = _POLICY_NEXT.match(text, end)


def _form(match: re.Match[str]) -> str:
    """Of a list after one label («pólizas 1234567 y 7654321») only what looks like the first is a policy too."""
    return re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", match["value"].upper()))


def _looks_like_policy(value: str) -> bool:
    digits = sum(c.isdigit() for c in value)
    date = re.fullmatch(r"\d{1,2}[-/]\d{1,2}[-/]\d{2,4}", value)
    return digits >= 3 and len(value) >= 5 and not date and not re.fullmatch(r"\d{7,8}[A-Za-z]", value)


def _policies_shaped(text: str) -> Iterator[_Found]:
    for match in _POLICY_SHAPED.finditer(text):
        if any(c.isdigit() for c in match.group()):
            yield _Found(IdentifierKind.POLICY, match.start(), match.end(), match.group())


def _errors(text: str) -> Iterator[_Found]:
    for match in _ERROR.finditer(text):
        group = "code" if match.group("code") else "number"
        yield _Found(IdentifierKind.ERROR_CODE, match.start(group), match.end(group), match.group(group))


def _phones(text: str) -> Iterable[_Found]:
    for match in PhoneNumberMatcher(text, "ES", leniency=Leniency.VALID):
        yield _Found(IdentifierKind.PHONE, match.start, match.end, format_number(match.number, PhoneNumberFormat.E164))


def _phones_in_a_row(text: str) -> Iterator[_Found]:
    for row in _NATIONAL_IN_A_ROW.finditer(text):
        for one in _NATIONAL.finditer(text, row.start(), row.end()):
            number = parse(one.group(), "ES")
            if is_valid_number(number):
                yield _Found(IdentifierKind.PHONE, *one.span(), format_number(number, PhoneNumberFormat.E164))


_FINDERS: tuple[Callable[[str], Iterable[_Found]], ...] = (
    _urls,
    _emails,
    _ibans,
    _policies_labelled,
    _policies_shaped,
    _numbers(IdentifierKind.NIE, _NIE, nie.validate),
    _numbers(IdentifierKind.NIF, _NIF, _nif),
    _numbers(IdentifierKind.CIF, _CIF, cif.validate),
    _phones,
    _phones_in_a_row,
    _errors,
)
"""In order of precedence: a span taken by an earlier finder is not given to a later one."""
