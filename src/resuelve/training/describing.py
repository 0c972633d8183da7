"""What a fine-tuned model says of pictures that nobody trusts: it looks at them in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from resuelve.domain.errors import TrainingError
from resuelve.training.child import ModelChild, answer, questions
from resuelve.training.pictures import MOST_BYTES, PictureRefused, opened

_LONGEST_CAPTION = 2_000
_MEMORY = 2_000_000_000
"""Bytes that describing may take beyond the loaded model."""

_COMPUTING = 60.0
"""Seconds for one picture; the parent counts as well. This is for a child whose parent is gone."""


class Describer:
    """A child that describes pictures, started with the first of them. Safe to use from several threads.

    Args:
        program: starts the child (`serve`).
        version: which version of the model it is, for the records.
        start, seconds: how long it may take to load the model, and to describe a picture.
    """

    def __init__(
        self, program: Sequence[str], *, version: str = "", start: float = 120.0, seconds: float = 30.0
    ) -> None:
        self.version = version
        self.child = ModelChild(program, start=start, seconds=seconds)

    @property
    def held(self) -> tuple[str, ...]:
        """What the child has given up."""
        return self.child.held

    def caption(self, picture: bytes) -> str | None:
        """What the picture shows, in the model's words; None where it cannot be told.

        Raises:
            TrainingError: the model cannot be loaded, or the child has died too often.
        """
        if len(picture) > MOST_BYTES:
            return None
        said = (self.child.ask(picture) or {}).get("caption")
        return " ".join(said.split())[:_LONGEST_CAPTION] or None if isinstance(said, str) else None

    def close(self) -> None:
        """End the child."""
        self.child.close()


def serve(
    files: Path,
    give_up: Callable[[int], Sequence[str]],
    allow_seconds: Callable[[float], None],
    asked: IO[bytes],
    answers: IO[bytes],
) -> None:
    """The child's side: load the model, give up what it can, then answer until nothing more is asked.

    PyTorch has started a thread by then: what the kernel refuses holds for that too, but it may still read files.
    """
    from PIL import Image

    from resuelve.training.image import opened_version

    try:
        captioner = opened_version(files)
        captioner.caption(Image.new("RGB", (8, 8), "white"))  # whatever is loaded late is loaded now
    except TrainingError as error:
        answer(answers, {"error": str(error)})
        return
    Image.init()
    answer(answers, {"held": list(give_up(_MEMORY))})
    for picture in questions(asked):
        allow_seconds(_COMPUTING)
        try:
            answer(answers, {"caption": captioner.caption(opened(picture))})
        except PictureRefused as refused:
            answer(answers, {"refused": str(refused)})
