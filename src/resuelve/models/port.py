"""Models: an embedder and a chat model, as the stages need them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

Vectors = npt.NDArray[np.float32]

OutputT = TypeVar("OutputT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a vector that one encoder gave.

    Attributes:
        dimension: its length.
        share: what its cosine counts for once every part has been made comparable; the shares add up to 1.
        tuned: the encoder has learned from the very examples that it turns into vectors: how these lie says nothing
            of how other texts will.
    """

    dimension: int
    share: float
    tuned: bool = False


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def identity(self) -> str:
        """Names model, weights and preprocessing; two embedders with one identity give the same vectors."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    @property
    def parts(self) -> tuple[Part, ...]:
        """The encoders behind a vector, in its order; none where there is one only, as it came."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Float32 of shape (len(texts), dimension), each row of length 1.

        Raises:
            ModelUnavailable: the model server gave no usable answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a file; untrusted.

    Attributes:
        media: its media type, such as ``image/png``.
    """

    media: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One call to a chat model.

    Attributes:
        role: who is asked: ``reformulate``, ``decide``, ``critique`` or ``describe``.
        version: fingerprint of the prompt file, so that a call can be traced to its wording.
        system: the instructions, ours.
        user: the material, untrusted.
        pictures: more of it, for a model that sees.
    """

    role: str
    version: str
    system: str
    user: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call cost: calls sent (retries included), tokens in and out, seconds."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.seconds + other.seconds,
        )


@dataclass(slots=True)
class Meter:
    """What was spent inside a `metered` block so far."""

    usage: Usage = Usage()


_metering: ContextVar[Meter | None] = ContextVar("metering", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Measures what embedders spend in this thread inside the block; what is around it measures that too.

    An embedder's answer holds vectors only, so whoever wants to know what it cost measures around the call.
    """
    outer, meter = _metering.get(), Meter()
    token = _metering.set(meter)
    try:
        yield meter
    finally:
        _metering.reset(token)
        if outer is not None:
            outer.usage += meter.usage


def spend(usage: Usage) -> None:
    """An embedder tells whoever measures in this thread what a request has cost."""
    if (meter := _metering.get()) is not None:
        meter.usage += usage


@dataclass(frozen=True, slots=True)
class Completion(Generic[OutputT]):
    """A model's answer, valid against its schema, with its cost."""

    output: OutputT
    usage: Usage
    model: str


@runtime_checkable
class ChatModel(Protocol):
    """A language model that answers within a schema."""

    @property
    def name(self) -> str:
        """The model's name, for records."""
        ...

    def complete(self, prompt: Prompt, output: type[OutputT]) -> Completion[OutputT]:
        """Ask once; a cut, malformed or off-schema answer is asked for again, at most twice. Nothing is repaired.

        Raises:
            ModelUnavailable: no answer within the time limit, or an error from the server, after bounded retries; also
                when the model takes no pictures and the prompt has some.
            ModelOutputInvalid: every answer was unusable. Both say what was spent (`calls`, `tokens_in`, `tokens_out`).
        """
        ...
