"""The contract of `Agent`, run against every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import pytest

from resuelve.agents import Agent, AgentRequest
from resuelve.agents.business_system import BusinessSystemAgent
from resuelve.agents.checks import IbanCheck, TaxNumberCheck
from resuelve.agents.memory import MemoryAgent
from resuelve.domain.decision import AgentAnswer, Close, HandOff, Hold
from resuelve.domain.identifier import Identifier, IdentifierKind
from resuelve.mocks.serve import Running, start
from resuelve.mocks.world import World

HOLDER = (IdentifierKind.NIF, "99999901H")
POLICIES = {
    number: {"poliza": number, "NIF": "99999901H", "estadoPoliza": "activa", "fechaCreacion": "01/01/2020"}
    for number in ("SAL-2026-000123-AB", "SAL-2026-000124-AB")
}


@dataclass(frozen=True)
class Case:
    """An agent with identifiers that it can close on, and a second value of its parameter."""

    agent: Agent
    code: str
    good: tuple[tuple[IdentifierKind, str], ...]
    second: tuple[IdentifierKind, str]
    said: str


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(world=World((), (), POLICIES)) as services:
        yield services


@pytest.fixture(params=["memory", "fxprovicion", "disconformidad", "comprobarIban", "comprobarCIF"])
def case(request: pytest.FixtureRequest, running: Running) -> Case:
    policy, other = ((IdentifierKind.POLICY, number) for number in POLICIES)
    match request.param:
        case "memory":
            agent = MemoryAgent({policy[1]: Close("Está activa")})
            return Case(agent, "memory", (policy,), other, "activa")
        case "comprobarIban":
            wrong = (IdentifierKind.IBAN, "ES5199990012660004401178")
            return Case(
                IbanCheck(), "comprobarIban", (wrong,), (IdentifierKind.IBAN, "ES9700000431150007702913"), "1178"
            )
        case "comprobarCIF":
            wrong = (IdentifierKind.CIF, "B99999214")
            return Case(TaxNumberCheck(), "comprobarCIF", (wrong,), HOLDER, "9214")
        case code:
            system = BusinessSystemAgent(running.sistema_url, timeout=5.0, attempts=2)
            return Case(system, str(code), (policy, HOLDER), other, "activa")


def ask(case: Case, *identifiers: tuple[IdentifierKind, str], language: str = "es") -> AgentAnswer:
    found = tuple(Identifier(kind, value, value, "description", 0, len(value)) for kind, value in identifiers)
    answer = case.agent.answer(AgentRequest(case.code, "INC1", found, language))
    assert type(answer) in get_args(AgentAnswer)
    return answer


def test_is_an_agent(case: Case) -> None:
    assert isinstance(case.agent, Agent)


def test_answers_with_one_of_the_resolutions(case: Case) -> None:
    answer = ask(case, *case.good)
    assert isinstance(answer, Close)
    assert case.said in answer.text


@pytest.mark.parametrize("language", ["es", "en", "fr"])
def test_a_missing_parameter_is_asked_for(case: Case, language: str) -> None:
    answer = ask(case, language=language)
    assert isinstance(answer, Hold)
    assert ("please" in answer.text.lower()) is (language == "en")
    assert ("Por favor" in answer.text) is (language != "en")


def test_identifiers_of_other_kinds_are_no_parameter(case: Case) -> None:
    others = ((IdentifierKind.PHONE, "+34600000011"), (IdentifierKind.EMAIL, "a@example.com"))
    assert isinstance(ask(case, *others), Hold)


def test_of_two_values_none_is_chosen(case: Case) -> None:
    answer = ask(case, *case.good, case.second)
    assert isinstance(answer, HandOff)
    # Several persons and accounts stand on a ticket: of a right and a wrong number nobody can tell which is meant.
    if not isinstance(case.agent, (TaxNumberCheck, IbanCheck)):
        assert case.second[1] in answer.reason


def test_one_value_written_twice_is_one(case: Case) -> None:
    assert ask(case, *case.good, *case.good) == ask(case, *case.good)
