"""Numbers and addresses that are somebody's, and of which the product itself makes nothing: cards, accounts, plates…

Of each kind either check digits tell (python-stdnum; social security by its published rule), or a word that stands
before it. Each becomes a sample of its kind which is nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stdnum import luhn
from stdnum.es import ccc

_NOT_IN_IBAN = r"(?<!\w)(?<!\d{4}[ .\-])(?<![A-Z]{2}\d{2}[ .\-])"
"""An IBAN holds the digits of an account: it has a sample of its own."""

_MONTH = (
    r"(?:ene|jan|feb|mar|abr|apr|may|jun|jul|ago|aug|sep|set|oct|nov|dic|dec)[a-z]{0,8}\.?"  # in Spanish and English
)
_DATE = (
    r"\d{1,2}[/.\- ]\d{1,2}[/.\- ]\d{2,4}|\d{4}[/.\-]\d{1,2}[/.\-]\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: de| of|[ \-])? ?{_MONTH},?(?: del?|[ \-])? ?\d{{2,4}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
)
_NUMBER_IS = r"[^\w\n]{0,4}(?:(?:n[uú]mero|number|num|nr|n\.? ?[º°ªo]?|es|is|de|con)\b[^\w\n]{0,4}){0,3}"
_CONSONANTS = "BCDFGHJKLMNPRSTVWXYZ"
_NO_PLATE = "CSV|DLL|DNS|DVD|FTP|GHZ|JPG|KWH|MHZ|PDF|PNG|RTF|SMS|SQL|SSL|TXT|VPN|XLS|XML|XSD"
"""Abbreviations of consonants that stand behind a year or a number."""


def _always(_: str) -> bool:
    return True


def _is_card(found: str) -> bool:
    digits = _digits(found)
    return luhn.is_valid(digits) and len(set(digits)) > 1


def _is_account(found: str) -> bool:
    digits = _digits(found)
    return ccc.is_valid(digits) and len(set(digits)) > 1


def _is_social_security(found: str) -> bool:
    """Province, number and, modulo 97, its two check digits; a number below ten million is of seven digits."""
    digits = _digits(found)
    province, number, check = int(digits[:2]), int(digits[2:-2]), int(digits[-2:])
    return (province * 10 ** (7 if number < 10**7 else 8) + number) % 97 == check


@dataclass(frozen=True, slots=True)
class _Kind:
    """What looks like it (group ``it``), what takes its place, and what else must be true."""

    pattern: re.Pattern[str]
    sample: str
    passes: Callable[[str], bool] = _always


_KINDS = (
    _Kind(  # juan (arroba) gmail.com, juan arroba gmail punto com, juan @ gmail.com
        re.compile(
            r"(?<![\w.+-])(?P<it>[\w.+-]{1,64}(?:\s?[(\[{<]\s?(?:arroba|at|@)\s?[)\]}>]\s?|\sarroba\s|\s@\s?|@\s)"
            r"[\w-]{1,63}(?:(?:\.|\s?[(\[{<]\s?(?:punto|dot|\.)\s?[)\]}>]\s?|\s(?:punto|dot)\s)[\w-]{1,63}){1,4})",
            re.IGNORECASE,
        ),
        "persona@example.com",
    ),
    _Kind(
        re.compile(
            _NOT_IN_IBAN + r"(?P<it>\d{20}|\d{4}([ .\-])\d{4}\2\d{2}\2(?:\d{10}|\d{5}\2\d{5})"
            r"|\d{4}([ .\-])\d{4}\3\d{4}\3\d{4}\3\d{4})(?!\w)",
            re.IGNORECASE,
        ),
        "21000418450200051332",
        _is_account,
    ),
    _Kind(
        re.compile(
            _NOT_IN_IBAN + r"(?P<it>[2-6]\d{12,18}|[2-6]\d{3}([ .\-])\d{4}\2\d{4}\2\d{4}(?:\2\d{3})?"
            r"|3\d{3}([ .\-])\d{6}\3\d{4,5})(?!\w)",
            re.IGNORECASE,
        ),
        "5555555555554444",
        _is_card,
    ),
    _Kind(
        re.compile(r"(?<![\w/\-])(?P<it>\d{2}[ /\-]\d{7,8}[ /\-]\d{2})(?![\w/])", re.IGNORECASE),
        "281234567840",
        _is_social_security,
    ),
    _Kind(
        re.compile(
            r"\b(?:seguridad social|afiliaci[oó]n|afiliad[oa]|nuss|naf|nss|social security)\b[^\d\n]{0,30}?"
            r"(?P<it>\d{2}[ /\-]?\d{7,8}[ /\-]?\d{2})(?!\w)",
            re.IGNORECASE,
        ),
        "281234567840",
    ),
    _Kind(
        re.compile(
            rf"\b(?:pasaporte|passport)\b{_NUMBER_IS}(?P<it>(?=(?:[A-Z]{{0,3}}\d){{5}})[A-Z0-9]{{6,10}})(?!\w)",
            re.IGNORECASE,
        ),
        "AAA000000",
    ),
    _Kind(
        re.compile(
            r"\b(?:nacid[oa]s?|nac[ií]|nacimiento|nac\.|born|birth|birthday|birthdate|dob|cumplea[ñn]os)(?!\w)[^\d]{0,40}?"
            rf"(?<!\w)(?P<it>{_DATE})(?!\w)",
            re.IGNORECASE,
        ),
        "01/01/1970",
    ),
    _Kind(
        re.compile(
            r"\b(?:matr[ií]culas?|veh[ií]culos?|coche|moto|furgoneta|turismo|plate|registration|vehicle|car)(?!\w)"
            r"[^\d\n]{0,30}?"
            rf"(?<!\w)(?P<it>\d{{4}}[ \-]?[{_CONSONANTS}]{{3}}|[A-Z]{{1,2}}[ \-]?\d{{4}}[ \-]?[A-Z]{{1,2}})(?!\w)",
            re.IGNORECASE,
        ),
        "0000 BBB",
    ),
    _Kind(re.compile(rf"(?<!\w)(?P<it>\d{{4}}[ \-]?(?!{_NO_PLATE})[{_CONSONANTS}]{{3}})(?!\w)"), "0000 BBB"),
)


def without_personal_numbers(text: str) -> str:
    """The text with samples for cards, accounts, social security, passports, births, plates and hidden e-mails.

    An account, a card, and a social security number with separators are told by their check digits; a social security
    number behind its name, a passport, a date of birth and an old plate by the word before them.
    """
    for kind in _KINDS:
        text = kind.pattern.sub(lambda match, kind=kind: _replaced(match, kind), text)  # type: ignore[misc]
    return text


def _replaced(match: re.Match[str], kind: _Kind) -> str:
    found, whole = match["it"], match.group()
    if not kind.passes(found):
        return whole
    start = match.start("it") - match.start()
    return f"{whole[:start]}{kind.sample}{whole[start + len(found) :]}"


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())
