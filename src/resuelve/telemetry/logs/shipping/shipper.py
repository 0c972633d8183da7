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
from resuelve.telemetry.metrics import LOGS_PENDING, LOGS_SHIPPED, LOST

IDLE_SECONDS = 1.0
"""How long it is waited for further lines."""

_FIRST_PAUSE, _LONGEST_PAUSE, _LONGEST_ASKED = 1.0, 60.0, 300.0
_MOST_FAILED = 20
"""How often a server may fail on one batch before it is skipped; all the time the others wait behind it."""


class Shipper:
    """Ships one batch a `step`. For one thread.

    Attributes:
        asked_to_wait: the server has said when it wants to be asked again.
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
        self._size: int | None = None
        self._tries = self._failed = 0
        self.asked_to_wait = False

    @property
    def failing(self) -> bool:
        """True while the last batch could not be delivered."""
        return self._tries > 0

    def step(self) -> float:
        """Ship a batch, if there is one; the seconds to wait before the next step, 0 when there is more.

        Raises OSError: the place could not be remembered; the batch will come twice.
        """
        batch = self._batch()
        if batch is None:
            self._counts.put(LOGS_PENDING, self._backlog.pending())
            return IDLE_SECONDS
        data, count = request(batch.lines, self._origin)
        if not count:
            self._backlog.shipped(batch)
            return 0.0
        pause = self._done(batch, count, self._deliver(data))
        self._counts.put(LOGS_PENDING, self._backlog.pending())
        return pause

    def _batch(self) -> Batch | None:
        batch = self._backlog.next()
        while batch and self._size is not None and len(batch.lines) > self._size:
            batch = batch.half()
        return batch

    def _done(self, batch: Batch, count: int, outcome: Outcome) -> float:
        verdict = outcome.verdict
        if verdict is Verdict.TOO_LARGE and len(batch.lines) > 1:
            self._size = len(batch.lines) // 2
            return 0.0
        self._failed = self._failed + 1 if verdict is Verdict.FAILED else 0
        if self._failed > _MOST_FAILED:
            verdict = Verdict.REFUSED
        if verdict in (Verdict.LATER, Verdict.FAILED):
            return self._later(outcome)
        self._backlog.shipped(batch)
        taken, self._size = verdict is Verdict.TAKEN, None
        refused = min(count, outcome.rejected) if taken else count
        if taken and self._tries:
            log.info("log.shipped_again", attempts=self._tries)
        self._tries = self._failed = 0
        self.asked_to_wait = False
        self._count(count - refused, refused, outcome.reason)
        return 0.0

    def _later(self, outcome: Outcome) -> float:
        self._tries += 1
        self.asked_to_wait = outcome.wait is not None
        if self._tries == 1:
            log.warning("log.waiting", reason=outcome.reason, bytes=self._backlog.pending())
        if outcome.wait is not None:
            return min(max(outcome.wait, IDLE_SECONDS), _LONGEST_ASKED)
        return min(_FIRST_PAUSE * 2.0 ** min(self._tries - 1, 10), _LONGEST_PAUSE) * self._jitter()

    def _count(self, sent: int, refused: int, reason: str) -> None:
        if sent:
            self._counts.add(LOGS_SHIPPED, sent, {"result": "sent"})
        if refused:
            self._counts.add(LOGS_SHIPPED, refused, {"result": "refused"})
            self._counts.add(LOST, refused, {"signal": "logs"})
            if self._few("refused") is not None:
                log.warning("log.refused", lines=refused, reason=reason)
