"""What those who watch are told of incidents and runs: the same as the report, and no text of a ticket."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Doubt, OutcomeKind, Verdict
from resuelve.domain.errors import (
    AgentUnavailable,
    JournalError,
    ModelUnavailable,
    Rejected,
    ResuelveError,
    TicketUnavailable,
    VectorIndexError,
)
from resuelve.domain.incident import Incident
from resuelve.resolution.observed import system_of, tell_entry, trace_of
from resuelve.resolution.observed_run import tell_ended, tell_failed, tell_left, tell_listing, tell_work
from resuelve.resolution.report import Totals
from resuelve.resolution.trace import Trace, step_in_short
from resuelve.telemetry.logs.begin import Sink, begun
from resuelve.telemetry.logs.line import Scrubbing
from resuelve.telemetry.memory import MemorySignals
from resuelve.telemetry.metrics import (
    ACTIONS,
    ATTACHMENTS,
    BREAKERS,
    CRITIC_SCORE,
    ERRORS,
    HANDOVERS,
    INCIDENT_SECONDS,
    INCIDENTS,
    QUEUE_AGE,
    QUEUE_DEPTH,
    QUEUE_UNDECIDED,
    REJECTIONS,
    RETRIEVAL_SCORE,
    RUN_FINISHED,
    RUNS,
    SET_ASIDE,
    STAGE_SECONDS,
    UNKNOWN,
    UNREADABLE,
    VERDICTS,
    Metric,
)

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
TEXT = "No puedo entrar con mi DNI 12345678Z"
ACTED = (OutcomeKind.CLOSED, OutcomeKind.HELD, OutcomeKind.REASSIGNED)

critiques = st.builds(
    lambda verdict, score: {"verdict": verdict.value, "score": score, "reason": TEXT},
    st.sampled_from(Verdict),
    st.floats(0, 100),
)
attachments = st.builds(
    lambda read, unread: {"name": TEXT, "read": [{"place": "1"}] * read, "unread": [{"place": "2"}] * unread},
    st.integers(0, 2),
    st.integers(0, 2),
)


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """An entry of a report: any that a run could write, and some that it could not."""
    outcome = draw(st.sampled_from(OutcomeKind))
    decision: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "doubt": st.sampled_from([doubt.value for doubt in Doubt]),
                "critique": st.none() | critiques,
                "rejections": st.lists(
                    st.builds(lambda p, c: {"problem": p, "critique": c}, st.sampled_from(["KB-1", "KB-2"]), critiques),
                    max_size=2,
                ),
                "considered": st.lists(st.builds(lambda d: {"dense": d}, st.floats(-1, 1)), max_size=2),
                "attachments": st.lists(attachments, max_size=3),
                "problem": st.none() | st.just({"id": "KB-1", "description": TEXT}),
            },
        )
    )
    if outcome is OutcomeKind.FAILED:
        decision |= {"failed_system": draw(st.sampled_from(["tickets", "models"])), "failed_kind": "TicketRefused"}
    return {
        "incident": draw(st.from_regex(r"INC[0-9]{1,6}", fullmatch=True)),
        "title": TEXT,
        "reason": TEXT,
        "outcome": outcome.value,
        "changed": outcome in ACTED,
        "reference": "R-0123456789",
        "decision": {"prescribed": "cierre", **decision},
        "seconds": {},
    }


def by_first(signals: MemorySignals, metric: Metric, label: str) -> dict[str, float]:
    """The values of a counter by one of its labels."""
    found: Counter[str] = Counter()
    for (name, labels), value in signals.counters.items():
        if name == metric.name:
            found[dict(labels)[label]] += value  # type: ignore[assignment]  # floats too
    return dict(found)


@given(st.lists(entries(), max_size=12))
def test_the_sums_are_those_of_the_report(told: list[dict[str, Any]]) -> None:
    signals, totals = MemorySignals(), Totals()
    for entry in told:
        totals.add(entry)
        tell_entry(signals, entry, shadow=False, seconds=0.5)
    report = totals.as_json()
    assert by_first(signals, INCIDENTS, "outcome") == report["by_outcome"]
    assert sum(by_first(signals, ACTIONS, "action").values()) == report["executed"]
    acted = {kind: n for kind, n in report["by_outcome"].items() if kind in {one.value for one in ACTED}}
    assert by_first(signals, ACTIONS, "action") == acted
    assert by_first(signals, ERRORS, "system") == report["errors_by_system"]
    seconds = [
        value for (name, _), values in signals.histograms.items() if name == INCIDENT_SECONDS.name for value in values
    ]
    assert seconds == [0.5] * report["incidents"]
    handed = Counter(
        doubt
        for entry in told
        if entry["outcome"] == "handed_off" and (doubt := entry["decision"].get("doubt", "none")) != "none"
    )
    assert by_first(signals, HANDOVERS, "reason") == dict(handed)
    assert all(report["by_doubt"][reason] >= count for reason, count in handed.items())
    rejected = Counter(one["problem"] for entry in told for one in entry["decision"].get("rejections", ()))
    assert by_first(signals, REJECTIONS, "row") == dict(rejected)
    hung = sum(len(entry["decision"].get("attachments", ())) for entry in told)
    assert sum(by_first(signals, ATTACHMENTS, "result").values()) == hung
    scored = sum(len(v) for (name, _), v in signals.histograms.items() if name == CRITIC_SCORE.name)
    assert scored == sum(by_first(signals, VERDICTS, "verdict").values())
    looked = sum(bool(entry["decision"].get("considered")) for entry in told)
    assert len(signals.histograms.get((RETRIEVAL_SCORE.name, (("mode", "live"),)), [])) == looked


@given(entries())
def test_no_text_and_no_code_of_a_ticket_is_in_a_label(entry: dict[str, Any]) -> None:
    signals = MemorySignals()
    tell_entry(signals, entry, shadow=False, seconds=1)
    told = repr((signals.counters, signals.gauges, signals.histograms))
    assert TEXT not in told
    assert entry["incident"] not in told
    assert entry["reference"] not in told


def test_what_was_only_proposed_is_told_apart_from_what_was_done() -> None:
    signals = MemorySignals()
    critique = {"verdict": "rejected", "score": 20.0}
    decision: dict[str, Any] = {"doubt": "no_match", "critique": critique, "considered": [{"dense": 0.5}]}
    rejections = [{"problem": "KB-1", "critique": critique}]
    for shadow in (True, True, False):
        tell_entry(signals, entry(**decision, rejections=rejections), shadow=shadow, seconds=1)
    for metric in (HANDOVERS, VERDICTS, REJECTIONS):
        assert by_first(signals, metric, "mode") == {"shadow": 2, "live": 1}
    for metric in (CRITIC_SCORE, RETRIEVAL_SCORE):
        told = {dict(labels)["mode"]: len(v) for (name, labels), v in signals.histograms.items() if name == metric.name}
        assert told == {"shadow": 2, "live": 1}


@given(entries())
def test_every_label_is_one_of_its_list(entry: dict[str, Any]) -> None:
    signals = MemorySignals()
    tell_entry(signals, entry, shadow=True, seconds=1)
    for metric in (INCIDENTS, ACTIONS, HANDOVERS, VERDICTS, ATTACHMENTS):
        known = {tuple(sorted(labels.items())) for labels in metric.all_labels()}
        assert {labels for name, labels in signals.counters if name == metric.name} <= known
    assert by_first(signals, INCIDENTS, "mode") == {"shadow": 1}


def entry(outcome: str = "handed_off", **decision: Any) -> dict[str, Any]:
    return {"incident": "INC1", "outcome": outcome, "changed": False, "reference": "", "decision": decision}


def test_a_verdict_counts_once_though_it_stands_in_two_places() -> None:
    signals = MemorySignals()
    first = {"verdict": "rejected", "score": 20.0}
    last = {"verdict": "rejected", "score": 30.0}
    rejections = [{"problem": "KB-1", "critique": first}, {"problem": "KB-2", "critique": last}]
    tell_entry(signals, entry(critique=last, rejections=rejections), shadow=False, seconds=1)
    assert signals.value(VERDICTS, verdict="rejected", mode="live") == 2
    approved = {"verdict": "approved", "score": 90.0}
    tell_entry(signals, entry(critique=approved, rejections=rejections[:1]), shadow=False, seconds=1)
    assert signals.value(VERDICTS, verdict="approved", mode="live") == 1
    assert signals.value(VERDICTS, verdict="rejected", mode="live") == 3


@pytest.mark.parametrize(
    ("read", "unread", "result"), [(1, 0, "read"), (1, 1, "partly"), (0, 1, "unread"), (0, 0, "unread")]
)
def test_attachments(read: int, unread: int, result: str) -> None:
    signals = MemorySignals()
    one: dict[str, list[Any]] = {"read": [{}] * read, "unread": [{}] * unread}
    tell_entry(signals, entry(attachments=[one]), shadow=False, seconds=1)
    assert by_first(signals, ATTACHMENTS, "result") == {result: 1}


def test_a_broken_off_incident_without_a_decision_is_told() -> None:
    signals = MemorySignals()
    failed = entry("failed", failed_system="resuelve", failed_kind="BrokenOff")
    tell_entry(signals, failed, shadow=False, seconds=1)
    assert signals.value(ERRORS, system="resuelve", kind="BrokenOff") == 1
    assert signals.value(INCIDENTS, outcome="failed", mode="live") == 1


@pytest.mark.parametrize(
    ("error", "system"),
    [
        (TicketUnavailable("x"), "tickets"),
        (AgentUnavailable("x"), "agents"),
        (ModelUnavailable("x"), "models"),
        (VectorIndexError("x"), "index"),
        (JournalError("x"), "journal"),
        (ResuelveError("x"), "resuelve"),
        (ValueError("x"), "resuelve"),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_which_system_an_error_is_of(error: Exception, system: str) -> None:
    assert system_of(error) == system


@given(st.text(st.characters()), st.text(st.characters()))
def test_the_trace_has_an_id_that_anybody_can_compute(run: str, code: str) -> None:
    incident = Incident(code)
    trace = trace_of(run, incident)
    assert len(trace) == 32
    assert int(trace, 16)
    assert trace == trace_of(run, Incident(code))
    assert trace != trace_of(run, replace(incident, state="Cerrada"))
    assert trace != trace_of(run + "x", incident)


def test_what_lies_open_is_told_by_mailbox_and_age() -> None:
    signals = MemorySignals()
    incidents = [
        Incident("A", "SOPORTE", opened=NOW - timedelta(hours=2)),
        Incident("B", "SOPORTE", opened=(NOW - timedelta(hours=5)).replace(tzinfo=None)),
        Incident("C", "COBROS"),
    ]
    tell_listing(signals, incidents, (Rejected("e", "r", "w"),) * 2)
    tell_work(signals, incidents, (), NOW)
    assert signals.value(QUEUE_DEPTH, queue="SOPORTE") == 2
    assert signals.value(QUEUE_DEPTH, queue="COBROS") == 1
    assert signals.value(QUEUE_AGE) == 5 * 3600
    assert signals.value(UNREADABLE) == 2
    tell_listing(signals, [], ())
    tell_work(signals, [], (), NOW)
    assert signals.value(QUEUE_DEPTH, queue="SOPORTE") == 0
    assert (signals.value(QUEUE_AGE), signals.value(UNREADABLE)) == (0, 0)


def test_a_clock_that_runs_ahead_makes_no_negative_age() -> None:
    signals = MemorySignals()
    tell_work(signals, [Incident("A", opened=NOW + timedelta(hours=1))], (), NOW)
    assert signals.value(QUEUE_AGE) == 0


def test_the_fullest_mailboxes_are_shown_by_name() -> None:
    signals = MemorySignals()
    many = [Incident(f"{q}-{n}", f"Q{q}") for q in range(QUEUE_DEPTH.most + 20) for n in range(1 + q)]
    tell_listing(signals, many, ())
    fullest = QUEUE_DEPTH.most + 19
    assert signals.value(QUEUE_DEPTH, queue=f"Q{fullest}") == fullest + 1
    assert signals.value(QUEUE_DEPTH, queue="Q0") is None
    assert signals.value(QUEUE_DEPTH, queue="other") == sum(range(1, 21))


def test_a_run_that_ends_is_told() -> None:
    signals = MemorySignals()
    tell_work(signals, [Incident(f"I{n}") for n in range(9)], ["INC1", "INC2"], NOW)
    tell_left(signals, 7)
    totals = {"incidents": 3, "executed": 1, "by_outcome": {"closed": 1}}
    breakers = {"fallen": {"KB-1": "INC9"}, "tripped": False, "hour": True}
    tell_ended(signals, totals, shadow=False, unknown=2, breakers=breakers, now=NOW)
    assert (signals.value(QUEUE_UNDECIDED), signals.value(SET_ASIDE)) == (7, 2)
    assert signals.value(UNKNOWN) == 2
    assert [signals.value(BREAKERS, breaker=name) for name in ("everything", "hour", "rows")] == [0, 1, 1]
    assert signals.value(RUN_FINISHED) == NOW.timestamp()
    assert signals.value(RUNS, result="ended", mode="live") == 1


def test_a_watch_tells_the_log_what_changed_and_no_more() -> None:
    told: list[str] = []
    signals, unread = MemorySignals(), (Rejected("e", "r", "w"),)
    breakers: dict[str, Any] = {"fallen": {"KB-1": "INC9"}, "tripped": False, "hour": False}

    def look(incidents: int, before: tuple[Any, ...] | None) -> list[str]:
        rejected, aside, stopped = before or ((), (), None)
        told.clear()
        with begun([Sink("DEBUG", lambda line, _: told.append(line["event"]))], Scrubbing()):
            tell_listing(signals, [], unread, rejected)
            tell_work(signals, [], ["INC1"], NOW, aside)
            totals = {"incidents": incidents, "executed": 0, "by_outcome": {}}
            tell_ended(signals, totals, shadow=False, unknown=0, breakers=breakers, now=NOW, before=stopped)
        return list(told)

    warnings = ["listing.rejected", "incident.set_aside", "breaker.stopped"]
    assert look(0, None) == [*warnings, "run.ended"]
    assert look(0, (unread, ("INC1",), ("KB-1",))) == ["run.idle"]
    assert look(1, (unread, ("INC1",), ("KB-1",))) == ["run.ended"]
    assert look(0, ((), (), ())) == [*warnings, "run.ended"]
    assert look(0, (unread, ("INC1",), ("KB-1", "hour"))) == ["run.ended"]


def test_a_run_that_fails_is_told_and_did_not_finish() -> None:
    signals = MemorySignals()
    tell_failed(signals, TicketUnavailable(TEXT), shadow=True)
    assert signals.value(RUNS, result="failed", mode="shadow") == 1
    assert signals.value(ERRORS, system="tickets", kind="TicketUnavailable") == 1
    assert signals.value(RUN_FINISHED) is None
    assert TEXT not in repr(signals.counters)


def test_a_stage_is_a_span_and_a_measurement_even_when_it_fails() -> None:
    signals = MemorySignals()
    trace = Trace(iter((0.0, 0.25, 1.0, 3.0)).__next__, signals=signals)
    with trace.stage("decide", TEXT) as step:
        step.output = {"chosen": "KB-1", "text": TEXT}
    with pytest.raises(ValueError, match="clave"), trace.stage("critique"):
        raise ValueError("clave")
    decide, critique = signals.spans
    assert (decide.name, decide.attributes, decide.error) == ("decide", {"resuelve.row": "KB-1"}, "")
    assert (critique.name, critique.attributes, critique.error) == ("critique", {}, "ValueError")
    assert signals.histograms == {
        (STAGE_SECONDS.name, (("stage", "decide"),)): [0.25],
        (STAGE_SECONDS.name, (("stage", "critique"),)): [2.0],
    }


def test_of_a_step_a_span_tells_the_row_and_the_verdict() -> None:
    critique = {"verdict": "approved", "doubt": "none", "score": 88.5, "reason": TEXT, "advice": TEXT}
    output = {"problem": "KB-7", "permission": "automatic", "critique": critique, "reason": TEXT}
    assert step_in_short(output) == {
        "resuelve.row": "KB-7",
        "resuelve.permission": "automatic",
        "resuelve.verdict": "approved",
        "resuelve.doubt": "none",
        "resuelve.score": 88.5,
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_output_can_be_told(output: Any) -> None:
    assert all(isinstance(value, (str, float)) for value in step_in_short(output).values())


@given(entries())
def test_what_a_person_agreed_to_is_in_no_rate_of_the_rules(entry: dict[str, Any]) -> None:
    signals = MemorySignals()
    tell_entry(signals, {**entry, "approved_by": "Ana"}, shadow=False, seconds=1)
    assert by_first(signals, INCIDENTS, "mode") == {"approval": 1}
    for metric in (ACTIONS, HANDOVERS, VERDICTS, REJECTIONS, ATTACHMENTS):
        assert metric.name not in {name for name, _ in signals.counters}


def test_what_an_agent_answered_when_a_person_let_it_be_asked_is_judged_and_no_handover() -> None:
    signals, critique = MemorySignals(), {"verdict": "approved", "score": 80.0}
    decision = {"asked_by": "Ana", "doubt": "policy", "critique": critique}
    entry = {"incident": "INC1", "outcome": "handed_off", "changed": False, "reference": "", "decision": decision}
    tell_entry(signals, entry, shadow=False, seconds=1)
    assert by_first(signals, INCIDENTS, "mode") == {"approval": 1}
    assert by_first(signals, VERDICTS, "verdict") == {"approved": 1}
    assert by_first(signals, HANDOVERS, "reason") == {}
