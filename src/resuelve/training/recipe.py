"""How a model is fine-tuned: what a person may choose, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from resuelve.domain.errors import TrainingError

_NEEDED = ("torch", "transformers", "peft", "safetensors", "PIL")
_RATES = {True: 5e-5, False: 5e-4}
"""Learning rates that do for most models: a whole one would forget with more; an adapter begins at nothing."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a fine-tune is to do.

    Attributes:
        model: a folder, or a name on the hub of models.
        whole: every weight is learned; otherwise a low-rank adapter (LoRA) of rank `rank`.
        rate: the learning rate; None for one that suits `whole`.
        patience: epochs without a better held-out loss after which it ends early.
        held_out: share of the examples that is measured on and never learned from.
        device: ``cpu``, ``cuda``, ``mps``; empty for the fastest there is.
        longest: tokens of an example; the rest of a longer one is cut.
    """

    model: str
    whole: bool = False
    epochs: int = 10
    rate: float | None = None
    batch: int = 4
    seed: int = 7
    patience: int = 3
    held_out: float = 0.2
    rank: int = 8
    device: str = ""
    longest: int = 256

    @property
    def step(self) -> float:
        """The learning rate in use."""
        return _RATES[self.whole] if self.rate is None else self.rate


@dataclass(frozen=True, slots=True)
class Epoch:
    """Mean loss per token after an epoch, on what was learned from and on what was held out; lower is better."""

    number: int
    loss: float
    held_out: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A held-out example: what was wanted, and what the model says before and after."""

    name: str
    wanted: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of a fine-tune.

    Attributes:
        before: held-out loss of the model as it was given.
        best: the number of the epoch whose weights were kept; 0 where no epoch was better than the model as it was.
        facts: the recipe, counts and versions, for the records.
    """

    before: float
    epochs: tuple[Epoch, ...]
    best: int
    samples: tuple[Sample, ...]
    facts: Mapping[str, Any]

    @property
    def after(self) -> float:
        """Held-out loss with the weights that were kept."""
        return self.epochs[self.best - 1].held_out if self.best else self.before


Report = Callable[[Epoch], None]


def silent(epoch: Epoch) -> None:
    """A report that nobody reads."""


def check_installed() -> None:
    """Raises TrainingError where what fine-tuning needs is not installed; nothing of it is imported."""
    if not installed():
        raise TrainingError(
            "PyTorch, transformers and peft are not installed",
            remedy="install them: make train, or pip install 'resuelve[train]'",
        )


def installed() -> bool:
    """Whether models can be fine-tuned here, and fine-tuned ones be loaded."""
    return all((found := find_spec(name)) is not None and found.origin is not None for name in _NEEDED)
