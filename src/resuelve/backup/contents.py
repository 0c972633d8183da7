"""What of a workspace belongs in a backup, and what a restore replaces.

    PROBLEMAS_GLOBALES.csv, CORRECTIVOS_ABIERTOS.csv, PRUEBAS_PROBLEMAS.jsonl, PROBLEMAS_GLOBALES_YYYYMMDD.csv
    reportes/, rejected/, historico/   as they are, but for historico/historico.db: a snapshot by the database itself
    .resuelve/…                 all of the product's state, whoever keeps it there, but for:
        locks/, *.lock, lock    they belong to living processes
        index/                  as a snapshot of its current generation
        *.db                    as a snapshot by the database itself
        aside/, before_restore/, restored.json   the room's own
        mlflow/                 runs; MLflow writes down where on this machine they lie. What is in use lies in models/

A *place* is what a restore replaces by one rename: a file or folder at the top, or one directly in `.resuelve`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

STATE = ".resuelve"
ASIDE = "aside"
"""Below `STATE`: what is being put together or unpacked."""

KEPT = "before_restore"
"""Below `STATE`: what restores set aside, a folder each."""

MARKER = "restored.json"
"""Below `STATE`: the workspace was restored and has not been compared with the ticket manager yet."""

WORKSPACE_ID = "workspace_id"
"""Below `STATE`: what tells the backups of one workspace from those of another in the same folder."""

INDEX = f"{STATE}/index"
VERSIONS = f"{STATE}/versions"
DICTIONARY = "PROBLEMAS_GLOBALES.csv"
SETTINGS = f"{STATE}/settings_of_backup.json"
HISTORY = "historico/historico.db"
"""The database of the history of model calls, beside what is exported of it."""

_FOLDERS = ("reportes", "rejected", "historico")
_PROPOSAL = re.compile(r"PROBLEMAS_GLOBALES_[0-9]{8}(?:_[0-9]+)?\.csv")
_STAYS = (ASIDE, KEPT, MARKER, "locks", "mlflow")
_TRANSIENT = ("-wal", "-shm", "-journal", ".partial", ".new")
_REFUSED_SIGNS = re.compile("[\x00-\x1f\x7f\\\\]")


class Kind(StrEnum):
    """What a file of a backup is."""

    DICTIONARY = "dictionary"
    FIXES = "fixes"
    REGRESSION = "regression"
    PROPOSALS = "proposals"
    VERSIONS = "versions"
    INDEX = "index"
    DATABASE = "database"
    REPORTS = "reports"
    REJECTED = "rejected"
    HISTORY = "history"
    SETTINGS = "settings"
    STATE = "state"


_FILES = {
    DICTIONARY: Kind.DICTIONARY,
    "CORRECTIVOS_ABIERTOS.csv": Kind.FIXES,
    "PRUEBAS_PROBLEMAS.jsonl": Kind.REGRESSION,
}
_KINDS = {"reportes": Kind.REPORTS, "rejected": Kind.REJECTED, "historico": Kind.HISTORY}


def kind_of(name: str) -> Kind | None:
    """What the file of this name (from the workspace, with slashes) is; None when it has no place in a backup."""
    parts = name.split("/")
    if _REFUSED_SIGNS.search(name) or any(part in ("", ".", "..") for part in parts):
        return None
    if len(parts) == 1:
        return _FILES.get(name) or (Kind.PROPOSALS if _PROPOSAL.fullmatch(name) else None)
    if parts[0] in _FOLDERS:
        return _of_history(name) if name.startswith(HISTORY) else _KINDS[parts[0]]
    if parts[0] != STATE or _stays(parts[1]) or _is_passing(parts[1]) or _is_passing(parts[-1]):
        return None
    if name == SETTINGS:
        return Kind.SETTINGS
    below = {INDEX: Kind.INDEX, VERSIONS: Kind.VERSIONS}.get(place_of(name))
    return below or (Kind.DATABASE if name.endswith(".db") else Kind.STATE)


def _of_history(name: str) -> Kind | None:
    """What the history's database is, and what it keeps beside its file is not, in a backup."""
    if name == HISTORY:
        return Kind.DATABASE
    return None if name.removeprefix(HISTORY) in _TRANSIENT else Kind.HISTORY


def place_of(name: str) -> str:
    """The place in which the file of this name lies."""
    parts = name.split("/")
    return "/".join(parts[: 2 if parts[0] == STATE else 1])


def places(root: Path) -> list[str]:
    """The places that are there, in order; among them what a database leaves beside its file."""
    top = [name for name in _names(root) if name in (*_FILES, *_FOLDERS) or _PROPOSAL.fullmatch(name)]
    state = [name for name in _names(root / STATE) if not _stays(name)]
    return [*top, *(f"{STATE}/{name}" for name in state)]


def plain_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Every file that a backup takes as it is, by its name: not the index, not what is a link inside a folder.

    Names that are not UTF-8 are not among them.
    """
    for place in places(root):
        path = root / place
        if place == INDEX:
            continue
        files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if _is_plain(one))
        for file in files:
            name = file.relative_to(root).as_posix()
            if _is_text(name) and kind_of(name) is not None and name != SETTINGS:
                yield name, file


def left_out(root: Path) -> list[str]:
    """What lies in these folders and is not taken: links, special files, and names that cannot be written down."""
    found = []
    for place in places(root):
        if place != INDEX and (root / place).is_dir():
            for one in sorted((root / place).rglob("*")):
                name = one.relative_to(root).as_posix()
                odd = not _is_plain(one) and (one.is_symlink() or not one.is_dir())
                if odd or not _is_text(name) or (_is_plain(one) and _REFUSED_SIGNS.search(name)):
                    found.append(name)
    return found


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _stays(name: str) -> bool:
    """What in `STATE` is neither taken nor replaced. On some disks `Aside` is `aside`."""
    return name.casefold() in _STAYS or name.casefold().endswith(".lock")


def _is_passing(name: str) -> bool:
    """A file of the moment: a lock, what a database keeps beside its file, what is not written to its end."""
    return name.casefold() == "lock" or name.casefold().endswith((".lock", *_TRANSIENT))


def _is_text(name: str) -> bool:
    return name.encode("utf-8", "replace").decode() == name


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
