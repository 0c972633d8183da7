"""What is written beside a generation: what it was built from and with, its files, and the ids of its entries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from resuelve import durable
from resuelve.domain.errors import IndexDamaged, IndexMismatch, VectorIndexError
from resuelve.domain.message import message, system_said
from resuelve.vectors.intake import REBUILD
from resuelve.vectors.port import IndexIdentity
from resuelve.vectors.storage import Mark, mark

FORMAT = 2
"""Raised whenever the layout or the meaning of a generation changes."""

_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Wear:
    """How far a generation has moved away from the one that was last written whole.

    Attributes:
        settled: entries of that one.
        graph: it was given a graph.
        added, removed: entries that updates have brought and taken since.
    """

    settled: int
    graph: bool
    added: int = 0
    removed: int = 0

    @property
    def outside(self) -> int:
        """Entries that no graph knows, and that every search compares one by one."""
        return self.added + (0 if self.graph else self.settled)

    def after(self, *, added: int, removed: int) -> Wear:
        """The wear after one more update."""
        return replace(self, added=self.added + added, removed=self.removed + removed)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is written beside a generation.

    Attributes:
        engine: name and version of the engine that wrote the files.
        average_length: BM25's average document length, in terms.
        background: ids of the entries whose vectors `VectorIndex.background` gives.
        wear: what updates have done to it.
        ids: the mark of the file with the entries' ids.
        files: the mark of every file, by its path inside ``shard``.
    """

    identity: IndexIdentity
    engine: str
    average_length: float
    background: tuple[str, ...]
    wear: Wear
    ids: Mark
    files: dict[str, Mark]

    def write(self, path: Path) -> None:
        content = {"format": FORMAT, **asdict(self)}
        durable.replace(path, json.dumps(content, indent=1, ensure_ascii=True).encode("ascii"))

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Raises FileNotFoundError, IndexMismatch, IndexDamaged or VectorIndexError."""
        try:
            content = json.loads(path.read_bytes())
            if content["format"] != FORMAT:
                raise IndexMismatch(
                    message(
                        "the index has format {found}, this version of Resuelve reads {known}",
                        found=repr(content["format"]),
                        known=FORMAT,
                    ),
                    where=str(path),
                    remedy=REBUILD,
                )
            return _manifest(content)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise VectorIndexError(
                message("the index cannot be read: {why}", why=system_said(error)), where=str(path)
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexDamaged("the manifest of the index is damaged", where=str(path), remedy=REBUILD) from error


def _manifest(content: dict[str, Any]) -> Manifest:
    identity, wear = content["identity"], content["wear"]
    files = {str(name): Mark(*values) for name, values in content["files"].items()}
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in files):
        raise ValueError("a file outside the generation")
    return Manifest(
        identity=IndexIdentity(
            embedder=str(identity["embedder"]),
            dimension=int(identity["dimension"]),
            dictionary=str(identity["dictionary"]),
            entries=int(identity["entries"]),
            built_at=str(identity["built_at"]),
        ),
        engine=str(content["engine"]),
        average_length=float(content["average_length"]),
        background=tuple(str(entry_id) for entry_id in content["background"]),
        wear=Wear(int(wear["settled"]), bool(wear["graph"]), int(wear["added"]), int(wear["removed"])),
        ids=Mark(*content["ids"]),
        files=files,
    )


def write_ids(path: Path, ids: Iterable[str]) -> Mark:
    """Write the ids, 16 bytes each; by them a change of the dictionary is found without the engine."""
    durable.replace(path, bytes.fromhex("".join(ids)))
    return mark(path)


def read_ids(path: Path, expected: Mark) -> list[str]:
    """The ids in the order in which they were written.

    Raises:
        FileNotFoundError: the file is not there.
        IndexDamaged: it is not what was written.
        VectorIndexError: it cannot be read.
    """
    try:
        found, digits = mark(path), path.read_bytes().hex()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise VectorIndexError(
            message("the index cannot be read: {why}", why=system_said(error)), where=str(path)
        ) from error
    if found != expected or expected.size % _ID_BYTES:
        raise IndexDamaged("the list of entries of the index is damaged", where=str(path), remedy=REBUILD)
    width = 2 * _ID_BYTES
    return [digits[start : start + width] for start in range(0, len(digits), width)]
