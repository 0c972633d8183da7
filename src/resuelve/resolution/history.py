"""The history of a run: keeps what the models of each incident were asked, and counts what could not be kept.

Nothing here stops an incident: without its history a decision is as good. But nothing is lost in silence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from resuelve.domain.errors import JournalError, ResuelveError, WorkspaceError
from resuelve.domain.incident import Incident
from resuelve.journal import History, ModelCall
from resuelve.resolution.calls import UNHEARD, Call, Calls
from resuelve.telemetry.logs import log
from resuelve.texts import say, translated

_MOST_FAILURES = 3
"""After so many a run tries no more: a database that is held by somebody costs half a minute each time."""


@dataclass(slots=True)
class RunHistory:
    """Safe to use from several threads.

    Args:
        opened: opens the history, when it is needed; None where there is none.
        run: the name of the run.
        keeping: False where no call is kept; what was kept before is forgotten in its time all the same.
        days: how long calls are kept; 0 for ever.
        present: whether there is a history already.

    Attributes:
        kept, lost, forgotten: how many calls.
        problem: why calls were lost, or could not be forgotten.
    """

    opened: Callable[[], History] | None = None
    run: str = ""
    keeping: bool = True
    days: int = 0
    present: Callable[[], bool] = lambda: False
    kept: int = field(default=0, init=False)
    lost: int = field(default=0, init=False)
    forgotten: int = field(default=0, init=False)
    problem: ResuelveError | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _history: History | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def calls(self, versions: Mapping[str, str]) -> Calls:
        """What collects the calls of an incident."""
        return Calls(versions) if self.opened and self.keeping else UNHEARD

    def keep(self, incident: Incident, key: str, calls: Calls) -> None:
        """Keep the calls of an incident, all or none. What cannot be kept is counted, with the reason.

        Args:
            key: the work item's; see `identity`.
        """
        made = as_kept(incident, key, calls, self.run)
        if not made:
            return
        if self._failures >= _MOST_FAILURES:
            with self._lock:
                self.lost += len(made)
            return
        try:
            self._open().keep(made)
        except (JournalError, WorkspaceError) as error:
            with self._lock:
                self._failures += 1
                self.lost += len(made)
                self.problem = error
        else:
            with self._lock:
                self.kept += len(made)

    def end(self, now: datetime) -> None:
        """Forget what is too old."""
        if not self.days or not (self._history or self.present()):
            return
        try:
            self.forgotten = self._open().forget(days_before(now, self.days))
        except (JournalError, WorkspaceError) as error:
            self.problem = error

    def as_json(self) -> dict[str, object]:
        """For the report; empty where there is nothing to say."""
        counts: dict[str, object] = {"kept": self.kept, "lost": self.lost, "forgotten": self.forgotten}
        said = {name: count for name, count in counts.items() if count}
        return {**said, "problem": str(self.problem)} if self.problem else said

    def note(self, language: str) -> str:
        """What went wrong, for a person to read; empty where nothing did."""
        if self.problem is None:
            return ""
        key = "resolution.history_lost" if self.lost else "resolution.history_not_forgotten"
        return say(key, language, count=self.lost, error=translated(self.problem, language))

    def close(self) -> None:
        """Give back connections."""
        if self.lost:
            log.warning("history.lost", count=self.lost, error=self.problem)
        if self._history:
            self._history.close()

    def _open(self) -> History:
        with self._lock:
            if self._history is None:
                if self.opened is None:
                    raise JournalError("no history was given to this run")
                self._history = self.opened()
            return self._history


def days_before(now: datetime, days: int) -> datetime:
    """The moment so many days ago; no earlier than 1971, when no call was made, and which every system can show."""
    first = datetime(1971, 1, 1, tzinfo=UTC)
    return now - timedelta(days=min(days, (now - first).days))


def as_kept(incident: Incident, key: str, calls: Calls, run: str) -> list[ModelCall]:
    """The calls of an incident as the history keeps them."""
    names = (incident.requester, *(entry.author for entry in incident.history))
    people = tuple(dict.fromkeys(name for name in names if name))
    return [
        ModelCall(
            id=identity(call, key, number, run),
            at=_to_milliseconds(call.at),
            run=run,
            incident=incident.code,
            revision=incident.revision,
            role=call.role,
            model=call.model,
            prompt=call.prompt,
            input=call.input,
            output=call.output,
            error=call.error,
            calls=call.usage.calls,
            tokens_in=call.usage.tokens_in,
            tokens_out=call.usage.tokens_out,
            seconds=round(call.usage.seconds, 6),
            people=people,
        )
        for number, call in enumerate(calls.made)
    ]


def identity(call: Call, key: str, number: int, run: str) -> str:
    """The name of a call (32 hex digits).

    What was paid for is one call each time. What costs nothing is the same whenever the same ticket, with the same
    knowledge, gives the same: a step that is repeated after a crash, at each look of a watch, or while a server is down
    adds nothing.
    """
    usage = call.usage
    paid = usage.tokens_in or usage.tokens_out or (usage.calls and not call.error)  # some servers count no tokens
    content = [
        run if paid else "",
        key,
        number,
        call.role,
        call.model,
        call.prompt,
        call.input,
        call.output,
        call.error,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _to_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
