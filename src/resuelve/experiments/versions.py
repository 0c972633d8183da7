"""Versions in MLflow's registry of models. What a server says of them is data: nothing of it is trusted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

IN_USE = "in-use"
"""The alias of the version that was promoted last."""

ROLE, DIGEST, CARD = "resuelve.role", "resuelve.digest", "resuelve.card"
"""Tags of a version: the role that it is for, the digest of its files, its card as JSON."""

FOLDER = "model"
"""Below which a run keeps the files of a version."""

MOST_FILES = 200
MOST_BYTES = 4_000_000_000
_LONGEST_PATH = 400
_PART = re.compile(r"[\w][\w.+ -]*", re.ASCII)
_OF_A_SERVER = "mlflow-artifacts:/"


@dataclass(frozen=True, slots=True)
class Announced:
    """A version as MLflow's registry tells of it.

    Attributes:
        model: name of the registered model.
        number: of the version there, not here.
        source: the address of its files.
    """

    model: str
    number: str
    source: str
    tags: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Of its files, as `Version.digest`; empty where it does not say."""
        return self.tags.get(DIGEST, "")


def model_name(prefix: str, role: str) -> str:
    """The name under which versions of a role are registered: ``resuelve-critic``."""
    return f"{prefix}-{role}"


def safe(path: str) -> bool:
    """Whether a name that a server gives to a file can only lead to a place inside the folder that is fetched to."""
    parts = path.split("/")
    return len(path) <= _LONGEST_PATH and all(_PART.fullmatch(one) and not one.endswith((".", " ")) for one in parts)


def may_be_read(source: str, *, here: bool) -> bool:
    """Whether files may be fetched from an address that a registry gives.

    Who keeps a registry elsewhere may name what its server serves itself; it must not make us read our disk, or ask
    another host. Where the registry is a file of this machine, which whoever writes to it can read anyway, files of a
    disk may be named.

    Args:
        here: see `on_this_machine`.
    """
    if not here:
        place = source.removeprefix(_OF_A_SERVER)
        return source.startswith(_OF_A_SERVER) and not place.startswith("/") and ".." not in PurePosixPath(place).parts
    return source.startswith(("file:///", "/"))


def on_this_machine(address: str) -> bool:
    """Whether a tracking URI is a SQLite database or a folder: no server, nor a database that others keep."""
    return address.startswith(("sqlite:", "file:///", "/", "./", "../"))
