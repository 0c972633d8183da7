"""Stage 8, authorise: may this be done without a person? Plain code and a policy that the team writes; no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.texts import say

Policy = Mapping[str, Permission]
"""Permissions by the dictionary's words: ``cierre``, ``En espera``, ``reasignacion``, ``api``, ``api|CODE``."""

Thresholds = Mapping[str, float]
"""Scores from which on a row may act, 0 to 100, by the same words."""


@dataclass(frozen=True, slots=True)
class Authorisation:
    """The permission; where it is not `AUTOMATIC`, the reason and its kind."""

    permission: Permission
    reason: str = ""
    doubt: Doubt = Doubt.NONE


def authorise(
    resolution: Resolution, critique: Critique, *, threshold: float, policy: Policy, language: str = "es"
) -> Authorisation:
    """Whether a resolution may be carried out: the critic approved, the score suffices, and the policy allows it."""
    # Written so that a score that is no number is not enough either.
    if critique.verdict is not Verdict.APPROVED or not critique.score >= threshold:
        return Authorisation(Permission.NEVER, critique.reason)
    if isinstance(resolution, HandOff):
        return Authorisation(Permission.NEVER, resolution.reason)
    permission, rule = permission_of(resolution, policy)
    reason = "" if permission is Permission.AUTOMATIC else say(f"resolution.policy.{permission}", language, rule=rule)
    return Authorisation(permission, reason, Doubt.POLICY if reason else Doubt.NONE)


def threshold_of(problem: KnownError, thresholds: Thresholds, default: float) -> float:
    """The score from which on this row may act, 0 to 100. ``api|CODE`` goes before ``api``."""
    words = {word.casefold(): value for word, value in thresholds.items()}
    prescription = problem.prescription
    agent = _agent_words(prescription.agent_code) if prescription.kind is ResolutionKind.AGENT else ()
    own = [word.casefold() for word in agent or (str(prescription.kind),)]
    return next((words[word] for word in own if word in words), default)


def permission_of(resolution: Resolution, policy: Policy) -> tuple[Permission, str]:
    """The permission for a kind of resolution, and the word of the policy that it comes from.

    ``api|CODE`` goes before ``api``; what the policy does not name is automatic.
    """
    words = {word.casefold(): permission for word, permission in policy.items()}
    for word in _words(resolution):
        if word.casefold() in words:
            return words[word.casefold()], word
    return Permission.AUTOMATIC, ""


def doubt_of(resolution: Resolution, leave: Authorisation, consulted: str) -> Doubt:
    """Why an approved choice still goes to a person."""
    if leave.permission is Permission.AUTOMATIC:
        return Doubt.NONE
    if isinstance(resolution, HandOff):
        return Doubt.AGENT_HANDS_OFF if consulted else Doubt.MANUAL_ROW
    return leave.doubt


def _words(resolution: Resolution) -> tuple[str, ...]:
    match resolution:
        case Close():
            return (str(ResolutionKind.CLOSE),)
        case Hold():
            return (str(ResolutionKind.HOLD),)
        case Reassign():
            return (str(ResolutionKind.REASSIGN),)
        case RunAgent(code):
            return _agent_words(code)
        case HandOff():
            return ()


def _agent_words(code: str) -> tuple[str, ...]:
    return f"api|{code}", str(ResolutionKind.AGENT)
