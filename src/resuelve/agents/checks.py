"""Local agents: is an IBAN right, is a NIF, NIE or CIF right, and if not, why.

They need no system, only the published rules: ISO 13616 and ISO 7064 for the IBAN, the check digits of the Spanish
account code (CCC), Real Decreto 1553/2005 for the letter of the DNI and Orden EHA/451/2008 for the NIF of entities,
all as python-stdnum implements them. The explanation never holds the whole number, nor the letter that would be right:
a wrong number must not be turned into somebody's right one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from stdnum import iban, numdb
from stdnum.es import ccc, cif, dni, nie
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.iso7064 import mod_97_10

from resuelve.agents.port import AgentRequest
from resuelve.domain.decision import AgentAnswer, Close, HandOff, Hold
from resuelve.domain.identifier import PERSON_KINDS, Identifier, IdentifierKind
from resuelve.texts import say

_TAX_LENGTH = 9
_TAX_NUMBERS: tuple[tuple[str, str, Callable[[str], object]], ...] = (
    ("0123456789", "nif", dni.validate),
    ("XYZ", "nie", nie.validate),
    ("KLM", "klm", lambda number: dni.validate("0" + number[1:])),
    ("ABCDEFGHJNPQRSUVW", "cif", cif.validate),
)
"""First characters, the form they announce, and its check."""

Fault = tuple[str, dict[str, object]]
"""Why a number is wrong: a key of the texts and its slots."""


class IbanCheck:
    """Explains what is wrong with the IBANs of a ticket."""

    def answer(self, request: AgentRequest) -> AgentAnswer:
        """Close with the reasons when all are wrong; a hand-over when any is right; a question without any."""
        return _answer("iban", request, request.of(IdentifierKind.IBAN), self._sentence)

    @staticmethod
    def _sentence(identifier: Identifier, language: str) -> str:
        number = _account(identifier)
        fault = iban_fault(number)
        return _wrong("agents.iban.wrong", number, fault, language) if fault else ""


class TaxNumberCheck:
    """Explains what is wrong with the NIF, NIE and CIF of a ticket."""

    def answer(self, request: AgentRequest) -> AgentAnswer:
        """Close with the reasons when all are wrong; a hand-over when any is right; a question without any."""
        return _answer("tax", request, request.of(*PERSON_KINDS), self._sentence)

    @staticmethod
    def _sentence(identifier: Identifier, language: str) -> str:
        # As it was typed: a NIF without its leading zero is refused by forms, although its letter is right.
        number = _plain(identifier.raw) or _plain(identifier.value)
        if len(number) == _TAX_LENGTH + 2:
            number = number.removeprefix("ES")  # the prefix of a VAT number
        fault = tax_number_fault(number)
        return _wrong("agents.tax.wrong", number, fault, language, kind=identifier.kind.upper()) if fault else ""


def iban_fault(number: str) -> Fault | None:
    """Why an IBAN (upper case, no separators) is wrong; None when it is right."""
    country = number[:2]
    structure = numdb.get("iban").info(country)[0][1].get("bban", "") if re.fullmatch("[A-Z]{2}", country) else ""
    if not structure:
        return "agents.iban.reason.country", {}
    expected = 4 + sum(int(n) for n in re.findall(r"(\d+)!", structure))
    if difference := len(number) - expected:
        key = "agents.iban.reason.too_long" if difference > 0 else "agents.iban.reason.too_short"
        slots = {"country": country, "expected": expected, "length": len(number), "difference": abs(difference)}
        return key, slots
    if not re.fullmatch(rf"[A-Z]{{2}}\d\d{_pattern(structure)}", number, re.ASCII):
        return "agents.iban.reason.characters", {}
    return _iban_checksum_fault(number)


def tax_number_fault(number: str) -> Fault | None:
    """Why a NIF, NIE or CIF (upper case, no separators) is wrong; None when it is right."""
    if re.fullmatch(r"\d{8}", number, re.ASCII):
        return "agents.tax.reason.no_letter", {}
    if re.fullmatch(r"\d{5,7}[A-Z]", number, re.ASCII) and dni.is_valid(number.zfill(_TAX_LENGTH)):
        return "agents.tax.reason.leading_zero", {}
    if len(number) != _TAX_LENGTH:
        key = "agents.tax.reason.too_short" if len(number) < _TAX_LENGTH else "agents.tax.reason.too_long"
        return key, {"length": len(number)}
    for first, form, validate in _TAX_NUMBERS:
        if number[0] in first:
            return _tax_check_fault(validate, number, form)
    return "agents.tax.reason.first_letter", {}


def _tax_check_fault(validate: Callable[[str], object], number: str, form: str) -> Fault | None:
    try:
        validate(number)
    except InvalidChecksum:
        if form == "cif":
            return "agents.tax.reason.cif_control", {}
        # stdnum says the same of a last digit, where a letter belongs.
        return f"agents.tax.reason.{'letter' if number[-1].isalpha() else f'format_{form}'}", {}
    except ValidationError:
        return f"agents.tax.reason.format_{form}", {}
    return None


def _iban_checksum_fault(number: str) -> Fault | None:
    rearranged = mod_97_10.is_valid(number[4:] + number[:4])
    # Of other countries stdnum knows some account rules, and applies them once the IBAN's own digits are right.
    account = ccc.is_valid(number[4:]) if number.startswith("ES") else not rearranged or iban.is_valid(number)
    if rearranged and account:
        return None
    if rearranged:
        return "agents.iban.reason.account", {}
    if account:
        return "agents.iban.reason.check_digits", {"country": number[:2]}
    return "agents.iban.reason.both", {}


def _pattern(structure: str) -> str:
    """A regular expression of the registry's notation: ``4!n`` four digits, ``4!a`` letters, ``4!c`` either."""
    kinds = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
    return "".join(f"{kinds[kind]}{{{count}}}" for count, kind in re.findall(r"(\d+)!([nac])", structure))


def _answer(
    name: str, request: AgentRequest, identifiers: Iterable[Identifier], sentence: Callable[[Identifier, str], str]
) -> AgentAnswer:
    """What is wrong with each number.

    A ticket may name several: the account that was refused and the one to use instead; the patient, the holder and
    whoever issued the invoice. Where one is right and another wrong, only a person can tell which one is meant.
    """
    identifiers = tuple(identifiers)
    if not identifiers:
        return Hold(say(f"agents.{name}.missing", request.language))
    wrong = [text for identifier in identifiers if (text := sentence(identifier, request.language))]
    if len(wrong) < len(identifiers):
        return HandOff(say(f"agents.{name}.{'several' if wrong else 'right'}", request.team_language))
    return Close("\n".join([*wrong, say(f"agents.{name}.advice", request.language)]))


def _wrong(key: str, number: str, fault: Fault, language: str, **slots: object) -> str:
    reason, reason_slots = fault
    return say(key, language, tail=_tail(number), reason=say(reason, language, **reason_slots), **slots)


def _tail(number: str) -> str:
    """The last characters, four at most and never the greater part."""
    return number[-min(4, max(1, len(number) // 2)) :]


def _account(identifier: Identifier) -> str:
    """The IBAN without the words after it: ``ES10 9999… 320 y al darla`` is short, not misspelt."""
    number = _plain(identifier.value)
    groups = identifier.raw.split()
    if _plain(identifier.raw) != number or not number.startswith("ES"):
        return number
    while len(groups) > 1 and groups[-1].isalpha():
        groups.pop()
    return _plain("".join(groups))


def _plain(text: str) -> str:
    """Upper case letters and digits only."""
    return re.sub(r"[^0-9A-Z]", "", text.upper())
