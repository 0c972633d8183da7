"""What those who watch are told of what is known: how much, how old, and what waits for a person."""

from __future__ import annotations

from datetime import datetime

from resuelve.knowledge.catalogue import Catalogue
from resuelve.telemetry import Signals
from resuelve.telemetry.metrics import INDEX_BUILT, PROBLEMS, PROPOSALS, ROWS_SET_ASIDE


def tell_knowledge(signals: Signals, known: Catalogue, *, built_at: str, proposals: int | None) -> None:
    """Tell of dictionary, index and proposals.

    Args:
        built_at: when the index was, in ISO 8601.
        proposals: how many nobody has decided on; None where that cannot be told.
    """
    signals.put(PROBLEMS, sum(1 for problem in known.problems.values() if not problem.fix))
    signals.put(ROWS_SET_ASIDE, len(known.rejected))
    signals.put(INDEX_BUILT, datetime.fromisoformat(built_at).timestamp())
    if proposals is not None:
        signals.put(PROPOSALS, proposals)
