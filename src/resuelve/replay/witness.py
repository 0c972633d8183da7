"""What past tickets say of a row: would it have been right to act on it?

The witness is the team: what it did, and what it wrote (`knowledge.maintenance.novelty`). A closed ticket alone shows
nothing. Where nobody wrote anything, or Resuelve itself had answered, the ticket does not tell; then neither this row
nor any other is called right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.knowledge.maintenance.find import KNOWN_FROM, NEW_BELOW
from resuelve.knowledge.maintenance.grade import documented
from resuelve.knowledge.maintenance.novelty import Novelty, probability
from resuelve.knowledge.mining.asked import look
from resuelve.knowledge.mining.problems import differs
from resuelve.knowledge.past import Lesson, by_people, lesson_of
from resuelve.knowledge.people import People, own_words
from resuelve.resolution.act import references_in
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.merits import state_of

Problems = Mapping[str, KnownError]


class Judgement(StrEnum):
    """What a past ticket says of something that would be done with it."""

    RIGHT = "right"
    WRONG = "wrong"
    UNTOLD = "untold"
    """Nobody wrote enough, or it may be and may not be."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One past ticket.

    Attributes:
        refuted: the states of rows whose act on it came back, or was called wrong by a person.
        known: for the states of rows that come into question at all, the probability that it is a case of that row.
    """

    lesson: Lesson
    known: Mapping[str, float]
    refuted: frozenset[str] = frozenset()

    @property
    def tells(self) -> bool:
        """Somebody wrote what was done, and it was not Resuelve."""
        return documented(self.lesson.told)

    def of_row(self, problem: KnownError) -> Judgement:
        """Whether doing what this row prescribes would have been right."""
        lesson = self.lesson
        if state_of(problem) in self.refuted:
            return Judgement.WRONG
        if lesson.automatic and not self.tells:
            return Judgement.UNTOLD
        if _did_otherwise(lesson, problem):
            return Judgement.WRONG
        known = self.known.get(state_of(problem), 0.0)
        if known >= NEW_BELOW and _by_agent(problem) and lesson.done.kind is not ResolutionKind.AGENT:
            return Judgement.UNTOLD  # what the agent would have answered, nobody knows
        if not self.tells:
            # The mailbox is the whole of a reassignment; any other deed says little without a word.
            moved = lesson.done.kind is ResolutionKind.REASSIGN is problem.prescription.kind
            return Judgement.RIGHT if moved and known >= KNOWN_FROM and not lesson.reopened else Judgement.UNTOLD
        if known < NEW_BELOW:
            return Judgement.WRONG
        if lesson.reopened:  # what was done did not last, and the row would have done the same
            return Judgement.WRONG
        return Judgement.RIGHT if known >= KNOWN_FROM else Judgement.UNTOLD

    def right_rows(self, problems: Problems) -> frozenset[str]:
        """The ids of the rows that would have been right, of those that do anything by themselves."""
        return frozenset(one.id for one in self._near(problems) if self.of_row(one) is Judgement.RIGHT)

    def of_handing_over(self, problems: Problems) -> Judgement:
        """Whether a person had to get it: right when none of these rows would have been, wrong when one would."""
        if self.right_rows(problems):
            return Judgement.WRONG
        perhaps = not self.tells or any(self.of_row(one) is Judgement.UNTOLD for one in self._near(problems))
        return Judgement.UNTOLD if perhaps else Judgement.RIGHT

    def _near(self, problems: Problems) -> Iterator[KnownError]:
        """The rows that come into question, of those that do anything by themselves; every other one is wrong."""
        for name in self.known.keys() | self.refuted:
            problem = problems.get(name.partition("\x1f")[0])
            if problem and state_of(problem) == name and problem.prescription.kind is not ResolutionKind.MANUAL:
                yield problem


def lesson_for(incident: Incident, *, label: str) -> Lesson:
    """A past ticket as a witness, apart from what Resuelve did to it.

    Its own messages are known by their label and, should the label have changed, by the reference that they bear. What
    was asked, and whether it was open again after it had been closed, is read from the whole history.
    """
    whole = lesson_of(incident, label=label)
    others = tuple(entry for entry in incident.history if not references_in(f"{entry.detail} {entry.resolution_notes}"))
    lesson = by_people(replace(incident, history=others), label=label)
    ours = lesson.automatic or len(others) < len(incident.history)
    told = "" if ours and not whole.reopened else lesson.told
    return replace(lesson, incident=incident, asked=whole.asked, automatic=ours, told=told, reopened=whole.reopened)


def states(dictionaries: Iterable[Problems]) -> dict[str, KnownError]:
    """Every state of every row, each once, as the last of these dictionaries has it."""
    found: dict[str, KnownError] = {}
    for problems in dictionaries:
        for problem in problems.values():
            name = state_of(problem)
            found[name] = replace(problem, id=name)
    return found


def witnesses(
    lessons: Sequence[Lesson],
    knowledge: Knowledge,
    *,
    label: str,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> tuple[Witness, ...]:
    """Past tickets as witnesses, in their order.

    Args:
        lessons: see `lesson_for`.
        knowledge: of all the states of rows that they will be asked about (`states`).

    Raises:
        ModelUnavailable: the embedder gave no answer.
        VectorIndexError: the index could not be searched.
    """
    people = People([one.incident for one in lessons], own_words(knowledge.problems))
    past = look([one.asked for one in lessons], knowledge, people, label=label, progress=progress)
    judged = Novelty(knowledge).rows(past, lessons)
    return tuple(
        Witness(lesson, {row: probability(values) for row, values in rows})
        for lesson, rows in zip(lessons, judged, strict=True)
    )


def _by_agent(problem: KnownError) -> bool:
    return problem.prescription.kind is ResolutionKind.AGENT


def _did_otherwise(lesson: Lesson, problem: KnownError) -> bool:
    done = lesson.done
    if done.kind is ResolutionKind.AGENT:
        return not _by_agent(problem) or done.agent_code.casefold() != problem.prescription.agent_code.casefold()
    return differs(lesson, problem)
