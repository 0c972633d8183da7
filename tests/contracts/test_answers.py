"""One suite for every `Answers`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resuelve.journal import Answer, Answers
from resuelve.journal.memory_answers import MemoryAnswers
from resuelve.journal.sql import SqlJournal
from resuelve.journal.sql_answers import SqlAnswers

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
YES = Answer("INC1", "r1", "ñ \x00 \ud800", "ñ\x1fabc", "A-0123456789", True, "Ana", "línea\nnueva \x00", NOON)


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Answers]]:
    """Gives the answers; each further call gives them as another process would find them."""
    made: list[Answers] = []

    def build() -> Answers:
        if request.param == "memory":
            answers: Answers = made[0] if made else MemoryAnswers()
        else:
            answers = SqlAnswers(f"sqlite:///{tmp_path}/resuelve.db")
        made.append(answers)
        return answers

    yield build
    for answers in made:
        answers.close()


@pytest.fixture
def answers(reopen: Callable[[], Answers]) -> Answers:
    return reopen()


def test_an_answer_comes_back_as_it_was(answers: Answers, reopen: Callable[[], Answers]) -> None:
    assert isinstance(answers, Answers)
    assert answers.note(YES) == YES
    assert reopen().of("INC1", "r1", YES.mark) == YES
    assert reopen().of("INC1", "r2") is None
    assert reopen().of("INC2", "r1") is None


def test_a_yes_stands_for_its_own_proposal_only(answers: Answers) -> None:
    other = replace(YES, mark="A-OTHER", who="Eva")
    assert answers.note(YES) == YES
    assert answers.of("INC1", "r1", other.mark) is None
    assert answers.of("INC1", "r1") is None
    assert answers.note(other) == other
    assert answers.note(replace(other, who="Iris")) == other
    assert answers.of("INC1", "r1", YES.mark) == YES
    assert list(answers.given()) == [YES, other]


def test_a_no_holds_for_the_revision_whatever_was_agreed_to(answers: Answers) -> None:
    no = replace(YES, mark="A-OTHER", agreed=False, who="Eva", why="no")
    assert answers.note(YES) == YES
    assert answers.note(no) == no
    for mark in ("", YES.mark, no.mark, "A-THIRD"):
        assert answers.of("INC1", "r1", mark) == no
    assert answers.note(replace(YES, mark="A-THIRD")) == no
    assert answers.note(YES) == no
    assert list(answers.given()) == [YES, no]


def test_those_about_one_state_of_a_row(answers: Answers) -> None:
    other = replace(YES, incident="INC2", state="other\x1fabc")
    for one in (YES, other):
        answers.note(one)
    assert list(answers.given(state=other.state)) == [other]
    assert list(answers.given(state=other.state, incident="INC1")) == []


def test_the_first_answer_to_a_proposal_stands(answers: Answers) -> None:
    no = replace(YES, agreed=False, who="Eva", why="no", at=NOON + timedelta(days=1))
    assert answers.note(YES) == YES
    assert answers.note(no) == YES
    assert answers.note(replace(no, revision="r2")) == replace(no, revision="r2")
    assert list(answers.given()) == [YES, replace(no, revision="r2")]


def test_those_about_one_incident(answers: Answers) -> None:
    other = replace(YES, incident="INC2")
    for one in (other, YES):
        answers.note(one)
    assert list(answers.given(incident="INC1")) == [YES]
    assert list(answers.given()) == [other, YES]
    assert list(answers.given(incident="INC9")) == []


def test_many_come_in_their_order(answers: Answers) -> None:
    many = [replace(YES, incident=f"INC{number:04}") for number in range(1001)]
    for one in many:
        answers.note(one)
    assert list(answers.given()) == many


def test_of_several_at_once_one_stands(reopen: Callable[[], Answers]) -> None:
    several = [replace(YES, who=str(number), agreed=bool(number % 2)) for number in range(8)]
    books = [reopen() for _ in several]
    with ThreadPoolExecutor(len(several)) as pool:
        stand = list(pool.map(lambda pair: pair[0].note(pair[1]), zip(books, several, strict=True)))
    assert len(set(stand)) == 1
    assert list(books[0].given()) == [stand[0]]


def test_it_shares_a_database_with_the_journal(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/resuelve.db"
    journal, answers = SqlJournal(url), SqlAnswers(url)
    answers.note(YES)
    assert journal.intents() == []
    for one in (journal, answers):
        one.close()
