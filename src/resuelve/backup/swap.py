"""Putting a whole set of places into a workspace, or none: by renames, with a plan on the disk.

    .resuelve/aside/restore/new/…       what comes, complete, checked and on the disk before the plan is written
    .resuelve/aside/restore/plan.json   from here on the workspace is between two states, and nobody may use it
    .resuelve/before_restore/TIME/…     what was there before

Whoever finds a plan carries it out to its end, or back, according to its direction: each place tells how far it has
come. Before there is a plan nothing of the workspace has been touched. A rename that fails turns the plan back.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from resuelve import durable
from resuelve.backup.contents import ASIDE, KEPT, MARKER, STATE
from resuelve.domain.errors import BackupError
from resuelve.domain.message import message, system_said


@dataclass(frozen=True, slots=True)
class Step:
    """A place to be replaced: whether something was there before, and whether something comes."""

    place: str
    old: bool
    new: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a swap does.

    Attributes:
        source, kept: folders from which the new comes and into which the old goes, from the workspace.
        marker: what is left as the marker of a restored workspace.
        marked: there was a marker before.
        back: it is being undone.
    """

    source: str
    kept: str
    steps: tuple[Step, ...]
    marker: Mapping[str, Any]
    marked: bool
    back: bool = False


class Swap:
    """The swap of one workspace. Whoever uses it is alone in the workspace.

    Every method raises OSError when the disk refuses, unless it says more.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._aside = root / STATE / ASIDE / "restore"
        self._plan = self._aside / "plan.json"
        self._marker = root / STATE / MARKER

    @property
    def pending(self) -> bool:
        """A swap was begun and neither finished nor undone."""
        return self._plan.exists()

    def begin(self) -> Path:
        """An empty folder for what comes."""
        self.abandon()
        new = self._aside / "new"
        new.mkdir(parents=True)
        return new

    def abandon(self) -> None:
        """Throw away what was unpacked."""
        if self._aside.exists():
            shutil.rmtree(self._aside)

    def commit(
        self, source: Path, new: Sequence[str], old: Sequence[str], at: datetime, about: Mapping[str, Any]
    ) -> Path:
        """Put the places `new` of `source` in and the places `old` aside; returns the folder of what was set aside.

        Raises:
            BackupError: a place cannot be replaced; everything is as it was.
        """
        kept = self._kept(at)
        steps = tuple(Step(place, place in old, place in new) for place in sorted({*new, *old}))
        marker = {**about, "kept": kept.name}
        plan = Plan(self._named(source), self._named(kept), steps, marker, self._marker.exists())
        self._write_plan(plan)
        try:
            self._forward(plan)
        except OSError as error:
            plan = replace(plan, back=True)
            self._write_plan(plan)
            self._backward(plan)
            raise BackupError(
                message("it cannot be put in place ({why}); everything is as it was", why=system_said(error)),
                where=str(error.filename or self._root),
                remedy="see that nothing else uses this file or folder, and that it may be renamed",
            ) from error
        return kept

    def recover(self) -> None:
        """Carry a plan that was left behind to its end.

        Raises:
            BackupError: it cannot be; what the workspace held before is safe.
        """
        if not self.pending:
            return
        plan = self._read_plan()
        try:
            if plan.back:
                self._backward(plan)
            else:
                self._forward(plan)
        except OSError as error:
            raise BackupError(
                message("a restore that was broken off cannot be finished ({why})", why=system_said(error)),
                where=str(error.filename or self._root),
                remedy=message(
                    "mend that and run any command again; what was there before lies in {folder}",
                    folder=self._root / plan.kept,
                ),
            ) from error

    def _forward(self, plan: Plan) -> None:
        durable.replace(self._marker, json.dumps(dict(plan.marker), ensure_ascii=False, indent=1).encode("utf-8"))
        kept, source = self._root / plan.kept, self._root / plan.source
        kept.mkdir(parents=True, exist_ok=True)
        durable.sync_folder(kept.parent)
        durable.sync_folder(kept.parent.parent)
        for step in plan.steps:
            here = self._root / step.place
            if step.old and not os.path.lexists(kept / step.place):
                self.move(here, kept / step.place)
            if step.new and os.path.lexists(source / step.place):
                self._make_room(here, kept / step.place)
                self.move(source / step.place, here)
        self._finish()

    def _backward(self, plan: Plan) -> None:
        kept, source = self._root / plan.kept, self._root / plan.source
        for step in reversed(plan.steps):
            here = self._root / step.place
            if step.new and not os.path.lexists(source / step.place):
                self.move(here, source / step.place)
            if step.old and os.path.lexists(kept / step.place):
                self._make_room(here, kept / step.place)
                self.move(kept / step.place, here)
        remove_empty(kept)
        if not plan.marked:
            self._marker.unlink(missing_ok=True)
        self._finish()

    def move(self, source: Path, target: Path) -> None:
        """Rename, and have both names on the disk."""
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        durable.sync_folder(target.parent)
        durable.sync_folder(source.parent)

    def _make_room(self, here: Path, kept: Path) -> None:
        """Set aside what somebody saved there in this very moment: no rename may overwrite it."""
        if not os.path.lexists(here):
            return
        with suppress(OSError):
            here.rmdir()  # an empty folder is nobody's work
            return
        self.move(here, kept.with_name(f"{kept.name}.meanwhile"))

    def _finish(self) -> None:
        """The plan goes last: what is left of the folder is of no use to anybody."""
        self._plan.unlink()
        durable.sync_folder(self._aside)
        shutil.rmtree(self._aside, ignore_errors=True)

    def _kept(self, at: datetime) -> Path:
        folder, number = self._root / STATE / KEPT / f"{at:%Y%m%d_%H%M%S}", 1
        while folder.exists():
            number += 1
            folder = folder.with_name(f"{at:%Y%m%d_%H%M%S}_{number}")
        return folder

    def _named(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _write_plan(self, plan: Plan) -> None:
        self._aside.mkdir(parents=True, exist_ok=True)
        durable.replace(
            self._plan, json.dumps(asdict(plan), ensure_ascii=False, indent=1).encode("utf-8", "surrogateescape")
        )

    def _read_plan(self) -> Plan:
        try:
            content = json.loads(self._plan.read_bytes().decode("utf-8", "surrogateescape"))
            steps = tuple(Step(**step) for step in content.pop("steps"))
            return Plan(steps=steps, **content)
        except (ValueError, TypeError, KeyError) as error:
            kept = self._root / STATE / KEPT
            raise BackupError(
                "the plan of a restore that was broken off is damaged",
                where=str(self._plan),
                remedy=message(
                    "what was there before lies in {folder}; move it back by hand, then remove the plan", folder=kept
                ),
            ) from error


def remove_empty(folder: Path) -> None:
    """Remove a folder in which there are only folders. Never raises: what stays is in nobody's way."""
    for path in sorted((one for one in folder.rglob("*") if one.is_dir()), reverse=True):
        with suppress(OSError):
            path.rmdir()
    with suppress(OSError):
        folder.rmdir()
