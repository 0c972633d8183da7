"""The mock ticket manager: the contract to the letter, as seen on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any

import pytest

from resuelve.mocks.serve import Running, start
from resuelve.mocks.world import load_world
from tests.mock_control import call, control

OPEN: list[Any] = [
    {"codIncidencia": "INC1", "buzon": "GR_A", "estado": "En curso", "historial": [{"detalle": "hola"}]},
    {"codIncidencia": "INC2", "buzon": "GR_B", "estado": "En curso", "historial": None, "campoRaro": {"x": 1}},
    {"sinCodigo": True},
    7,
]
CLOSED = [{"codIncidencia": "INC9", "buzon": "GR_A", "estado": "Cerrada", "historial": []}]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("world")
    (folder / "incidencias_abiertas.json").write_text(json.dumps(OPEN), encoding="utf-8")
    (folder / "incidencias_cerradas.json").write_text(json.dumps(CLOSED), encoding="utf-8")
    (folder / "adjuntos").mkdir()
    (folder / "adjuntos" / "imagen001.txt").write_text("bytes", encoding="utf-8")
    (folder / "secreto.txt").write_text("no", encoding="utf-8")
    with start(world=load_world(folder), ledger_file=folder / "ledger.jsonl") as services:
        yield services


@pytest.fixture
def url(running: Running) -> str:
    control(running.gestor_url, "reset")
    return running.gestor_url


def patch(url: str, code: str, body: object) -> tuple[int, Any]:
    return call(f"{url}/api/incidencias/{code}", "PATCH", body)


def codes(url: str, rest: str = "") -> list[str]:
    status, incidents = call(f"{url}/api/incidencias{rest}")
    assert status == 200
    return [i["codIncidencia"] for i in incidents if isinstance(i, dict) and "codIncidencia" in i]


def test_listings(url: str) -> None:
    assert call(f"{url}/api/incidencias") == (200, OPEN)
    assert codes(url, "?buzon=GR_B") == ["INC2"]
    assert codes(url, "?buzon=") == ["INC1", "INC2"]
    assert call(f"{url}/api/incidencias/cerradas") == (200, CLOSED)


def test_resolver(url: str) -> None:
    status, changed = patch(url, "INC1", {"action": "resolver", "notasResolucion": "[SPAI] Hecho"})
    assert status == 200
    assert changed["estado"] == "Resuelta"
    entry = changed["historial"][-1]
    assert (entry["Autor"], entry["NotasResolucion"], entry["estado"]) == ("Resuelve", "[SPAI] Hecho", "Resuelta")
    assert entry["Fecha"].rpartition(" ")[2] in ("CET", "CEST", "UTC")
    assert codes(url) == ["INC2"]
    assert codes(url, "/cerradas") == ["INC9", "INC1"]


def test_reasignar(url: str) -> None:
    body = {"action": "reasignar", "buzonDestino": "GR_C", "detalle": "Es suyo"}
    status, changed = patch(url, "INC2", body)
    assert (status, changed["buzon"], changed["campoRaro"]) == (200, "GR_C", {"x": 1})
    entry = changed["historial"][-1]
    assert (entry["buzonComentario"], entry["buzonAsignado"], entry["detalle"]) == ("GR_B", "GR_C", "Es suyo")
    assert codes(url, "?buzon=GR_C") == ["INC2"]
    assert codes(url) == ["INC1", "INC2"]


@pytest.mark.parametrize(
    ("action", "state"), [("en_espera", "En espera"), ("pendiente_implantar", "Pendiente implantar")]
)
def test_states(url: str, action: str, state: str) -> None:
    status, changed = patch(url, "INC1", {"action": action, "detalle": "¿?"})
    assert (status, changed["estado"], changed["historial"][-1]["detalle"]) == (200, state, "¿?")
    assert patch(url, "INC1", {"action": action})[0] == 200
    assert codes(url) == ["INC1", "INC2"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        None,
        [],
        b"{",
        {"action": "borrar"},
        {"action": ["resolver"]},
        {"action": "resolver"},
        {"action": "resolver", "notasResolucion": " "},
        {"action": "resolver", "notasResolucion": 7},
        {"action": "reasignar", "detalle": "sin buzón"},
    ],
)
def test_what_is_missing_is_refused_in_spanish(url: str, body: object) -> None:
    status, answer = patch(url, "INC1", body)
    assert status == 400
    assert answer["error"]
    assert call(f"{url}/__mock__/ledger") == (200, [])


def test_unknown_and_closed_incidents(url: str) -> None:
    assert patch(url, "NADA", {"action": "en_espera"})[0] == 404
    assert patch(url, "INC9", {"action": "en_espera"})[0] == 409


def test_attachments(url: str) -> None:
    assert call(f"{url}/api/adjuntos/imagen001.txt") == (200, "bytes")
    for name in ("nada.png", "..%2Fsecreto.txt", "%2e%2e", ".", "..%5Csecreto.txt"):
        assert call(f"{url}/api/adjuntos/{name}")[0] in (404, 307)


def test_the_ledger_says_what_was_done_and_outlives_the_process(running: Running, url: str) -> None:
    body = {"action": "en_espera", "detalle": "¿ñ?"}
    patch(url, "INC1", body)
    patch(url, "INC1", {"action": "nada"})
    patch(url, "INC2", body)
    _, entries = call(f"{url}/__mock__/ledger")
    assert [(e["incident"], e["action"], e["body"]) for e in entries] == [
        ("INC1", "en_espera", body),
        ("INC2", "en_espera", body),
    ]
    assert entries[1]["sequence"] == entries[0]["sequence"] + 1
    assert running.ledger.entries() == entries
    file = running.ledger._file
    assert file is not None
    assert [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()][-2:] == entries


def test_a_person_writes_on_a_ticket(url: str) -> None:
    touch = {"codIncidencia": "INC1", "titulo": "Nuevo", "comentario": "Soy yo", "autor": "Ana"}
    incident = control(url, "incidents", touch)
    assert (incident["titulo"], incident["buzon"]) == ("Nuevo", "GR_A")
    assert [e["detalle"] for e in incident["historial"]] == ["hola", "Soy yo"]
    assert control(url, "incidents", {"codIncidencia": "INC5", "buzon": "GR_A"})["historial"] == []
    control(url, "incidents", {"codIncidencia": "INC2", "estado": "Resuelta"})
    control(url, "incidents", {"codIncidencia": "INC9", "estado": "En curso"})
    assert codes(url) == ["INC1", "INC5", "INC9"]
    assert codes(url, "/cerradas") == ["INC2"]
    assert call(f"{url}/__mock__/incidents", "POST", {})[0] == 400
    assert call(f"{url}/__mock__/ledger")[1] == []


def test_faults(url: str) -> None:
    for kind, status in (("500", 500), ("conflict", 409), (429, 429), ("404", 404)):
        control(url, "faults", {"kind": kind, "path": "/api/incidencias", "method": "get"})
        assert call(f"{url}/api/incidencias")[0] == status
    assert call(f"{url}/api/incidencias")[0] == 200
    control(url, "faults", {"kind": "not_json"})
    assert "<html>" in call(f"{url}/api/incidencias")[1]
    control(url, "faults", {"kind": "500", "path": "/api/incidencias", "exact": True})
    assert call(f"{url}/api/incidencias/cerradas")[0] == 200
    assert call(f"{url}/__mock__/faults")[1][0]["times"] == 1


@pytest.mark.parametrize(
    "fault", [{}, {"kind": "fire"}, [], {"kind": "500", "times": "many"}, {"kind": "500", "who": 1}]
)
def test_unknown_faults_are_refused(url: str, fault: object) -> None:
    assert call(f"{url}/__mock__/faults", "POST", fault)[0] == 400


def test_a_connection_that_breaks_after_the_change(url: str) -> None:
    control(url, "faults", {"kind": "drop_after_apply", "path": "/api/incidencias", "method": "PATCH"})
    with pytest.raises((OSError, HTTPException)):
        patch(url, "INC1", {"action": "en_espera"})
    assert len(call(f"{url}/__mock__/ledger")[1]) == 1
