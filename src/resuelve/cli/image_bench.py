"""What the notebook of ``finetune/LLMImage`` calls: look at the pictures, train, look at loss and samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from resuelve.cli.fine_tuning import run_image
from resuelve.cli.playground import Shown
from resuelve.cli.surroundings import harmless, settings_for
from resuelve.pages.numbers import number
from resuelve.texts import say, translated
from resuelve.training.captions import read_captions
from resuelve.training.recipe import Recipe, Tuned
from resuelve.training.registry import Version


@dataclass(frozen=True, slots=True)
class Trained:
    """A registered version and how it came about."""

    version: Version
    tuned: Tuned
    language: str

    def losses(self) -> Shown:
        """Loss by epoch, on what was learned from and on what was held out."""
        lines = tuple(
            say(
                "finetune.epoch",
                self.language,
                number=one.number,
                loss=number(one.loss, self.language, 4),
                held_out=number(one.held_out, self.language, 4),
            )
            for one in self.tuned.epochs
        )
        return Shown(self.version.name, (("", lines),))

    def samples(self) -> Shown:
        """Held-out pictures: what was wanted, and what the model says before and after."""
        columns = []
        for name in ("name", "wanted", "before", "after"):
            said = tuple(harmless(getattr(one, name)) for one in self.tuned.samples)
            columns.append((say(f"finetune.column.{name}", self.language), said))
        return Shown(self.version.name, tuple(columns))


class ImageBench:
    """A folder with pictures and texts, and the workspace in which what is learned is registered."""

    def __init__(self, folder: Path, *, workspace: Path) -> None:
        self._folder = folder
        self._settings = settings_for(workspace)

    def pictures(self) -> Shown:
        """What there is to learn from, and what is set aside, with the reason."""
        found, language = read_captions(self._folder), self._settings.language
        kept = tuple(harmless(f"{one.name}: {one.text}") for one in found.kept)
        aside = tuple(harmless(translated(one, language)) for one in found.aside)
        count = say("finetune.pictures", language, count=number(len(kept), language))
        return Shown(count, (("", kept), (say("finetune.aside", language, count=number(len(aside), language)), aside)))

    def train(self, model: str, *, epochs: int = 10, rate: float | None = None, whole: bool = False) -> Trained:
        """Fine-tune and register.

        Raises:
            TrainingError: nothing was registered.
        """
        recipe = Recipe(model, whole=whole, epochs=epochs, rate=rate)
        version, tuned = run_image(self._settings, self._folder, recipe)
        return Trained(version, tuned, self._settings.language)
