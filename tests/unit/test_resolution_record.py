"""What is kept of an incident: the payload, the trace, the report's entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Critique, Doubt, Outcome, OutcomeKind, Verdict
from resuelve.domain.errors import ModelOutputInvalid, ModelUnavailable
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.models.port import Usage
from resuelve.models.scripted import ScriptedChat
from resuelve.resolution import payload
from resuelve.resolution.prompts import prompt
from resuelve.resolution.prompts.schemas import Reformulation
from resuelve.resolution.record import entry, outcome_of
from resuelve.resolution.trace import MeteredChat, Trace, plain

text = st.text(max_size=12)
zones = st.none() | st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(minutes=-30))])
dates = st.none() | st.datetimes(timezones=zones)
links = st.lists(text, max_size=2).map(tuple)
entries = st.builds(
    HistoryEntry,
    at=dates,
    author=text,
    detail=text,
    resolution_code=text,
    resolution_notes=text,
    queue_from=text,
    queue_to=text,
    state=text,
    attachments=links,
)
incidents = st.builds(
    Incident,
    code=text,
    queue=text,
    title=text,
    requester=text,
    state=text,
    opened=dates,
    priority=text,
    description=text,
    history=st.lists(entries, max_size=3).map(tuple),
    attachments=links,
)


@given(incidents)
def test_an_incident_survives_the_journal(incident: Incident) -> None:
    again = payload.from_json(json.loads(json.dumps(payload.to_json(incident))))
    assert again == incident
    assert again.revision == incident.revision


def test_half_a_character_survives_too() -> None:
    incident = Incident("INC1", description="roto \ud83d")
    assert payload.from_json(json.loads(json.dumps(payload.to_json(incident)))) == incident


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | text
    | st.sampled_from(list(Doubt))
    | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3) | st.tuples(inner),
    max_leaves=8,
)


@given(values)
def test_anything_can_be_kept_as_json_and_is_then_left_alone(value: object) -> None:
    kept = plain(value)
    assert json.dumps(plain(kept)) == json.dumps(kept)
    assert json.dumps(json.loads(json.dumps(kept))) == json.dumps(kept)


def test_values_become_plain_and_long_texts_are_cut() -> None:
    critique = Critique(Verdict.REJECTED, 12.345678, "x" * 3000, Doubt.NO_MATCH, ("A",), features={"gap": 1.0})
    kept = plain(critique)
    assert (kept["verdict"], kept["score"], kept["doubt"], kept["avoid"]) == ("rejected", 12.3457, "no_match", ["A"])
    assert kept["reason"] == "x" * 2000 + "… (3000)"
    assert kept["features"] == {"gap": 1.0}


def clock() -> Iterator[float]:
    moment = 0.0
    while True:
        yield moment
        moment += 0.5


def test_a_stage_is_timed_even_when_it_fails() -> None:
    ticks = clock()
    trace = Trace(lambda: next(ticks))
    with trace.stage("read") as step:
        step.output = ("a", Doubt.NONE)
    with pytest.raises(ValueError, match="broken"), trace.stage("decide"):
        raise ValueError("broken")
    assert [(one.stage, one.seconds, one.output) for one in trace.steps] == [
        ("read", 0.5, ["a", "none"]),
        ("decide", 0.5, None),
    ]


def test_a_meter_counts_what_was_spent_for_nothing_too() -> None:
    answer = Reformulation(problema="x", otro_asunto="")
    metered = MeteredChat(
        ScriptedChat({"reformulate": [answer, "no JSON", "no JSON", "no JSON", ModelUnavailable("down", calls=2)]})
    )
    question = prompt("reformulate", ticket="no abre")
    assert metered.complete(question, Reformulation).output == answer
    assert metered.usage.calls == 1
    with pytest.raises(ModelOutputInvalid):
        metered.complete(question, Reformulation)
    assert metered.usage.calls == 4
    with pytest.raises(ModelUnavailable):
        metered.complete(question, Reformulation)
    assert metered.usage.calls == 6
    assert metered.usage != Usage()
    assert metered.name == "scripted"


def test_an_entry_says_what_was_done_and_why() -> None:
    incident = Incident("INC1", queue="Q", title="t" * 300)
    outcome = Outcome(OutcomeKind.CLOSED, "Cerrada.", True, "R-1", "[SPAI] Hecho (ref. R-1)")
    made = entry(incident, {"prescribed": "cierre", "seconds": {"decide": 1.0}}, outcome, {"act": 0.5})
    assert (made["incident"], made["revision"], made["outcome"]) == ("INC1", incident.revision, "closed")
    assert made["sent"] == {"text": "[SPAI] Hecho (ref. R-1)", "queue": ""}
    assert made["seconds"] == {"decide": 1.0, "act": 0.5}
    assert len(made["title"]) == 200
    quiet = entry(incident, {}, Outcome(OutcomeKind.HANDED_OFF, "No encaja"), {})
    assert quiet["sent"] is None
    assert quiet["seconds"] == {}


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_outcome_survives_the_journal(kind: OutcomeKind) -> None:
    outcome = Outcome(kind, "porque sí", True, "R-1", "texto", "Q")
    assert outcome_of(json.loads(json.dumps(plain(asdict(outcome))))) == outcome
