"""What each stage took in, gave out and cost, for the report and for `explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any

from resuelve.domain.errors import ModelError
from resuelve.models import ChatModel, Completion, Prompt, Usage
from resuelve.models.port import OutputT
from resuelve.resolution.calls import UNHEARD, Calls
from resuelve.telemetry import SILENT, Signals, Value
from resuelve.telemetry.logs import bound, log
from resuelve.telemetry.metrics import STAGE_SECONDS

_LONGEST = 2000


@dataclass(slots=True)
class Step:
    """One stage, run once. Retries make several steps of one name.

    Attributes:
        input: what it was given, in short: what stands in full in an earlier step's output is only named.
    """

    stage: str
    input: Any = None
    seconds: float = 0.0
    output: Any = None


@dataclass(slots=True)
class Trace:
    """The steps of one incident in order. `clock` is monotonic, in seconds; `calls` collects those of its models;
    `signals` are told of each step.
    """

    clock: Callable[[], float]
    steps: list[Step] = field(default_factory=list)
    calls: Calls = UNHEARD
    signals: Signals = SILENT

    @contextmanager
    def stage(self, name: str, given: Any = None) -> Iterator[Step]:
        """Time a stage; what it was given and what it sets as `output` is kept in plain JSON form."""
        step = Step(name, plain(given))
        self.steps.append(step)
        begun = self.clock()
        with bound(stage=name), self.signals.span(name) as span:
            try:
                yield step
            finally:
                step.seconds = self.clock() - begun
                step.output = plain(step.output)
                span.set(step_in_short(step.output))
                tell_stage(self.signals, name, step.seconds)


def step_in_short(output: Any) -> dict[str, Value]:
    """What a span tells of a step's output: which row, and what was said of it; no text of anybody's."""
    if not isinstance(output, dict):
        return {}
    critique = output.get("critique")
    said = critique if isinstance(critique, dict) else {}
    values = {
        "resuelve.row": output.get("chosen") or output.get("problem"),
        "resuelve.permission": output.get("permission"),
        **{f"resuelve.{name}": said.get(name) for name in ("verdict", "doubt", "score")},
    }
    return {name: value for name, value in values.items() if isinstance(value, (str, float))}


def tell_stage(signals: Signals, name: str, seconds: float) -> None:
    """Tell that a stage has ended, and how long it took."""
    signals.observe(STAGE_SECONDS, seconds, {"stage": name})
    log.debug("stage.ended", stage=name, seconds=round(seconds, 5))


class MeteredChat:
    """A chat model that counts what one incident costs. Errors count too.

    Attributes:
        stood_in: the learned versions that answered in the model's place.
    """

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat
        self.usage = Usage()
        self.stood_in: set[str] = set()

    @property
    def name(self) -> str:
        return self._chat.name

    def complete(self, prompt: Prompt, output: type[OutputT]) -> Completion[OutputT]:
        try:
            completion = self._chat.complete(prompt, output)
        except ModelError as error:
            self.usage += Usage(error.calls, error.tokens_in, error.tokens_out)
            raise
        self.usage += completion.usage
        if completion.model != self._chat.name:
            self.stood_in.add(completion.model)
        return completion


def plain(value: Any) -> Any:
    """A value as JSON would hold it; long texts are cut and say so."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]}… ({len(value)})"
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)
