"""What the product makes of each labelled ticket: the stages of a run, up to the point where an agent would be asked.

No ticket manager, no journal, no durable step. Texts are embedded many at a time, as no run does, so the time of an
incident in a run is a little longer than the one that is told here.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock

import numpy as np

from resuelve.domain.decision import Critique, Doubt, HandOff, Permission, Verdict
from resuelve.domain.errors import ModelUnavailable
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.knowledge.standing import each
from resuelve.models import ChatModel, Embedder, Part, Vectors
from resuelve.replay.sets import LabelledCase
from resuelve.resolution.authorise import permission_of
from resuelve.resolution.consult import prescribed
from resuelve.resolution.critique import VETOED
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.deliberation import Deliberation
from resuelve.resolution.identify import identify
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.read import read
from resuelve.resolution.reformulate import reformulate
from resuelve.resolution.rules import Rules
from resuelve.resolution.score import FEATURES, Scoring
from resuelve.resolution.trace import Trace
from resuelve.resolution.votes import Votes, against, cast

EMBED = "embed"
"""The stage in which a block's texts are embedded; its time is shared evenly among the block's tickets."""

MOST_IN_A_ROW = 5
"""Cases for which a model does not answer, one after the other, before it counts as out of reach."""

_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was decided about a case.

    Attributes:
        ranking: problem ids, best first: the choice, then what the ranking kept, then whatever else retrieval found.
        confidence: the critic's score of the first, 0 to 1, as people see it: at most .49 where a rule speaks against
            the row. 0 where there is no row.
        score: the same without the rules, and without a language model's own figure (`resolution.score`).
        may_act: neither a rule nor a language model spoke against the row, and it leaves the ticket to no person, so
            that only its confidence decides.
        by_hand: the row itself, or the policy, leaves the ticket to a person.
        approved: the critic approved the row at the threshold that is set, and it would be acted on.
        word: how the dictionary names what the row leads to (``cierre``, ``api|CODE``); empty where there is no row.
        doubt: why it was not.
        ms: milliseconds by stage.
        features: what the score was made of.
        model_score: a language model's own figure for the row, 0 to 1, which the confidence does not exceed; 1 without.
        votes: of a language model; empty where none was asked. See `resolution.votes`.
        weighable: nothing but the score, and a language model, decides about the row: what became of it is a label of
            the score, whatever the model said.
        sparable: what was learned of a model's noes may be used about it; see `Reading.fresh`.
    """

    case: LabelledCase
    ranking: tuple[str, ...]
    confidence: float
    score: float
    may_act: bool
    by_hand: bool
    approved: bool
    doubt: Doubt
    calls: int
    tokens: int
    word: str = ""
    ms: Mapping[str, float] = field(default_factory=dict)
    features: Mapping[str, float] = field(default_factory=dict)
    model_score: float = 1.0
    votes: Mapping[str, float] = field(default_factory=dict)
    weighable: bool = False
    sparable: bool = False

    @property
    def choice(self) -> str:
        """The first of the ranking; empty when nothing at all was found."""
        return self.ranking[0] if self.ranking else ""

    @property
    def right(self) -> bool:
        """The first choice is one of those that are right."""
        return self.choice in self.case.expected

    def rescored(self, scoring: Scoring) -> Prediction:
        """The same choice, scored otherwise. What a rule or a language model said of it stays; what a no of the model
        is worth is what `scoring` says.
        """
        if not self.features:
            return self
        points = scoring.score(self.features)
        left = self._left(points, scoring.votes)
        if left is not None:
            return replace(self, score=points / 100, confidence=left / 100, may_act=True)
        most = self.model_score if self.may_act else VETOED / 100
        return replace(self, score=points / 100, confidence=min(points / 100, most))

    def _left(self, points: float, votes: Votes) -> float | None:
        """Of the score, where the model would not be asked or its no be spared, at the threshold for which that holds;
        None otherwise.
        """
        if not self.sparable:
            return None
        if votes.certain(points, votes.threshold):
            return points
        no = against(self.votes)
        return votes.after_no(points, no) if votes.spares(points, no, votes.threshold) else None


@dataclass(frozen=True, slots=True)
class Undecided:
    """A case for which a model did not answer: nobody knows what would have been decided."""

    case: LabelledCase
    error: ModelUnavailable


class RememberingEmbedder:
    """An embedder that keeps the vectors of the texts that it was told to prepare.

    Args:
        most: of what is embedded besides, so many texts are kept, too (1.5 KB each).
    """

    def __init__(self, embedder: Embedder, *, most: int = 0) -> None:
        self._embedder = embedder
        self._most = most
        self._kept: dict[str, Vectors] = {}
        self._block: dict[str, Vectors] = {}

    @property
    def identity(self) -> str:
        """See `Embedder.identity`."""
        return self._embedder.identity

    @property
    def dimension(self) -> int:
        """See `Embedder.dimension`."""
        return self._embedder.dimension

    @property
    def parts(self) -> tuple[Part, ...]:
        """See `Embedder.parts`."""
        return self._embedder.parts

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        missing = [text for text in texts if text not in self._kept and text not in self._block]
        new = dict(zip(missing, self._embedder.embed(missing), strict=True)) if missing else {}
        self._remembered(new)
        found = [new.get(text, self._block.get(text, self._kept.get(text))) for text in texts]
        vectors = [vector for vector in found if vector is not None]
        return np.stack(vectors) if vectors else np.zeros((0, self.dimension), dtype=np.float32)

    def keep(self, texts: Sequence[str], progress: Callable[[int, int], None] = lambda *_: None) -> None:
        """Embed texts that will be asked for again and again: those of the dictionary, before its index is built."""
        for start in range(0, len(texts), _BLOCK):
            self._kept |= self._new(texts[start : start + _BLOCK])
            progress(min(start + _BLOCK, len(texts)), len(texts))

    def prepare(self, texts: Sequence[str]) -> None:
        """Embed the texts that are asked for next, in one call; those prepared before are forgotten."""
        new = self._new(texts)
        self._block = {} if self._remembered(new) else new

    def _remembered(self, new: Mapping[str, Vectors]) -> bool:
        if len(self._kept) + len(new) > self._most:
            return False
        self._kept |= new
        return True

    def _new(self, texts: Sequence[str]) -> dict[str, Vectors]:
        different = [text for text in dict.fromkeys(texts) if text not in self._kept]
        return dict(zip(different, self._embedder.embed(different), strict=True)) if different else {}


def predict(
    cases: Sequence[LabelledCase],
    knowledge: Knowledge,
    embedder: RememberingEmbedder,
    rules: Rules,
    *,
    chat: ChatModel | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Prediction, ...]:
    """Decide every case, in their order.

    Args:
        knowledge: stands on `embedder`.
        workers: cases decided at the same time; only a language model makes more than one worth it, and the times of
            the stages are then those of busy threads.
        progress: told how many of how many are done.

    Raises:
        ModelUnavailable: the embedder or the language model did not answer.
        VectorIndexError: the index could not be searched.
    """
    predictor = _Predictor(knowledge, embedder, rules, chat, workers, progress, clock, _Patience(1))
    return tuple(one for one in predictor.over(cases) if isinstance(one, Prediction))


def attempt(
    cases: Sequence[LabelledCase],
    knowledge: Knowledge,
    embedder: RememberingEmbedder,
    rules: Rules,
    *,
    chat: ChatModel | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Prediction | Undecided, ...]:
    """The same, except that a case for which a model does not answer is set aside, and the others are decided.

    Raises:
        ModelUnavailable: it did not answer for `MOST_IN_A_ROW` cases one after the other.
        VectorIndexError: the index could not be searched.
    """
    return tuple(
        _Predictor(knowledge, embedder, rules, chat, workers, progress, clock, _Patience(MOST_IN_A_ROW)).over(cases)
    )


class _Patience:
    """Counts failures that follow one another, in whatever thread."""

    def __init__(self, most: int) -> None:
        self._left = self._most = most
        self._lost: ModelUnavailable | None = None
        self._lock = Lock()

    def answered(self) -> None:
        with self._lock:
            self._left = self._most

    def failed(self, error: ModelUnavailable) -> None:
        """Raises the error when it has lasted long enough."""
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                self._lost = self._lost or error
        self.check()

    def check(self) -> None:
        """Raises the error with which it was lost; nobody begins anything after that, in whatever thread."""
        if self._lost:
            raise self._lost


@dataclass(frozen=True, slots=True)
class _Predictor:
    knowledge: Knowledge
    embedder: RememberingEmbedder
    rules: Rules
    chat: ChatModel | None
    workers: int
    progress: Callable[[int, int], None]
    clock: Callable[[], float]
    patience: _Patience

    def over(self, cases: Sequence[LabelledCase]) -> Iterator[Prediction | Undecided]:
        self.progress(0, len(cases))
        for start in range(0, len(cases), _BLOCK):
            block, begun = cases[start : start + _BLOCK], self.clock()
            # Where this fails, each case asks for its own texts, and it shows which ones get no answer.
            with suppress(ModelUnavailable):
                self.embedder.prepare([text for case in block for text in self._texts(case.incident)])
            work = partial(self._decided, embedding=1000 * (self.clock() - begun) / len(block))
            done = lambda count, _, start=start: self.progress(start + count, len(cases))  # noqa: E731
            yield from each(work, block, workers=self.workers, progress=done)

    def _decided(self, case: LabelledCase, *, embedding: float) -> Prediction | Undecided:
        self.patience.check()
        try:
            decided = deliberate(
                case.incident,
                knowledge=self.knowledge,
                rules=self.rules,
                agents={},
                chat=self.chat,
                trace=Trace(self.clock),
            )
        except ModelUnavailable as error:
            self.patience.failed(error)
            return Undecided(case, error)
        self.patience.answered()
        return _prediction(case, decided, self.rules, embedding)

    def _texts(self, incident: Incident) -> list[str]:
        """What will be embedded for a ticket, apart from a language model's sentence and second matters."""
        reading = read(incident, label=self.rules.label)
        known, found = self.knowledge, identify(reading)
        queries = reformulate(reading, found, components=known.components, terse=known.terse, reports=known.reports)
        return [query.text for query in queries]


def _prediction(case: LabelledCase, decided: Deliberation, rules: Rules, embedding: float) -> Prediction:
    problem, critique = decided.problem, decided.critique
    found = decided.findings
    ranked = [one.problem.id for one in found.ranked]
    rest = [one.problem.id for one in found.found.candidates]
    first = [problem.id] if problem else []
    ms: dict[str, float] = defaultdict(float, {EMBED: embedding})
    for step in decided.trace.steps:
        ms[step.stage] += 1000 * step.seconds
    by_hand = False
    if problem:
        resolution = prescribed(problem)
        leave, _ = permission_of(resolution, rules.policy)
        by_hand = isinstance(resolution, HandOff) or leave is not Permission.AUTOMATIC
    weighable = critique is not None and _weighable(critique) and not by_hand
    tried = critique is not None and critique.verdict is Verdict.ALREADY_TRIED
    return Prediction(
        case=case,
        ranking=tuple(dict.fromkeys([*first, *ranked, *rest])),
        confidence=critique.score / 100 if critique else 0.0,
        score=rules.scoring.score(_features(critique)) / 100 if critique else 0.0,
        may_act=critique is not None and _unopposed(critique) and not by_hand,
        by_hand=by_hand,
        approved=critique is not None and problem is not None and _approved(critique, problem, rules) and not by_hand,
        doubt=decided.doubt,
        calls=decided.usage.calls,
        tokens=decided.usage.tokens_in + decided.usage.tokens_out,
        word=problem.prescription.label if problem else "",
        ms=dict(ms),
        features=_features(critique) if critique else {},
        model_score=critique.features.get("model_score", 100.0) / 100 if critique else 1.0,
        votes=cast(critique.features) if critique else {},
        weighable=weighable,
        sparable=weighable and not tried and found.reading.fresh and not found.carried,
    )


def _approved(critique: Critique, problem: KnownError, rules: Rules) -> bool:
    """As `authorise` sees it: a language model may approve and yet give less than the threshold."""
    return critique.verdict is Verdict.APPROVED and critique.score >= rules.threshold_for(problem)


def _unopposed(critique: Critique) -> bool:
    """Only the score decided: neither a rule nor a language model, which may reject for a weak match too, said no."""
    if critique.verdict is Verdict.APPROVED:
        return True
    return critique.doubt is Doubt.WEAK_MATCH and "model_score" not in critique.features


def _weighable(critique: Critique) -> bool:
    """No rule said no: if anybody did, it was the language model."""
    return _unopposed(critique) or bool(against(critique.features)) or critique.doubt is Doubt.MODEL_FAILED


def _features(critique: Critique) -> dict[str, float]:
    return {name: critique.features[name] for name in FEATURES if name in critique.features}
