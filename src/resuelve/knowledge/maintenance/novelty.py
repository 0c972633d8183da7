"""Is a closed incident a case of a row of the dictionary, or a problem that no row covers?

What was asked is compared with the row's description, what the team answered with its solution, and what was done with
what it prescribes. The second matters most: people ask for many things in few words, and a team that does what a row
says writes about the same things. An answer that says nothing («ok») leaves only the first, so there are two sets of
weights. They come from `benchmarks/novelty/fit.py` (logistic regression; Hastie, Tibshirani and Friedman, The Elements
of Statistical Learning, 2nd ed., section 4.4), which takes rows away from two invented desks and looks what becomes of
their incidents.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

import numpy as np

from resuelve.knowledge.maintenance.mailboxes import Mailboxes
from resuelve.knowledge.mining.answers import with_answers
from resuelve.knowledge.mining.asked import Asked, Past
from resuelve.knowledge.mining.clusters import centred
from resuelve.knowledge.mining.problems import differs
from resuelve.knowledge.past import Lesson
from resuelve.models import Vectors
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.retrieve import LEAST_SPREAD
from resuelve.resolution.words import Lexicon, language_of, stems
from resuelve.vectors import id_of

_TELLING = 1.5
"""An answer that says less than one and a half words that no other solution has, says nothing."""

_BY_ANSWER = 4
"""Rows that are looked at because of their solution, however little was asked in their words."""

_NEITHER = {"coverage": 0.3, "echo": 0.25, "words": 0.24, "unlike": 0.6}
"""Where an incident or an answer is in another language than the dictionary, shared words tell nothing. These values
neither speak for a row nor against it: `benchmarks/novelty/fit.py` finds them, on average, where it cannot tell."""

ANSWERED = ("closeness", "coverage", "filed", "words", "meaning", "unlike", "otherwise", "kin")
SILENT = ("closeness", "coverage", "echo", "filed")


class Novelty:
    """Compares closed incidents with the rows of a dictionary.

    Raises:
        ModelUnavailable: the embedder gave no answer; so do its methods.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self._problems = knowledge.problems
        self._embedder = knowledge.embedder
        self._language = knowledge.lexicon.language
        self._ids = list(knowledge.problems)
        self._told = [f"{one.solution} {one.description}" for one in knowledge.problems.values()]
        self._lexicon = Lexicon(self._told)
        self._place = {problem: at for at, problem in enumerate(self._ids)}
        self._solved = [one.solution for one in knowledge.problems.values()]
        self._solutions = self._embedder.embed([text or self._told[at] for at, text in enumerate(self._solved)])
        described = [id_of(one.id, one.description) for one in knowledge.problems.values()]
        self._asked = knowledge.index.vectors(described)
        self._background = knowledge.index.background()

    def rows(self, past: Past, lessons: Sequence[Lesson]) -> Iterator[tuple[tuple[str, dict[str, float]], ...]]:
        """For each incident the rows that come into question, with their features.

        - ``closeness``: of what was asked to the row's nearest example, in standard deviations above the dictionary;
        - ``coverage``, ``echo``: see `resolution.rerank.Ranked`;
        - ``filed``: how much more often than elsewhere this mailbox gets incidents of the row's component (log ratio);
        - ``words``: likeness of the answer's words to those of the row, by rarity; ``unlike`` is the share of the
          answer's telling words that the row does not have;
        - ``meaning``: of the answer to the solution, in standard deviations above all solutions;
        - ``otherwise``: 1 when the team did something else than the row prescribes;
        - ``kin``: how much more another incident resembles it, in question and answer, than the row does.

        Words of two languages tell nothing (`_NEITHER`).
        """
        # What stands in many answers («pasada al equipo») tells little; the rows alone do not know that.
        self._lexicon = Lexicon([*self._told, *(lesson.told for lesson in lessons if lesson.told)])
        answers = [lesson.told if self._says_something(lesson.told) else "" for lesson in lessons]
        told = [answer for answer in answers if answer]
        vectors = iter(self._embedder.embed(told)) if told else iter(())
        kinship = _Kinship(past.vectors, answers, self._asked, self._solved, self._background)
        mailboxes = Mailboxes(past, lessons, self._problems)
        for at, (one, lesson, answer) in enumerate(zip(past.asked, lessons, answers, strict=True)):
            found = (
                self._answered(one, lesson, answer, next(vectors), kinship.beyond(at)) if answer else self._silent(one)
            )
            yield tuple(
                (row, values | {"filed": mailboxes.filed(at, self._problems[row].component)}) for row, values in found
            )

    def _answered(
        self, one: Asked, lesson: Lesson, answer: str, vector: Vectors, kin: Vectors
    ) -> Iterator[tuple[str, dict[str, float]]]:
        foreign = language_of(answer) != self._language
        words, meaning = self._words(answer), self._meaning(vector)
        by_words = () if foreign else map(int, np.argsort(-words)[:_BY_ANSWER])
        near = {self._place[ranked.problem.id] for ranked in one.near}
        near.update(by_words, map(int, np.argsort(-meaning)[:_BY_ANSWER]))
        for at in sorted(near):
            problem = self._problems[self._ids[at]]
            yield (
                problem.id,
                _asked(one, problem.id)
                | {
                    "words": _NEITHER["words"] if foreign else float(words[at]),
                    "meaning": float(meaning[at]),
                    "unlike": _NEITHER["unlike"] if foreign else self._unlike(answer, at),
                    "otherwise": float(differs(lesson, problem)),
                    "kin": float(kin[at]),
                },
            )

    def _silent(self, one: Asked) -> Iterator[tuple[str, dict[str, float]]]:
        for ranked in one.near:
            yield ranked.problem.id, _asked(one, ranked.problem.id)

    def _says_something(self, answer: str) -> bool:
        return self._lexicon.telling(stems(answer)) >= _TELLING

    def _words(self, answer: str) -> Vectors:
        """Likeness of an answer's words to those of every row."""
        return np.array([self._lexicon.likeness(answer, told) for told in self._told], dtype=np.float32)

    def _meaning(self, vector: Vectors) -> Vectors:
        cosines = self._solutions @ vector
        standard: Vectors = (cosines - cosines.mean()) / max(float(cosines.std()), LEAST_SPREAD)
        return standard

    def _unlike(self, answer: str, at: int) -> float:
        said, problem = stems(answer), self._problems[self._ids[at]]
        own = frozenset().union(*(stems(text) for text in (self._told[at], problem.component, *problem.examples)))
        return self._lexicon.telling(said - own) / max(self._lexicon.telling(said), 1e-9)


class _Kinship:
    """Incidents and rows in one space, by what was asked and what was answered.

    A team that has solved a problem twice writes about it in its own words, twice; where a row already said them, the
    row is as near.
    """

    def __init__(
        self, asked: Vectors, answers: Sequence[str], rows: Vectors, solutions: Sequence[str], background: Vectors
    ) -> None:
        middle = centred(np.concatenate([asked, rows]), background)
        everything = with_answers(middle, [*answers, *solutions])
        self._incidents, self._rows = everything[: len(asked)], everything[len(asked) :]
        self._said = [" ".join(sorted(stems(answer))) for answer in answers]

    def beyond(self, at: int) -> Vectors:
        """How much nearer the nearest other incident is than each row; 0 where the row is as near.

        One with the very same answer tells nothing: a text that is pasted everywhere is nobody's kin.
        """
        likeness = self._incidents @ self._incidents[at]
        others = [like for like, said in zip(likeness, self._said, strict=True) if said and said != self._said[at]]
        beyond: Vectors = np.maximum(0.0, max(others, default=0.0) - self._rows @ self._incidents[at])
        return beyond


def _asked(one: Asked, problem: str) -> dict[str, float]:
    ranked = next((near for near in one.near if near.problem.id == problem), None)
    # No nearer than the farthest that was found, if it is not among them.
    closeness = ranked.closeness if ranked else min((near.closeness for near in one.near), default=0.0)
    if one.foreign:
        return {"closeness": closeness, "coverage": _NEITHER["coverage"], "echo": _NEITHER["echo"]}
    return {
        "closeness": closeness,
        "coverage": ranked.coverage if ranked else 0.0,
        "echo": ranked.echo if ranked else 0.0,
    }


def probability(values: Mapping[str, float]) -> float:
    """That an incident with these features is a case of the row, 0 to 1."""
    weights = _weights()["answered" if "words" in values else "silent"]
    names = ANSWERED if "words" in values else SILENT
    odds = weights["intercept"] + sum(weights[name] * values[name] for name in names)
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, odds))))


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    text = resources.files(__package__).joinpath("novelty.json").read_text(encoding="utf-8")
    weights: dict[str, dict[str, float]] = json.loads(text)
    return weights
