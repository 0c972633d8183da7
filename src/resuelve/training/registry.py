"""The registry of learned models: a folder a role, in it a folder a version. Plain files, no database.

``.resuelve/models/ROLE/N/`` holds the files of a version and ``version.json``, which says what it is, how it was
measured and what it fits. ``ROLE/in_use.json`` is the stack of versions that were taken into use: its top is in use,
and what lies below is the way back. No file is a pickle.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from resuelve import durable
from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message, system_said
from resuelve.telemetry.logs import log

_ABOUT, _IN_USE, _LOCK = "version.json", "in_use.json", ".in_use.lock"
_LONGEST_WAIT = 30.0
"""Seconds for another process that changes what is in use; a change takes milliseconds."""

_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib", ".ckpt")
_ROLE = re.compile(r"[a-z][a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a version when it is registered.

    Attributes:
        made: when, ISO 8601.
        teacher: whose place it is to take, or what it was learned from.
        measure: what both were measured by, in words that the documentation explains: ``held_out_loss``.
        lower_is_better: of the measure.
        teachers, students: the measure of each on the same held-out examples.
        held_out: how many those were.
        figures: everything else that was measured.
        dataset: digest of the examples.
        fits: what has to be the same where it is used: embedder, features, base model.
        package: the version of Resuelve that made it.
        passed: whether a test of its own found it not worse than its teacher; None where there was none, and the
            measure speaks for itself.
        origin: where it was fetched from; empty for what was made here.
    """

    made: str
    teacher: str
    measure: str
    lower_is_better: bool
    teachers: float
    students: float
    held_out: int
    dataset: str
    package: str
    figures: Mapping[str, float] = field(default_factory=dict)
    fits: Mapping[str, str] = field(default_factory=dict)
    passed: bool | None = None
    origin: str = ""

    @property
    def not_worse(self) -> bool:
        """Whether the student does at least as well as its teacher: what its test found, or else what was measured."""
        if self.passed is not None:
            return self.passed is True
        return self.students <= self.teachers if self.lower_is_better else self.students >= self.teachers


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version.

    Attributes:
        digest: of its files, by name and content.
        promoted: whether it is in use; otherwise it is a candidate.
    """

    role: str
    number: int
    digest: str
    card: Card
    promoted: bool

    @property
    def name(self) -> str:
        """As it stands in records: ``critic/3``."""
        return f"{self.role}/{self.number}"


class Registry:
    """Versions of models, by role. Several processes may use one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def register(self, role: str, files: Path, card: Card, *, announced: str = "") -> Version:
        """Take a copy of a folder with a model's files as the role's next version, a candidate.

        Args:
            announced: the digest that the files must have, where somebody else said which they are.

        Raises:
            TrainingError: one of the files is a pickle, or they are not what was announced.
            WorkspaceError: the registry cannot be written.
        """
        for file in _files(files):
            if file.suffix in _PICKLES:
                raise TrainingError("a file of this kind could run code, and is not kept", where=str(file))
        place = self._place(role)
        with durable.writing(place):
            place.mkdir(parents=True, exist_ok=True)
            aside = place / f".new-{secrets.token_hex(6)}"
            try:
                shutil.copytree(files, aside)
                digest = _digest(aside)
                if announced and digest != announced:
                    raise TrainingError("its files are not those that were announced", where=role)
                said = json.dumps({"role": role, "digest": digest, "card": asdict(card)}, ensure_ascii=False, indent=1)
                durable.replace(aside / _ABOUT, f"{said}\n".encode())
                number = self._named(aside, place)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        log.info("version.registered", role=role, version=number)
        return Version(role, number, digest, card, promoted=False)

    def roles(self) -> tuple[str, ...]:
        """The roles of which there is a version, or was one."""
        found = self._root.iterdir() if self._root.is_dir() else ()
        return tuple(sorted(one.name for one in found if one.is_dir() and _ROLE.fullmatch(one.name)))

    def versions(self, role: str) -> tuple[Version, ...]:
        """Every version, the oldest first; what cannot be read is left out."""
        stack = self._known_stack(role)
        found = (self._read(role, number, stack) for number in self._numbers(self._place(role)))
        return tuple(version for version in found if version)

    def in_use(self, role: str) -> Version | None:
        """The version that was promoted last.

        Raises:
            TrainingError: that version is not there any more.
        """
        stack = self._stack(role)
        if not stack:
            return None
        version = self._read(role, stack[-1], stack)
        if version is None:
            raise TrainingError(
                message("version {number} is in use, and cannot be read", number=stack[-1]),
                where=role,
                remedy="promote another one",
            )
        return version

    def was_used(self, role: str, number: int) -> bool:
        """Whether a version lies on the way back: it is in use, or was before the one that is. Raises TrainingError."""
        return number in self._stack(role)

    def promote(self, role: str, number: int) -> Version:
        """Take a version into use. Whether it may be is for whoever calls to say (`Card.not_worse`).

        Raises:
            TrainingError: there is no such version, or its files are not what was registered.
            WorkspaceError: the registry cannot be written.
        """
        version = self._read(role, number, (number,))
        if version is None:
            raise TrainingError(message("there is no version {number}", number=number), where=role)
        self.folder(version)
        with self._alone(role):
            stack = self._known_stack(role)
            if not stack or stack[-1] != number:
                self._keep(role, (*stack, number))
                log.info("version.promoted", role=role, version=number)
        return version

    def is_used(self, role: str) -> bool:
        """Whether a version is in use, be it readable or not. Raises TrainingError as `in_use` does."""
        return bool(self._stack(role))

    def demote(self, role: str) -> Version | None:
        """Go back to the version that was in use before, or to none. Raises WorkspaceError."""
        with self._alone(role):
            self._keep(role, self._stack(role)[:-1])
            before = self.in_use(role)
            log.info("version.demoted", role=role, version=before.number if before else None)
            return before

    def folder(self, version: Version) -> Path:
        """Where the files of a version lie.

        Raises:
            TrainingError: they are not what was registered.
        """
        place = self._place(version.role) / str(version.number)
        try:
            same = _digest(place) == version.digest
        except OSError as error:
            raise TrainingError(message("cannot be read ({why})", why=system_said(error)), where=str(place)) from error
        if not same:
            raise TrainingError("its files are not those that were registered", where=str(place), remedy="train again")
        return place

    def _named(self, aside: Path, place: Path) -> int:
        number = max(self._numbers(place), default=0) + 1
        while True:
            try:
                aside.rename(place / str(number))  # refused where another process was faster: that folder is not empty
            except FileExistsError:
                number += 1
            except OSError:
                if not (place / str(number)).exists():
                    raise
                number += 1
            else:
                durable.sync_folder(place)
                return number

    def _numbers(self, place: Path) -> list[int]:
        if not place.is_dir():
            return []
        return sorted(int(one.name) for one in place.iterdir() if one.name.isdecimal() and one.is_dir())

    def _read(self, role: str, number: int, stack: tuple[int, ...]) -> Version | None:
        try:
            said = json.loads((self._place(role) / str(number) / _ABOUT).read_text(encoding="utf-8"))
            return Version(role, number, said["digest"], Card(**said["card"]), promoted=stack[-1:] == (number,))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _known_stack(self, role: str) -> tuple[int, ...]:
        """As `_stack`; nothing is in use where nobody can tell what is."""
        try:
            return self._stack(role)
        except TrainingError:
            return ()

    def _stack(self, role: str) -> tuple[int, ...]:
        try:
            said: Any = json.loads((self._place(role) / _IN_USE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            raise TrainingError(
                "what is in use cannot be read", where=str(self._place(role) / _IN_USE), remedy="promote a version"
            ) from error
        return tuple(number for number in said if isinstance(number, int)) if isinstance(said, list) else ()

    def _keep(self, role: str, stack: tuple[int, ...]) -> None:
        file = self._place(role) / _IN_USE
        with durable.writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            durable.replace(file, f"{json.dumps(stack)}\n".encode())

    def _alone(self, role: str) -> AbstractContextManager[None]:
        """What is in use is read, changed and written by one at a time."""
        return durable.alone(self._place(role) / _LOCK, seconds=_LONGEST_WAIT)

    def _place(self, role: str) -> Path:
        if not _ROLE.fullmatch(role):
            raise TrainingError(message("«{role}» is no name of a role", role=role))
        return self._root / role


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for file in _files(folder):
        name = file.relative_to(folder).as_posix()
        if name == _ABOUT:
            continue
        state = file.stat()
        digest = _digest_of(file, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        whole.update(f"{name}\0{digest}\n".encode())
    return whole.hexdigest()


@lru_cache(maxsize=256)
def _digest_of(file: Path, *_: int) -> str:
    """Read once for each state of the file: a version is looked at whenever the product is put together."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
