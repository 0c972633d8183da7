"""What the styles of a page hide: the plain ways in which text is on a page and no person sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from resuelve.readers.colours import is_clear

Declared = Mapping[str, str]

TINY = 2.0
"""Pixels of a letter's height below which nobody reads it."""

FAR = 500.0
"""Pixels outside of the page; what lies farther is not on it."""

_MOST_STYLES = 200_000
_RULE = re.compile(r"([^{}@;]{1,500})\{([^{}]{0,5000})\}")
_SIMPLE = re.compile(r"[a-z][a-z0-9]*|(?:[a-z][a-z0-9]*)?[.#][\w-]+")
_LENGTH = re.compile(r"([-+]?[\d.]+)\s*(px|pt|em|rem|%|cm|vw|vh)?")
_PIXELS = {"px": 1.0, "": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "%": 0.16, "cm": 38.0, "vw": 10.0, "vh": 10.0}


def declared(style: str) -> dict[str, str]:
    """The declarations of a style, the last of each property."""
    found = {}
    for one in style[:5000].split(";"):
        name, colon, value = one.partition(":")
        if colon:
            found[name.strip().lower()] = value.replace("!important", "").strip().lower()
    return found


def rules(style: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The rules of a sheet for one element, class or identifier; not those for paper or small screens only."""
    text = _without_conditions(_without_comments(style[:_MOST_STYLES]))
    for selectors, body in _RULE.findall(text):
        found = declared(body)
        for selector in selectors.split(","):
            if _SIMPLE.fullmatch(selector.strip()):
                yield selector.strip(), found


def is_hidden(style: Declared) -> bool:
    """Whatever is drawn so cannot be seen."""
    return (
        style.get("display") == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or style.get("mso-hide") == "all"
        or _length(style.get("opacity"), 1.0) < 0.1
        or _length(style.get("font-size"), 16.0) < TINY
        or _length(style.get("text-indent")) < -FAR
        or is_clear(style.get("color", ""))
        or _is_cut(style)
        or _is_far(style)
    )


def _is_cut(style: Declared) -> bool:
    """It has no room to be shown in."""
    clip = style.get("clip", "") + style.get("clip-path", "")
    if re.search(
        r"rect\(\s*[01]?(?:px)?[\s,]+[01]?(?:px)?[\s,]+[01]?(?:px)?[\s,]+[01]?(?:px)?\s*\)|inset\((?:50|100)%", clip
    ):
        return True
    sizes = (_length(style.get(name), 99.0) for name in ("height", "max-height", "width", "max-width"))
    return style.get("overflow", "") in ("hidden", "clip") and min(sizes) < TINY


def _is_far(style: Declared) -> bool:
    if style.get("position") not in ("absolute", "fixed"):
        return "scale(0" in style.get("transform", "")
    return any(
        _length(style.get(name)) < -FAR for name in ("left", "top", "right", "bottom", "margin-left", "margin-top")
    )


def _length(text: str | None, default: float = 0.0) -> float:
    """In pixels; relative ones as on a common page."""
    found = _LENGTH.match(text or "")
    try:
        return float(found[1]) * _PIXELS[found[2] or ""] if found else default
    except ValueError:
        return default


def _without_comments(text: str) -> str:
    kept, rest = "", text
    while rest:
        before, mark, rest = rest.partition("/*")
        kept += before
        rest = rest.partition("*/")[2] if mark else ""
    return kept


def _without_conditions(text: str) -> str:
    """Without blocks such as ``@media``, whose rules hold only at times."""
    kept: list[str] = []
    depth = start = 0
    inside = False
    for found in re.finditer(r"@[\w-]+[^{};]{0,500}\{|[{}]", text):
        mark = found[0]
        if not inside and mark.startswith("@"):
            kept.append(text[start : found.start()])
            inside, depth = True, 1
        elif inside:
            depth += -1 if mark == "}" else 1
            if depth == 0:
                inside, start = False, found.end()
    if not inside:
        kept.append(text[start:])
    return "".join(kept)


def matching(sheet: Mapping[str, Declared], tag: str, classes: Iterable[str], identifier: str) -> dict[str, str]:
    """What the rules of a sheet say of an element, the more special ones last."""
    names = [tag, *(f"{start}.{one}" for one in classes for start in ("", tag))]
    if identifier:
        names += [f"#{identifier}", f"{tag}#{identifier}"]
    found: dict[str, str] = {}
    for name in names:
        found.update(sheet.get(name, {}))
    return found
