"""The dictionary with its history: every change is whole or not at all, has a reason, and can be taken back.

    folder/lock              held for every change
    folder/versions.jsonl    see `version_log`
    folder/last.csv          the file as of the newest version: with it, what others saved meanwhile can be told

A change is staged beside the file, its version is written, and only then does it take the file's place; `last.csv`
follows. A process that dies between leaves a version whose time has not come, and the next opening brings it about.
People also save the file with other programs: the next opening notes that as a version of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from resuelve import durable
from resuelve.domain.errors import DictionaryError, EditConflict
from resuelve.domain.message import message, system_said
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.difference import RowChange, difference, mark, sheets_difference
from resuelve.knowledge.edits import Edit, apply_edits
from resuelve.knowledge.sheet import Sheet
from resuelve.knowledge.turns import locked
from resuelve.knowledge.undo import reversed_changes
from resuelve.knowledge.version_log import (
    Delta,
    Entry,
    Touched,
    Version,
    VersionKind,
    VersionLog,
    content_of,
    file_hash,
)
from resuelve.telemetry.logs import log

_BY_COMMAND = (VersionKind.EDIT, VersionKind.UNDO)


class Dictionary:
    """The dictionary's file, which this class alone changes, and the folder of its versions.

    Every method raises DictionaryError when the file or, where it is needed, its history cannot be read or written.
    """

    def __init__(self, path: Path, folder: Path, *, wait: float = 30.0) -> None:
        self._path = path.resolve()  # a link to the file stays a link
        self._shown = path
        self._folder = folder
        self._log = VersionLog(folder / "versions.jsonl")
        self._last = folder / "last.csv"
        self._wait = wait

    def sheet(self) -> Sheet:
        """The file as it is."""
        return Sheet.parse(self._read(), str(self._shown))

    def preview(self, edits: Sequence[Edit]) -> Catalogue:
        """The dictionary as it would be after these edits; nothing is written.

        Raises:
            EditConflict: a problem is no longer what the editor saw.
            DictionaryError: an edit is refused.
        """
        return apply_edits(self.sheet(), edits).catalogue()

    def apply(self, edits: Sequence[Edit], *, who: str, why: str, at: datetime) -> Version:
        """Carry out all of these edits as one version, or none.

        Raises:
            EditConflict: a problem is no longer what the editor saw, or the file was saved in this very moment.
            DictionaryError: an edit is refused; nothing was changed.
        """
        self._require_reason(who, why)
        with self._settled() as entries:
            before = self.sheet()
            after = apply_edits(before, edits)
            version = self._version(entries, VersionKind.EDIT, at, who, why, sheets_difference(before, after))
            return self._commit(entries, version, before.data, after.data)

    def history(self) -> Sequence[Version]:
        """All versions, oldest first; what others have saved meanwhile is noted before."""
        with self._settled() as entries:
            return tuple(entry.version for entry in entries)

    @contextmanager
    def held(self) -> Iterator[None]:
        """File and versions belong together inside the block, and no command changes them."""
        with self._settled():
            yield

    def notice(self) -> Version | None:
        """Note what others have saved since the newest version; None when nothing was."""
        with self._locked() as entries:
            return self._settle(entries)

    def difference(self, number: int) -> Sequence[RowChange]:
        """The rows that a version changed. Raises DictionaryError when there is no such version."""
        with self._settled() as entries:
            return difference(*self._around(entries, number), str(self._shown))

    def at(self, number: int) -> Catalogue:
        """The dictionary as a version left it. Raises DictionaryError when there is no such version."""
        with self._settled() as entries:
            return Sheet.parse(self._around(entries, number)[1], str(self._shown)).catalogue()

    def preview_undo(self, number: int) -> Catalogue:
        """The dictionary as it would be after `undo`; the dictionary is not changed."""
        with self._settled() as entries:
            return Sheet.parse(self._undone(entries, number), str(self._shown)).catalogue()

    def undo(self, number: int, *, who: str, why: str, at: datetime) -> Version:
        """Take back what a version changed, as a new version.

        The newest is taken back to the byte; of an older one, its rows are, and the rest stays.

        Raises:
            EditConflict: later versions changed the same rows.
            DictionaryError: there is no such version, or it is the first.
        """
        self._require_reason(who, why)
        with self._settled() as entries:
            before, after = self._read(), self._undone(entries, number)
            changes = difference(before, after, str(self._shown))
            version = self._version(entries, VersionKind.UNDO, at, who, why, changes, undoes=number)
            return self._commit(entries, version, before, after)

    def _undone(self, entries: Sequence[Entry], number: int) -> bytes:
        before, after = self._around(entries, number)
        if entries[number - 1].version.kind is VersionKind.FOUND:
            raise self._refused("the first version has nothing before it", "choose a later one")
        if number == len(entries):
            return before
        current = self.sheet()
        sheet = reversed_changes(current, difference(before, after, str(self._shown)))
        if sheet.data == current.data:
            raise self._refused(message("version {number} changed no row", number=number), "look at the history")
        new = _set_aside(sheet.data) - _set_aside(current.data)
        if new > 0 and new > _set_aside(before) - _set_aside(after):  # it is not that version's own change
            remedy = "undo the later versions first, or change the rows by hand"
            raise EditConflict("its rows would contradict later ones", where=str(self._shown), remedy=remedy)
        return sheet.data

    def _around(self, entries: Sequence[Entry], number: int) -> tuple[bytes, bytes]:
        """The file before and after a version, going back from the newest one."""
        if not 1 <= number <= len(entries):
            raise self._refused(message("there is no version {number}", number=number), "look at the history")
        data = self._newest(entries)
        for entry in reversed(entries[number:]):
            data = entry.delta.backward(data)
        before = entries[number - 1].delta.backward(data)
        if file_hash(data) != entries[number - 1].after or file_hash(before) != entries[number - 1].before:
            self._log.refuse(message("version {number} does not give the file that it names", number=number))
        return before, data

    @contextmanager
    def _settled(self) -> Iterator[list[Entry]]:
        """All versions, under the lock, after what crashed was brought to an end and what others saved was noted."""
        with self._locked() as entries:
            self._settle(entries)
            yield entries

    @contextmanager
    def _locked(self) -> Iterator[list[Entry]]:
        try:
            with locked(self._folder / "lock", self._wait):
                yield self._log.read()
        except OSError as error:
            raise DictionaryError(
                message("the dictionary or its versions cannot be written ({why})", why=system_said(error)),
                where=str(error.filename or self._shown),
                remedy="check space and permissions",
            ) from error

    def _settle(self, entries: list[Entry]) -> Version | None:
        """Gives the version that it noted."""
        with suppress(OSError):
            durable.aside_of(self._path).unlink(missing_ok=True)
        if entries and not self._path.exists():
            return None  # whoever needs the file says that it is missing
        data = self._read()
        if not entries:
            version = Version(1, self._saved_at(), "", "", VersionKind.FOUND)
            self._log.append(entry := _entry(version, b"", data))
            entries.append(entry)
            durable.replace(self._last, data)
            _tell(version)
            return None
        newest, found, (kept, last) = entries[-1], file_hash(data), self._kept()
        if found == newest.after:
            if last != found:
                durable.replace(self._last, data)
        elif found == newest.before == last and newest.version.kind in _BY_COMMAND:
            after = newest.delta.forward(data)
            if file_hash(after) != newest.after:
                number = newest.version.number
                self._log.refuse(message("version {number} does not give the file that it names", number=number))
            durable.replace(self._path, after)
            durable.replace(self._last, after)
        else:
            before = kept if last == newest.after else self._from_log(entries)
            return self._note(entries, before, data, found)
        return None

    def _note(self, entries: list[Entry], before: bytes, data: bytes, found: str) -> Version:
        """Write down as a version what somebody saved with another program: what they made of the newest one."""
        changes = difference(before, data, str(self._shown))
        reverts = sorted({number for change in changes for number in _reverted(entries, change)})
        number = len(entries) + 1
        version = Version(
            number, self._saved_at(), "", "", VersionKind.OUTSIDE, _touched(changes), reverts=tuple(reverts)
        )
        self._log.append(entry := Entry(version, Delta.between(before, data), entries[-1].after, found))
        entries.append(entry)
        durable.replace(self._last, data)
        _tell(version)
        return version

    def _commit(self, entries: list[Entry], version: Version, before: bytes, after: bytes) -> Version:
        aside = durable.staged(self._path, after)
        if self._read() != before:
            raise EditConflict(
                "somebody saved the file in this very moment", where=str(self._shown), remedy="repeat the change"
            )
        entry = _entry(version, before, after)
        size = self._log.append(entry)
        try:
            durable.publish(aside, self._path)
        except OSError:
            durable.shorten(self._log.path, size)
            raise
        durable.replace(self._last, after)
        entries.append(entry)
        _tell(version)
        return version

    def _version(
        self,
        entries: Sequence[Entry],
        kind: VersionKind,
        at: datetime,
        who: str,
        why: str,
        changes: Sequence[RowChange],
        undoes: int = 0,
    ) -> Version:
        return Version(len(entries) + 1, at, who.strip(), why.strip(), kind, _touched(changes), undoes)

    def _newest(self, entries: Sequence[Entry]) -> bytes:
        """The file as of the newest version."""
        data, found = self._kept()
        return data if found == entries[-1].after else self._from_log(entries)

    def _from_log(self, entries: Sequence[Entry]) -> bytes:
        data = content_of(entries)
        if file_hash(data) != entries[-1].after:
            self._log.refuse(message("they do not give the file that they name"))
        return data

    def _kept(self) -> tuple[bytes, str]:
        """What `last.csv` holds, and its hash, which is empty when it cannot be read."""
        with suppress(OSError):
            data = self._last.read_bytes()
            return data, file_hash(data)
        return b"", ""

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            remedy: str = "check the path and the permissions"
            if self._last.exists():
                remedy = message(
                    "check the path and the permissions; as of the newest version it is kept in {path}", path=self._last
                )
            raise DictionaryError(
                message("cannot be read ({why})", why=system_said(error)),
                where=str(self._shown),
                remedy=remedy,
            ) from error

    def _saved_at(self) -> datetime:
        return datetime.fromtimestamp(int(self._path.stat().st_mtime), UTC).astimezone()

    def _require_reason(self, who: str, why: str) -> None:
        if not who.strip() or not why.strip():
            raise self._refused("a change needs somebody who makes it, and a reason", "say who and why")

    def _refused(self, what: str, remedy: str) -> DictionaryError:
        return DictionaryError(what, where=str(self._shown), remedy=remedy)


def _entry(version: Version, before: bytes, after: bytes) -> Entry:
    return Entry(version, Delta.between(before, after), file_hash(before), file_hash(after))


def _tell(version: Version) -> None:
    """Neither who nor why: that is somebody's."""
    log.info("dictionary.changed", version=version.number, kind=version.kind, changes=len(version.changes))


def _touched(changes: Sequence[RowChange]) -> tuple[Touched, ...]:
    return tuple(Touched(one.kind, one.problem, mark(one.before), mark(one.after)) for one in changes)


def _set_aside(data: bytes) -> int:
    """How many rows of the file cannot be used."""
    try:
        return len(Sheet.parse(data, "").catalogue().rejected)
    except DictionaryError:
        return 0


def _reverted(entries: Sequence[Entry], change: RowChange) -> list[int]:
    """The versions made by commands that this change took back: going back along the states of the row it reaches
    what it left.
    """
    state, target = mark(change.before), mark(change.after)
    passed: list[int] = []
    for entry in reversed(entries):
        for touched in entry.version.changes:
            if touched.after != state or (not state and (touched.problem, touched.before) != (change.problem, target)):
                continue
            state = touched.before
            if entry.version.kind in _BY_COMMAND:
                passed.append(entry.version.number)
            if state == target:
                return passed
            break
    return []
