"""Tickets and dictionaries as nobody would write them on purpose: named, set aside, and the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import ACTING, DICTIONARY, Desk, Product, demo_incidents

NewDesk = Callable[..., Desk]

GOOD = ACTING[0]
ESCAPES = "\x1b[31mrojo\x1b[0m \x1b]0;título\x07 \x9b31m [bold]negrita[/bold] [/] [link=http://x]y[/link]"

ODD: dict[str, dict[str, Any]] = {
    "large": {"titulo": "Cafetera", "descripcion": "La máquina de café gotea. " * 420_000},
    "one large word": {"descripcion": "a" * 10_000_000},
    "empty": {},
    "all null": {"titulo": None, "descripcion": None, "historial": None, "apertura": None},
    "unknown fields and dates": {
        "titulo": "Consulta",
        "descripcion": "¿?",
        "apertura": "32/13/2025 99:99 XYZ",
        "color": {"rojo": [1, 2]},
        "historial": [{"Fecha": "ayer", "otra": True}, {}],
    },
    "numbers for texts": {"titulo": 5, "descripcion": 1.5, "historial": []},
    "terminal commands": {"titulo": f"Cafetera {ESCAPES}", "descripcion": f"Gotea {ESCAPES}"},
    "only signs": {"titulo": "!!!", "descripcion": "\u202e\u200b\ufdfa\ud83d 😀 ---"},
    "a thousand entries": {"descripcion": "Hola", "historial": [{"detalle": "sí"}] * 1500},
    "signs / in ?#% the code": {"titulo": "Hola", "descripcion": "Una consulta"},
}
"""By code."""

NO_INCIDENTS: dict[str, Any] = {
    "a text": "hola",
    "a number": 7,
    "null": None,
    "no code": {"titulo": "sin código"},
    "a path for a code": {"codIncidencia": ".."},
    "a list for a title": {"codIncidencia": "ODD1", "titulo": ["a"]},
    "a history of numbers": {"codIncidencia": "ODD2", "historial": [1]},
    "a history of texts": {"codIncidencia": "ODD3", "historial": ["Ya se contestó"]},
    "a history by number": {"codIncidencia": "ODD4", "historial": {"1": {"detalle": "Ya se contestó"}}},
    "a history of other fields": {"codIncidencia": "ODD5", "historial": [{"texto": "Ya se contestó"}]},
}


def assert_no_commands(text: str) -> None:
    assert not {c for c in text if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160}


def test_odd_tickets_are_handed_over_and_the_rest_goes_on(new_desk: NewDesk) -> None:
    odd = [{**ticket, "codIncidencia": code} for code, ticket in ODD.items()]
    desk = new_desk([*odd, *NO_INCIDENTS.values(), *demo_incidents(GOOD)])
    ended = desk.run("run")
    assert (ended.status, ended.error) == (0, "")
    assert_no_commands(ended.out)
    assert [change["incident"] for change in desk.ledger()] == [GOOD]
    entries = desk.entries()
    assert set(entries) == {*ODD, GOOD}
    assert {code: entries[code]["outcome"] for code in ODD} == dict.fromkeys(ODD, "handed_off")
    assert all(entry["reason"] for entry in entries.values())
    (file,) = desk.workspace.glob("reportes/reporte[0-9]*.json")
    assert file.stat().st_size < 400_000
    unreadable = desk.report()["unreadable"]
    assert len(unreadable) == len(NO_INCIDENTS)
    assert all(", entrada " in one["where"] for one in unreadable)
    assert all(one["reason"] in ended.out.replace("\n", " ") for one in unreadable)
    assert {row["codigo_incidencia"] for row in desk.rejected()} <= set(ODD)
    for code in ("large", "all null", "terminal commands"):
        as_text, as_json = desk.run("explain", code), desk.run("explain", code, "--json")
        for explained in (as_text, as_json):
            assert (explained.status, explained.error) == (0, "")
            assert_no_commands(explained.out)
        assert json.loads(as_json.out)["incident"]["code"] == code


def test_a_listed_ticket_whose_state_says_that_it_is_over_is_left_alone(new_desk: NewDesk) -> None:
    (good,) = demo_incidents(GOOD)
    states = {"OVER1": "Cerrada", "OVER2": "RESUELTA", "OVER3": "Cancelled"}
    desk = new_desk([good, *({**good, "codIncidencia": code, "estado": state} for code, state in states.items())])
    ended = desk.run("run")
    assert (ended.status, ended.error) == (0, "")
    assert [change["incident"] for change in desk.ledger()] == [GOOD]
    entries = desk.entries()
    for code, state in states.items():
        assert (entries[code]["outcome"], entries[code]["changed"]) == ("superseded", False)
        assert f"«{state}»" in entries[code]["reason"]
    assert "«Cerrada»" in desk.run("explain", "OVER1").out
    desk.run("run")
    assert [change["incident"] for change in desk.ledger()] == [GOOD]


def test_an_empty_list_leaves_no_report(new_desk: NewDesk) -> None:
    desk = new_desk([])
    ended = desk.run("run")
    assert (ended.status, ended.error) == (0, "")
    assert desk.reports() == []


def test_rich_markup_is_shown_as_it_is(new_desk: NewDesk) -> None:
    desk = new_desk([{"codIncidencia": "[red]X[/red]", "titulo": "[bold]a[/bold]", "descripcion": "[/nada] no va [/]"}])
    ended = desk.run("run", FORCE_COLOR="1", TERM="xterm-256color", NO_COLOR="")
    assert (ended.status, ended.error) == (0, "")
    explained = desk.run("explain", "[red]X[/red]")
    assert (explained.status, explained.error) == (0, "")
    assert "[bold]a[/bold]" in explained.out
    assert "[/nada] no va [/]" in explained.out
    missing = desk.run("explain", "\x1b[31mrojo")
    assert missing.status == 1
    assert_no_commands(missing.error)


HEADER = "COMPONENTE,DESCRIPCION,TIPO INCIDENCIA,SOLUCIÓN,FECHA DE RESOLUCIÓN,RESOLUCION AUTOMÁTICA,BUZON REASIGNACION"
ROW = "Web,La página de inicio no carga en el móvil,Dato,Vacíe la caché.,,cierre,"


def index_of(product: Product, folder: Path, data: bytes) -> tuple[int, str, str, dict[str, Any]]:
    """Status, output, errors and report of `index` over a dictionary of these bytes."""
    (folder / DICTIONARY).write_bytes(data)
    ended = product.run("index", "-w", folder)
    reports = sorted(folder.glob("reportes/reporte_batch_*.json"))
    report = json.loads(reports[-1].read_text(encoding="utf-8")) if reports else {}
    return ended.status, ended.out, ended.error, report


def test_dictionaries_as_people_save_them(product: Product, own_folder: Path) -> None:
    text = f"{HEADER}\n{ROW}\n"
    semicolons = text.replace(",", ";")
    plain = text.replace("SOLUCIÓN", "Solucion").replace("RESOLUCIÓN", "RESOLUCION").replace("AUTOMÁTICA", "AUTOMATICA")
    other_order = "RESOLUCION AUTOMATICA,Otra,descripcion,Componente,SOLUCION\nCierre,x,La página no carga,Web,Vacíe\n"
    for data in (
        b"\xef\xbb\xbf" + text.encode(),
        semicolons.replace("\n", "\r\n").encode("latin-1"),
        text.encode("cp1252"),
        text.encode("utf-16"),
        plain.encode(),
        other_order.encode(),
    ):
        status, _, error, report = index_of(product, own_folder, data)
        assert (status, error) == (0, "")
        assert (report["problems"], report["rejected_rows"]) == (1, [])


def test_a_date_that_is_none_is_told_and_the_row_used(product: Product, own_folder: Path) -> None:
    data = f"{HEADER}\n{ROW}\nWeb,No abre el menú,Dato,Pulse F5.,32/13/2026,cierre,\n".encode()
    status, out, error, report = index_of(product, own_folder, data)
    assert (status, error) == (0, "")
    assert (report["problems"], report["rejected_rows"]) == (2, [])
    (remark,) = report["remarks"]
    assert remark["where"] == f"{DICTIONARY}:3"
    assert "«32/13/2026» no es una fecha" in remark["reason"]
    assert remark["reason"] in out
    doctor = product.run("doctor", "-w", own_folder).out
    assert any(line.startswith("! Diccionario: ") and remark["reason"] in line for line in doctor.splitlines())


def test_rows_that_cannot_be_used_are_named(product: Product, own_folder: Path) -> None:
    rows = [
        ROW,
        "Web,,Dato,Nada.,,cierre,",
        "Web,Algo falla,Dato,Nada.,,quizás,",
        "Web,Algo falla otra vez,Dato,Nada.,,reasignacion,",
        "Web,Algo más,Dato,Nada.,,api|,",
        "Web,Demasiadas,Dato,comas, sin, comillas,,cierre,",
        'Web,"Comilla sin cerrar,Dato,Nada.,,cierre,',
        "Web,[bold]\x1b[31mNo se ve[/bold] el recibo,Dato,Pulse F5.,,cierre,",
    ]
    status, out, error, report = index_of(product, own_folder, "\n".join([HEADER, *rows, ""]).encode())
    assert (status, error) == (0, "")
    assert report["problems"] == 2
    assert [row["where"] for row in report["rejected_rows"]] == [f"{DICTIONARY}:{line}" for line in range(3, 9)]
    assert all(row["reason"] for row in report["rejected_rows"])
    for row in report["rejected_rows"]:
        assert row["where"] in out
    assert_no_commands(out)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"A,B\n1,2\n", b"PK\x03\x04\x00\x00zip", HEADER.encode()],
    ids=["empty", "empty lines", "no columns", "no text", "no rows"],
)
def test_a_dictionary_that_is_none(product: Product, own_folder: Path, data: bytes) -> None:
    status, _, error, _ = index_of(product, own_folder, data)
    assert "Traceback" not in error
    if data == HEADER.encode():
        return
    assert status == 1
    assert DICTIONARY in error
    assert len(error.splitlines()) == 1
