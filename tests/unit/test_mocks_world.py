"""Worlds from folders, and the start and end of the services."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from resuelve.domain.errors import SettingsError
from resuelve.mocks.ledger import Ledger
from resuelve.mocks.serve import start
from resuelve.mocks.world import World, demo_folder, load_world
from tests.mock_control import call


def write(file: Path, value: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return file


def test_a_world_of_one_file(tmp_path: Path) -> None:
    write(tmp_path / "incidencias_abiertas.json", [{"codIncidencia": "A"}])
    world = load_world(tmp_path)
    assert world == World(({"codIncidencia": "A"},), (), {}, None)


def test_the_age_of_a_policy_becomes_a_date(tmp_path: Path) -> None:
    write(tmp_path / "incidencias_abiertas.json", [])
    write(
        tmp_path / "polizas.json",
        [{"poliza": "P1", "antiguedadDias": 9}, {"poliza": "P2", "fechaCreacion": "01/02/2024"}],
    )
    policies = load_world(tmp_path, today=lambda: date(2026, 3, 1)).policies
    assert policies == {
        "P1": {"poliza": "P1", "fechaCreacion": "20/02/2026"},
        "P2": {"poliza": "P2", "fechaCreacion": "01/02/2024"},
    }


def test_policies_by_number_and_other_names(tmp_path: Path) -> None:
    write(tmp_path / "incidents-open.json", [])
    write(tmp_path / "incidents-closed.json", [{"codIncidencia": "C"}])
    write(tmp_path / "policies.json", {"P1": {"NIF": "1"}})
    (tmp_path / "images").mkdir()
    world = load_world(tmp_path)
    assert world.policies == {"P1": {"poliza": "P1", "NIF": "1"}}
    assert (len(world.closed_incidents), world.attachments) == (1, tmp_path / "images")


def test_explicit_files_go_first(tmp_path: Path) -> None:
    named = write(tmp_path / "elsewhere" / "x.json", [{"codIncidencia": "X"}])
    write(tmp_path / "incidencias_abiertas.json", [])
    assert load_world(tmp_path, open_incidents=named).open_incidents == ({"codIncidencia": "X"},)
    assert load_world(open_incidents=named, policies=write(tmp_path / "p.json", [])).closed_incidents == ()


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_world_that_cannot_be_read_says_which_file(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "incidencias_abiertas.json").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_world(tmp_path)
    assert str(tmp_path) in caught.value.where


def test_attachments_move_to_the_service_and_others_stay() -> None:
    own, foreign = "http://localhost:3000/api/adjuntos/a.png", "http://otro.test/api/adjuntos/a.png"
    incident = {"codIncidencia": "A", "descripcion": own, "historial": [{"adjuntos": [own, foreign]}, {}, 7]}
    (moved,) = World((incident,), ()).with_attachments_at("http://127.0.0.1:5").open_incidents
    assert moved["historial"][0]["adjuntos"] == ["http://127.0.0.1:5/api/adjuntos/a.png", foreign]
    assert moved["descripcion"] == own
    assert incident["historial"][0]["adjuntos"] == [own, foreign]  # type: ignore[index]


def test_the_shared_evaluation_set_can_be_served(shared_data: Path) -> None:
    with start(world=load_world(shared_data / "insurance-es")) as running:
        assert len(call(f"{running.gestor_url}/api/incidencias")[1]) == 21
        assert len(call(f"{running.gestor_url}/api/incidencias/cerradas")[1]) == 10
        assert call(f"{running.sistema_url}/api/poliza/POL001-FX-PROVISION")[0] == 200
        assert call(f"{running.gestor_url}/api/adjuntos/imagen001.png")[0] == 200


def test_the_demo_world_is_the_default() -> None:
    if not (demo_folder() / "incidencias_abiertas.json").exists():
        pytest.skip("the demo world is not there yet")
    world = load_world()
    assert len(world.open_incidents) >= 60
    assert world.policies


def test_a_ledger_file_is_continued(tmp_path: Path) -> None:
    Ledger(tmp_path / "l.jsonl").add("A", "resolver", {})
    again = Ledger(tmp_path / "l.jsonl")
    again.add("B", "resolver", {})
    assert [e["sequence"] for e in again.entries()] == [2]
    assert len((tmp_path / "l.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match="port") as caught:
            start(gestor_port=port, world=World())
        assert str(port) in caught.value.where


def test_the_services_stay_until_they_are_told_to_end(tmp_path: Path) -> None:
    program = (
        "from resuelve.mocks.serve import serve_forever\n"
        "from resuelve.mocks.world import World\n"
        "serve_forever(0, 0, world=World(), on_ready=lambda r: print(r.gestor_url, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert call(f"{url}/api/incidencias") == (200, [])
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()
