"""The fine-tuned model that describes pictures, where one is in use; and the program of the process that it runs in."""

from __future__ import annotations

import sys
from pathlib import Path

from resuelve.domain.errors import TrainingError
from resuelve.settings import Settings
from resuelve.training.describing import Describer, serve
from resuelve.training.recipe import check_installed
from resuelve.training.registry import Version
from resuelve.wiring import registry

_MODULE = "resuelve.wiring.captions"


def captions_in_use(settings: Settings) -> Version | None:
    """The version of ``image-to-text-finetuned`` that is in use.

    Raises:
        TrainingError: there is one, and it cannot be used; the product does without.
    """
    from resuelve.training.image import ROLE

    found = registry(settings)
    version = found.in_use(ROLE)
    if version:
        check_installed()
        _check_fit(found.folder(version))
    return version


def describer(settings: Settings) -> Describer | None:
    """What describes pictures; None where no model is in use.

    Raises:
        TrainingError: one is in use, and it cannot be loaded; the product does without.
    """
    version = captions_in_use(settings)
    if version is None:
        return None
    folder = registry(settings).folder(version)
    return Describer([sys.executable, "-P", "-m", _MODULE, str(folder.absolute())], version=version.name)


def _check_fit(folder: Path) -> None:
    """That the files are of our format, and that the model which an adapter goes with is here and the same."""
    from resuelve.training.checkpoint import base_of

    base_of(folder)


def main() -> None:
    """The child: describe what comes in, with the model of the folder that is named."""
    from resuelve.readers.process.isolation import allow_seconds, give_up

    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    serve(Path(sys.argv[1]), give_up, allow_seconds, sys.stdin.buffer, answers)


if __name__ == "__main__":
    try:
        main()
    except (TrainingError, BrokenPipeError):
        sys.exit(1)
