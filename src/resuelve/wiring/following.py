"""At the start: the versions that MLflow's registry names are fetched, looked at, and taken into use.

Whatever goes wrong, the version that was in use stays, and somebody is told.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from resuelve import durable, wiring
from resuelve.domain.errors import ExperimentsUnavailable, ResuelveError, TrainingError, WorkspaceError
from resuelve.domain.message import message
from resuelve.experiments.store import Store, installed
from resuelve.experiments.versions import CARD, ROLE, Announced, model_name
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.training import image
from resuelve.training.registry import Card, Registry, Version
from resuelve.training.students import CRITIC, RERANK
from resuelve.wiring.refused import Refusals
from resuelve.wiring.speaking import ROLE as SPEAKING
from resuelve.wiring.speaking import check_prompt
from resuelve.wiring.students import check_fit

ROLES = (CRITIC, image.ROLE, SPEAKING, RERANK)
"""Roles in which a learned version may speak."""

LOCAL = "local"
_ASIDE = ".fetched-"
_LONGEST_WAIT = 30.0
"""Seconds for another process that fetches, by role; what was in use speaks meanwhile."""

_CARD = TypeAdapter(Card)

Note = Callable[[str], None]
Check = Callable[[Path, Card], None]
"""That a version could speak here, given its files and its card. Raises TrainingError where it could not."""


def in_use(settings: Settings) -> tuple[tuple[Version, ...], tuple[TrainingError, ...]]:
    """The versions that are in use, by role, and what is wrong with those that cannot be read."""
    registry = Registry(wiring.workspace(settings).models)
    found, wrong = [], []
    for role in ROLES:
        try:
            if version := registry.in_use(role):
                found.append(version)
        except TrainingError as error:
            wrong.append(error)
    return tuple(found), tuple(wrong)


def follow(settings: Settings, on_note: Note, checks: Mapping[str, Check] | None = None) -> None:
    """Take into use what `RESUELVE_MODEL_SOURCE` says; with ``local``, nothing is asked and nothing changed.

    Args:
        on_note: told why the version that was in use stays, in the language of the settings.
        checks: by role, whether a version fits; `checks_here` unless others are given.
    """
    if settings.model_source == LOCAL:
        return
    language = settings.language
    if not installed():
        on_note(say("following.not_installed", language, source=settings.model_source))
        return
    store = wiring.experiments(settings)
    alias = settings.model_source.partition(":")[2]
    models = {role: model_name(settings.mlflow_prefix, role) for role in ROLES}
    try:
        announced = store.newest([*models.values()], alias)
    except ExperimentsUnavailable as error:
        on_note(say("following.unanswered", language, why=translated(error, language)))
        return
    follower = _Follower(settings, store, checks_here(settings) if checks is None else checks)
    for role, model in models.items():
        try:
            if chosen := _chosen(announced.get(model, ()), role, by_alias=bool(alias)):
                follower.take(role, *chosen)
        except (TrainingError, ExperimentsUnavailable, WorkspaceError) as error:
            on_note(
                say("following.kept", language, role=role, kept=follower.kept(role), why=translated(error, language))
            )


def checks_here(settings: Settings) -> dict[str, Check]:
    """By role, whether a version fits what is here: the embedder, the base model of an adapter, prompt, format."""

    @cache
    def embedder() -> str:
        return wiring.embedder(settings).identity

    def loads(folder: Path, _: Card) -> None:
        from resuelve.training.checkpoint import base_of
        from resuelve.training.recipe import check_installed

        check_installed()
        base_of(folder)

    def speaks(folder: Path, card: Card) -> None:
        loads(folder, card)
        check_prompt(card, str(folder))

    return {
        CRITIC: lambda folder, card: check_fit(settings, CRITIC, folder, card, embedder()),
        RERANK: lambda folder, card: check_fit(settings, RERANK, folder, card, embedder()),
        image.ROLE: loads,
        SPEAKING: speaks,
    }


def _chosen(found: Sequence[Announced], role: str, *, by_alias: bool) -> tuple[Announced, Card] | None:
    """The version to use: the one with the alias, else the newest that is not worse than its teacher.

    Raises:
        TrainingError: a version that would come into question does not say what it is.
    """
    for one in found:
        card = _card(one, role)
        if by_alias or card.not_worse:
            return one, card
    return None


def _card(one: Announced, role: str) -> Card:
    """What is said of a version, checked: it comes from a server."""
    where = f"{one.model}/{one.number}"
    if one.tags.get(ROLE) != role or not one.digest:
        raise TrainingError("it does not say what it is", where=where)
    try:
        card = _CARD.validate_json(one.tags.get(CARD, ""))
    except ValidationError as error:
        raise TrainingError("it does not say what it is", where=where) from error
    if not all(map(math.isfinite, (card.teachers, card.students, *card.figures.values()))):
        raise TrainingError("it does not say what it is", where=where)
    return card


@dataclass(frozen=True, slots=True)
class _Follower:
    settings: Settings
    store: Store
    checks: Mapping[str, Check]

    @property
    def _registry(self) -> Registry:
        return Registry(wiring.workspace(self.settings).models)

    def take(self, role: str, one: Announced, card: Card) -> None:
        """Fetch a version where it is not here, and take it into use.

        Raises:
            TrainingError: it does not fit, or is not what was announced.
            ExperimentsUnavailable: it cannot be had.
            WorkspaceError: the registry cannot be written.
        """
        if self._used(role) == one.digest:
            return
        registry = self._registry
        with _alone(wiring.workspace(self.settings).models):  # two that start at once fetch it once
            version = self._here(role, one.digest) or self._fetched(role, one, card)
            try:
                if role in self.checks:
                    self.checks[role](registry.folder(version), version.card)
            except ResuelveError as error:
                what = message("it does not fit here ({why})", why=translated(error, self.settings.language))
                raise TrainingError(what, where=f"{one.model}/{one.number}") from error
            registry.promote(role, version.number)

    def kept(self, role: str) -> str:
        """The version that stays in use, for people."""
        try:
            version = self._registry.in_use(role)
        except TrainingError:
            version = None
        return version.name if version else say("following.none", self.settings.language)

    def _used(self, role: str) -> str:
        try:
            version = self._registry.in_use(role)
        except TrainingError:  # what is in use is lost: another one mends it
            return ""
        return version.digest if version else ""

    def _here(self, role: str, digest: str) -> Version | None:
        return next((one for one in reversed(self._registry.versions(role)) if one.digest == digest), None)

    def _fetched(self, role: str, one: Announced, card: Card) -> Version:
        place, name = wiring.workspace(self.settings).models, f"{one.model}/{one.number}"
        origin, refusals = f"{self.store.place} · {name}", Refusals(place)
        if why := refusals.why(one.digest, origin):
            remedy = message("publish another version, or remove {file} to try it again", file=refusals.file)
            raise TrainingError(message("it was refused before ({why})", why=why), where=name, remedy=remedy)
        try:
            with durable.writing(place), tempfile.TemporaryDirectory(prefix=_ASIDE, dir=place) as aside:
                self.store.fetch(one.source, Path(aside))
                return self._registry.register(role, Path(aside), replace(card, origin=origin), announced=one.digest)
        except TrainingError as error:
            refusals.remember(one.digest, origin, translated(TrainingError(error.what), self.settings.language))
            raise


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One process at a time. Raises WorkspaceBusy where another one fetches for long."""
    with durable.alone(place / ".following", seconds=_LONGEST_WAIT):
        for left in place.glob(f"{_ASIDE}*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield
