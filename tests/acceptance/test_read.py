"""`resuelve read FILE…` as a user types it."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.product import Product

BAD_USE, NOT_ALL = 2, 1
NOTE = "Al guardar la póliza sale el error ERR-5001."


def test_what_was_read_with_its_origin(product: Product, own_folder: Path) -> None:
    (own_folder / "nota.txt").write_text(NOTE, encoding="utf-8")
    ended = product.run("read", "nota.txt", folder=own_folder)
    assert (ended.status, ended.error) == (0, "")
    title, origin, text = ended.out.splitlines()
    assert title.startswith("nota.txt · text ─")
    assert (origin, text) == ("nota.txt", NOTE)


def test_what_was_not_read_and_why(product: Product, own_folder: Path) -> None:
    with zipfile.ZipFile(own_folder / "todo.zip", "w") as archive:
        archive.writestr("../carpeta/nota.txt", NOTE)
        archive.writestr("datos.rar", b"Rar!\x1a\x07\x00" + bytes(50))
    (own_folder / "vacío.txt").touch()
    ended = product.run("read", "todo.zip", "vacío.txt", folder=own_folder)
    assert (ended.status, ended.error) == (NOT_ALL, "")
    lines = ended.out.splitlines()
    assert lines[1:3] == ["todo.zip · nota.txt", NOTE]
    assert (
        lines[3]
        == "✗ todo.zip · datos.rar: no se ha leído porque su contenido no es de un formato que se sepa leer (rar)"
    )
    assert lines[4].startswith("vacío.txt · formato desconocido ─")
    assert lines[5:] == ["✗ vacío.txt: no se ha leído porque está vacío"]


def test_as_json_and_in_english(product: Product, own_folder: Path) -> None:
    (own_folder / "a.txt").write_text(NOTE, encoding="utf-8")
    (own_folder / "b.bin").write_bytes(bytes(range(256)))
    ended = product.run(
        "read", "--json", "a.txt", own_folder / "b.bin", folder=own_folder, settings={"RESUELVE_LANGUAGE": "en"}
    )
    assert ended.status == NOT_ALL
    first, second = json.loads(ended.out)
    assert first == {
        "file": "a.txt",
        "name": "a.txt",
        "kind": "text",
        "read": [{"origin": "a.txt", "text": NOTE}],
        "unread": [],
    }
    told = "not read, because its content is of no format that can be read"
    assert second["unread"] == [{"origin": "b.bin", "reason": "unknown_kind", "detail": "", "told": told}]


def test_what_a_file_says_commands_no_terminal(product: Product, own_folder: Path) -> None:
    (own_folder / "a.txt").write_text("[red]hola[/red] \x1b]0;título\x07 \u202egnp", encoding="utf-8")
    out = product.run("read", "a.txt", folder=own_folder).out
    assert "[red]hola[/red]" in out
    assert not set("\x1b\x07\u202e") & set(out)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("carpeta", "carpeta: es una carpeta → indique los archivos que contiene"),
        ("*.png", "*.png: aquí no se despliegan los patrones → indique cada archivo por su nombre"),
        ("falta.png", "falta.png: no existe ese archivo → compruebe el nombre"),
        ("tubo", "tubo: no es un archivo con contenido que se pueda leer → indique un fichero"),
    ],
)
def test_what_is_no_file_is_refused_before_anything_is_read(
    product: Product, own_folder: Path, name: str, said: str
) -> None:
    (own_folder / "carpeta").mkdir()
    os.mkfifo(own_folder / "tubo")
    (own_folder / "nota.txt").write_text(NOTE, encoding="utf-8")
    ended = product.run("read", "nota.txt", name, folder=own_folder)
    assert (ended.status, ended.out, ended.error) == (BAD_USE, "", f"resuelve: {said}\n")


def test_a_file_that_is_too_large_is_told(product: Product, own_folder: Path) -> None:
    with (own_folder / "grande.log").open("wb") as file:
        file.truncate(25_000_001)
    ended = product.run("read", "grande.log", folder=own_folder)
    assert ended.status == NOT_ALL
    assert ended.out.splitlines()[-1] == "✗ grande.log: no se ha leído porque pesa más de lo permitido (25 MB)"
