"""The order that is learned: what tells the right row gets weight, and what is not better is not taken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import binomtest

from resuelve.domain.errors import TrainingError
from resuelve.resolution.order import PLACES, Order, order_from
from resuelve.resolution.rerank import BY_HAND
from resuelve.training.examples import JudgedRanking, JudgedRow, rankings
from resuelve.training.ranking import first, fitted, learn_order
from resuelve.training.standing import looks_before, mcnemar, order_standing
from resuelve.training.students import FILE, RerankStudent, read_rerank, write_rerank
from tests.history_samples import EMBEDDER, MemoryHistory, rerankings


def ordered(history: MemoryHistory) -> tuple[JudgedRanking, ...]:
    return rankings(history.calls(role="rerank"), history.outcomes(), embedder=EMBEDDER).kept


def test_what_tells_the_right_row_is_learned() -> None:
    found = learn_order(ordered(rerankings(200)), BY_HAND)
    assert (found.tickets, found.learned, found.held_out) == (200, 140, 60)
    assert found.order
    weights = found.order.by_value
    assert (
        weights["echo"] > weights["relevance"] > max(abs(weights[n]) for n in PLACES if n not in ("echo", "relevance"))
    )
    assert found.standing
    assert found.standing.passed
    assert found.standing.students > 0.8 > 0.7 > found.standing.teachers


def test_an_order_that_loses_tickets_does_not_pass() -> None:
    tickets = ordered(rerankings(60))
    good, blind = Order({"relevance": 1.0, "echo": 3.0}), Order({"dense": 1.0})
    before, after = ([first(one, order).right for one in tickets] for order in (good, blind))
    assert order_standing(after, before).passed
    assert not order_standing(before, after).passed


def test_where_there_is_nothing_to_learn_it_stays_close_to_its_teacher() -> None:
    good = Order({"relevance": 1.0, "echo": 3.0})
    tickets = ordered(rerankings(200))
    learned = fitted(tickets[:120], good)
    same = [first(one, good).row == first(one, learned).row for one in tickets[120:]]
    assert sum(same) > 0.9 * len(same)


def test_values_that_not_every_candidate_of_a_ticket_has_play_no_part_in_it() -> None:
    def without(ticket: JudgedRanking, candidates: slice) -> JudgedRanking:
        bare = {id(one) for one in ticket.candidates[candidates]}
        poorer = (
            replace(one, values={n: v for n, v in one.values.items() if n not in ("echo", "coverage")})
            if id(one) in bare
            else one
            for one in ticket.candidates
        )
        return replace(ticket, candidates=tuple(poorer))

    tickets = ordered(rerankings(60))
    foreign = [without(one, slice(None)) for one in tickets[:20]]
    mixed = [without(one, slice(2)) for one in tickets[:20]]
    assert fitted([*foreign, *tickets[20:]], BY_HAND) == fitted([*mixed, *tickets[20:]], BY_HAND)
    assert fitted(foreign, BY_HAND).by_value.keys() == set(PLACES) - {"echo", "coverage"}


def test_with_few_tickets_nothing_is_learned() -> None:
    few = learn_order(ordered(rerankings(20)), BY_HAND)
    assert (few.missing, few.order) == (30, None)
    good = Order({"relevance": 1.0, "echo": 3.0})
    assert learn_order(ordered(rerankings(50)), good).missing > 0, "hardly a ticket that it would order wrongly"


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (1, 0), (5, 1), (3, 3), (0, 4), (9, 2)])
def test_mcnemar_is_the_binomial_test(won: int, lost: int) -> None:
    expected = binomtest(won, won + lost, 0.5, alternative="greater").pvalue if won + lost else 1.0
    assert mcnemar(won, lost) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("won", "lost", "passed"), [(0, 0, False), (1, 0, False), (4, 0, False), (5, 0, True), (3, 1, False), (9, 1, True)]
)
def test_it_passes_only_when_it_surely_wins_more_than_it_loses(won: int, lost: int, passed: bool) -> None:
    teachers = [False] * won + [True] * lost + [True] * 20
    students = [True] * won + [False] * lost + [True] * 20
    assert order_standing(teachers, students).passed is passed


def test_with_every_earlier_look_more_is_asked() -> None:
    teachers, students = [False] * 5 + [True] * 20, [True] * 25
    assert [order_standing(teachers, students, looks=looks).passed for looks in (0, 1)] == [True, False]


def test_a_look_counts_that_reached_the_middle_of_what_is_held_out() -> None:
    held = ordered(rerankings(70))[35:]  # seven a day: five days
    days = sorted({one.day for one in held})
    assert [looks_before(held, [day]) for day in days] == [0, 0, 1, 1, 1]
    assert looks_before(held, [days[0], days[3], days[4]]) == 2


def test_a_first_row_of_which_nobody_knows_is_nothing_won_and_may_be_lost() -> None:
    figures = order_standing([None, None, True, False], [True, None, None, None]).figures
    assert (figures["won"], figures["lost"]) == (0.0, 1.0)


def test_rows_of_which_nobody_knows_are_not_learned_from() -> None:
    def with_one_more(ticket: JudgedRanking, merit: float) -> JudgedRanking:
        unknown = JudgedRow("R9", dict.fromkeys(PLACES, merit), None)
        return replace(ticket, candidates=(*ticket.candidates, unknown))

    tickets = ordered(rerankings(60))
    assert fitted([with_one_more(one, 9.0) for one in tickets], BY_HAND) == fitted(tickets, BY_HAND)
    assert learn_order([with_one_more(one, 9.0) for one in tickets], BY_HAND).misplaced == 0, "known to be wrong"


def test_a_student_comes_back_as_it_was(tmp_path: Path) -> None:
    student = RerankStudent(EMBEDDER, Order({"relevance": 1.0, "echo": -0.25}))
    write_rerank(tmp_path, student)
    assert read_rerank(tmp_path) == student


@pytest.mark.parametrize(
    "model", [{}, [], {"by_value": {}}, {"by_value": {"unheard": 1}}, {"by_value": {"echo": True}}, {"by_value": None}]
)
def test_what_is_something_else_is_refused(tmp_path: Path, model: object) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        order_from(json.loads(json.dumps(model)))
    content = {"format": 1, "role": "rerank", "embedder": "e", "model": model}
    (tmp_path / FILE).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(TrainingError, match="no model that this version can read"):
        read_rerank(tmp_path)
