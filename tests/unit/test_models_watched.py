"""What is told of calls of models: names by the conventions, tokens, prices, failures, and no text unless asked."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from opentelemetry.semconv.attributes import error_attributes
from pydantic import BaseModel

from resuelve.domain.errors import ModelOutputInvalid, ModelUnavailable
from resuelve.models import ChatModel, Prompt, Usage, metered
from resuelve.models.hashing import HashEmbedder
from resuelve.models.openai_embeddings import OpenAICompatibleEmbedder
from resuelve.models.port import Completion, OutputT, Vectors
from resuelve.models.scripted import ScriptedChat
from resuelve.models.understudy import Understudy
from resuelve.models.watched import Price, Watch, WatchedChat, WatchedEmbedder
from resuelve.telemetry.memory import MemorySignals
from resuelve.telemetry.metrics import GEN_AI_SECONDS, GEN_AI_TOKENS, MODEL_CALLS, MODEL_COST, MODEL_TOKENS
from tests.model_server import ModelServer, embeddings

SYSTEM, USER, SAID = "Elige una fila de estas.", "La llave 12345678Z no abre «la caja».", "porque sí"


class Choice(BaseModel):
    """What the tests ask for."""

    reason: str


PROMPT = Prompt("decide", "decide@1", SYSTEM, USER)
GOOD = Choice(reason=SAID)


class Fixed:
    """A chat model that costs what it is told."""

    def __init__(self, usage: Usage, error: Exception | None = None) -> None:
        self.name = "gemma3"
        self._usage, self._error = usage, error

    def complete(self, prompt: Prompt, output: type[OutputT]) -> Completion[OutputT]:
        if self._error:
            raise self._error
        return Completion(output.model_validate({"reason": SAID}), self._usage, self.name)


def ticks(step: float = 0.25) -> Callable[[], float]:
    numbers = itertools.count()
    return lambda: next(numbers) * step


def watch(signals: MemorySignals, **more: Any) -> Watch:
    return Watch(signals, "ollama", clock=ticks(), **more)


def text_in(signals: MemorySignals) -> str:
    return repr((signals.spans, signals.counters, signals.gauges, signals.histograms))


def by_name(series: dict[Any, Any], metric: Any) -> dict[tuple[str, ...], Any]:
    """The values of a metric's series, by the values of its labels in the order of their names."""
    return {tuple(v for _, v in labels): value for (name, labels), value in series.items() if name == metric.name}


def test_a_call_is_told_by_the_conventions() -> None:
    signals = MemorySignals()
    WatchedChat(Fixed(Usage(2, 1000, 30)), watch(signals)).complete(PROMPT, Choice)
    (span,) = signals.spans
    assert (span.name, span.calls, span.error) == ("chat gemma3", True, "")
    assert span.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "ollama",
        "gen_ai.request.model": "gemma3",
        "gen_ai.response.model": "gemma3",
        "gen_ai.output.type": "json",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 30,
        "resuelve.role": "decide",
        "resuelve.prompt": "decide@1",
        "resuelve.calls": 2,
    }
    labels = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "ollama", "gen_ai.request.model": "gemma3"}
    assert signals.histograms == {
        (GEN_AI_SECONDS.name, tuple(sorted({**labels, "error.type": ""}.items()))): [0.25],
        (GEN_AI_TOKENS.name, tuple(sorted({**labels, "gen_ai.token.type": "input"}.items()))): [1000],
        (GEN_AI_TOKENS.name, tuple(sorted({**labels, "gen_ai.token.type": "output"}.items()))): [30],
    }
    assert signals.value(MODEL_CALLS, role="decide", model="gemma3", result="ok") == 2
    assert signals.value(MODEL_TOKENS, role="decide", model="gemma3", direction="input") == 1000
    assert signals.value(MODEL_TOKENS, role="decide", model="gemma3", direction="output") == 30
    assert by_name(signals.counters, MODEL_COST) == {}


def test_every_name_is_one_of_the_conventions() -> None:
    signals = MemorySignals()
    WatchedChat(Fixed(Usage(1, 1, 1)), watch(signals, content=True)).complete(PROMPT, Choice)
    WatchedEmbedder(HashEmbedder(), watch(signals)).embed(["a"])
    known = {getattr(gen_ai_attributes, name) for name in dir(gen_ai_attributes) if name.startswith("GEN_AI_")}
    known.add(error_attributes.ERROR_TYPE)
    used = {name for span in signals.spans for name in span.attributes}
    used |= set(GEN_AI_SECONDS.labels) | set(GEN_AI_TOKENS.labels)
    assert {name for name in used if not name.startswith("resuelve.")} <= known
    assert GEN_AI_SECONDS.name == gen_ai_metrics.GEN_AI_CLIENT_OPERATION_DURATION
    assert GEN_AI_TOKENS.name == gen_ai_metrics.GEN_AI_CLIENT_TOKEN_USAGE
    operations = {one.value for one in gen_ai_attributes.GenAiOperationNameValues}
    assert {span.attributes["gen_ai.operation.name"] for span in signals.spans} <= operations
    directions = {one.value for one in gen_ai_attributes.GenAiTokenTypeValues}
    assert {dict(labels).get("gen_ai.token.type", "input") for _, labels in signals.histograms} <= directions
    assert "json" in {one.value for one in gen_ai_attributes.GenAiOutputTypeValues}


def test_nothing_that_was_asked_or_answered_is_told() -> None:
    signals = MemorySignals()
    chat = WatchedChat(Fixed(Usage(1, 10, 5)), watch(signals))
    assert chat.complete(PROMPT, Choice).output == GOOD
    WatchedEmbedder(HashEmbedder(), watch(signals)).embed([USER])
    assert not any(part in text_in(signals) for part in (SYSTEM, USER, SAID, "12345678Z"))


def test_what_was_asked_and_answered_is_told_where_that_is_wanted() -> None:
    signals = MemorySignals()
    long = Prompt("decide", "1", SYSTEM, "ñ" * 100_000)
    watched = WatchedChat(Fixed(Usage(1, 10, 5)), watch(signals, content=True))
    watched.complete(PROMPT, Choice)
    watched.complete(long, Choice)
    short, cut = (span.attributes for span in signals.spans)
    assert short["gen_ai.system_instructions"] == f'[{{"type": "text", "content": "{SYSTEM}"}}]'
    assert USER in str(short["gen_ai.input.messages"])
    assert str(short["gen_ai.input.messages"]).startswith('[{"role": "user", "parts": [{"type": "text"')
    assert SAID in str(short["gen_ai.output.messages"])
    assert len(str(cut["gen_ai.input.messages"])) < 33_000


def test_tokens_cost_what_the_list_says() -> None:
    signals = MemorySignals()
    chat = WatchedChat(Fixed(Usage(1, 2_000_000, 500_000)), watch(signals, prices={"gemma3": Price(0.15, 0.6)}))
    chat.complete(PROMPT, Choice)
    chat.complete(PROMPT, Choice)
    assert signals.value(MODEL_COST, role="decide", model="gemma3") == pytest.approx(2 * (0.3 + 0.3))


@pytest.mark.parametrize(
    "error",
    [
        ModelUnavailable("down", calls=3, tokens_in=40, tokens_out=7),
        ModelOutputInvalid("rubbish", calls=3, tokens_in=40, tokens_out=7),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failed_call_is_told_with_what_it_cost(error: Exception) -> None:
    signals = MemorySignals()
    chat = WatchedChat(Fixed(Usage(), error), watch(signals, prices={"gemma3": Price(1, 1)}))
    with pytest.raises(type(error)) as caught:
        chat.complete(PROMPT, Choice)
    assert caught.value is error
    kind = type(error).__name__
    (span,) = signals.spans
    assert span.error == kind
    assert (span.attributes["gen_ai.usage.input_tokens"], span.attributes["gen_ai.usage.output_tokens"]) == (40, 7)
    assert signals.value(MODEL_CALLS, role="decide", model="gemma3", result="failed") == 3
    assert signals.value(MODEL_TOKENS, role="decide", model="gemma3", direction="input") == 40
    assert signals.value(MODEL_COST, role="decide", model="gemma3") == pytest.approx(47 / 1_000_000)
    told = [dict(labels)["error.type"] for name, labels in signals.histograms if name == GEN_AI_SECONDS.name]
    assert told == [kind]
    assert "rubbish" not in text_in(signals)


def test_a_call_that_never_left_counts_as_one() -> None:
    signals = MemorySignals()
    with pytest.raises(ModelUnavailable):
        WatchedChat(Fixed(Usage(), ModelUnavailable("down")), watch(signals)).complete(PROMPT, Choice)
    assert signals.value(MODEL_CALLS, role="decide", model="gemma3", result="failed") == 1


def test_the_one_who_answered_is_named() -> None:
    """An understudy that stands in is another model, with a price of its own."""
    signals = MemorySignals()
    stands_in = Understudy(
        ScriptedChat({}, name="large"), {"decide": lambda _: (GOOD.model_dump_json(), Usage())}, {"decide": "decide/1"}
    )
    prices = {"large": Price(1000, 1000)}
    answered = WatchedChat(stands_in, watch(signals, prices=prices)).complete(PROMPT, Choice)
    assert answered.model != "large"
    assert signals.spans[0].attributes["gen_ai.request.model"] == "large"
    assert signals.spans[0].attributes["gen_ai.response.model"] == answered.model
    assert signals.value(MODEL_CALLS, role="decide", model=answered.model, result="ok") == 1
    assert by_name(signals.counters, MODEL_COST) == {}


class Failing(HashEmbedder):
    """An embedder whose server is down."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        raise ModelUnavailable("down", calls=2)


def test_embedding_is_told() -> None:
    signals = MemorySignals()
    embedder = HashEmbedder()
    WatchedEmbedder(embedder, watch(signals)).embed(["a", "b"])
    WatchedEmbedder(embedder, watch(signals, here=True)).embed(["c"])
    with pytest.raises(ModelUnavailable):
        WatchedEmbedder(Failing(), watch(signals)).embed([])
    over_there, here, failed = signals.spans
    assert (over_there.name, over_there.calls, here.calls) == (f"embeddings {embedder.identity}", True, False)
    assert over_there.attributes["resuelve.texts"] == 2
    assert over_there.attributes["gen_ai.embeddings.dimension.count"] == embedder.dimension
    assert failed.error == "ModelUnavailable"
    assert signals.value(MODEL_CALLS, role="embed", model=embedder.identity, result="ok") == 2
    assert signals.value(MODEL_CALLS, role="embed", model=embedder.identity, result="failed") == 2


def test_an_embedding_server_is_paid_by_the_request_and_the_token() -> None:
    """Its answer holds vectors only: what it cost is measured around the call, and by whoever is around that."""
    signals, name = MemorySignals(), "openai-compatible/all-minilm/3"
    with ModelServer(lambda r: embeddings([[len(t), 1.0, 0.0] for t in r.body["input"]], tokens_in=7)) as server:
        model = OpenAICompatibleEmbedder(base_url=server.url, model="all-minilm", timeout_s=10, batch=2)
        prices = {"all-minilm": Price(1_000_000.0, 0.0)}
        watched = WatchedEmbedder(model, watch(signals, prices=prices, billed="all-minilm"))
        with metered() as around:
            watched.embed(["a", "b", "c"])
    assert (around.usage.calls, around.usage.tokens_in) == (2, 14)
    assert signals.value(MODEL_CALLS, role="embed", model=name, result="ok") == 2
    assert signals.value(MODEL_TOKENS, role="embed", model=name, direction="input") == 14
    assert signals.value(MODEL_COST, role="embed", model=name) == 14.0
    assert signals.spans[0].attributes["gen_ai.usage.input_tokens"] == 14


def test_nothing_is_lost_between_threads() -> None:
    signals = MemorySignals()
    chat: ChatModel = WatchedChat(Fixed(Usage(1, 3, 2)), Watch(signals, "ollama"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: chat.complete(PROMPT, Choice), range(200)))
    assert signals.value(MODEL_CALLS, role="decide", model="gemma3", result="ok") == 200
    assert signals.value(MODEL_TOKENS, role="decide", model="gemma3", direction="input") == 600
