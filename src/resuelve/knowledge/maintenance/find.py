"""What closed incidents teach the dictionary: this file is the table of contents.

Each is judged by itself (`novelty`); incidents that tell one story (`mining.clusters`) are judged together, for a row
must explain them all. What no row covers becomes a proposal for a row, a case of a row a further example of it. What is
neither surely the one nor the other is counted and left alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.maintenance.grade import documented, graded
from resuelve.knowledge.maintenance.mailboxes import Mailboxes
from resuelve.knowledge.maintenance.near import with_neighbours
from resuelve.knowledge.maintenance.novelty import Novelty, probability
from resuelve.knowledge.maintenance.proposal import Evidence, Proposal, ProposalKind, proposal_id
from resuelve.knowledge.maintenance.wording import Words, described, unbroken, worded
from resuelve.knowledge.mining.answers import with_answers
from resuelve.knowledge.mining.asked import Past, look, shown_text
from resuelve.knowledge.mining.clusters import ANSWERED, centred, clusters, medoid
from resuelve.knowledge.mining.problems import differs, typical_answer
from resuelve.knowledge.past import Lesson, by_people
from resuelve.knowledge.people import HIDDEN, People, own_words
from resuelve.models import ChatModel, Vectors
from resuelve.resolution.knowledge import Knowledge
from resuelve.telemetry.logs import log

NEW_BELOW = 0.5
KNOWN_FROM = 0.7
"""Probabilities of being a case of a row: below the one an incident is new, from the other on it is known."""

_VOTES = 5
"""Nearest rows that have a say in what component a new problem is of."""

_AGREE = 2 / 3
"""Share of the incidents that must have been dealt with in one way for a row to prescribe it."""


class Fate(StrEnum):
    """What became of a closed incident."""

    PROBLEM = "problem"
    """It is evidence of a proposed row."""
    EXAMPLE = "example"
    """It is evidence of a proposed example."""
    COVERED = "covered"
    """Its row has such an example already."""
    UNSURE = "unsure"
    """It may be a case of its row, and may be not."""
    UNDOCUMENTED = "undocumented"
    """No row covers it, and nobody wrote what was done."""
    OTHERWISE = "otherwise"
    """It is a case of its row, and the team did something else, or had to do it again."""
    UNTOLD = "untold"
    """It is a case of its row by what was asked alone: nobody wrote what was done."""
    OWN = "own"
    """Resuelve had a hand in it, and no person showed that no row covers it: it would learn from itself."""
    SILENT = "silent"
    """It says nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """A closed incident, and what became of it.

    Attributes:
        problem: the nearest row; empty when none was near.
        known: probability that it is a case of that row.
        proposal: the proposal that it is evidence of; empty when of none.
    """

    code: str
    fate: Fate
    problem: str
    known: float
    proposal: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes:
        fates: of every incident, in their order.
    """

    proposals: tuple[Proposal, ...]
    fates: tuple[Told, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """Incidents by fate; every fate is named."""
        counted = Counter(one.fate for one in self.fates)
        return {fate.value: counted[fate] for fate in Fate}


def find_proposals(
    closed: Sequence[Incident],
    knowledge: Knowledge,
    *,
    label: str,
    chat: ChatModel | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Found:
    """Look what closed incidents could add to the dictionary. Nothing is changed.

    Args:
        label: by which Resuelve's own messages are recognised.
        chat: words the proposals; without it their words are those of the incidents.
        progress: told how many of how many incidents were read.

    Raises:
        ModelUnavailable: the embedder gave no answer.
        VectorIndexError: the index could not be searched.
    """
    lessons = [by_people(incident, label=label) for incident in closed]
    people = People(closed, own_words(knowledge.problems))
    past = look([lesson.asked for lesson in lessons], knowledge, people, label=label, progress=progress)
    novelty = Novelty(knowledge)
    vectors = with_answers(centred(past.vectors, knowledge.index.background()), [one.told for one in lessons])
    fates: dict[int, Told] = {}
    proposals: list[Proposal] = []
    judged = _together(list(novelty.rows(past, lessons)), clusters(vectors, ANSWERED))
    desk = _Desk(past, lessons, vectors, people, knowledge, chat)
    for group, one in judged:
        for fate, rows in desk.sorted_out(group, one).items():
            proposal = desk.proposal(fate, rows, one) if fate in (Fate.PROBLEM, Fate.EXAMPLE) else None
            proposals += [proposal] if proposal else []
            for row in rows:
                code = past.asked[row].code
                fates[row] = Told(code, fate, one.problem, round(one.known, 3), proposal.id if proposal else "")
    placed = with_neighbours(proposals, knowledge.problems, knowledge.embedder, knowledge.index.background())
    ordered = sorted(placed, key=lambda one: (one.kind is ProposalKind.EXAMPLE, -len(one.evidence), one.id))
    found = Found(tuple(ordered), tuple(fates[row] for row in range(len(closed))))
    log.info("maintenance.ended", tickets=len(closed), found=len(ordered), outcomes=found.counts)
    return found


@dataclass(frozen=True, slots=True)
class _Judged:
    """The row that a closed incident is most likely a case of (empty: none was near), and how likely, 0 to 1."""

    problem: str
    known: float


def _together(
    rows: Sequence[Sequence[tuple[str, dict[str, float]]]], groups: Sequence[Sequence[int]]
) -> Iterator[tuple[Sequence[int], _Judged]]:
    """Each group with the row that explains its incidents best, by the mean of their log-odds.

    A row that one of them does not know at all is taken for worse than any that it knows.
    """
    odds = [{row: _odds(probability(values)) for row, values in one} for one in rows]
    for group in groups:
        # Incidents that say nothing, in question and answer, are alike in that alone.
        for part in [group] if any(odds[at] for at in group) else [[at] for at in group]:
            known = [odds[at] for at in part if odds[at]]
            names = sorted(set().union(*known)) if known else []
            mean = {name: sum(one.get(name, min(one.values()) - 1) for one in known) / len(known) for name in names}
            best = max(names, key=lambda name: mean[name], default="")
            yield part, _Judged(best, 1 / (1 + math.exp(-mean[best])) if best else 0.0)


class _Desk:
    """The closed incidents with what is needed to make proposals of them."""

    def __init__(
        self,
        past: Past,
        lessons: Sequence[Lesson],
        vectors: Vectors,
        people: People,
        knowledge: Knowledge,
        chat: ChatModel | None,
    ) -> None:
        self._past, self._lessons, self._vectors = past, lessons, vectors
        self._people, self._knowledge, self._chat = people, knowledge, chat
        self._mailboxes = Mailboxes(past, lessons, knowledge.problems)
        self._agents = {one.prescription.agent_code for one in knowledge.problems.values()}

    def sorted_out(self, group: Sequence[int], judged: _Judged) -> dict[Fate, list[int]]:
        """The incidents of a group by what becomes of them."""
        found: dict[Fate, list[int]] = {}
        for row in group:
            found.setdefault(self._fate(row, judged), []).append(row)
        undocumented = found.get(Fate.UNDOCUMENTED)
        if undocumented and Fate.PROBLEM in found:  # what one did not write, another did
            found[Fate.PROBLEM] = sorted([*found[Fate.PROBLEM], *found.pop(Fate.UNDOCUMENTED)])
        return found

    def _fate(self, row: int, judged: _Judged) -> Fate:
        one, lesson = self._past.asked[row], self._lessons[row]
        if not one.text:
            return Fate.SILENT
        if lesson.automatic and (judged.known >= NEW_BELOW or not documented(lesson.answer)):
            return Fate.OWN
        if judged.known < NEW_BELOW:
            return Fate.PROBLEM if documented(lesson.answer) else Fate.UNDOCUMENTED
        if judged.known < KNOWN_FROM:
            return Fate.UNSURE
        problem = self._knowledge.problems[judged.problem]
        if lesson.reopened or differs(lesson, problem):
            return Fate.OTHERWISE
        if not documented(lesson.told):
            return Fate.UNTOLD
        same = any(self._knowledge.lexicon.nearly_same(one.text, example) for example in problem.examples)
        return Fate.COVERED if same else Fate.EXAMPLE

    def proposal(self, fate: Fate, rows: Sequence[int], judged: _Judged) -> Proposal:
        """One proposal of these incidents."""
        lessons = [self._lessons[row] for row in rows]
        evidence = tuple(self._evidence(row) for row in rows)
        answer = unbroken(typical_answer(lessons, self._people))
        grade, reasons = graded(lessons, answer)
        kind = ProposalKind(fate.value)
        made = Proposal(
            id=proposal_id(kind, (one.code for one in evidence)),
            kind=kind,
            problem=judged.problem,
            component="",
            description=self._described(rows),
            kind_of_incident="",
            solution=answer,
            prescription=self._prescription(lessons),
            resolved_on=max((one.closed_on for one in evidence if one.closed_on), default=None),
            certainty=round(judged.known if kind is ProposalKind.EXAMPLE else 1 - judged.known, 3),
            grade=grade,
            reasons=reasons,
            evidence=evidence,
        )
        return self._example(made) if kind is ProposalKind.EXAMPLE else self._new(made, rows)

    def _example(self, made: Proposal) -> Proposal:
        """An example has everything of its row but the words in which it was asked."""
        row = self._knowledge.problems[made.problem]
        return replace(
            made,
            component=row.component,
            kind_of_incident=row.kind,
            solution=row.solution,
            prescription=row.prescription,
        )

    def _new(self, made: Proposal, rows: Sequence[int]) -> Proposal:
        component = self._component(rows)
        alike = [one for one in self._alike(rows) if one.component == component]
        words = Words(made.description, made.solution, component)
        words = worded(words, made.evidence, self._knowledge.components, self._chat)
        return replace(
            made,
            problem=made.id,
            component=words.component,
            kind_of_incident=_most([one.kind for one in alike]),
            description=words.description,
            solution=words.solution,
            worded_by=words.by,
        )

    def _alike(self, rows: Sequence[int]) -> list[KnownError]:
        """The nearest rows of each incident."""
        return [near.problem for row in rows for near in self._past.asked[row].near[:_VOTES]]

    def _component(self, rows: Sequence[int]) -> str:
        """That of the nearest rows, as far as the mailboxes get incidents of it."""
        votes: dict[str, float] = {}
        for row in rows:
            for near in self._past.asked[row].near[:_VOTES]:
                name = near.problem.component
                votes[name] = votes.get(name, 0.0) + math.exp(self._mailboxes.filed(row, name))
        return max(sorted(votes), key=lambda name: votes[name], default="")

    def _described(self, rows: Sequence[int]) -> str:
        """As the incident in the middle asked it; as another did where somebody is named in its words."""
        middle = medoid(self._vectors, rows)
        texts = [described(self._past.asked[row]) for row in (middle, *(row for row in rows if row != middle))]
        return next((text for text in texts if HIDDEN not in text), unbroken(texts[0]))

    def _evidence(self, row: int) -> Evidence:
        one, lesson = self._past.asked[row], self._lessons[row]
        requester = lesson.incident.requester
        return Evidence(
            code=one.code,
            title=one.title,
            answer=shown_text(lesson.told, self._people, requester),
            done=lesson.done,
            closed_on=_day(lesson),
            reopened=lesson.reopened,
        )

    def _prescription(self, lessons: Sequence[Lesson]) -> Prescription:
        """What was really done, if most agree and a row can prescribe it; else a person decides."""
        done, count = Counter(one.done for one in lessons).most_common(1)[0]
        unknown = done.kind is ResolutionKind.AGENT and done.agent_code not in self._agents
        if unknown or count < _AGREE * len(lessons):
            return Prescription(ResolutionKind.MANUAL)
        return done


def _day(lesson: Lesson) -> date | None:
    return lesson.finished.date() if lesson.finished else None


def _most(names: Sequence[str]) -> str:
    return Counter(names).most_common(1)[0][0] if names else ""


def _odds(share: float) -> float:
    return math.log(share / (1 - share))
