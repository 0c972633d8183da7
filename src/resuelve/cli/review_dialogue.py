"""Open proposals one by one: each is shown, and a key says what becomes of it. Works over a pipe, too."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field

from rich.rule import Rule

from resuelve import wiring
from resuelve.cli.proposal_views import proposal_text
from resuelve.cli.review import Decision, Review
from resuelve.domain.errors import DictionaryError, EditConflict
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.maintenance.review import accepting, merging
from resuelve.knowledge.maintenance.stored import Entry, State
from resuelve.texts import say

_KEYS = {"a": "accept", "e": "edit", "m": "merge", "r": "reject", "s": "skip", "q": "quit"}


class _Quit(Exception):
    """The person has had enough, or the input has come to its end."""


@dataclass
class Dialogue:
    """One sitting of a person with the open proposals."""

    review: Review
    _counts: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Go through the open proposals; in the end the index follows.

        Raises:
            WorkspaceError, typer.Exit: the ledger cannot be read, or the index could not follow.
        """
        waiting = self.review.waiting()
        if not waiting:
            return self._say("review.nothing")
        try:
            for number, entry in enumerate(waiting, 1):
                self.review.console.print(Rule(f"{number}/{len(waiting)}", align="left"))
                self._decide(entry)
        except _Quit:
            pass
        finally:
            slots = {name: self._counts[name] for name in ("accept", "merge", "reject", "skip")}
            self._say("review.counted", **slots, left=len(self.review.waiting()))
            if self._counts["accept"] or self._counts["merge"]:
                self.review.change.follow()
        return None

    def _decide(self, entry: Entry) -> None:
        """Ask until something has become of it."""
        while True:
            self._show(entry)
            action = _KEYS.get(self._asked("review.key").lower())
            if action == "quit":
                raise _Quit
            try:
                if action == "edit":
                    entry = self._edited(entry)
                elif action and self._done(action, entry):
                    self._counts[action] += 1
                    return
                elif not action:
                    self._say("review.keys")
            except EditConflict as error:
                self.review.console.print(str(error), style="red", markup=False)
                entry = self.review.ledger.entry(entry.proposal.id)
                if not entry.waiting:
                    return
            except DictionaryError as error:
                self.review.console.print(str(error), style="red", markup=False)

    def _done(self, action: str, entry: Entry) -> bool:
        """Carry a decision out; False when nothing has come of it."""
        if action == "accept":
            plan = accepting([entry], wiring.dictionary(self.review.settings).sheet())
            return self.review.made([entry], Decision(State.ACCEPTED, plan)) is not None
        if action == "merge":
            nearest = next((one.id for one in entry.proposal.duplicates if one.id in self._dictionary.problems), "")
            problem = self._asked("review.key.into", nearest=nearest or "—") or nearest
            plan = merging([entry], problem)
            return bool(problem) and self.review.made([entry], Decision(State.MERGED, plan)) is not None
        if action == "reject":
            why = self._asked("review.key.why")
            if why:
                self.review.reject([entry], why)
            return bool(why)
        return True

    def _edited(self, entry: Entry) -> Entry:
        fields = {}
        while given := self._asked("review.key.set"):
            name, equals, text = given.partition("=")
            if equals:
                fields[name.strip()] = text
            else:
                self._say("review.set.wrong")
        return self.review.edited_if_sound(entry, fields) if fields else entry

    def _show(self, entry: Entry) -> None:
        text = proposal_text(entry, self._dictionary, self.review.settings.language)
        self.review.console.print(text, soft_wrap=True)

    @property
    def _dictionary(self) -> Catalogue:
        return wiring.catalogue(self.review.settings)

    def _asked(self, key: str, **slots: object) -> str:
        """The next line that the person types, without its ends. Raises _Quit at the end of the input."""
        self.review.console.print(say(key, self.review.settings.language, **slots), end=" ", markup=False)
        line = sys.stdin.readline()
        if not line:
            raise _Quit
        return line.strip()

    def _say(self, key: str, **slots: object) -> None:
        self.review.console.print(say(key, self.review.settings.language, **slots), markup=False)
