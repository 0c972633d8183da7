"""The policy: plain code, and the last word before the world."""

from __future__ import annotations

import pytest

from resuelve.domain.decision import (
    Close,
    Critique,
    Doubt,
    HandOff,
    Hold,
    Permission,
    Reassign,
    Resolution,
    RunAgent,
    Verdict,
)
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.resolution.authorise import authorise, permission_of, threshold_of

APPROVED = Critique(Verdict.APPROVED, 90.0, "encaja")
KINDS: dict[str, Resolution] = {
    "cierre": Close("x"),
    "En espera": Hold("¿x?"),
    "reasignacion": Reassign("Q", "x"),
    "api": RunAgent("fx"),
}


@pytest.mark.parametrize("word", KINDS)
@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("language", ["es", "en"])
def test_every_kind_with_every_permission(word: str, permission: Permission, language: str) -> None:
    for spelling in (word, word.upper(), word.lower()):
        leave = authorise(KINDS[word], APPROVED, threshold=65, policy={spelling: permission}, language=language)
        assert leave.permission is permission
        assert (word in leave.reason) is (permission is not Permission.AUTOMATIC)


@pytest.mark.parametrize("word", KINDS)
def test_a_rule_for_one_kind_says_nothing_about_another(word: str) -> None:
    policy = {other: Permission.NEVER for other in KINDS if other != word}
    assert permission_of(KINDS[word], policy) == (Permission.AUTOMATIC, "")


def test_the_rule_for_a_code_goes_before_the_rule_for_all_agents() -> None:
    policy = {"api": Permission.NEVER, "API|Fx": Permission.AUTOMATIC, "api|other": Permission.ASK}
    assert permission_of(RunAgent("fx"), policy) == (Permission.AUTOMATIC, "api|fx")
    assert permission_of(RunAgent("OTHER"), policy) == (Permission.ASK, "api|OTHER")
    assert permission_of(RunAgent("third"), policy) == (Permission.NEVER, "api")


@pytest.mark.parametrize(
    "verdict",
    [
        Critique(Verdict.APPROVED, 64.99, "poco"),
        Critique(Verdict.REJECTED, 99.0, "no", Doubt.NO_MATCH),
        Critique(Verdict.ALREADY_TRIED, 99.0, "ya", Doubt.ALREADY_TRIED),
        Critique(Verdict.APPROVED, float("nan"), "?"),
    ],
)
def test_without_the_critics_approval_and_score_never(verdict: Critique) -> None:
    for resolution in (*KINDS.values(), HandOff("x")):
        leave = authorise(resolution, verdict, threshold=65, policy=dict.fromkeys(KINDS, Permission.AUTOMATIC))
        assert (leave.permission, leave.reason) == (Permission.NEVER, verdict.reason)


def test_the_threshold_itself_is_enough() -> None:
    assert authorise(Close("x"), APPROVED, threshold=90, policy={}).permission is Permission.AUTOMATIC


def test_a_hand_over_is_never_automatic() -> None:
    leave = authorise(HandOff("porque sí"), APPROVED, threshold=0, policy={})
    assert (leave.permission, leave.reason) == (Permission.NEVER, "porque sí")


def row(kind: ResolutionKind, code: str = "") -> KnownError:
    return KnownError("A", "", ("x",), "", "y", Prescription(kind, agent_code=code))


def test_each_kind_and_each_agent_has_its_own_threshold() -> None:
    thresholds = {"CIERRE": 80.0, "api": 70.0, "api|Fx": 90.0}
    assert threshold_of(row(ResolutionKind.CLOSE), thresholds, 65) == 80
    assert threshold_of(row(ResolutionKind.HOLD), thresholds, 65) == 65
    assert threshold_of(row(ResolutionKind.AGENT, "fx"), thresholds, 65) == 90
    assert threshold_of(row(ResolutionKind.AGENT, "other"), thresholds, 65) == 70
    assert threshold_of(row(ResolutionKind.AGENT, "fx"), {}, 65) == 65
