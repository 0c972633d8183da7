"""Who reads Spanish is told what went wrong, and what to do, in Spanish; who reads English, in English."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.product import ACTING, DICTIONARY, Desk, Ended, Product, demo_incidents

NOWHERE = {"MOCK_GESTOR_URL": "http://127.0.0.1:9", "RESUELVE_HTTP_ATTEMPTS": "1"}
ENGLISH = {"RESUELVE_LANGUAGE": "en"}
COLUMNS = "ID PROBLEMA,COMPONENTE,DESCRIPCION,TIPO INCIDENCIA,SOLUCIÓN,RESOLUCION AUTOMÁTICA,BUZON REASIGNACION\n"
ROW = "A1,Web,La web no carga,Dato,Vacíe la caché.,cierre,\n"

Told = Callable[..., Ended]


@pytest.fixture
def told(product: Product, tmp_path: Path) -> Told:
    """Runs a command for a reader of Spanish (who sets nothing), or of another language."""

    def run(*arguments: object, **settings: str) -> Ended:
        return product.run(*arguments, settings={"RESUELVE_WORKSPACE": str(tmp_path / "desk"), **settings})

    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / DICTIONARY).write_text(COLUMNS + ROW, encoding="utf-8")
    return run


def test_no_index(told: Told) -> None:
    assert told("run").error == "resuelve: índice: todavía no hay índice → ejecute `resuelve index`\n"
    assert told("run", **ENGLISH).error == "resuelve: index: there is no index yet → run `resuelve index`\n"
    assert "índice: todavía no hay índice → ejecute `resuelve index`" in told("doctor", **NOWHERE).out


def test_rows_that_cannot_be_used(told: Told, tmp_path: Path) -> None:
    bad = (
        "A2,Web,Otra cosa,Dato,Nada,quizás,",
        "A1,Web,Ya no carga,Dato,Otra cosa,cierre,",
        'A3,"Web"x,Rota,Dato,No,cierre,\n',
    )
    (tmp_path / "desk" / DICTIONARY).write_text(COLUMNS + ROW + "\n".join(bad), encoding="utf-8")
    spanish, english = told("index"), told("index", **ENGLISH)
    assert (spanish.status, english.status) == (0, 0)
    for reason in (
        "RESOLUCION AUTOMÁTICA «quizás» no es manual, cierre, En espera, reasignacion ni api|CÓDIGO",
        "SOLUCIÓN no coincide con la línea 2, que tiene el mismo ID PROBLEMA A1",
        'la línea no se puede leer: se esperaba «,» detrás de «"»',
    ):
        assert reason in " ".join(spanish.out.split())
    assert "differs from line 2" in english.out
    first, second = sorted(
        (tmp_path / "desk").glob("reportes/reporte_batch_*.json"), key=lambda f: f.stat().st_mtime_ns
    )
    rows = [json.loads(file.read_text(encoding="utf-8"))["rejected_rows"] for file in (first, second)]
    assert "no coincide con la línea 2" in str(rows[0])
    assert "differs from line 2" in str(rows[1])


def test_a_ticket_manager_that_is_down(told: Told) -> None:
    told("index")
    spanish, english = told("run", **NOWHERE), told("run", **NOWHERE, **ENGLISH)
    assert (spanish.status, english.status) == (1, 1)
    assert "GET http://127.0.0.1:9/api/incidencias: sin respuesta (ConnectError" in spanish.error
    assert "→ compruebe que el gestor de incidencias está en marcha" in spanish.error
    assert "no answer (ConnectError" in english.error
    assert "→ check that the ticket manager runs" in english.error


def test_settings(told: Told) -> None:
    misspelt = told("run", RESUELVE_POLICI="{}")
    assert misspelt.status == 2
    assert misspelt.error == (
        "resuelve: ajustes: RESUELVE_POLICI no es un ajuste de Resuelve → ¿quería decir RESUELVE_POLICY?\n"
    )
    assert "did you mean RESUELVE_POLICY?" in told("run", RESUELVE_POLICI="{}", **ENGLISH).error
    assert "MAX_RETRIES_CRITIC: debe ser 10 o menos → corrija" in told("run", MAX_RETRIES_CRITIC="99").error
    assert "MOCK_GESTOR_URL: debe empezar por http:// o https://" in told("run", MOCK_GESTOR_URL="gestor").error
    unread = told("run", RESUELVE_POLICY="{")
    assert "ajustes: RESUELVE_POLICY no se puede leer como JSON → escriba RESUELVE_POLICY en JSON" in unread.error


def test_the_language_of_the_file_counts_although_another_setting_is_wrong(product: Product, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RESUELVE_LANGUAGE=en\nRESUELVE_POLICI={}\n", encoding="utf-8")
    assert "is no setting of Resuelve" in product.run("run", folder=tmp_path).error
    (tmp_path / ".env").write_text("RESUELVE_LANGUAGE=fr\n", encoding="utf-8")
    wrong = product.run("run", folder=tmp_path).error
    assert "ajustes: RESUELVE_LANGUAGE: debe ser uno de estos: 'es', 'en' → corrija RESUELVE_LANGUAGE" in wrong


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_workspace_without_the_right_to_write(told: Told, tmp_path: Path) -> None:
    (tmp_path / "desk").chmod(0o500)
    try:
        assert "no se puede escribir en la carpeta de trabajo (permiso denegado)" in told("index").error
    finally:
        (tmp_path / "desk").chmod(0o700)


def test_a_workspace_that_cannot_be_made(told: Told, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = {"RESUELVE_WORKSPACE": str(tmp_path / "file" / "desk")}
    spanish, english = told("index", **place), told("index", **place, **ENGLISH)
    assert f"{tmp_path}/file/desk: no se puede escribir en la carpeta de trabajo (no es una carpeta)" in spanish.error
    assert "→ dese permiso, o indique otra carpeta con --workspace" in spanish.error
    assert "the workspace cannot be written (Not a directory)" in english.error


def test_the_reasons_of_incidents_in_the_report(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk([*demo_incidents(*ACTING[:1]), {"codIncidencia": "X1", "titulo": ["a"]}])
    desk.fault("500", path=f"/api/incidencias/{ACTING[0]}", times=50)
    ended = desk.run("run", RESUELVE_HTTP_ATTEMPTS="1")
    entry = desk.entries()[ACTING[0]]
    assert "respondió 500" in entry["reason"]
    assert "titulo es una lista, no un texto" in " ".join(ended.out.split())
    (unreadable,) = desk.report()["unreadable"]
    assert unreadable["reason"] == "titulo es una lista, no un texto"
