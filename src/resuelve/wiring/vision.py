"""The model that sees, if one is configured."""

from __future__ import annotations

from resuelve.domain.errors import SettingsError
from resuelve.models import ChatModel
from resuelve.settings import Environment, Settings
from resuelve.wiring import model_server


def vision(settings: Settings) -> ChatModel | None:
    """The model that describes pictures; None when no name is set.

    Raises:
        SettingsError: a name is set, and the environment has no model server.
    """
    if not settings.vision_model:
        return None
    if settings.environment is Environment.EMBEDDED:
        raise SettingsError(
            "RESUELVE_VISION_MODEL needs a model server, and ENTORNO=EMBEBIDO has none",
            where="settings",
            remedy="set ENTORNO to DESA (Ollama) or PROD, or leave RESUELVE_VISION_MODEL empty",
        )
    from resuelve.models.openai_compatible import OpenAICompatibleChat

    base_url, key = model_server(settings)
    return OpenAICompatibleChat(
        base_url=base_url,
        model=settings.vision_model,
        api_key=key,
        timeout_s=settings.model_timeout,
        attempts=settings.model_attempts,
    )
