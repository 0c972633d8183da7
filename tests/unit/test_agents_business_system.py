"""The business system's agent: whose policy it is, what the system may answer, and when it does not answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.agents import AgentRequest
from resuelve.agents.business_system import TEXT_LIMIT, BusinessSystemAgent
from resuelve.domain.decision import AgentAnswer, Close, HandOff, Hold, Reassign
from resuelve.domain.errors import AgentError, AgentRefused, AgentUnavailable, SettingsError
from resuelve.domain.identifier import Identifier, IdentifierKind
from resuelve.http import calls
from resuelve.mocks.serve import Running, start
from resuelve.mocks.world import World
from tests.mock_control import control

NUMBER = "SAL-2026-000123-AB"
SECRET = "ELVIRA SECRETA"
POLICY = {
    "poliza": NUMBER,
    "NIF": "99999901-h",
    "nombre": SECRET,
    "estadoPoliza": "rechazada",
    "motivoRechazo": "Falta X",
}
CLOSE = {"RESOLUCION AUTOMÁTICA": "cierre", "BUZON REASIGNACION": "", "SOLUCIÓN": "Está activa"}
NIF, NIE, CIF = IdentifierKind.NIF, IdentifierKind.NIE, IdentifierKind.CIF


@pytest.fixture(autouse=True, scope="module")
def no_pauses() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "sleep", lambda seconds: None)
        yield


class System:
    """A scripted system that remembers what it was asked."""

    def __init__(self, answer: Any = None, policy: Any = POLICY) -> None:
        self.answer = CLOSE if answer is None else answer
        self.policy = policy
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.policy if request.method == "GET" else self.answer
        if isinstance(answer, httpx2.Response):
            return answer
        return httpx2.Response(200, json=answer) if answer is not None else httpx2.Response(404)

    def ask(
        self, *persons: tuple[IdentifierKind, str], policies: tuple[str, ...] = (NUMBER,), code: str = "fxprovicion"
    ) -> AgentAnswer:
        named = [(IdentifierKind.POLICY, policy) for policy in policies] + list(persons)
        found = tuple(Identifier(kind, value, value, "description", 0, len(value)) for kind, value in named)
        agent = BusinessSystemAgent("http://sistema.test", transport=httpx2.MockTransport(self), attempts=3)
        return agent.answer(AgentRequest(code, "INC1", found))


def decided(answer: Any) -> AgentAnswer:
    return System(answer).ask((NIF, "99999901H"))


# --- whose policy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [(NIF, "99999901H"), (NIF, "99.999.901-h"), (CIF, "99999901H")])
def test_the_holder_gets_the_answer(person: tuple[IdentifierKind, str]) -> None:
    system = System()
    assert system.ask(person) == Close("Está activa")
    assert [(r.method, r.url.path) for r in system.requests] == [
        ("GET", f"/api/poliza/{NUMBER}"),
        ("POST", "/api/comprobacionPoliza"),
    ]
    body = json.loads(system.requests[1].content)
    assert set(body) == {"poliza", "codSolucion", "strJson"}
    assert (body["poliza"], body["codSolucion"]) == (NUMBER, "fxprovicion")
    assert json.loads(body["strJson"]) == {"poliza": NUMBER, "codIncidencia": "INC1"}


def test_a_wrong_check_letter_does_not_matter_to_who_it_is() -> None:
    system = System(policy={**POLICY, "NIF": "12345678A"})
    assert isinstance(system.ask((NIF, "12345678A")), Close)


@pytest.mark.parametrize(
    "persons",
    [
        [(NIF, "99999902L")],
        [(NIE, "X9999903D")],
        [(CIF, "B99999214")],
        [(NIF, "99999901H"), (NIF, "99999902L")],
        [(NIF, "99999902L"), (NIF, "99999901H")],
        [(NIF, "99999902L"), (NIF, "99999903C")],
    ],
)
def test_others_get_a_person_and_learn_nothing(persons: list[tuple[IdentifierKind, str]]) -> None:
    system = System()
    answer = system.ask(*persons)
    assert isinstance(answer, HandOff)
    assert NUMBER in answer.reason
    for secret in (SECRET, "rechazada", "Falta X", "99999901"):
        assert secret not in answer.reason
    assert [r.method for r in system.requests] == ["GET"]


def test_a_clinic_s_cif_beside_the_holder_is_harmless() -> None:
    assert isinstance(System().ask((CIF, "B99999214"), (NIF, "99999901H")), Close)


def test_the_same_person_written_twice_is_one() -> None:
    assert isinstance(System(policy={**POLICY, "NIF": "01234567L"}).ask((NIF, "1234567L"), (NIF, "01234567L")), Close)


def test_without_a_person_the_holder_is_asked_for() -> None:
    answer = System().ask()
    assert isinstance(answer, Hold)
    assert NUMBER in answer.text
    assert SECRET not in answer.text


def test_everything_missing_is_asked_for_at_once() -> None:
    system = System()
    both, policy = system.ask(policies=()), system.ask((NIF, "99999901H"), policies=())
    assert isinstance(both, Hold)
    assert isinstance(policy, Hold)
    assert "NIF" in both.text
    assert "NIF" not in policy.text
    assert system.requests == []


def test_two_policies_are_named_to_a_person() -> None:
    system = System()
    answer = system.ask((NIF, "99999901H"), policies=(NUMBER, "HOG-2026-000001-CD"))
    assert isinstance(answer, HandOff)
    assert NUMBER in answer.reason
    assert "HOG-2026-000001-CD" in answer.reason
    assert system.requests == []


def test_an_unknown_policy_is_for_a_person() -> None:
    assert isinstance(System(policy=httpx2.Response(404)).ask((NIF, "99999901H")), HandOff)


@pytest.mark.parametrize("holder", [None, "", " - ", 7, ["99999901H"]])
def test_a_policy_without_a_holder_is_for_a_person(holder: object) -> None:
    assert isinstance(System(policy={**POLICY, "NIF": holder}).ask((NIF, "99999901H")), HandOff)


def test_the_answer_about_another_policy_is_not_used() -> None:
    with pytest.raises(AgentUnavailable, match="another policy"):
        System(policy={**POLICY, "poliza": "OTRA"}).ask((NIF, "99999901H"))


def test_a_policy_number_cannot_leave_its_place_in_the_address() -> None:
    system = System(policy=httpx2.Response(404))
    for number in ("../admin?x=1#y", "..", "A" * 200):
        assert isinstance(system.ask((NIF, "99999901H"), policies=(number,)), HandOff)
    assert [r.url.raw_path for r in system.requests] == [b"/api/poliza/..%2Fadmin%3Fx%3D1%23y"]


def test_a_code_without_a_check_is_for_a_person() -> None:
    system = System()
    assert isinstance(system.ask((NIF, "99999901H"), code="borrarTodo"), HandOff)
    assert system.requests == []


# --- what the system answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "word", "kind"),
    [
        ("RESOLUCION AUTOMÁTICA", "cierre", Close),
        ("RESOLUCIÓN AUTOMATICA", " CIERRE ", Close),
        ("Resolucion Automática", "En espera", Hold),
        ("RESOLUCION_AUTOMÁTICA", "EN_ESPERA", Hold),
        ("RESOLUCION AUTOMÁTICA", "Reasignación", Reassign),
        ("RESOLUCION AUTOMÁTICA", "Manual", HandOff),
    ],
)
def test_the_resolutions_in_any_spelling(key: str, word: str, kind: type[AgentAnswer]) -> None:
    answer = decided({key: word, "BUZON REASIGNACION": "GR_A", "SOLUCIÓN": "El texto"})
    assert isinstance(answer, kind)
    assert "El texto" in (answer.reason if isinstance(answer, HandOff) else answer.text)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {**CLOSE, "RESOLUCION AUTOMÁTICA": ""},
        {**CLOSE, "RESOLUCION AUTOMÁTICA": None},
        {**CLOSE, "RESOLUCION AUTOMÁTICA": ["cierre"]},
        {**CLOSE, "RESOLUCION AUTOMÁTICA": "borrar"},
        {**CLOSE, "RESOLUCION AUTOMÁTICA": "api|otro"},
        {**CLOSE, "RESOLUCION AUTOMATICA": "manual"},
        {**CLOSE, "SOLUCIÓN": ""},
        {**CLOSE, "SOLUCIÓN": " \n\x00"},
        {**CLOSE, "SOLUCIÓN": None},
        {**CLOSE, "SOLUCIÓN": {"texto": "a"}},
        {**CLOSE, "SOLUCIÓN": "a" * (TEXT_LIMIT + 1)},
        {**CLOSE, "RESOLUCION AUTOMÁTICA": "reasignacion"},
        {**CLOSE, "RESOLUCION AUTOMÁTICA": "reasignacion", "BUZON REASIGNACION": " "},
        {**CLOSE, "RESOLUCION AUTOMÁTICA": "manual", "SOLUCIÓN": None},
        httpx2.Response(200, content=b'{"RESOLUCION AUTOMATICA": "manual", "RESOLUCION AUTOMATICA": "cierre"}'),
    ],
)
def test_anything_else_is_for_a_person(answer: object) -> None:
    result = decided(answer)
    assert isinstance(result, HandOff)
    assert result.reason


def test_the_text_is_clean() -> None:
    unclean = {**CLOSE, "SOLUCIÓN": "Línea 1\r\nLínea\t2\x00\x1b[31m\u202e\ud800 ñ"}
    answer = decided(httpx2.Response(200, content=json.dumps(unclean).encode()))
    assert answer == Close("Línea 1\nLínea 2[31m ñ")


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'"cierre"', b"null", b"[" * 100_000, b"\xff", b"a" * 2_000_000]
)
def test_what_is_not_an_object_is_no_answer(content: bytes) -> None:
    with pytest.raises(AgentUnavailable) as caught:
        decided(httpx2.Response(200, content=content))
    assert caught.value.where == "POST http://sistema.test/api/comprobacionPoliza"
    assert caught.value.remedy


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda v: (
            st.lists(v)
            | st.dictionaries(
                st.sampled_from(
                    ["RESOLUCION AUTOMÁTICA", "RESOLUCION AUTOMATICA", "BUZON REASIGNACION", "SOLUCIÓN", "x"]
                ),
                v | st.sampled_from(["cierre", "manual", "reasignacion", "api|x"]),
            )
        ),
    )
)
def test_any_answer_is_a_resolution_or_no_answer(value: object) -> None:
    try:
        answer = decided(httpx2.Response(200, json=value))
    except AgentUnavailable:
        return
    assert isinstance(answer, Close | Hold | Reassign | HandOff)
    assert answer.reason if isinstance(answer, HandOff) else answer.text


# --- when it does not answer -----------------------------------------------------------------------------------------


def test_refusals_are_not_tried_again() -> None:
    system = System(httpx2.Response(400, json={"error": "x"}))
    with pytest.raises(AgentRefused, match="400"):
        system.ask((NIF, "99999901H"))
    assert len(system.requests) == 2


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(world=World((), (), {NUMBER: POLICY})) as services:
        yield services


def real(running: Running, timeout: float) -> AgentAnswer:
    found = tuple(
        Identifier(kind, value, value, "title", 0, 1)
        for kind, value in ((IdentifierKind.POLICY, NUMBER), (NIF, "99999901H"))
    )
    agent = BusinessSystemAgent(running.sistema_url, timeout=timeout, attempts=2)
    try:
        return agent.answer(AgentRequest("disconformidad", "INC1", found))
    finally:
        agent.close()


@pytest.mark.parametrize("path", ["/api/poliza", "/api/comprobacionPoliza"])
@pytest.mark.parametrize("kind", ["429", "500", "timeout", "drop", "drop_after_apply", "not_json"])
def test_faults_are_survived_or_told(running: Running, kind: str, path: str) -> None:
    control(running.sistema_url, "reset")
    timeout = 0.4 if kind == "timeout" else 5.0
    fault = {"kind": kind, "path": path, "times": 1, "retry_after": 0}
    control(running.sistema_url, "faults", fault)
    if kind != "not_json":
        answer = real(running, timeout)
        assert isinstance(answer, Close)
        assert "Falta X" in answer.text
    control(running.sistema_url, "faults", {**fault, "times": 2})
    with pytest.raises(AgentError) as caught:
        real(running, timeout)
    assert path in caught.value.where


def test_a_system_that_is_not_there() -> None:
    agent = BusinessSystemAgent("http://127.0.0.1:1", timeout=0.3, attempts=2)
    found = (Identifier(IdentifierKind.POLICY, NUMBER, NUMBER, "title", 0, 1),)
    with pytest.raises(AgentUnavailable, match="ConnectError"):
        agent.answer(AgentRequest("fxprovicion", "INC1", found))


@pytest.mark.parametrize("address", ["", "sistema", "ftp://sistema", "http://["])
def test_a_base_address_must_be_one(address: str) -> None:
    with pytest.raises(SettingsError, match="MOCK_SISTEMA_URL"):
        BusinessSystemAgent(address)
