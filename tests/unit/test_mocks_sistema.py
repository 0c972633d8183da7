"""The mock business system: the contract's rules, relative to an injected day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from resuelve.mocks.serve import Running, start
from resuelve.mocks.world import World
from tests.mock_control import call, control

TODAY = date(2026, 11, 20)
POLICIES = {
    number: {
        "poliza": number,
        "NIF": "99999901H",
        "estadoPoliza": state,
        "fechaCreacion": created,
        "motivoRechazo": reason,
    }
    for number, state, created, reason in [
        ("POL-DAY-0", "en provision", "20/11/2026", ""),
        ("POL-DAY-15", "En Provisión", "05/11/2026", ""),
        ("POL-DAY-16", "en provision", "04/11/2026", ""),
        ("POL-NO-DATE", "en provision", "", ""),
        ("POL-ACTIVE", "activa", "01/01/2020", ""),
        ("POL-REJECTED", "rechazada", "01/01/2020", "Falta el certificado médico."),
    ]
}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(world=World((), (), POLICIES), today=lambda: TODAY) as services:
        yield services


def check(running: Running, policy: object, code: str) -> dict[str, Any]:
    body = {"poliza": policy, "codSolucion": code, "strJson": json.dumps({"poliza": policy})}
    status, answer = call(f"{running.sistema_url}/api/comprobacionPoliza", "POST", body)
    assert status == 200
    assert set(answer) == {"RESOLUCION AUTOMÁTICA", "BUZON REASIGNACION", "SOLUCIÓN"}
    return dict(answer)


def test_a_policy_has_the_contract_s_fields(running: Running) -> None:
    status, policy = call(f"{running.sistema_url}/api/poliza/POL-ACTIVE")
    assert status == 200
    fields = "poliza NIF nombre tarjeta fechaNacimiento estadoPoliza fechaCreacion motivoRechazo".split()
    assert list(policy) == fields
    assert call(f"{running.sistema_url}/api/poliza/NADA")[0] == 404


@pytest.mark.parametrize(
    ("policy", "code", "resolution", "says"),
    [
        ("POL-DAY-0", "fxprovicion", "cierre", "0 días"),
        ("POL-DAY-15", "fxprovicion", "cierre", "15 días"),
        ("POL-DAY-16", "fxprovicion", "manual", "16 días"),
        ("POL-NO-DATE", "fxprovicion", "manual", "no consta desde cuándo"),
        ("POL-ACTIVE", "fxprovicion", "cierre", "activa"),
        ("POL-REJECTED", "fxprovicion", "cierre", "rechazada"),
        ("POL-ACTIVE", "disconformidad", "cierre", "activa"),
        ("POL-REJECTED", "disconformidad", "cierre", "Falta el certificado médico"),
        ("NADA", "fxprovicion", "manual", "no consta"),
        ("['POL-ACTIVE']", "fxprovicion", "manual", "no consta"),
        ("POL-ACTIVE", "inventado", "manual", "inventado"),
    ],
)
def test_what_is_decided(running: Running, policy: str, code: str, resolution: str, says: str) -> None:
    answer = check(running, policy, code)
    assert answer["RESOLUCION AUTOMÁTICA"] == resolution
    assert says in answer["SOLUCIÓN"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        None,
        {"poliza": "POL-ACTIVE", "codSolucion": "fxprovicion"},
        {"poliza": ["POL-ACTIVE"], "codSolucion": "fxprovicion", "strJson": "{}"},
        {"poliza": "POL-ACTIVE", "codSolucion": "fxprovicion", "strJson": {}},
        {"poliza": "POL-ACTIVE", "codSolucion": "fxprovicion", "strJson": "["},
        {"poliza": "POL-ACTIVE", "codSolucion": "fxprovicion", "strJson": "[]"},
        {"poliza": "", "codSolucion": "fxprovicion", "strJson": "{}"},
    ],
)
def test_what_is_missing_is_refused(running: Running, body: object) -> None:
    status, answer = call(f"{running.sistema_url}/api/comprobacionPoliza", "POST", body)
    assert status == 400
    assert answer["error"]


def test_checks_are_noted_and_faults_are_shared(running: Running) -> None:
    control(running.sistema_url, "reset")
    check(running, "POL-ACTIVE", "fxprovicion")
    assert [(e["incident"], e["action"]) for e in running.checks.entries()] == [("POL-ACTIVE", "fxprovicion")]
    control(running.gestor_url, "faults", {"kind": "500", "path": "/api/poliza"})
    assert call(f"{running.sistema_url}/api/poliza/POL-ACTIVE")[0] == 500
    assert running.faults.waiting() == []
