"""Whose votes count: those of the language model as it was asked when they were learned."""

from __future__ import annotations

from dataclasses import replace

from resuelve.domain.errors import TrainingError
from resuelve.resolution.score import Scoring
from resuelve.resolution.votes import ABSOLUTE, speaker_of
from resuelve.settings import Environment, Settings
from resuelve.training.students import RERANK
from resuelve.wiring import chat_model, registry

_STAND_INS = ("reformulate", RERANK)
"""Roles whose versions answer in the model's place, or choose what it is shown. `calibrate` replays without them."""


def speaker(settings: Settings) -> str:
    """The language model of these settings, asked as `calibrate` asks it; empty without one."""
    if not (name := chat_model(settings)):
        return ""
    local = settings.environment is Environment.OLLAMA
    return speaker_of(
        name,
        settings.environment.value,
        settings.ollama_base_url if local else settings.openai_base_url,
        settings.query_limit,
        settings.max_retries_critic,
        {word: leave.value for word, leave in settings.policy.items()},
    )


def counted(settings: Settings, scoring: Scoring) -> Scoring:
    """The score, with its votes only where the model that is asked now is the one that they were learned of."""
    if not scoring.votes.weights or (scoring.votes.speaker == speaker(settings) and not _stood_in(settings)):
        return scoring
    return replace(scoring, votes=ABSOLUTE)


def _stood_in(settings: Settings) -> bool:
    """True where a version is in use, whether or not it can be used: in doubt a no takes all."""
    try:
        return any(registry(settings).in_use(role) for role in _STAND_INS)
    except TrainingError:
        return True
