"""Ships what stands in the files, and judges what to do when it cannot."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from resuelve.telemetry.logs.counts import Counts
from resuelve.telemetry.logs.libraries import Few
from resuelve.telemetry.logs.log import log
from resuelve.telemetry.logs.shipping.backlog import Backlog, Batch
from resuelve.telemetry.logs.shipping.delivery import Deliver, Outcome, Verdict
from resuelve.telemetry.logs.shipping.encode import Origin, request
from resuelve.telemetry.logs.shipping.sizes import Sizes
from resuelve.telemetry.metrics import LOGS_PENDING, LOGS_SHIPPED, LOST

IDLE_SECONDS = 5.0
"""How long it is waited for further lines: as for spans. Each look, and each batch, costs those who work."""

_FIRST_PAUSE, _LONGEST_PAUSE, _LONGEST_ASKED = 1.0, 60.0, 300.0
_BETWEEN_SIZES = 0.2
_MOST_FAILED = 5
"""How often a server may fail on a batch before smaller ones are tried."""

_MOST_REFUSED = 3
"""Batches refused in a row, before there is a pause after each: whoever refuses everything is no receiver of ours."""


class Shipper:
    """Ships one batch a `step`. For one thread.

    A line is given up when the server refuses it, or when it fails on it, or finds it too large, and takes a later one.

    Attributes:
        asked_to_wait: the server has said when it wants to be asked again.
        refused: lines that were refused or thrown away.
    """

    def __init__(
        self,
        backlog: Backlog,
        deliver: Deliver,
        origin: Origin,
        *,
        counts: Counts,
        jitter: Callable[[], float] = lambda: random.uniform(0.75, 1.25),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backlog, self._deliver, self._origin, self._counts = backlog, deliver, origin, counts
        self._jitter = jitter
        self._few = Few(1, clock)
        self._sizes = Sizes()
        self._tries = self._failed = self._refusals = self._alone = 0
        self.asked_to_wait = False
        self.refused = 0

    @property
    def failing(self) -> bool:
        """True while the last batch could not be delivered, and while all of them are refused."""
        return self._tries > 0 or self._refusals > _MOST_REFUSED

    def step(self) -> float:
        """Ship a batch, if there is one; the seconds to wait before the next step, 0 when there is more.

        Raises OSError: the place could not be remembered; the batch will come twice.
        """
        batch = self._backlog.next()
        self._tell_gone()
        if batch is None:
            self._counts.put(LOGS_PENDING, self._backlog.pending())
            return IDLE_SECONDS
        batch = batch.part(0, self._sizes.now)
        data, count = request(batch.lines, self._origin)
        if not count:
            self._backlog.shipped(batch)
            return 0.0
        pause = self._done(batch, count, self._deliver(data))
        self._counts.put(LOGS_PENDING, self._backlog.pending())
        return pause

    def _done(self, batch: Batch, count: int, outcome: Outcome) -> float:
        lines = len(batch.lines)
        match outcome.verdict:
            case Verdict.TAKEN:
                return self._taken(batch, count, outcome)
            case Verdict.REFUSED:
                self._refusals += 1
                return self._refuse(batch, count, outcome)
            case Verdict.TOO_LARGE if lines > 1:
                self._sizes.too_large(lines)
                return _BETWEEN_SIZES * self._jitter()
            case Verdict.TOO_LARGE:
                if self._another_passes(batch):
                    self._sizes.forget()
                    return self._refuse(batch, count, outcome)
            case Verdict.FAILED:
                self._failed += 1
                if self._failed > _MOST_FAILED and lines > 1:
                    self._sizes.smaller(lines)
                elif self._failed > _MOST_FAILED and self._another_passes(batch):
                    return self._refuse(batch, count, outcome)
            case _:
                pass
        return self._later(outcome)

    def _another_passes(self, batch: Batch) -> bool:
        """Whether the server takes a line behind this one: each time it is asked another. That line may come twice."""
        self._alone += 1
        other = self._backlog.behind(batch, self._alone)
        if other is None:
            self._alone = 0
            return False
        data, count = request(other.lines, self._origin)
        return count > 0 and self._deliver(data).verdict is Verdict.TAKEN

    def _taken(self, batch: Batch, count: int, outcome: Outcome) -> float:
        self._backlog.shipped(batch)
        self._sizes.taken()
        self._refusals = 0
        self._count(count, min(count, outcome.rejected), outcome.reason)
        self._well()
        return 0.0

    def _refuse(self, batch: Batch, count: int, outcome: Outcome) -> float:
        self._backlog.shipped(batch)
        self._count(count, count, outcome.reason)
        self._well(told=False)
        return self._pause(self._refusals - _MOST_REFUSED) if self._refusals > _MOST_REFUSED else 0.0

    def _well(self, *, told: bool = True) -> None:
        if told and self._tries:
            log.info("log.shipped_again", attempts=self._tries)
        self._tries = self._failed = self._alone = 0
        self.asked_to_wait = False

    def _later(self, outcome: Outcome) -> float:
        self._tries += 1
        self.asked_to_wait = outcome.wait is not None
        if self._tries == 1:
            log.warning("log.waiting", reason=outcome.reason, bytes=self._backlog.pending())
        if outcome.wait is not None:
            return min(max(outcome.wait, IDLE_SECONDS), _LONGEST_ASKED)
        return self._pause(self._tries)

    def _pause(self, times: int) -> float:
        return min(_FIRST_PAUSE * 2.0 ** min(times - 1, 10), _LONGEST_PAUSE) * self._jitter()

    def _count(self, count: int, refused: int, reason: str) -> None:
        if count > refused:
            self._counts.add(LOGS_SHIPPED, count - refused, {"result": "sent"})
        if refused:
            self.refused += refused
            self._counts.add(LOGS_SHIPPED, refused, {"result": "refused"})
            self._counts.add(LOST, refused, {"signal": "logs"})
            if self._few("refused") is not None:
                log.warning("log.refused", lines=refused, reason=reason)

    def _tell_gone(self) -> None:
        for one in self._backlog.gone():
            self._counts.add(LOST, one.lines, {"signal": "logs"})
            log.warning("log.lost", file=one.name, lines=one.lines, bytes=one.bytes)
