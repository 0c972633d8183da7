"""The hooks of the ticket manager in memory; what it has in common with the others is in the contract tests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from resuelve.domain.decision import Close, Hold, TicketAction
from resuelve.domain.errors import TicketUnavailable
from resuelve.domain.incident import Incident
from resuelve.tickets.memory import MemoryTicketManager

DOWN = TicketUnavailable("down", where="memory", remedy="none")
LOST = TicketUnavailable("no answer", where="memory", remedy="none", outcome_unknown=True)


def _raise(error: Exception) -> None:
    raise error


def test_a_change_that_fails_before_is_not_made() -> None:
    manager = MemoryTicketManager([Incident("A")], before_apply=lambda _code, _action: _raise(DOWN))
    with pytest.raises(TicketUnavailable):
        manager.apply("A", Hold("a"))
    assert manager.ledger == []
    assert manager.current("A") == Incident("A")


def test_a_change_whose_answer_is_lost_is_made() -> None:
    manager = MemoryTicketManager([Incident("A")], after_apply=lambda _code, _action: _raise(LOST))
    with pytest.raises(TicketUnavailable):
        manager.apply("A", Close("a"))
    assert [(e.sequence, e.code, e.action) for e in manager.ledger] == [(1, "A", Close("a"))]
    assert manager.open_incidents().incidents == ()


def test_hooks_can_be_changed_and_see_the_change() -> None:
    seen: list[tuple[str, TicketAction]] = []
    manager = MemoryTicketManager([Incident("A")], now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    manager.before_apply = lambda code, action: seen.append((code, action))
    assert manager.apply("A", Hold("a")).history[-1].at == datetime(2026, 1, 1, tzinfo=UTC)
    assert seen == [("A", Hold("a"))]
    manager.before_read = lambda: _raise(DOWN)
    for read in (manager.open_incidents, manager.closed_incidents, lambda: manager.current("A")):
        with pytest.raises(TicketUnavailable):
            read()
