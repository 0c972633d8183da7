"""The loop that all fine-tunes share: an epoch over the examples, the held-out loss, and the best weights kept."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message
from resuelve.training import checkpoint
from resuelve.training.recipe import Epoch, Recipe, Report

IGNORED = -100
"""The label of a token that no loss is taken of."""

_GREATEST_GRADIENT = 1.0
_BETTER = 1e-4
Batch = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Learned:
    """The course of a fine-tune; the model holds the weights of its best epoch."""

    before: float
    epochs: tuple[Epoch, ...]
    best: int


def prepared(model: Any, recipe: Recipe) -> Any:
    """The model on its device, whole or with a low-rank adapter around it. Raises TrainingError."""
    import torch
    from peft import LoraConfig, get_peft_model

    device = recipe.device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        model.to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise TrainingError(message("there is no device {device} here", device=device)) from error
    if recipe.whole:
        return model
    seed(recipe.seed)
    config = LoraConfig(r=recipe.rank, lora_alpha=2 * recipe.rank, lora_dropout=0.05, target_modules="all-linear")
    with quiet():
        return get_peft_model(model, config)


def save(model: Any, with_it: Sequence[Any], recipe: Recipe, into: Path) -> None:
    """Write what was learned, as safetensors, and what goes with it, into one folder. Raises OSError."""
    folder = into / (checkpoint.BASE if recipe.whole else checkpoint.ADAPTER)
    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        for one in (model, *with_it):
            one.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # says nothing, and names folders of this machine


@contextmanager
def quiet() -> Iterator[None]:
    """A place in which the libraries keep to themselves what only their makers need to know."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def seed(number: int) -> None:
    """Make what follows come out the same every time, on one machine."""
    import torch

    random.seed(number)
    torch.manual_seed(number)


def learn(
    model: Any,
    examples: Sequence[Any],
    held_out: Sequence[Any],
    batch_of: Callable[[Sequence[Any]], Batch],
    recipe: Recipe,
    report: Report,
) -> Learned:
    """Learn until the held-out loss no longer gets better, or the epochs are over.

    Raises:
        TrainingError: the loss is no number any more, or there is not enough memory.
    """
    import torch

    seed(recipe.seed)
    order = random.Random(recipe.seed)
    weights = {name: value for name, value in model.named_parameters() if value.requires_grad}
    optimizer = torch.optim.AdamW(weights.values(), lr=recipe.step, weight_decay=0.01)
    before = lowest = mean_loss(model, held_out, batch_of, recipe.batch)
    epochs: list[Epoch] = []
    best, kept = 0, _copied(weights)
    for number in range(1, recipe.epochs + 1):
        shuffled = order.sample(list(examples), len(examples))
        loss = mean_loss(model, shuffled, batch_of, recipe.batch, optimizer)
        epochs.append(Epoch(number, loss, mean_loss(model, held_out, batch_of, recipe.batch)))
        report(epochs[-1])
        if epochs[-1].held_out < lowest - _BETTER:
            best, lowest, kept = number, epochs[-1].held_out, _copied(weights)
        elif number - best >= recipe.patience:
            break
    with torch.no_grad():
        for name, value in weights.items():
            value.copy_(kept[name])
    model.eval()
    return Learned(before, tuple(epochs), best)


def mean_loss(
    model: Any,
    examples: Sequence[Any],
    batch_of: Callable[[Sequence[Any]], Batch],
    size: int,
    optimizer: Any = None,
) -> float:
    """Loss per token over all examples; with an optimizer, each batch is learned from. Raises TrainingError."""
    import torch

    model.train(optimizer is not None)
    total = tokens = 0.0
    try:
        with nullcontext() if optimizer else torch.no_grad():
            for start in range(0, len(examples), size):
                batch = {n: v.to(model.device) for n, v in batch_of(examples[start : start + size]).items()}
                loss = model(**batch).loss
                count = int((batch["labels"] != IGNORED).sum())
                total, tokens = total + float(loss.detach()) * count, tokens + count
                if optimizer:
                    _step(model, loss, optimizer)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise TrainingError("there is not enough memory", remedy="a smaller --batch, or a smaller model") from error
    mean = total / max(1.0, tokens)
    if mean != mean or mean == float("inf"):
        raise TrainingError("the loss is no number any more", remedy="a lower --rate")
    return mean


def _step(model: Any, loss: Any, optimizer: Any) -> None:
    import torch

    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], _GREATEST_GRADIENT)
    optimizer.step()
    optimizer.zero_grad()


def _copied(weights: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in weights.items()}
