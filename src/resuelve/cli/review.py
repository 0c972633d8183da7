"""Carrying out what a person decides about proposals: accept, edit, merge, reject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import typer
from rich.console import Console

from resuelve import wiring
from resuelve.cli.dictionary_changes import Change, editor
from resuelve.cli.options import FAILED, told
from resuelve.cli.proposal_views import in_order, tell_damaged
from resuelve.cli.surroundings import now, terminal
from resuelve.domain.errors import DictionaryError
from resuelve.knowledge.edits import Edit
from resuelve.knowledge.maintenance.ledger import Ledger
from resuelve.knowledge.maintenance.proposal import Grade, ProposalKind
from resuelve.knowledge.maintenance.review import Plan, accepting, checked_edits, merging
from resuelve.knowledge.maintenance.stored import Act, Entry, State
from resuelve.knowledge.version_log import Version
from resuelve.knowledge.versions import Dictionary
from resuelve.settings import Settings
from resuelve.texts import say


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of proposals.

    Attributes:
        fields: other texts for them, by column name.
    """

    state: State
    plan: Plan
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Review:
    """Decisions about proposals on the command line; those that change the dictionary are made by `change`."""

    settings: Settings
    change: Change

    def waiting(self) -> list[Entry]:
        """The open proposals, the best documented first."""
        return in_order(one for one in self.ledger.entries() if one.waiting)

    def chosen(
        self,
        proposals: Sequence[str] | None,
        *,
        every: bool = False,
        grades: Sequence[Grade] | None = None,
        kind: ProposalKind | None = None,
    ) -> list[Entry]:
        """The proposals that were named, or all open ones of those grades and that kind.

        Raises:
            DictionaryError: there is no such proposal, or it was decided about.
            typer.BadParameter: none was named.
        """
        tell_damaged(self.console, self.ledger.damaged(), self.settings.language)
        if proposals:
            return [self.ledger.entry(one, waiting=True) for one in dict.fromkeys(proposals)]
        if not every:
            raise typer.BadParameter(told("review.none_named"), param_hint="P-…")
        found = [one for one in self.waiting() if not grades or one.proposal.grade in grades]
        return [one for one in found if kind in (None, one.proposal.kind)]

    def clear(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that may be accepted without a look at each; the others are named.

        A row beside one that says nearly the same makes tickets ambiguous; whether to merge it, a person must see.
        """
        clear = [one for one in entries if not one.proposal.contradicts and not _doubles(one)]
        left = [one.proposal.id for one in entries if one not in clear]
        if left:
            self._print("review.left_out", count=len(left), proposals=", ".join(left))
        return clear

    def accept(
        self, entries: Sequence[Entry], fields: Mapping[str, str], *, examples: bool = False, dry_run: bool = False
    ) -> None:
        """Put proposals into the dictionary, as one version.

        Raises:
            DictionaryError, WorkspaceError: one is refused; nothing was changed.
            typer.Exit: the change is not allowed, or the index could not follow.
        """
        edited = [self.edited(one, fields) for one in entries]
        plan = accepting(edited, wiring.dictionary(self.settings).sheet(), examples=examples)
        self._decide(entries, Decision(State.ACCEPTED, plan, fields), dry_run=dry_run)

    def merge(self, entries: Sequence[Entry], problem: str, *, dry_run: bool = False) -> None:
        """Make proposals examples of a problem, as one version; raises as `accept` does."""
        self._decide(entries, Decision(State.MERGED, merging(entries, problem)), dry_run=dry_run)

    def reject(self, entries: Sequence[Entry], why: str) -> None:
        """Close proposals for good. Raises DictionaryError when one is not open."""
        self.ledger.reject([one.proposal.id for one in entries], who=editor(self.change.who), why=why, at=now())
        self._print("review.rejected", count=len(entries))

    def edit(self, entry: Entry, fields: Mapping[str, str]) -> None:
        """Write other texts into an open proposal; raises as `edited_if_sound` does.

        Raises:
            typer.Exit: the row could never be carried out.
        """
        if self.edited_if_sound(entry, fields) is entry:
            raise typer.Exit(FAILED)

    def edited_if_sound(self, entry: Entry, fields: Mapping[str, str]) -> Entry:
        """Write other texts into an open proposal, if the dictionary would take them; the same entry if it should not.

        Raises:
            DictionaryError: the dictionary would not take them.
        """
        edited = self.edited(entry, fields)
        book = wiring.dictionary(self.settings)
        sheet = book.sheet()
        before = sheet.catalogue()
        with suppress(DictionaryError):  # it may be edited because it cannot be accepted as it is
            before = book.preview(accepting([entry], sheet).edits)
        if not self.change.sound(before, book.preview(accepting([edited], sheet).edits)):
            return entry
        who = editor(self.change.who)
        stored = self.ledger.edit(entry.proposal.id, checked_edits(entry, fields), who=who, at=now())
        self._print("review.edited", proposal=entry.proposal.id)
        return stored

    def made(self, entries: Sequence[Entry], decision: Decision) -> Version | None:
        """Change the dictionary, which the index has still to follow; None when that is not allowed.

        Raises:
            DictionaryError, WorkspaceError: it is refused; nothing was changed.
        """

        def make(book: Dictionary, edits: Sequence[Edit], /, *, who: str, why: str, at: datetime) -> Version:
            return self.ledger.take(
                entries,
                Act(decision.state, who.strip(), why.strip(), at),
                decision.plan.problems,
                lambda: book.apply(edits, who=who, why=why, at=at),
                edits={one.proposal.id: checked_edits(one, decision.fields) for one in entries},
            )

        first = entries[0].proposal.id
        why = (
            say("review.why.one", self.settings.language, proposal=first)
            if len(entries) == 1
            else say("review.why.many", self.settings.language, count=len(entries), first=first)
        )
        return self.change.carry_out(decision.plan.edits, why=why, make=make)

    def edited(self, entry: Entry, fields: Mapping[str, str]) -> Entry:
        """The proposal with these texts, not yet stored. Raises DictionaryError when it cannot have them."""
        return replace(entry, edits={**entry.edits, **checked_edits(entry, fields)}) if fields else entry

    def _decide(self, entries: Sequence[Entry], decision: Decision, *, dry_run: bool) -> None:
        if not entries:
            return self._print("review.nothing")
        if dry_run:
            allowed = self.change.rehearse(decision.plan.edits)
            self._print("review.dry_run.done")
            if not allowed:
                raise typer.Exit(FAILED)
            return None
        if self.made(entries, decision) is None:
            raise typer.Exit(FAILED)
        self._print("review.taken", count=len(entries))
        self.change.follow()
        return None

    def _print(self, key: str, **slots: object) -> None:
        self.console.print(say(key, self.settings.language, **slots), markup=False)

    @cached_property
    def ledger(self) -> Ledger:
        """The proposals."""
        return wiring.proposals(self.settings)

    @cached_property
    def console(self) -> Console:
        """Where people read; standard output is for another program when that asked."""
        return terminal(errors=self.change.as_json)


def _doubles(entry: Entry) -> bool:
    """True for a new problem that seems not to be new; an example is meant to resemble its problem."""
    return entry.proposal.kind is ProposalKind.PROBLEM and bool(entry.proposal.duplicates)
