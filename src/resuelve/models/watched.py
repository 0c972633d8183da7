"""Models whose calls are told to those who watch, by OpenTelemetry's conventions for generative models.

Source of the names: OpenTelemetry semantic conventions, "Generative AI client spans" and "metrics".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from resuelve.domain.errors import ModelError
from resuelve.models.port import ChatModel, Completion, Embedder, OutputT, Part, Prompt, Usage, Vectors, metered
from resuelve.telemetry import Signals, Span, Value
from resuelve.telemetry.logs import log
from resuelve.telemetry.metrics import GEN_AI_SECONDS, GEN_AI_TOKENS, MODEL_CALLS, MODEL_COST, MODEL_TOKENS

EMBED = "embed"
"""The role of an embedder."""

_LONGEST_CONTENT = 32_000


class Price(NamedTuple):
    """What a million tokens cost."""

    tokens_in: float
    tokens_out: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom the calls of models are told to, and how.

    Attributes:
        provider: whose server it is, by the conventions' names.
        prices: by model.
        billed: the model's name in the list of prices, where it is another than the one that is told.
        here: True for a model in this process.
        content: True where what was asked and answered is told too, personal data included.
        clock: monotonic seconds.
    """

    signals: Signals
    provider: str
    prices: Mapping[str, Price] = field(default_factory=dict)
    content: bool = False
    clock: Callable[[], float] = time.perf_counter
    here: bool = False
    billed: str = ""

    def announce(self, roles: Iterable[str], model: str) -> None:
        """Tell that a model has been asked nothing yet, in any of these roles: what is told once, at the end of a short
        run, would be no increase otherwise.
        """
        for role in roles:
            for result in ("ok", "failed"):
                self.signals.add(MODEL_CALLS, 0, {"role": role, "model": model, "result": result})
            if self.here:
                continue
            for direction in ("input", "output"):
                self.signals.add(MODEL_TOKENS, 0, {"role": role, "model": model, "direction": direction})
            if (self.billed or model) in self.prices:
                self.signals.add(MODEL_COST, 0, {"role": role, "model": model})

    def told(self, operation: str, role: str, model: str, usage: Usage, seconds: float, error: str = "") -> None:
        """Tell of a call that has ended; `error` is the kind of error that it ended with."""
        signals, calls = self.signals, max(1, usage.calls)
        common = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": self.provider,
            "gen_ai.request.model": model,
        }
        signals.observe(GEN_AI_SECONDS, seconds, {**common, "error.type": error})
        signals.add(MODEL_CALLS, calls, {"role": role, "model": model, "result": "failed" if error else "ok"})
        for direction, tokens in (("input", usage.tokens_in), ("output", usage.tokens_out)):
            if tokens:
                signals.observe(GEN_AI_TOKENS, tokens, {**common, "gen_ai.token.type": direction})
                signals.add(MODEL_TOKENS, tokens, {"role": role, "model": model, "direction": direction})
        if price := self.prices.get(self.billed or model):
            cost = (usage.tokens_in * price.tokens_in + usage.tokens_out * price.tokens_out) / 1_000_000
            signals.add(MODEL_COST, cost, {"role": role, "model": model})
        fields: dict[str, object] = {"role": role, "model": model, "seconds": round(seconds, 4)}
        if error:
            log.warning("model.failed", **fields, attempts=calls, error=error)
        else:
            log.debug("model.called", **fields, tokens_in=usage.tokens_in, tokens_out=usage.tokens_out)


class WatchedChat:
    """A chat model, watched.

    Args:
        roles: in which it will be asked.
    """

    def __init__(self, chat: ChatModel, watch: Watch, roles: Iterable[str] = ()) -> None:
        self._chat = chat
        self._watch = watch
        watch.announce(roles, chat.name)

    @property
    def name(self) -> str:
        return self._chat.name

    def complete(self, prompt: Prompt, output: type[OutputT]) -> Completion[OutputT]:
        watch, name, begun = self._watch, self._chat.name, self._watch.clock()
        asked: dict[str, Value] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": watch.provider,
            "gen_ai.request.model": name,
            "gen_ai.output.type": "json",
            "resuelve.role": prompt.role,
            "resuelve.prompt": prompt.version,
        }
        with watch.signals.span(f"chat {name}", asked, calls=True) as span:
            if watch.content:
                span.set(_given(prompt))
            try:
                completion = self._chat.complete(prompt, output)
            except ModelError as error:
                spent = Usage(error.calls, error.tokens_in, error.tokens_out)
                _spent(span, spent)
                watch.told("chat", prompt.role, name, spent, watch.clock() - begun, type(error).__name__)
                raise
            _spent(span, completion.usage)
            span.set({"gen_ai.response.model": completion.model})
            if watch.content:
                span.set({"gen_ai.output.messages": _messages("assistant", completion.output.model_dump_json())})
        watch.told("chat", prompt.role, completion.model, completion.usage, watch.clock() - begun)
        return completion


class WatchedEmbedder:
    """An embedder, watched."""

    def __init__(self, embedder: Embedder, watch: Watch) -> None:
        self._embedder = embedder
        self._watch = watch
        watch.announce((EMBED,), embedder.identity)

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
        watch, name, begun = self._watch, self._embedder.identity, self._watch.clock()
        asked: dict[str, Value] = {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": watch.provider,
            "gen_ai.request.model": name,
            "gen_ai.embeddings.dimension.count": self._embedder.dimension,
            "resuelve.texts": len(texts),
        }
        with watch.signals.span(f"embeddings {name}", asked, calls=not watch.here) as span, metered() as meter:
            try:
                vectors = self._embedder.embed(texts)
            except ModelError as error:
                spent = meter.usage + Usage(error.calls, error.tokens_in, error.tokens_out)
                watch.told("embeddings", EMBED, name, spent, watch.clock() - begun, type(error).__name__)
                raise
            if meter.usage.calls:
                _spent(span, meter.usage)
        watch.told("embeddings", EMBED, name, meter.usage, watch.clock() - begun)
        return vectors


def _spent(span: Span, usage: Usage) -> None:
    span.set(
        {
            "gen_ai.usage.input_tokens": usage.tokens_in,
            "gen_ai.usage.output_tokens": usage.tokens_out,
            "resuelve.calls": usage.calls,
        }
    )


def _given(prompt: Prompt) -> dict[str, str]:
    return {
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": prompt.system}], ensure_ascii=False),
        "gen_ai.input.messages": _messages("user", prompt.user),
    }


def _messages(role: str, text: str) -> str:
    parts = [{"type": "text", "content": text[:_LONGEST_CONTENT]}]
    return json.dumps([{"role": role, "parts": parts}], ensure_ascii=False)
