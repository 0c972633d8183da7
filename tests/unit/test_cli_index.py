"""`resuelve index` reads the dictionary once, and again only when it became another one meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resuelve import wiring
from resuelve.cli.index import run_index
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.edits import ChangeProblem
from resuelve.knowledge.index import fingerprint
from resuelve.knowledge.versions import Dictionary
from resuelve.models.hashing import HashEmbedder
from resuelve.settings import Settings, load

DICTIONARY = (
    "ID PROBLEMA,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA\nW1,No entra,Pulse F5,cierre\nW2,No sale,Espere,cierre\n"
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "PROBLEMAS_GLOBALES.csv").write_text(DICTIONARY, encoding="utf-8")
    monkeypatch.setattr(wiring, "embedder", lambda _: HashEmbedder(64))
    return load(workspace=tmp_path, language="en")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Catalogue]:
    read, found = wiring.catalogue, list[Catalogue]()

    def noted(settings: Settings) -> Catalogue:
        found.append(read(settings))
        return found[-1]

    monkeypatch.setattr(wiring, "catalogue", noted)
    return found


def indexed(settings: Settings) -> bool:
    """Whether the index is that of the file as it is."""
    current = wiring.store(settings).current()
    return current is not None and current.dictionary == fingerprint(wiring.catalogue(settings).problems)


def test_the_dictionary_is_read_once(settings: Settings, reads: list[Catalogue]) -> None:
    run_index(settings)
    assert len(reads) == 1
    assert indexed(settings)
    wiring.workspace(settings).dictionary.write_text(DICTIONARY.replace("No sale", "No baja"), encoding="utf-8")
    reads.clear()
    built = run_index(settings)
    assert len(reads) == 1
    assert (built.added, built.removed, built.kept) == (1, 1, 1)
    assert indexed(settings)


def test_a_change_that_was_broken_off_is_indexed_too(
    settings: Settings, reads: list[Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_index(settings)
    book = wiring.dictionary(settings)
    with monkeypatch.context() as broken:
        broken.setattr("resuelve.knowledge.versions.durable.publish", stop)
        with pytest.raises(KeyboardInterrupt):
            change(book)
    assert "No baja" not in wiring.workspace(settings).dictionary.read_text(encoding="utf-8")
    reads.clear()
    assert run_index(settings).added == 1
    assert "No baja" in wiring.workspace(settings).dictionary.read_text(encoding="utf-8")
    assert len(reads) == 2
    assert indexed(settings)


def stop(*_: object) -> None:
    raise KeyboardInterrupt


def change(book: Dictionary) -> None:
    edit = ChangeProblem("W2", {"DESCRIPCION": "No baja"})
    book.apply([edit], who="ana", why="mejor así", at=datetime(2026, 3, 1, tzinfo=UTC))


def test_the_report_is_about_what_was_indexed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    file = wiring.workspace(settings).dictionary

    class SavedMeanwhile(Dictionary):
        def notice(self) -> None:
            file.write_text(DICTIONARY + "W3,,x,cierre\n", encoding="utf-8")

    monkeypatch.setattr(wiring, "dictionary", lambda _: SavedMeanwhile(file, file.parent / "versions"))
    run_index(settings)
    (path,) = wiring.workspace(settings).reports.glob("*.json")
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert (report["problems"], len(report["rejected_rows"])) == (2, 1)
    assert indexed(settings)


def test_it_starts_without_the_stages() -> None:
    stages = {f"resuelve.resolution.{name}" for name in ("deliberate", "pipeline", "prompts")}
    program = f"import resuelve.cli.index, sys; print(*[m for m in sys.modules if m in {stages}])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
