"""The first member of a backup: what it is, and every file that follows with its size and hash."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from resuelve.backup.contents import Kind, kind_of
from resuelve.domain.errors import BackupRefused
from resuelve.domain.message import message

FORMAT = 1
"""Raised when a reader of today would misunderstand what is written."""

NAME = "manifest.json"
LARGEST_MANIFEST = 2**26
_MOST_FILES = 500_000
_LARGEST_FILE = 2**40
_CHUNK = 2**20
_HASH = re.compile("[0-9a-f]{64}")
_ID = re.compile("[0-9a-f]{32}")
_PRODUCT = "resuelve backup"


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its name from the workspace, with slashes, and what it must hold."""

    name: str
    size: int
    sha256: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        version: of the Resuelve that made it.
        created: when.
        workspace: 32 hex digits that name the workspace.
        members: in the order in which they follow.
    """

    version: str
    created: datetime
    workspace: str
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together, holes counted."""
        return sum(member.size for member in self.members)

    @property
    def counts(self) -> dict[str, int]:
        """Files by kind."""
        return dict(Counter(str(member.kind) for member in self.members))

    def to_bytes(self) -> bytes:
        """As it is written."""
        content = {
            "format": FORMAT,
            "product": _PRODUCT,
            "version": self.version,
            "created": self.created.isoformat(timespec="seconds"),
            "workspace": self.workspace,
            "counts": self.counts,
            "files": [
                {"name": one.name, "bytes": one.size, "sha256": one.sha256, "kind": str(one.kind)}
                for one in self.members
            ],
        }
        return json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8")


def of_folder(folder: Path, *, version: str, created: datetime, workspace: str) -> Manifest:
    """The manifest of the files below a folder. Raises OSError."""
    members = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        kind = kind_of(name)
        if kind is not None:
            members.append(Member(name, file.stat().st_size, hash_of(file), kind))
    return Manifest(version, created, workspace, tuple(members))


def hash_of(file: Path) -> str:
    """SHA-256 in hex. Raises OSError."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while data := stream.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()


def parse(data: bytes, where: str) -> Manifest:
    """The manifest of a file that nobody trusts yet.

    Raises:
        BackupRefused: it is damaged, of a newer format, or names a file that has no place in a workspace.
    """
    try:
        content = json.loads(data)
        if content["product"] != _PRODUCT:
            raise ValueError
        if content["format"] > FORMAT:
            raise BackupRefused(
                message(
                    "the backup has format {format}, made by version {version}; "
                    "this version of Resuelve reads up to {newest}",
                    format=content["format"],
                    version=f"{content['version']!s:.40}",
                    newest=FORMAT,
                ),
                where=where,
                remedy="update Resuelve",
            )
        members = tuple(_member(one, where) for one in content["files"][: _MOST_FILES + 1])
        created = datetime.fromisoformat(content["created"])
        workspace = str(content["workspace"])
        if content["format"] < 1 or created.tzinfo is None or not _ID.fullmatch(workspace):
            raise ValueError
        manifest = Manifest(str(content["version"]), created, workspace, members)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BackupRefused("its list of contents is damaged", where=where, remedy="use another backup") from error
    _require_sense(manifest, where)
    return manifest


def _member(one: Mapping[str, Any], where: str) -> Member:
    name, size, sha256 = one["name"], one["bytes"], one["sha256"]
    if not isinstance(name, str) or type(size) is not int or not 0 <= size <= _LARGEST_FILE:
        raise ValueError
    name.encode("utf-8")
    if not _HASH.fullmatch(sha256):
        raise ValueError
    kind = kind_of(name)
    if kind is None:
        raise BackupRefused(
            message("it holds {name}, which has no place in a workspace", name=repr(name[:200])),
            where=where,
            remedy="use another backup",
        )
    return Member(name, size, sha256, kind)


def _require_sense(manifest: Manifest, where: str) -> None:
    names = [member.name for member in manifest.members]
    folders = {"/".join(parts[:end]) for parts in (name.split("/") for name in names) for end in range(1, len(parts))}
    what = ""
    if len(names) > _MOST_FILES:
        what = message("it names more than {most} files", most=_MOST_FILES)
    elif len(set(names)) < len(names):
        what = "it names a file twice"
    elif not folders.isdisjoint(names):
        what = "it names something as a file and as a folder"
    if what:
        raise BackupRefused(what, where=where, remedy="use another backup")
