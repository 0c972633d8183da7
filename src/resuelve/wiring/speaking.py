"""The fine-tuned language model that restates tickets, where one is in use; and the program of its process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from resuelve.domain.errors import ModelOutputInvalid, ResuelveError, TrainingError
from resuelve.models import ChatModel
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.training.language import ROLE
from resuelve.training.recipe import check_installed
from resuelve.training.registry import Card, Version
from resuelve.training.speaking import Speech, serve
from resuelve.wiring import registry

_MODULE = "resuelve.wiring.speaking"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who answers prompts.

    Attributes:
        chat: None where there is no language model.
        identity: changes with what has been learned; empty where no version answers.
    """

    chat: ChatModel | None
    identity: str = ""


def speaking_in_use(settings: Settings) -> Version | None:
    """The version of ``reformulate`` that is in use.

    Raises:
        TrainingError: there is one, and it cannot be used; the language model answers in its place.
    """
    found = _usable(settings)
    return found[0] if found else None


@contextmanager
def understudy(settings: Settings, chat: ChatModel | None, on_note: Callable[[str], None]) -> Iterator[Cast]:
    """The language model, with the version in use in front of it, until the block ends. No process starts before the
    first prompt of its role.

    Args:
        chat: the language model; without one nothing is learned from it, and nothing changes.
        on_note: told, in the settings' language, why the version in use is not used, or not any more.
    """

    def note(error: ResuelveError) -> None:
        on_note(say("finetune.not_used", settings.language, role=ROLE, why=translated(error, settings.language)))

    try:
        found = _usable(settings) if chat else None
    except TrainingError as error:
        note(error)
        found = None
    if chat is None or found is None:
        yield Cast(chat)
        return
    from resuelve.models.understudy import Understudy

    version, folder = found
    student = speech(folder, settings.model_timeout)
    try:
        names = {ROLE: version.name}
        yield Cast(Understudy(chat, {ROLE: student.answer}, names, note), version.digest)
    finally:
        student.close()


def speech(files: Path, seconds: float) -> Speech:
    """What answers with the model of a folder, in a process of its own; `seconds` for one answer."""
    return Speech([sys.executable, "-P", "-m", _MODULE, str(files.absolute()), str(seconds)], seconds=seconds)


def searched_with(answer: str) -> str | None:
    """What the product would search with after this answer: empty where it says nothing, None where it is not used."""
    from resuelve.models.answer import read_answer
    from resuelve.resolution.prompts.schemas import Reformulation
    from resuelve.resolution.reformulate import restated

    try:
        queries = restated(read_answer(answer, Reformulation))
    except ModelOutputInvalid:
        return None
    return queries[0].text if queries else ""


def _usable(settings: Settings) -> tuple[Version, Path] | None:
    """The version in use and its files. Raises TrainingError."""
    found = registry(settings)
    version = found.in_use(ROLE)
    if version is None:
        return None
    from resuelve.training.checkpoint import base_of

    check_installed()
    folder = found.folder(version)
    base_of(folder)
    check_prompt(version.card, version.name)
    return version, folder


def check_prompt(card: Card, where: str) -> None:
    """That the role is asked in the words that the version was measured with. Raises TrainingError."""
    from resuelve.resolution.prompts import version as version_of

    if card.fits.get("prompt") != version_of(ROLE):
        raise TrainingError(
            "it was measured with another wording of the prompt than this version of Resuelve has",
            where=where,
            remedy="train again on newer history",
        )


def main() -> None:
    """The child: answer what comes in, with the model of the folder that is named."""
    from resuelve.readers.process.isolation import allow_seconds, give_up

    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    serve(Path(sys.argv[1]), float(sys.argv[2]), give_up, allow_seconds, sys.stdin.buffer, answers)


if __name__ == "__main__":
    try:
        main()
    except (TrainingError, BrokenPipeError):
        sys.exit(1)
