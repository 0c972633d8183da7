"""Names of settings, and names that look like one and are none."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from pydantic import AliasChoices

PREFIX = "RESUELVE_"

_ALIKE = 0.84
"""Likeness from which on a name is a misspelt setting. Names that others use stay below (OPENAI_API_BASE: 0.83)."""


_OF_OTHERS = {"MLFLOW_TRACKING_AUTH"}
"""Settings of other programs that are as near as that all the same."""


def own(name: str) -> AliasChoices:
    """A name of our prefix, as pydantic takes it."""
    return AliasChoices(f"{PREFIX}{name}")


def meant(name: str, known: Collection[str]) -> str:
    """The setting that a name of our prefix was meant to be; empty when nothing is near."""
    bare = name.upper().removeprefix(PREFIX)
    near = [bare] if bare in known else difflib.get_close_matches(name.upper(), known, 1)
    return near[0] if near else ""


def misspelt(name: str, known: Collection[str]) -> str:
    """The setting that any name was very likely meant to be; empty for a setting, and for names of other programs."""
    written = name.upper()
    # What only goes on from a setting is another program's: OPENAI_API_KEY_FILE, AZURE_OPENAI_API_KEY.
    longer = any(written.startswith(f"{one}_") or written.endswith(f"_{one}") for one in known)
    if written in known or written in _OF_OTHERS or longer:
        return ""
    near = difflib.get_close_matches(written, known, 1, cutoff=_ALIKE)
    return near[0] if near else ""
