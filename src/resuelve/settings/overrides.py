"""Settings that are given by name, above environment and `.env`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from resuelve.domain.errors import SettingsError
from resuelve.domain.message import message
from resuelve.settings import Settings, name_of, spelling, unknown


def given(values: Mapping[str, str]) -> dict[str, object]:
    """Settings by their names in the environment, as overrides for `load`.

    Raises:
        SettingsError: a name is none of the settings, or what should be JSON is none.
    """
    fields = {name_of(field): field for field in Settings.model_fields}
    found: dict[str, object] = {}
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
