"""What a tuned encoder has in place of the numbers that come with it, as one file of plain arrays."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resuelve import durable
from resuelve.domain.errors import ModelUnavailable
from resuelve.domain.message import message, system_said
from resuelve.models.port import Vectors

FILE = "encoder.npz"
_MOST_BYTES = 4_000_000
_REMEDY = "demote it (resuelve train demote encoder), and train it again"


@dataclass(frozen=True, slots=True)
class EncoderChanges:
    """Tensors of floats by their name in the encoder's file, and a digest of them that names the encoder."""

    tensors: Mapping[str, Vectors]
    digest: str

    @classmethod
    def of(cls, tensors: Mapping[str, Vectors]) -> EncoderChanges:
        """These tensors with their digest, 12 hex digits."""
        whole = hashlib.sha256()
        for name, values in sorted(tensors.items()):
            whole.update(name.encode() + b"\0" + values.astype("<f4").tobytes())
        return cls(tensors, whole.hexdigest()[:12])


def write_changes(folder: Path, tensors: Mapping[str, Vectors]) -> None:
    """Put them into a folder. Raises WorkspaceError."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{name: values.astype("<f4") for name, values in tensors.items()})
    with durable.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        durable.replace(folder / FILE, content.getvalue())


def read_changes(folder: Path) -> EncoderChanges:
    """What `write_changes` wrote.

    Raises:
        ModelUnavailable: it is something else, or cannot be read.
    """
    path = folder / FILE
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        with np.load(path, allow_pickle=False) as found:
            if sum(one.file_size for one in found.zip.infolist()) > _MOST_BYTES:
                raise ValueError("too large")
            tensors = {name: _checked(found[name]) for name in sorted(found.files)}
    except OSError as error:
        why = message("cannot be read ({why})", why=system_said(error))
        raise ModelUnavailable(why, where=str(path), remedy=_REMEDY) from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(
            "is no tuned encoder that this version can read", where=str(path), remedy=_REMEDY
        ) from error
    return EncoderChanges.of(tensors)


def _checked(values: Vectors) -> Vectors:
    if values.dtype != np.dtype("<f4") or values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError("no floats")
    return values
