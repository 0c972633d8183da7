"""The proposals on the disk, and what people decided about each: what was told once is not told again.

    folder/lock               held for every change
    folder/proposals.jsonl    a line each, see `stored`
    folder/accepting.json     there only while proposals go into the dictionary

The dictionary and this file cannot change in one step. What is about to be accepted is written aside first; when the
process dies between, the next opening finds by the dictionary's history whether it was.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from resuelve import durable
from resuelve.domain.errors import DictionaryError, EditConflict, Rejected, ResuelveError, WorkspaceError
from resuelve.domain.message import message, system_said
from resuelve.knowledge.maintenance.proposal import Proposal
from resuelve.knowledge.maintenance.stored import TAKEN, Act, Entry, State, entry_of, line_of
from resuelve.knowledge.turns import locked
from resuelve.knowledge.version_log import Version
from resuelve.resolution.words import fold

_FILE = "proposals.jsonl"
_Edits = Mapping[str, Mapping[str, str]]
"""Texts by column name, by the proposal's id."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What became of proposals that were found.

    Attributes:
        new: those that nobody had seen.
        renewed: those that were open with less evidence.
        known: those that are open already; what was found about them now stands there.
        suppressed: those that a person has decided about, each with what stands for that decision.
    """

    new: tuple[Proposal, ...] = ()
    renewed: tuple[Proposal, ...] = ()
    known: tuple[Proposal, ...] = ()
    suppressed: tuple[tuple[Proposal, Entry], ...] = ()


class Ledger:
    """The file of proposals.

    Every method raises WorkspaceError when it cannot be read or written, and DictionaryError while another process
    changes it.

    Args:
        history: the versions of the dictionary; asked only after a crash.
    """

    def __init__(self, folder: Path, *, history: Callable[[], Sequence[Version]], wait: float = 30.0) -> None:
        self._folder = folder
        self._path = folder / _FILE
        self._accepting = folder / "accepting.json"
        self._history = history
        self._wait = wait

    def entries(self) -> tuple[Entry, ...]:
        """All proposals, in the order in which they were found."""
        with self._open() as pages:
            return tuple(pages.entries.values())

    def damaged(self) -> tuple[Rejected, ...]:
        """The lines that cannot be read; they stay in the file."""
        with self._open() as pages:
            return tuple(pages.rejected)

    def entry(self, proposal: str, *, waiting: bool = False) -> Entry:
        """The proposal of that id.

        Args:
            waiting: a decision about it is to be made.

        Raises:
            DictionaryError: there is none, or it was decided about; of one that was renewed, the new id is named.
        """
        with self._open() as pages:
            return pages.open_entry(proposal) if waiting else pages.entry(proposal)

    def suppressed(self, proposal: Proposal) -> Entry | None:
        """The decision for which it is not offered; None when it is."""
        with self._open() as pages:
            return pages.decision(proposal)

    def told(self) -> frozenset[str]:
        """The incidents whose lesson stands in the dictionary already."""
        return frozenset().union(*(one.codes for one in self.entries() if one.state in TAKEN))

    def offer(self, proposals: Iterable[Proposal], *, at: datetime, again: bool = False) -> Offered:
        """Take in what was found.

        Args:
            again: open rejected ones again.
        """
        with self._open() as pages:
            offered = pages.offer(proposals, at, again=again)
            self._write(pages)
            return offered

    def edit(self, proposal: str, fields: Mapping[str, str], *, who: str, at: datetime) -> Entry:
        """Write other texts into an open proposal.

        Raises:
            DictionaryError: it is not open.
        """
        with self._open() as pages:
            entry = pages.open_entry(proposal)
            act = Act(State.EDITED, who, ", ".join(fields), at)
            edited = replace(entry, state=State.EDITED, edits={**entry.edits, **fields}, acts=(*entry.acts, act))
            pages.entries[proposal] = edited
            self._write(pages)
            return edited

    def reject(self, proposals: Iterable[str], *, who: str, why: str, at: datetime) -> None:
        """Close open proposals for good; all of them or none.

        Raises:
            DictionaryError: one is not open, or no reason is given.
        """
        if not why.strip():
            raise DictionaryError("a rejection needs a reason", where=_FILE, remedy="say why: it is not proposed again")
        with self._open() as pages:
            pages.settle(dict.fromkeys(proposals, ""), Act(State.REJECTED, who, why.strip(), at))
            self._write(pages)

    def take(
        self,
        entries: Sequence[Entry],
        act: Act,
        problems: Mapping[str, str],
        change: Callable[[], Version],
        *,
        edits: _Edits | None = None,
    ) -> Version:
        """Let open proposals go into the dictionary.

        Args:
            entries: as the person saw them.
            act: what is done, with the same who, why and when as the version will have.
            problems: whose row or example each becomes, by the proposal's id.
            change: changes the dictionary.
            edits: what the person writes into each in passing, by its id.

        Raises:
            EditConflict: a proposal is no longer what the person saw.
            DictionaryError: one is not open, or the change is refused; nothing was changed.
        """
        with self._open() as pages:
            for seen in entries:
                if pages.open_entry(seen.proposal.id) != seen:
                    what = message("{proposal} has been changed meanwhile", proposal=seen.proposal.id)
                    raise EditConflict(what, where=_FILE, remedy="look at it again, then repeat the decision")
            intent = _Intent(act, problems, edits or {})
            durable.replace(self._accepting, intent.data())
            try:
                version = change()
            except ResuelveError:
                with suppress(ResuelveError):  # what cannot be told now is told at the next opening
                    self._recover(pages)
                raise
            self._carry_out(pages, intent, version)
            return version

    @contextmanager
    def _open(self) -> Iterator[_Pages]:
        try:
            with locked(self._folder / "lock", self._wait):
                pages = self._read()
                self._recover(pages)
                yield pages
        except OSError as error:
            raise WorkspaceError(
                message("the proposals cannot be read or written ({why})", why=system_said(error)),
                where=str(error.filename or self._path),
                remedy="check space and permissions",
            ) from error

    def _read(self) -> _Pages:
        pages = _Pages()
        data = self._path.read_bytes() if self._path.exists() else b""
        for number, line in enumerate(data.splitlines(), 1):
            if not line.strip():
                continue
            try:
                entry = entry_of(line)
                if entry.proposal.id in pages.entries:
                    raise ValueError(f"{entry.proposal.id} stands there twice")
            except (ValueError, TypeError) as error:
                pages.damaged.append(line)
                pages.rejected.append(
                    Rejected(f"line {number}", f"{_FILE}:{number}", message("it cannot be read ({why})", why=error))
                )
            else:
                pages.entries[entry.proposal.id] = entry
        return pages

    def _write(self, pages: _Pages) -> None:
        """Lines that could not be read are written back as they are, so that they can be mended."""
        lines = [*map(line_of, pages.entries.values()), *(line + b"\n" for line in pages.damaged)]
        durable.replace(self._path, b"".join(lines))

    def _recover(self, pages: _Pages) -> None:
        """Bring an acceptance to an end during which the process died."""
        if not self._accepting.exists():
            return None
        intent = _Intent.read(self._accepting.read_bytes())
        if intent is not None:
            act = intent.act
            for version in reversed(self._history()):
                if (version.who, version.why, version.at) == (act.who, act.why, act.at):
                    return self._carry_out(pages, intent, version)
        self._accepting.unlink()
        return None

    def _carry_out(self, pages: _Pages, intent: _Intent, version: Version) -> None:
        waiting = {one: p for one, p in intent.problems.items() if one in pages.entries and pages.entries[one].waiting}
        pages.settle(waiting, replace(intent.act, version=version.number), intent.edits)
        self._write(pages)
        self._accepting.unlink()


@dataclass(frozen=True, slots=True)
class _Intent:
    """What is about to be accepted."""

    act: Act
    problems: Mapping[str, str]
    edits: _Edits

    def data(self) -> bytes:
        act = self.act
        named = {"state": act.state, "who": act.who, "why": act.why, "at": act.at.isoformat()}
        edits = {one: dict(fields) for one, fields in self.edits.items()}
        return json.dumps({**named, "problems": dict(self.problems), "edits": edits}).encode("ascii")

    @classmethod
    def read(cls, data: bytes) -> _Intent | None:
        """None for one that was not written to its end: nothing had been done then."""
        try:
            content = json.loads(data)
            at = datetime.fromisoformat(content["at"])
            act = Act(State(content["state"]), str(content["who"]), str(content["why"]), at)
            return cls(act, dict(content["problems"]), dict(content["edits"]))
        except (ValueError, KeyError, TypeError):
            return None


class _Pages:
    """The ledger in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.damaged: list[bytes] = []
        self.rejected: list[Rejected] = []

    def entry(self, proposal: str) -> Entry:
        if proposal in self.entries:
            return self.entries[proposal]
        heir = next((one for one in self.entries.values() if proposal in one.replaced), None)
        if heir is not None:
            what = message(
                "{proposal} was found again with more evidence, and is {heir} now",
                proposal=proposal,
                heir=heir.proposal.id,
            )
            raise DictionaryError(what, where=_FILE, remedy=message("look at {heir}", heir=heir.proposal.id))
        raise DictionaryError(
            message("there is no proposal {proposal}", proposal=proposal[:60]), where=_FILE, remedy="look at the list"
        )

    def open_entry(self, proposal: str) -> Entry:
        entry = self.entry(proposal)
        if not entry.waiting:
            last = entry.acts[-1]
            what = message(
                "{proposal} is {state} already, by {who} on {day}",
                proposal=proposal,
                state=entry.state,
                who=last.who,
                day=f"{last.at:%Y-%m-%d}",
            )
            raise DictionaryError(what, where=_FILE, remedy="only an open proposal can be decided about")
        return entry

    def settle(
        self, problems: Mapping[str, str], act: Act, edits: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        entries = {one: self.open_entry(one) for one in problems}
        for one, entry in entries.items():
            done = replace(act, problem=problems[one])
            written = {**entry.edits, **(edits or {}).get(one, {})}
            self.entries[one] = replace(entry, state=act.state, edits=written, acts=(*entry.acts, done))

    def decision(self, proposal: Proposal) -> Entry | None:
        return _Told(self.entries.values()).decision(proposal)

    def offer(self, proposals: Iterable[Proposal], at: datetime, *, again: bool) -> Offered:
        told, offered = _Told(self.entries.values()), _Sorted()
        for proposal in proposals:
            ids = (self.entries[one] for one in told.waiting_ids(proposal) if one in self.entries)
            former = [one for one in ids if one.waiting]
            if former:
                self._renew(former, proposal, offered)
            elif (decision := told.decision(proposal)) and not (again and decision.state is State.REJECTED):
                offered.suppressed.append((proposal, decision))
                continue
            else:
                old = self.entries.pop(proposal.id, None)
                entry = replace(old, proposal=proposal, state=State.OPEN) if old else Entry(proposal, at)
                self.entries[proposal.id] = entry
                offered.new.append(proposal)
            if proposal.id in self.entries:
                told.note(self.entries[proposal.id])
        return offered.finished()

    def _renew(self, former: Sequence[Entry], proposal: Proposal, offered: _Sorted) -> None:
        """The open one stays what it is; with more evidence it gets that, and the id that goes with it."""
        kept = next((one for one in former if one.state is State.EDITED), former[0])
        less = len(proposal.evidence) <= max(len(one.codes) for one in former)
        if less and proposal.id != kept.proposal.id:
            offered.known.append(proposal)
            return
        if proposal.id == kept.proposal.id:
            self.entries[proposal.id] = replace(kept, proposal=proposal)
            offered.known.append(proposal)
            return
        replaced = dict.fromkeys(old for one in former for old in (*one.replaced, one.proposal.id))
        for one in former:
            del self.entries[one.proposal.id]
        self.entries[proposal.id] = replace(kept, proposal=proposal, replaced=tuple(replaced))
        offered.renewed.append(proposal)


class _Told:
    """By which a proposal is recognised as one that was made before."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._waiting: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._decided: dict[str, Entry] = {}
        self._said: dict[str, Entry] = {}
        # What stands in the dictionary stays there, whatever else was rejected.
        for entry in sorted(entries, key=lambda one: one.state not in TAKEN):
            self.note(entry)

    def note(self, entry: Entry) -> None:
        if entry.waiting:
            for code in (entry.proposal.id, *entry.codes):
                self._waiting[code][entry.proposal.id] = None
            return
        for code in entry.codes:
            self._decided.setdefault(code, entry)
        for text in (entry.proposal.description, entry.edits.get("DESCRIPCION", "")):
            self._said.setdefault(_normal(text), entry)

    def waiting_ids(self, proposal: Proposal) -> Iterable[str]:
        """Open ones of the same matter."""
        names = (proposal.id, *(one.code for one in proposal.evidence))
        return dict.fromkeys(one for name in names for one in self._waiting.get(name, ()))

    def decision(self, proposal: Proposal) -> Entry | None:
        """What a person has decided about the same incident, or the same description."""
        found = (self._decided.get(one.code) for one in proposal.evidence)
        same = _normal(proposal.description)
        return next((one for one in found if one), self._said.get(same) if same else None)


class _Sorted:
    """An `Offered` in the making."""

    def __init__(self) -> None:
        self.new: list[Proposal] = []
        self.renewed: list[Proposal] = []
        self.known: list[Proposal] = []
        self.suppressed: list[tuple[Proposal, Entry]] = []

    def finished(self) -> Offered:
        return Offered(tuple(self.new), tuple(self.renewed), tuple(self.known), tuple(self.suppressed))


def _normal(text: str) -> str:
    """A description without what two spellings of it may differ in."""
    return " ".join(re.findall(r"\w+", fold(text)))
