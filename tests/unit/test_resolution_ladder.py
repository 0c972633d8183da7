"""A row climbs on its own record and falls from there, whatever the order in which people answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Doubt, Permission
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.journal import Act, Answer, Returned, ReturnedAs
from resuelve.journal.memory_acts import MemoryActs
from resuelve.journal.memory_answers import MemoryAnswers
from resuelve.replay.learned import fingerprint
from resuelve.resolution.authorise import Authorisation
from resuelve.resolution.ladder import Rung, earned, judged, merit_now, on_its_record, place_of, places
from resuelve.resolution.merits import Merit, Merits, proven, state_of, together
from resuelve.resolution.rules import Rules

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def row(name: str = "A", kind: ResolutionKind = ResolutionKind.CLOSE) -> KnownError:
    return KnownError(name, "Web", ("No abre",), "", "Borre las cookies", Prescription(kind), lines=(2,))


A, B = row("A"), row("B")
STATE = state_of(A)


def answer(incident: str, agreed: bool, problem: KnownError = A, revision: str = "r") -> Answer:
    return Answer(incident, revision, problem.id, state_of(problem), "A-1", agreed, "Ana", "", NOON)


def back(incident: str, problem: KnownError = A) -> Returned:
    act = Act("R-1", incident, "GR", "", "closed", problem.id, problem.fingerprint, NOON)
    return Returned(act, ReturnedAs.REOPENED, NOON)


ANSWERS = st.lists(
    st.builds(
        answer,
        st.sampled_from(["INC1", "INC2", "INC3", "INC4"]),
        st.booleans(),
        st.sampled_from([A, B]),
        st.sampled_from(["r1", "r2"]),
    ),
    max_size=12,
)
RETURNS = st.lists(st.builds(back, st.sampled_from(["INC1", "INC2"]), st.sampled_from([A, B])), max_size=3)


@given(ANSWERS, RETURNS, st.randoms())
def test_the_order_of_answers_does_not_matter(answers: list[Answer], returns: list[Returned], chance: object) -> None:
    found = earned(answers, returns)
    shuffled = list(answers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert earned(shuffled, reversed(returns)) == found
    assert earned(answers * 2, returns) == found, "each incident counts once"


@given(ANSWERS, RETURNS, st.integers(0, 4), st.integers(0, 3), st.booleans(), st.sampled_from(Permission))
def test_a_row_never_acts_by_itself_with_less_than_what_is_needed(
    answers: list[Answer], returns: list[Returned], needed: int, past: int, fell: bool, allowed: Permission
) -> None:
    merits = together({STATE: Merit(past, 0)}, earned(answers, returns))
    rules = Rules(needed=needed, merits=merits)
    leave = on_its_record(Authorisation(allowed), A, rules, "fell" if fell else "")
    merit = merits[STATE]
    enough = merit.right >= needed * (1 + merit.wrong)
    may = leave.permission is Permission.AUTOMATIC
    assert may == (allowed is Permission.AUTOMATIC and enough and not fell)
    if allowed is not Permission.AUTOMATIC:
        assert leave.permission is allowed, "nothing is earned that the policy does not let"


@given(ANSWERS, RETURNS, st.integers(1, 3))
def test_a_no_never_lifts_and_a_yes_about_another_ticket_never_lowers(
    answers: list[Answer], returns: list[Returned], needed: int
) -> None:
    def missing(more: list[Answer]) -> int:
        merit = earned(more, returns).get(STATE, Merit())
        return merit.wanted(needed) - merit.right

    assert missing([*answers, answer("INC9", False)]) == missing(answers) + needed
    assert missing([*answers, answer("INC9", True)]) == missing(answers) - 1


@given(ANSWERS, RETURNS, st.integers(0, 3))
def test_the_fingerprint_changes_when_a_row_climbs_or_falls_and_not_otherwise(
    answers: list[Answer], returns: list[Returned], needed: int
) -> None:
    def at(number: int) -> tuple[str, list[str]]:
        merits: Merits = earned(answers[:number], returns)
        return fingerprint(None, "e5", merits, needed), proven(merits, needed)

    for number in range(len(answers)):
        (before, stood), (after, stands) = at(number), at(number + 1)
        assert (before == after) == (stood == stands)
        assert bool(after) == bool(stands)


def test_what_came_back_is_no_yes() -> None:
    yes = [answer("INC1", True), answer("INC2", True)]
    assert earned(yes, []) == {STATE: Merit(2, 0)}
    assert earned(yes, [back("INC1")]) == {STATE: Merit(1, 1)}
    assert earned(yes, [back("INC1", B)])[STATE] == Merit(2, 0)


def test_what_was_done_without_a_person_and_came_back_is_one_wrong() -> None:
    assert earned([], [back("INC1"), back("INC1")]) == {STATE: Merit(0, 1)}
    assert earned([answer("INC1", False)], [back("INC1")]) == {STATE: Merit(0, 1)}
    assert earned([answer("INC2", True)], [back("INC1")]) == {STATE: Merit(1, 1)}
    assert judged([answer("INC2", True)], [back("INC1")]) == {("INC1", STATE): False, ("INC2", STATE): True}


def test_whether_an_agent_is_asked_is_no_merit() -> None:
    assert earned([replace(answer("INC1", False), state="")], []) == {}


def test_what_a_row_has_shown_by_now() -> None:
    answers, acts = MemoryAnswers(), MemoryActs()
    answers.note(answer("INC1", True))
    assert merit_now(STATE, answers, acts) == Merit(1, 0)
    answers.note(answer("INC2", False))
    done = back("INC3").act
    acts.note(done)
    acts.note_return(done, ReturnedAs.REOPENED, NOON)
    assert merit_now(STATE, answers, acts) == Merit(1, 2)
    assert merit_now(state_of(B), answers, acts) == Merit()


@pytest.mark.parametrize(
    ("rules", "fell", "rung", "doubt"),
    [
        (Rules(), "", Rung.AUTOMATIC, Doubt.NONE),
        (Rules(policy={"cierre": Permission.ASK}), "", Rung.APPROVE, Doubt.POLICY),
        (Rules(policy={"cierre": Permission.NEVER}), "", Rung.SUGGEST, Doubt.POLICY),
        (Rules(needed=1), "", Rung.APPROVE, Doubt.UNPROVEN),
        (Rules(needed=1, merits={STATE: Merit(1, 0)}), "", Rung.AUTOMATIC, Doubt.NONE),
        (Rules(needed=1, merits={STATE: Merit(1, 0)}), "it fell", Rung.APPROVE, Doubt.ROW_FELL),
        (Rules(needed=1, policy={"cierre": Permission.NEVER}), "it fell", Rung.SUGGEST, Doubt.POLICY),
    ],
)
def test_where_a_row_stands(rules: Rules, fell: str, rung: Rung, doubt: Doubt) -> None:
    place = place_of(A, rules, fell)
    assert (place.rung, place.doubt) == (rung, doubt)
    assert bool(place.why) == (rung is not Rung.AUTOMATIC)


def test_what_is_missing() -> None:
    place = place_of(A, Rules(needed=3, merits={STATE: Merit(2, 1)}), "")
    assert (place.wanted, place.missing, place.as_json()["missing"]) == (6, 4, 4)
    assert place_of(A, Rules(needed=1, merits={STATE: Merit(9, 0)}), "").missing == 0


def test_a_row_for_a_person_only_suggests_and_those_with_a_record_come_first() -> None:
    manual = row("M", ResolutionKind.MANUAL)
    rules = Rules(merits={STATE: Merit(1, 1)})
    found = places({"M": manual, "B": B, "A": A}, rules, {"B": "it fell"})
    assert [(one.problem.id, one.rung) for one in found] == [
        ("A", Rung.AUTOMATIC),
        ("B", Rung.APPROVE),
        ("M", Rung.SUGGEST),
    ]
