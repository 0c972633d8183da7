"""What is asked right before a change is sent: it may have been decided, or agreed to, long ago."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from resuelve.domain.decision import Close, Permission
from resuelve.domain.errors import NotWaiting
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.journal import IncidentRecord, Json, Unfinished, WorkItem
from resuelve.journal.memory import MemoryEngine, MemoryJournal
from resuelve.journal.memory_acts import MemoryActs
from resuelve.journal.memory_answers import MemoryAnswers
from resuelve.resolution import payload
from resuelve.resolution.act import as_json
from resuelve.resolution.approvals import Approvals, refused_by
from resuelve.resolution.approved import carry_out
from resuelve.resolution.breakers import Breakers, Limits
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.observed import trace_of
from resuelve.resolution.pipeline import Pipeline
from resuelve.resolution.rules import Rules
from resuelve.telemetry.memory import MemorySignals
from resuelve.telemetry.metrics import ACTIONS, INCIDENTS
from resuelve.tickets.memory import MemoryTicketManager

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ROW = KnownError("A", "Web", ("No abre",), "", "Borre las cookies", Prescription(ResolutionKind.CLOSE), lines=(2,))
INCIDENT = Incident("INC1", queue="GR_A", state="En curso", description="No abre")
DECIDED = {
    "permission": "ask",
    "proposal": as_json(Close("Borre las cookies")),
    "problem": {"id": "A", "fingerprint": ROW.fingerprint, "description": "No abre"},
    "prescribed": "cierre",
    "score": 80.0,
    "doubt": "policy",
    "reason": "The policy asks",
    "waiting": False,
    "action": None,
}


class Seen(MemoryTicketManager):
    """A manager that may leave a ticket out of its list for a while."""

    listed = True

    def current(self, code: str, *, max_age: float = 0.0) -> Incident | None:
        return super().current(code, max_age=max_age) if self.listed else None


@dataclass
class Decided:
    """The steps of an item that was decided, and not carried out: by a killed run, where nothing else is said."""

    decided: Json = field(default_factory=lambda: {**DECIDED, "action": DECIDED["proposal"]})

    def once(self, name: str, step: Callable[[], Json]) -> Json:
        return self.decided if name == "decide" else step()


@dataclass
class Desk:
    tickets: Seen = field(default_factory=lambda: Seen([INCIDENT]))
    journal: MemoryJournal = field(default_factory=lambda: MemoryJournal(clock=lambda: NOON))
    answers: MemoryAnswers = field(default_factory=MemoryAnswers)
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    signals: MemorySignals = field(default_factory=MemorySignals)
    problems: dict[str, KnownError] = field(default_factory=lambda: {"A": ROW})
    rules: Rules = field(default_factory=lambda: Rules(language="en"))
    short: str = ""
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.journal.start_run("r", {})
        content = {"changed": False, "reason": "", "decision": DECIDED}
        self.journal.record(IncidentRecord("r", "INC1", INCIDENT.revision, "handed_off", content))

    @property
    def approvals(self) -> Approvals:
        return Approvals(self.tickets, self.journal, self.answers, self.problems, self.rules, lambda: self.now)

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(
            tickets=self.tickets,
            journal=self.journal,
            knowledge=cast("Knowledge", SimpleNamespace(problems=self.problems)),
            agents={},
            rules=self.rules,
            breakers=Breakers(MemoryActs(), Limits(), label=self.rules.label),
            run="approval",
            fingerprint="f",
            signals=self.signals,
            refused=lambda incident: refused_by(self.answers, incident, "en"),
            unproven=lambda _: self.short,
            now=lambda: self.now,
        )

    def changed(self) -> bool:
        current = self.tickets.current("INC1")
        return current is None or current.revision != INCIDENT.revision


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_yes_is_carried_out_and_is_no_action_of_ours(desk: Desk) -> None:
    entry = carry_out(desk.pipeline, desk.engine, desk.approvals.agree("INC1", who="Ana"))
    assert (entry["outcome"], entry["approved_by"], desk.changed()) == ("closed", "Ana", True)
    told = {(name, dict(labels).get("mode")): value for (name, labels), value in desk.signals.counters.items()}
    assert told[INCIDENTS.name, "approval"] == 1
    assert ACTIONS.name not in {name for name, _ in told}


def rewritten(desk: Desk) -> None:
    desk.problems["A"] = replace(ROW, solution="Otra cosa")


def forbidden(desk: Desk) -> None:
    desk.rules = replace(desk.rules, policy={"cierre": Permission.NEVER})


def relabelled(desk: Desk) -> None:
    desk.rules = replace(desk.rules, label="[OTRO] ")


def stricter(desk: Desk) -> None:
    desk.rules = replace(desk.rules, threshold=81.0)


def refused(desk: Desk) -> None:
    (given,) = desk.answers.given()
    desk.answers.note(replace(given, mark="A-OTHER", agreed=False, who="Eva", why="no"))


@pytest.mark.parametrize("change", [rewritten, forbidden, relabelled, stricter, refused])
def test_a_yes_that_is_finished_later_is_dropped_when_it_does_not_hold(
    desk: Desk, change: Callable[[Desk], None]
) -> None:
    agreed = desk.approvals.agree("INC1", who="Ana")
    change(desk)
    entry = carry_out(desk.pipeline, desk.engine, agreed)
    assert (entry["outcome"], desk.changed()) == ("paused", False)
    assert entry["reason"]
    assert not desk.engine.is_finished(f"INC1@{INCIDENT.revision}@approved")


def test_what_an_agent_answered_is_not_sent_a_day_later(desk: Desk) -> None:
    content = {"changed": False, "reason": "", "decision": {**DECIDED, "consulted": "comprobarIban"}}
    desk.journal.record(IncidentRecord("r", "INC1", INCIDENT.revision, "handed_off", content))
    agreed = desk.approvals.agree("INC1", who="Ana")
    desk.now += timedelta(hours=25)
    assert carry_out(desk.pipeline, desk.engine, agreed)["outcome"] == "paused"
    assert not desk.changed()
    with pytest.raises(NotWaiting, match="24 hours"):
        desk.approvals.one("INC1")


def test_a_ticket_that_is_merely_not_listed_is_tried_again(desk: Desk) -> None:
    agreed = desk.approvals.agree("INC1", who="Ana")
    desk.tickets.listed = False
    assert carry_out(desk.pipeline, desk.engine, agreed)["outcome"] == "superseded"
    desk.tickets.listed = True
    assert not desk.changed()
    assert carry_out(desk.pipeline, desk.engine, desk.approvals.agree("INC1", who="Eva"))["approved_by"] == "Ana"
    assert desk.changed()


def test_what_a_killed_run_decided_is_not_done_when_the_row_has_fallen_below_its_record(desk: Desk) -> None:
    desk.short = "the row has not shown enough"
    item = WorkItem("INC1@x@f", payload.to_json(INCIDENT))
    done = desk.pipeline.work(item, Decided())
    assert isinstance(done, Unfinished)
    assert (done.answer["outcome"], done.answer["reason"], desk.changed()) == ("paused", desk.short, False)
    desk.short = ""
    answer: Any = desk.pipeline.work(item, Decided())
    assert (answer["outcome"], desk.changed()) == ("closed", True)


@pytest.mark.parametrize("left_ends", ["first", "last"])
def test_what_is_decided_anew_outweighs_what_a_killed_run_left_of_the_ticket(desk: Desk, left_ends: str) -> None:
    """Or else nobody is asked: the ticket counts as decided, and its last record asks nothing."""
    desk.short = "the row has not shown enough"
    pipeline, item = desk.pipeline, WorkItem("INC1@x@f", payload.to_json(INCIDENT))
    anew = {**DECIDED, "trace": trace_of(pipeline.run, INCIDENT)}
    left = {**anew, "action": anew["proposal"], "permission": "automatic", "trace": trace_of("killed", INCIDENT)}
    for decided in (left, anew) if left_ends == "first" else (anew, left):
        pipeline.work(item, Decided(decided))
    assert [one.incident.code for one in desk.approvals.waiting().proposals] == ["INC1"]


def test_a_no_that_comes_after_the_intent_stops_what_is_about_to_be_sent(desk: Desk) -> None:
    said = iter(["", "Eva has refused it"])  # asked before the intent, and once more after it
    pipeline = replace(desk.pipeline, refused=lambda _: next(said))
    done = pipeline.work(WorkItem("INC1@x@f", payload.to_json(INCIDENT)), Decided())
    assert isinstance(done, Unfinished)
    assert (done.answer["reason"], desk.changed()) == ("Eva has refused it", False)


def test_in_shadow_too_nothing_would_be_done_that_a_person_refused(desk: Desk) -> None:
    pipeline = replace(desk.pipeline, shadow=True, refused=lambda _: "Eva has refused it")
    answer: Any = pipeline.work(WorkItem("INC1@x@f", payload.to_json(INCIDENT)), Decided())
    assert (answer["outcome"], answer["reason"]) == ("handed_off", "Eva has refused it")


def test_a_question_whose_process_was_killed_is_put_away(desk: Desk) -> None:
    item = WorkItem("INC1@x@ask", payload.as_question(INCIDENT))
    assert payload.from_json(item.payload) == INCIDENT
    assert desk.pipeline.work(item, Decided()) == Unfinished(None)
    assert list(desk.journal.records("approval")) == []
    assert not desk.changed()
