"""Small workspaces and archives for the tests of backups."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sqlite3
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resuelve.backup.make import Made, Source, make_backup
from resuelve.knowledge.versions import Dictionary

AT = datetime(2026, 11, 25, 10, 30, 0, tzinfo=UTC)
PASSPHRASE = "five words that do not"
HEADER = (
    "ID PROBLEMA,COMPONENTE,DESCRIPCION,TIPO INCIDENCIA,SOLUCIÓN,FECHA DE RESOLUCIÓN,RESOLUCION AUTOMÁTICA,"
    "BUZON REASIGNACION\n"
)
ROW = "P1,Web,No carga,error,Recargue la página.,01/02/2026,cierre,\n"


def workspace(folder: Path, *, rows: str = ROW) -> Path:
    """A workspace with a bit of everything."""
    for below in ("reportes", "rejected", ".resuelve/locks", ".resuelve/proposals", ".resuelve/mlflow", "backup"):
        (folder / below).mkdir(parents=True)
    (folder / "PROBLEMAS_GLOBALES.csv").write_text(HEADER + rows, encoding="utf-8")
    (folder / "PRUEBAS_PROBLEMAS.jsonl").write_text("{}\n", encoding="utf-8")
    (folder / "PROBLEMAS_GLOBALES_20261120.csv").write_text(HEADER, encoding="utf-8")
    (folder / "notes of somebody.txt").write_text("mine", encoding="utf-8")
    (folder / "reportes" / "reporte20261125_1000.json").write_text("{}", encoding="utf-8")
    (folder / "reportes" / "análisis de la señora Núñez.json").write_text("{}", encoding="utf-8")
    (folder / "rejected" / "rejected20261125.csv").write_text("a,b\n", encoding="utf-8")
    (folder / ".resuelve" / "proposals" / "one.json").write_text("[1]", encoding="utf-8")
    (folder / ".resuelve" / "locks" / "1-abc.lock").touch()
    (folder / ".resuelve" / "regression.lock").touch()
    (folder / ".resuelve" / "mlflow" / "report.html").write_text("<p>", encoding="utf-8")
    database(folder / ".resuelve" / "mlflow" / "mlflow.db", ["run"])
    database(folder / ".resuelve" / "journal.db", ["one"])
    return folder


def database(path: Path, words: Sequence[str]) -> None:
    """A database in the mode in which the journal is, with these words."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS words (word TEXT)")
        connection.executemany("INSERT INTO words VALUES (?)", [(word,) for word in words])
        connection.commit()


def words_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY rowid")]


def index_of(folder: Path) -> bool:
    """Stands for a store's snapshot: a pointer and a file that is a hole but for its end."""
    (folder / "CURRENT").write_text("x", encoding="ascii")
    with (folder / "page.dat").open("wb") as file:
        file.seek(3 * 2**20)
        file.write(b"end")
    return True


def source_of(root: Path) -> Source:
    held = Dictionary(root / "PROBLEMAS_GLOBALES.csv", root / ".resuelve" / "versions").held
    return Source(root, held, index_of, {"ENTORNO": "EMBEBIDO"})


def backup_of(root: Path, *, at: datetime = AT, passphrase: str | None = None) -> Made:
    return make_backup(source_of(root), root / "backup", at=at, version="1.2.3", passphrase=passphrase)


def state_of(root: Path) -> dict[str, bytes]:
    """Every file of a workspace, but for what the room itself keeps there."""
    own = (".resuelve/aside", ".resuelve/before_restore", ".resuelve/workspace.lock", ".resuelve/restored.json")
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith((*own, "backup/"))}


def manifest_of(held: Mapping[str, bytes], **changed: Any) -> bytes:
    """The list of contents that a maker would write, with some of it changed."""
    listed = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "kind": "state"}
        for name, data in held.items()
    ]
    content = {
        "format": 1,
        "product": "resuelve backup",
        "version": "1.2.3",
        "created": AT.isoformat(),
        "workspace": "0" * 32,
        "files": listed,
    }
    return json.dumps({**content, **changed}).encode()


def packed(members: Sequence[tuple[tarfile.TarInfo, bytes]], path: Path) -> Path:
    """A tar, gzipped, of whatever members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    # As ours is: two empty blocks at the end, no further padding.
    end = sum(512 + -(-len(data) // 512) * 512 for _, data in members) + 1024
    path.write_bytes(gzip.compress(out.getvalue()[:end]))
    return path


def plain(name: str, data: bytes, **changed: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in changed.items():
        setattr(info, key, value)
    return info, data
