"""What the team sets, and what its past has taught, as the stages take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from resuelve.domain.known_error import KnownError
from resuelve.resolution.authorise import Policy, Thresholds, threshold_of
from resuelve.resolution.merits import Merit, Merits, state_of
from resuelve.resolution.order import Order
from resuelve.resolution.row_record import RowRecord, nobody_asked
from resuelve.resolution.score import Scoring, shipped


@dataclass(frozen=True, slots=True)
class Rules:
    """What the team sets.

    Attributes:
        threshold: 0 to 100; below it nothing is automatic.
        thresholds: others in its place, by word of the dictionary.
        retries: how often another row is tried after a rejection by scores and rules; never after one by a model.
        query_limit: rows that each query offers to the decision.
        language: of reasons and reports.
        today: the day of the run; without it no ticket is told to wait for a fix.
        scoring: what makes a score of features.
        record: what people have answered about rows, as it counts for a ticket.
        order: one of the candidates that was learned; None for that of `rerank` itself.
        needed: past tickets on which a row must have been right before it acts by itself; 0 for none.
        merits: what the rows have shown.
        versions: by role, the learned version that scores or orders, such as ``critic/3``.
    """

    label: str = "[SPAI] "
    threshold: float = 65.0
    thresholds: Thresholds = field(default_factory=dict)
    retries: int = 2
    query_limit: int = 2
    policy: Policy = field(default_factory=dict)
    language: str = "es"
    today: date | None = None
    scoring: Scoring = field(default_factory=shipped)
    record: RowRecord = nobody_asked
    order: Order | None = None
    needed: int = 0
    merits: Merits = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def threshold_for(self, problem: KnownError) -> float:
        """The one that holds for this row."""
        return threshold_of(problem, self.thresholds, self.threshold)

    @property
    def lowest_threshold(self) -> float:
        """The lowest that holds for any row."""
        return min([self.threshold, *self.thresholds.values()])

    def merit_of(self, problem: KnownError) -> Merit:
        """What this row has shown."""
        return self.merits.get(state_of(problem), Merit())
