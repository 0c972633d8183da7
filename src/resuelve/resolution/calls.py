"""What the models of one incident were given and answered: every call of every role, for the history.

A model in the process (embedder, order, choice, critic) is recorded as a language model is. What is kept of the rows is
what a student needs: the features exactly as the critic sees them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from resuelve.domain.decision import Choice, Critique
from resuelve.domain.errors import ModelError
from resuelve.journal import Json
from resuelve.models import ChatModel, Completion, Embedder, Part, Prompt, Usage, Vectors, metered
from resuelve.models.port import OutputT
from resuelve.resolution.case import Case
from resuelve.resolution.merits import state_of
from resuelve.resolution.read import LONGEST_TEXT
from resuelve.resolution.reformulate import Query
from resuelve.resolution.rerank import Ranked
from resuelve.resolution.score import FEATURES

MOST_ORDERED = 10
"""Rows of an order that are kept."""

_NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Call:
    """One call; see `journal.ModelCall`."""

    role: str
    model: str
    input: Json
    output: Json
    at: datetime
    prompt: str = ""
    error: str = ""
    usage: Usage = _NOTHING


@dataclass(slots=True, eq=False)
class Calls:
    """Collects the calls of one incident. Not for several threads.

    Args:
        versions: see `Rules.versions`.
        heard: False where nothing is kept; then nothing is computed for it either.
        clock: monotonic seconds.
        now: the time with its zone.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    heard: bool = True
    clock: Callable[[], float] = time.perf_counter
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    made: list[Call] = field(default_factory=list, init=False)

    def embedder(self, embedder: Embedder) -> Embedder:
        """The embedder, heard."""
        return _HeardEmbedder(embedder, self) if self.heard else embedder

    def reformulated(self, texts: Mapping[str, str], queries: Sequence[Query], seconds: float) -> None:
        """The texts of a ticket, by source, as far as the stages look at them, and the queries made of them."""
        looked_at = {source: text[:LONGEST_TEXT] for source, text in texts.items()}
        self._here("reformulate", {"texts": looked_at}, {"queries": _as_json(queries)}, seconds)

    def ranked(self, queries: Sequence[Query], order: Sequence[Ranked], case: Case | None, seconds: float) -> None:
        """An order of rows, the first of it with the features that the critic would see of each.

        Args:
            case: as the critic would look at any of them; None where there is no row.
        """
        if not self.heard:
            return
        found = _ordered(order[:MOST_ORDERED], case) if case else []
        given = {"queries": _as_json(queries), "candidates": len(order)}
        self._here("rerank", given, {"order": found}, seconds)

    def decided(self, given: Json, choice: Choice, seconds: float) -> None:
        """A choice among rows; `given` names those that were offered, and those to avoid."""
        chosen = choice.problem.id if choice.problem else None
        self._here("decide", given, {"chosen": chosen, "reason": choice.reason}, seconds)

    def criticised(self, case: Case, verdict: Critique, seconds: float) -> None:
        """What the critic said of a row, without a language model."""
        values = {name: float(verdict.features[name]) for name in FEATURES if name in verdict.features}
        self._here(
            "critique",
            {
                "problem": case.problem.id,
                "state": state_of(case.problem),
                "features": values,
                "threshold": float(case.threshold),
            },
            {
                "verdict": verdict.verdict.value,
                "score": float(verdict.score),
                "doubt": verdict.doubt.value,
                "reason": verdict.reason,
            },
            seconds,
        )

    def answered(self, prompt: Prompt, model: str, answer: Json, usage: Usage, error: str = "") -> None:
        """What a language model was asked and answered, or why it did not."""
        self.note(prompt.role, model, _asked(prompt), answer, usage=usage, prompt=prompt.version, error=error)

    def note(
        self,
        role: str,
        model: str,
        given: Json,
        output: Json,
        *,
        usage: Usage,
        prompt: str = "",
        error: str = "",
    ) -> None:
        """Keep a call that has ended now."""
        if self.heard:
            self.made.append(Call(role, model, given, output, self.now(), prompt, error, usage))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within the block, calls of `Overheard` models in this thread are of this incident."""
        token = _listening.set(self)
        try:
            yield
        finally:
            _listening.reset(token)

    def _here(self, role: str, given: Json, output: Json, seconds: float) -> None:
        self.note(role, self.versions.get(role) or _product(), given, output, usage=Usage(seconds=seconds))


UNHEARD = Calls(heard=False)
"""Where nothing is kept."""

_listening: ContextVar[Calls] = ContextVar("listening", default=UNHEARD)


class HeardChat:
    """A chat model whose calls, failed ones too, are told to somebody.

    Args:
        to: who is told; asked anew for every call.
    """

    def __init__(
        self, chat: ChatModel, to: Callable[[], Calls], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._chat = chat
        self._to = to
        self._clock = clock

    @property
    def name(self) -> str:
        return self._chat.name

    def complete(self, prompt: Prompt, output: type[OutputT]) -> Completion[OutputT]:
        begun = self._clock()
        try:
            completion = self._chat.complete(prompt, output)
        except ModelError as error:
            spent = Usage(error.calls, error.tokens_in, error.tokens_out, self._clock() - begun)
            self._to().answered(prompt, self.name, None, spent, str(error))
            raise
        cost = completion.usage
        spent = Usage(cost.calls, cost.tokens_in, cost.tokens_out, self._clock() - begun)
        self._to().answered(prompt, self.name, completion.output.model_dump(mode="json"), spent)
        return completion


def overheard(chat: ChatModel) -> ChatModel:
    """A model that is asked deep below `deliberate`: its calls are those of the incident that the thread is at."""
    return HeardChat(chat, _listening.get)


def overhear(role: str, model: str, given: Json, output: Json, seconds: float, error: str = "") -> None:
    """Note a call of a model in the process that is asked deep below `deliberate`."""
    _listening.get().note(role, model, given, output, usage=Usage(seconds=seconds), error=error)


class _HeardEmbedder:
    def __init__(self, embedder: Embedder, calls: Calls) -> None:
        self._embedder = embedder
        self._calls = calls

    @property
    def identity(self) -> str:
        return self._embedder.identity

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._embedder.parts

    def embed(self, texts: Sequence[str]) -> Vectors:
        calls, begun = self._calls, self._calls.clock()
        with metered() as meter:
            try:
                vectors = self._embedder.embed(texts)
            except ModelError as error:
                spent = meter.usage + Usage(error.calls, error.tokens_in, error.tokens_out, calls.clock() - begun)
                calls.note("embed", self.identity, list(texts), None, usage=spent, error=str(error))
                raise
        shape = {"vectors": len(vectors), "dimension": self.dimension}
        spent = meter.usage + Usage(seconds=calls.clock() - begun)
        calls.note("embed", self.identity, list(texts), shape, usage=spent)
        return vectors


def picture_as_json(media: str, data: bytes) -> Json:
    """What is kept of a picture: which one it was, not the picture."""
    return {"media": media, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _asked(prompt: Prompt) -> Json:
    given: dict[str, Json] = {"system": prompt.system, "user": prompt.user}
    if prompt.pictures:
        given["pictures"] = [picture_as_json(one.media, one.data) for one in prompt.pictures]
    return given


def _as_json(queries: Sequence[Query]) -> Json:
    return [{"text": one.text, "purpose": one.purpose, "weight": float(one.weight)} for one in queries]


def _ordered(order: Sequence[Ranked], case: Case) -> Json:
    # No row is a rival of its own (`features` leaves it out), so one list of rivals does for all of them.
    rivals = [one for one in case.ranked if case.timely(one.problem)]
    found = []
    for one in order:
        values = case.features_of(one, rivals)
        found.append(
            {
                "problem": one.problem.id,
                "state": state_of(one.problem),
                "relevance": float(one.relevance),
                "features": {name: float(value) for name, value in values.items()},
            }
        )
    return found


@cache
def _product() -> str:
    try:
        return f"resuelve {version('resuelve')}"
    except PackageNotFoundError:  # run from its sources
        return "resuelve"
