"""Identifiers found in a text: policy numbers, national numbers, accounts and the like."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class IdentifierKind(StrEnum):
    """The kinds of identifier that Resuelve recognises."""

    POLICY = "policy"
    NIF = "nif"
    NIE = "nie"
    CIF = "cif"
    IBAN = "iban"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    ERROR_CODE = "error_code"


PERSON_KINDS = frozenset({IdentifierKind.NIF, IdentifierKind.NIE, IdentifierKind.CIF})
"""Kinds that say who somebody is."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier with its place in the text.

    Attributes:
        value: normalised (upper case, without separators where the kind has none).
        raw: the very characters of the text.
        source: the part of the incident, such as ``description`` or ``history[2].detail``.
        start, end: offsets in that part's text, in characters.
        valid: False when a check digit, a length or a country rule fails.
        problem: why it is not valid, as a key of the message catalogue; empty when valid.
    """

    kind: IdentifierKind
    value: str
    raw: str
    source: str
    start: int
    end: int
    valid: bool = True
    problem: str = ""
