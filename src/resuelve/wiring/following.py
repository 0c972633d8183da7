"""At the start: the versions that MLflow's registry names are fetched, looked at, and taken into use.

Whatever goes wrong, the version that was in use stays, and somebody is told.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
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
from resuelve.telemetry.logs import log
from resuelve.texts import say, translated
from resuelve.training import image
from resuelve.training import language as languages
from resuelve.training.registry import Card, Registry, Version
from resuelve.training.students import CRITIC, ENCODER, RERANK
from resuelve.wiring.refused import Refusals
from resuelve.wiring.speaking import check_prompt
from resuelve.wiring.students import check_fit, check_place

ROLES = (CRITIC, image.ROLE, languages.ROLE, RERANK)
"""Roles in which a learned version may speak."""

LOCAL = "local"
_ASIDE = ".fetched-"
_LONGEST_WAIT = 30.0
"""Seconds for another process that fetches, by role; what was in use speaks meanwhile."""

_CARD = TypeAdapter(Card)

Note = Callable[[str], None]
Check = Callable[[Path, Card, bool], None]
"""That a version could speak here, given its files, its card, and whether it lies on the way back. Raises TrainingError
where it could not."""


def in_use(settings: Settings) -> tuple[tuple[Version, ...], tuple[TrainingError, ...]]:
    """The versions that are in use, by role, and what is wrong with those that cannot be read."""
    kept = wiring.registry(settings)
    found, wrong = [], []
    for role in ROLES:
        try:
            if version := kept.in_use(role):
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
        log.warning("following.unanswered", error=error)
        on_note(say("following.unanswered", language, why=translated(error, language)))
        return
    follower = _Follower(settings, store, checks_here(settings) if checks is None else checks)
    for role, model in models.items():
        offered = announced.get(model, ())
        if alias and not offered and follower.comes_from_elsewhere(role):
            on_note(say("following.no_alias", language, role=role, kept=follower.kept(role), alias=alias))
        for one in offered:
            try:
                if follower.takes(role, one, named=bool(alias)):
                    break
            except (TrainingError, ExperimentsUnavailable, WorkspaceError) as error:
                log.warning("version.refused", role=role, model=one.model, version=one.number, error=error)
                kept, why = follower.kept(role), translated(error, language)
                on_note(say("following.kept", language, role=role, kept=kept, why=why))
                if follower.used(role):
                    break  # an older one is for those only who have none


def checks_here(settings: Settings, *, strict: bool = False) -> dict[str, Check]:
    """By role, whether a version fits what is here: the embedder, the base model of an adapter, prompt, format.

    Args:
        strict: see `students.check_place`.
    """

    @cache
    def embedder() -> str:
        return wiring.embedder(settings).identity

    def loads(folder: Path, kind: str) -> None:
        from resuelve.training.checkpoint import check_loadable
        from resuelve.training.recipe import check_installed

        check_installed()
        check_loadable(folder, kind)

    def speaks(folder: Path, card: Card, _: bool) -> None:
        loads(folder, "")
        check_prompt(card, str(folder))

    def judges(role: str) -> Check:
        def check(folder: Path, card: Card, back: bool) -> None:
            check_fit(role, folder, embedder())
            if not back:
                check_place(settings, role, folder, card, embedder(), strict=strict)

        return check

    def encodes(folder: Path, card: Card, _: bool) -> None:
        from resuelve.wiring.encoders import check_used, tuned_from

        check_used(settings)
        tuned_from(folder, card)

    return {
        CRITIC: judges(CRITIC),
        ENCODER: encodes,
        RERANK: judges(RERANK),
        image.ROLE: lambda folder, _, __: loads(folder, image.KIND),
        languages.ROLE: speaks,
    }


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
        return wiring.registry(self.settings)

    def takes(self, role: str, one: Announced, *, named: bool) -> bool:
        """Fetch a version where it is not here, and take it into use; False for one that is worse than its teacher.

        Args:
            named: it is the very one that was asked for.

        Raises:
            TrainingError: it does not fit, is not what was announced, or was asked for and is worse than its teacher.
            ExperimentsUnavailable: it cannot be had.
            WorkspaceError: the registry cannot be written.
        """
        card = _card(one, role)
        if not card.not_worse:
            if named:
                raise TrainingError("it did not pass its test", where=f"{one.model}/{one.number}")
            return False
        if self.used(role) == one.digest:
            return True
        registry = self._registry
        with _alone(wiring.workspace(self.settings).models):  # two that start at once fetch it once
            version = self._here(role, one.digest) or self._fetched(role, one, card)
            try:
                if role in self.checks:
                    back = registry.was_used(role, version.number)
                    self.checks[role](registry.folder(version), version.card, back)
            except ResuelveError as error:
                what = message("it does not fit here ({why})", why=translated(error, self.settings.language))
                raise TrainingError(what, where=f"{one.model}/{one.number}") from error
            registry.promote(role, version.number)
        return True

    def comes_from_elsewhere(self, role: str) -> bool:
        """Whether the version in use was fetched."""
        try:
            version = self._registry.in_use(role)
        except TrainingError:
            return False
        return bool(version and version.card.origin)

    def kept(self, role: str) -> str:
        """The version that stays in use, for people."""
        try:
            version = self._registry.in_use(role)
        except TrainingError:
            version = None
        return version.name if version else say("following.none", self.settings.language)

    def used(self, role: str) -> str:
        """The digest of the version in use; empty where none is."""
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
