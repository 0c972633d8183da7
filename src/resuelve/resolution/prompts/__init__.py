"""Prompts: one file a model call, in Spanish, named by its role and versioned by its content.

A file holds the instructions, a line ``---``, and the frame for the material. Slots are ``$name``; what is put into
them is untrusted, so the signs that could close its tag are taken out.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from string import Template

from resuelve.models import Prompt

ASKED = ("reformulate", "decide", "critique")
"""The roles of the model that is heard last."""

ROLES = (*ASKED, "describe")
"""With that of the model that sees."""


def prompt(role: str, package: str = __package__, **material: str) -> Prompt:
    """The prompt of a role with its material filled in.

    Args:
        package: where its file lies, for a role that is not of this business.

    Raises:
        KeyError: the frame has a slot that was not given.
    """
    system, frame, version = _load(role, package)
    return Prompt(role, version, system, Template(frame).substitute({k: _harmless(v) for k, v in material.items()}))


def version(role: str) -> str:
    """The fingerprint of a role's prompt file (12 hex digits)."""
    return _load(role, __package__)[2]


@cache
def _load(role: str, package: str) -> tuple[str, str, str]:
    text = resources.files(package).joinpath(f"{role}.md").read_text(encoding="utf-8")
    system, frame = text.split("\n---\n", 1)
    return system.strip(), frame.strip(), hashlib.sha256(text.encode()).hexdigest()[:12]


def _harmless(text: str) -> str:
    """Material cannot close its tag or open another."""
    return text.replace("<", "‹").replace(">", "›")
