"""Before the dictionary changes: do its regression tickets still pass, and what would change for past tickets?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from resuelve.domain.errors import IndexMismatch, IndexMissing
from resuelve.domain.known_error import KnownError
from resuelve.domain.message import message
from resuelve.knowledge.impact import Change, Difference, PastTicket, impact, tried_out
from resuelve.knowledge.index import REMEDY, fingerprint
from resuelve.knowledge.regression import Checked, RegressionTicket, Result, check
from resuelve.models import ChatModel, Embedder
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rules import Rules
from resuelve.vectors import VectorStore

Problems = Mapping[str, KnownError]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of a change before it is made.

    Attributes:
        before, after: the regression tickets, in one order, with the dictionary as it is and as it would be.
        differences: past tickets that would come out otherwise. Information: it refuses nothing.
        compared: how many past tickets were decided both ways.
    """

    before: tuple[Checked, ...] = ()
    after: tuple[Checked, ...] = ()
    differences: tuple[Difference, ...] = ()
    compared: int = 0

    @property
    def broken(self) -> tuple[Checked, ...]:
        """The regression tickets that fail because of the change; one that failed before refuses nothing."""
        return self._that(lambda was, now: was is not Result.FAILED and now is Result.FAILED)

    @property
    def weakened(self) -> tuple[Checked, ...]:
        """Those that passed, and of which a person would get the ticket now."""
        return self._that(lambda was, now: was is Result.PASSED and now is Result.WEAK)

    @property
    def mended(self) -> tuple[Checked, ...]:
        """Those that did not pass and do now."""
        return self._that(lambda was, now: was is not Result.PASSED and now is Result.PASSED)

    @property
    def still_failing(self) -> tuple[Checked, ...]:
        """Those that failed before, too."""
        return self._that(lambda was, now: was is now is Result.FAILED)

    @property
    def refused(self) -> bool:
        """True when the change should not be made."""
        return bool(self.broken)

    def by_change(self, change: Change) -> tuple[Difference, ...]:
        """The differences of one kind."""
        return tuple(one for one in self.differences if one.change is change)

    def as_json(self) -> dict[str, Any]:
        """For reports and other programs."""
        return {
            "refused": self.refused,
            "regression_tickets": len(self.after),
            "broken": [one.as_json() for one in self.broken],
            "weakened": [one.as_json() for one in self.weakened],
            "mended": [one.as_json() for one in self.mended],
            "still_failing": [one.as_json() for one in self.still_failing],
            "past_tickets": self.compared,
            **{change.value: [one.as_json() for one in self.by_change(change)] for change in Change},
        }

    def _that(self, wanted: Callable[[Result, Result], bool]) -> tuple[Checked, ...]:
        pairs = zip(self.before, self.after, strict=True)
        return tuple(after for before, after in pairs if wanted(before.result, after.result))


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges changes of one dictionary.

    Attributes:
        tickets: the regression tickets.
        past: the tickets whose outcomes are compared.
        chat: only regression tickets are put to a language model, as `resuelve check` does.
    """

    embedder: Embedder
    store: VectorStore
    rules: Rules
    tickets: Sequence[RegressionTicket]
    past: Sequence[PastTicket]
    chat: ChatModel | None = None
    workers: int = 1

    def judge(
        self, before: Problems, after: Problems, *, progress: Callable[[int, int], None] = lambda *_: None
    ) -> Judgement:
        """Try a changed dictionary out; nothing is written, and the index in force stays as it is.

        Raises:
            IndexMissing, IndexMismatch: there is no index of this embedder that the trial could begin with.
            ModelUnavailable, VectorIndexError: it could not be tried out.
        """
        if not self.tickets and not self.past:
            return Judgement()
        self._require_index()
        total = 2 * len(self.tickets) + len(self.past)
        with self._knowing(before) as now, self._knowing(after) as then:
            return Judgement(
                before=self._check(now, progress, 0, total),
                after=self._check(then, progress, len(self.tickets), total),
                differences=impact(
                    now,
                    then,
                    self.past,
                    self.rules,
                    workers=self.workers,
                    progress=_from(progress, 2 * len(self.tickets), total),
                ),
                compared=len(self.past),
            )

    def _check(
        self, knowledge: Knowledge, progress: Callable[[int, int], None], done: int, total: int
    ) -> tuple[Checked, ...]:
        return check(
            self.tickets,
            knowledge,
            self.rules,
            chat=self.chat,
            workers=self.workers,
            progress=_from(progress, done, total),
        )

    def _require_index(self) -> None:
        """A trial embeds what is new. Without an index that would be everything, and all of it for nothing."""
        current = self.store.current()
        if current is None:
            raise IndexMissing("there is no index yet", where="index", remedy=REMEDY)
        if current.embedder != self.embedder.identity:
            what = message(
                "the index was built with {built}, a trial embeds with {now}",
                built=current.embedder,
                now=self.embedder.identity,
            )
            raise IndexMismatch(what, where="index", remedy=REMEDY)

    @contextmanager
    def _knowing(self, problems: Problems) -> Iterator[Knowledge]:
        """With the index in force where it fits, as it does when no description changes; else with a draft."""
        current = self.store.current()
        if current is None or current.dictionary != fingerprint(problems):
            with tried_out(problems, self.embedder, self.store) as knowledge:
                yield knowledge
            return
        index = self.store.open()
        try:
            yield Knowledge.of(problems, index, self.embedder)
        finally:
            index.close()


def _from(progress: Callable[[int, int], None], done: int, total: int) -> Callable[[int, int], None]:
    return lambda count, _: progress(done + count, total)
