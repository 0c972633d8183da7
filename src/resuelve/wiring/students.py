"""What learned versions are in use for scoring and ordering: they speak where they fit, and else what was there before.

A critic that was promoted comes before a calibration: it was measured against what was in force.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message
from resuelve.resolution.votes import ABSOLUTE
from resuelve.settings import Settings
from resuelve.texts import say, translated
from resuelve.training.registry import Card, Version
from resuelve.training.students import CRITIC, ENCODER, RERANK, CriticStudent, RerankStudent, read_critic, read_rerank
from resuelve.wiring import learned, registry, rules

if TYPE_CHECKING:
    from resuelve.resolution.order import Order
    from resuelve.resolution.rules import Rules

_Student = TypeVar("_Student", CriticStudent, RerankStudent)


@dataclass(frozen=True, slots=True)
class Students:
    """The versions in use that can be used, and why others cannot.

    Attributes:
        versions: those that score and order.
        encoder: the one that vectors come from.
    """

    critic: CriticStudent | None = None
    rerank: RerankStudent | None = None
    versions: tuple[Version, ...] = ()
    refused: tuple[TrainingError, ...] = ()
    encoder: Version | None = None

    @property
    def fingerprint(self) -> str:
        """Changes when other versions are in use; empty where none is."""
        return " ".join(f"{one.name}:{one.digest[:12]}" for one in self.versions)

    def over(self, those: Rules) -> Rules:
        """The rules with what the students say in its place."""
        return replace(
            those,
            scoring=self.critic.scoring if self.critic else those.scoring,
            order=self.rerank.order if self.rerank else those.order,
            versions={**those.versions, **{one.role: one.name for one in (*self.versions, self.encoder) if one}},
        )

    def notes(self, language: str) -> tuple[str, ...]:
        """What could not be used, a sentence each, for people."""
        return tuple(say("students.unused", language, why=translated(one, language)) for one in self.refused)


def students_in_use(settings: Settings, embedder: str) -> Students:
    """The critic and the order that were promoted.

    Args:
        embedder: the identity of the one that is used.
    """
    refused: list[TrainingError] = []
    rerank = _speaking(settings, RERANK, embedder, read_rerank, refused)
    order = order_mark(rerank[1].order if rerank else None)
    critic = _speaking(settings, CRITIC, embedder, read_critic, refused, order)
    encoder = _encoder(settings, refused)
    return Students(
        critic=critic[1] if critic else None,
        rerank=rerank[1] if rerank else None,
        versions=tuple(one[0] for one in (critic, rerank) if one),
        refused=tuple(refused),
        encoder=encoder,
    )


def _encoder(settings: Settings, refused: list[TrainingError]) -> Version | None:
    """The encoder in use, where one was promoted; one that is promoted and not used is noted."""
    from resuelve.wiring.encoders import check_used, version_in_use

    try:
        if registry(settings).is_used(ENCODER):
            check_used(settings)
        return version_in_use(settings)
    except TrainingError as error:
        refused.append(error)
        return None


def _speaking(
    settings: Settings,
    role: str,
    embedder: str,
    reader: Callable[[Path], _Student],
    refused: list[TrainingError],
    order: str | None = None,
) -> tuple[Version, _Student] | None:
    """The version in use with its student; None where none is, or where it cannot be used, which is then noted.

    Args:
        order: the one that it must have been measured with; None for any.
    """
    found = registry(settings)
    try:
        version = found.in_use(role)
        if version is None:
            return None
        folder = found.folder(version)
        student = fitting(folder, embedder, reader)
        if order is not None and version.card.fits.get("order") != order:
            raise TrainingError(
                "was measured with another order of the candidates than is in force now",
                where=str(folder),
                remedy=message("run resuelve train {role} again", role=role),
            )
        return version, student
    except TrainingError as error:
        refused.append(error)
        return None


def check_fit(role: str, folder: Path, embedder: str) -> None:
    """That a version of the critic or of the order can be read, and was learned with the embedder that is used.

    Raises:
        TrainingError: it is not so.
    """
    if role == CRITIC:
        fitting(folder, embedder, read_critic)
    else:
        fitting(folder, embedder, read_rerank)


def check_place(settings: Settings, role: str, folder: Path, card: Card, embedder: str, *, strict: bool) -> None:
    """That a version takes the place of what it was measured against.

    Args:
        strict: that must be what is in force; otherwise it may be what would be without a version of its role: where
            versions are learned elsewhere, the one in use here need not have been in use there.

    Raises:
        TrainingError: it was measured against something else.
    """
    students = students_in_use(settings, embedder)
    without = replace(students, critic=None) if role == CRITIC else replace(students, rerank=None)
    plain = rules(settings, learned(settings), embedder)
    teachers = [students] if strict else [students, without]
    if card.fits.get("measured_against") not in [measured_against(one.over(plain), role) for one in teachers]:
        raise TrainingError(
            "was measured against something else than what is in force now",
            where=str(folder),
            remedy=message("run resuelve train {role} again", role=role),
        )


def fitting(folder: Path, embedder: str, reader: Callable[[Path], _Student]) -> _Student:
    """The student in a folder.

    Raises:
        TrainingError: it cannot be read, or was learned with another embedder.
    """
    student = reader(folder)
    if student.embedder != embedder:
        what = message("was learned with the embedder {one}, and {other} is used", one=student.embedder, other=embedder)
        raise TrainingError(what, where=str(folder), remedy="train again, or demote it")
    return student


def rules_in_force(settings: Settings, embedder: str, on_note: Callable[[str], None] = lambda _: None) -> Rules:
    """What the team sets, what its past has taught, and the versions in use.

    Args:
        embedder: the identity of the one that is used.
        on_note: told, for each version that cannot be used, why.

    Raises:
        WorkspaceError: what the past has taught cannot be read.
    """
    students = students_in_use(settings, embedder)
    for note in students.notes(settings.language):
        on_note(note)
    return students.over(rules(settings, learned(settings), embedder))


def looked(settings: Settings, role: str, dataset: str, those: Rules) -> list[date]:
    """For each earlier attempt at a role that had a test, the day of the newest incident that it was tested on.

    Args:
        dataset: the digest of the examples. What was learned from the very same ones, against the same, comes out the
            same: that is no other attempt.
    """
    found: dict[tuple[str, str | None], date] = {}
    mine = (dataset, measured_against(those, role))
    for version in registry(settings).versions(role):
        fits = version.card.fits
        with suppress(ValueError, TypeError):  # of another machine, or of another kind
            found[version.card.dataset, fits.get("measured_against")] = date.fromisoformat(fits.get("tested_until", ""))
    return [until for attempt, until in found.items() if attempt != mine]


def order_mark(order: Order | None) -> str:
    """Names an order (12 hex digits, or ``product``): a critic is measured on the rows that it puts first."""
    if order is None:
        return "product"
    return hashlib.sha256(json.dumps(order.as_json(), sort_keys=True).encode()).hexdigest()[:12]


def measured_against(those: Rules, role: str) -> str:
    """Names what a student is measured against (12 hex digits): changes with the teacher and what it rests on."""
    parts: list[object] = [role, order_mark(those.order)]
    if role == CRITIC:  # what it judges is what the order puts first
        scoring = replace(those.scoring, votes=ABSOLUTE)  # which a critic's score comes without
        parts += [scoring.as_json(), those.threshold, sorted(those.thresholds.items())]
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
