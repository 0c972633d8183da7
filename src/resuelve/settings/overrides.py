"""Settings that are given by name, above environment and `.env`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import SecretStr

from resuelve.domain.errors import SettingsError
from resuelve.domain.message import message
from resuelve.settings import Settings, address_alone, name_of, spelling, unknown

_NOT_HERE = frozenset({"RESUELVE_WORKSPACE", "RESUELVE_LABEL", "MOCK_GESTOR_URL"})
"""What says where everything is, and which messages are ours: two configurations have it in common."""


def told(values: Mapping[str, str]) -> list[str]:
    """Settings as they may be shown: without what is secret in them."""
    fields = {name_of(field): field for field in Settings.model_fields}
    secret = {name for name, field in fields.items() if Settings.model_fields[field].annotation is SecretStr}
    shown = {name: address_alone(text) if "://" in text else text for name, text in values.items()}
    return [f"{name}={'…' if name.upper() in secret else text}" for name, text in shown.items()]


def given(values: Mapping[str, str]) -> dict[str, object]:
    """Settings by their names in the environment, as overrides for `load`.

    Raises:
        SettingsError: a name is none of the settings, or what should be JSON is none.
    """
    fields = {name_of(field): field for field in Settings.model_fields}
    found: dict[str, object] = {}
    for name in values:
        if name.upper() in _NOT_HERE:
            what = message("{name} cannot be changed here", name=name.upper())
            raise SettingsError(what, where="settings", remedy="leave it out, or set it for the whole command")
    for name, text in values.items():
        field = fields.get(name.upper())
        if field is None:
            raise unknown(name, "settings", spelling.meant(name, list(fields)))
        found[field] = (
            _json(name, text)
            if isinstance(Settings.model_fields[field].get_default(call_default_factory=True), dict)
            else text
        )
    return found


def _json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise SettingsError(
            message("{name} cannot be read as JSON", name=name),
            where="settings",
            remedy=message("write {name} as JSON", name=name),
        ) from error
