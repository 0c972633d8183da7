"""The frame of every page: the template engine, the style sheet, and what the page may load, which is nothing.

Everything that comes from tickets or the dictionary is data: it is escaped, and cannot turn the direction of the text
around it. There is no script, and the policy in the page's head would not let one run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What a browser would obey, or not take: control characters, turns of direction, halves of characters."""


def render(template: str, values: Mapping[str, Any], *, language: str, title: str) -> str:
    """A whole page.

    Args:
        template: a file in ``templates``, which fills the frame.
    """
    style = resources.files(__package__).joinpath("templates", "style.css").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    page = _environment().get_template(template)
    return page.render({**values, "language": language, "title": title, "style": style, "style_hash": allowed})


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("resuelve.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )


def _harmless(value: Any) -> Any:
    if hasattr(value, "__html__") or not isinstance(value, str):  # markup of our own, marked as such in the template
        return "" if value is None else value
    return clean(value)


def clean(text: str) -> str:
    """A text that a page only shows; it is still to be escaped."""
    return _UNWANTED.sub("\ufffd", text)
