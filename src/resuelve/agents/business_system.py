"""The agents of the business system over HTTP (`sistema`): what state is a policy in, and what does that decide.

Before anything is asked or told, the policy must be known and must belong to the one person whom the ticket names. The
check has no effect on the system, so it may be repeated.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from urllib.parse import quote

import httpx2

from resuelve.agents.port import AgentRequest
from resuelve.domain.decision import AgentAnswer, Close, HandOff, Hold, Reassign
from resuelve.domain.errors import AgentRefused, AgentUnavailable
from resuelve.domain.identifier import PERSON_KINDS, IdentifierKind
from resuelve.domain.message import message
from resuelve.http import Answer, Calls, Limits, NoAnswer, base_address
from resuelve.telemetry.logs import log
from resuelve.texts import say

TEXT_LIMIT = 4_000
"""Characters of a text for a ticket; a longer one is not cut but handed over."""

RESPONSE_LIMIT = 1024 * 1024
"""Bytes of an answer; a larger one is not used."""

_SETTING = "MOCK_SISTEMA_URL"
_POLICY_LENGTH = 100
_RESOLUTIONS = ("cierre", "en espera", "reasignacion", "manual")
_RESOLUTION, _QUEUE, _TEXT = "resolucion automatica", "buzon reasignacion", "solucion"


class BusinessSystemAgent:
    """The `Agent` of every code that the business system answers. Safe to share between threads.

    Args:
        base_url: address of the system.
        codes: the codes that it has a check for.
        timeout: seconds for connecting, and for each wait for data.
        attempts: how often a call is tried.
        deadline: seconds for a whole call, its repetitions included.
        transport: replaces the network, for tests.

    Raises:
        SettingsError: `base_url` is not an address of a web service.
    """

    def __init__(
        self,
        base_url: str,
        *,
        codes: Collection[str] = ("fxprovicion", "disconformidad"),
        timeout: float = 10.0,
        attempts: int = 4,
        deadline: float = 60.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._codes = frozenset(codes)
        self._base = base_address(base_url, _SETTING)
        self._calls = Calls(self._base.host, Limits(timeout, attempts, deadline), transport=transport)

    def answer(self, request: AgentRequest) -> AgentAnswer:
        """What the system's check decides, once it is plain which policy is meant and that it is the person's own."""
        if request.code not in self._codes:
            return HandOff(say("agents.system.no_check", request.team_language, code=_line(request.code)))
        policies = [identifier.value for identifier in request.of(IdentifierKind.POLICY)]
        persons = _persons(request)
        if not policies:
            key = "agents.policy.missing" if persons else "agents.policy_and_holder.missing"
            return Hold(say(key, request.language))
        if len(policies) > 1:
            return HandOff(say("agents.policy.several", request.team_language, policies=_line(", ".join(policies))))
        policy = policies[0]
        refusal = self._whose(policy, persons, request)
        return refusal or self._check(policy, request)

    def close(self) -> None:
        """Give back connections."""
        self._calls.close()

    def _whose(
        self, policy: str, persons: Mapping[str, IdentifierKind], request: AgentRequest
    ) -> Hold | HandOff | None:
        """Why nothing may be told about this policy; None when the ticket's only person is its holder."""
        found = self._policy(policy)
        slots = {"policy": _line(policy)}
        if found is None:
            return HandOff(say("agents.policy.unknown", request.team_language, **slots))
        holder = _characters(found.get("NIF"))
        if not holder:
            return HandOff(say("agents.holder.unknown", request.team_language, **slots))
        if not persons:
            return Hold(say("agents.holder.missing", request.language, **slots))
        if holder not in persons:
            return HandOff(say("agents.holder.other", request.team_language, **slots))
        # A clinic's or an employer's CIF beside the holder's own number is common and harmless. A second person may
        # be the one who asks, and nobody can tell from the numbers.
        others = [kind for person, kind in persons.items() if person != holder]
        if any(kind is not IdentifierKind.CIF for kind in others):
            return HandOff(say("agents.holder.several", request.team_language, **slots))
        return None

    def _policy(self, policy: str) -> Mapping[str, object] | None:
        if len(policy) > _POLICY_LENGTH or policy in (".", ".."):
            return None
        answer = self._ask("GET", f"api/poliza/{quote(policy, safe='')}")
        if answer.status == 404:
            return None
        found = dict(_pairs(answer))
        if isinstance(known_as := found.get("poliza"), str) and known_as.strip().casefold() != policy.casefold():
            raise _unavailable("the answer is about another policy", answer.where)
        return found

    def _check(self, policy: str, request: AgentRequest) -> AgentAnswer:
        parameters = {"poliza": policy, "codIncidencia": request.incident}
        body = {
            "poliza": policy,
            "codSolucion": request.code,
            "strJson": json.dumps(parameters, ensure_ascii=False),
        }
        return _decision(_pairs(self._ask("POST", "api/comprobacionPoliza", body)), request.team_language)

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Answer:
        content = json.dumps(body).encode("ascii") if body is not None else None
        try:
            # Both calls of the contract only read, so both may be repeated.
            answer = self._calls.send(method, httpx2.URL(f"{self._base}/{path}"), limit=RESPONSE_LIMIT, content=content)
        except NoAnswer as error:
            _told(error.attempts, 0)
            raise _unavailable(error.what, error.where) from error
        _told(answer.attempts, answer.status)
        return answer


def _told(attempts: int, status: int) -> None:
    if attempts > 1:
        log.warning("call.repeated", system="agents", attempts=attempts, status=status or None)


def _decision(pairs: list[tuple[str, object]], language: str) -> AgentAnswer:
    """The system's answer as one of the resolutions that an agent may give, or a hand-over that says what is wrong."""
    fields = _fields(pairs)
    resolution, text = _folded(fields.get(_RESOLUTION, "")), fields.get(_TEXT, "")
    queue = _line(fields.get(_QUEUE, ""))
    if problem := _problem(resolution, text, queue):
        return HandOff(say(problem, language, text=_line(fields.get(_RESOLUTION, ""))))
    match resolution:
        case "cierre":
            return Close(text)
        case "en espera":
            return Hold(text)
        case "reasignacion":
            return Reassign(queue, text)
        case _:
            note = "agents.system.manual" if text else "agents.system.manual_bare"
            return HandOff(say(note, language, text=text[:TEXT_LIMIT]))


def _fields(pairs: list[tuple[str, object]]) -> dict[str, str]:
    """The texts of the answer by folded key; none when one key is there twice with different values."""
    fields: dict[str, str] = {}
    for key, value in pairs:
        text = _clean(value) if isinstance(value, str) else ""
        if fields.setdefault(_folded(key), text) != text:
            return {}
    return fields


def _problem(resolution: str, text: str, queue: str) -> str:
    """Why this answer cannot be carried out, as a key of the texts; empty when it can, or asks for a person."""
    problems = (
        ("agents.system.no_resolution", not resolution),
        ("agents.system.another_agent", resolution.startswith("api|")),
        ("agents.system.unknown_resolution", resolution not in _RESOLUTIONS),
        ("agents.system.no_text", resolution != "manual" and not text),
        ("agents.system.long_text", resolution != "manual" and len(text) > TEXT_LIMIT),
        ("agents.system.no_queue", resolution == "reasignacion" and not queue),
    )
    return next((key for key, applies in problems if applies), "")


def _pairs(answer: Answer) -> list[tuple[str, object]]:
    """The members of the JSON object of an answer, repeated keys included.

    Raises:
        AgentRefused: the system answered with a status of refusal.
        AgentUnavailable: the answer is not a JSON object.
    """
    if 400 <= answer.status < 500 and answer.status not in (408, 429):
        raise AgentRefused(
            message("answered {status}", status=answer.status),
            where=answer.where,
            remedy="compare the system's version with the contract",
        )
    if answer.status != 200:
        raise _unavailable(message("answered {status}", status=answer.status), answer.where)
    try:
        value = answer.json(_Members)
    except NoAnswer as error:
        raise _unavailable(error.what, error.where) from None
    if not isinstance(value, _Members):
        raise _unavailable("the answer is not a JSON object", answer.where)
    return value


def _unavailable(what: str, where: str) -> AgentUnavailable:
    remedy = message("check that the business system runs and that {setting} is right", setting=_SETTING)
    return AgentUnavailable(what, where=where, remedy=remedy)


class _Members(list[tuple[str, object]]):
    """The members of a JSON object in their order, so that none hides another."""


def _persons(request: AgentRequest) -> dict[str, IdentifierKind]:
    """Whom the ticket names, by the characters of the number; a wrong check letter does not matter to who it is."""
    persons: dict[str, IdentifierKind] = {}
    for identifier in request.of(*PERSON_KINDS):
        persons.setdefault(_characters(identifier.value), identifier.kind)
    return {number: kind for number, kind in persons.items() if number}


def _characters(value: object) -> str:
    """Letters and digits in upper case; leading zeros and the prefix of a VAT number do not count."""
    number = re.sub(r"[^0-9A-Z]", "", value.upper()) if isinstance(value, str) else ""
    if len(number) == 11:
        number = number.removeprefix("ES")
    return number.lstrip("0")


def _folded(text: str) -> str:
    """Without case, accents and repeated white space."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text[:200]) if not unicodedata.combining(c))
    return " ".join(bare.replace("_", " ").casefold().split())


def _clean(text: str) -> str:
    """A text for a ticket: line breaks stay; other control and format characters and broken characters go."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(c for c in lines if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs")).strip()


def _line(text: str) -> str:
    return " ".join(_clean(text).split())[:200]
