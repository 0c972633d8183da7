"""Colours as pages write them, and whether a person can tell two of them apart."""

from __future__ import annotations

import re

NEAR = 16
"""Steps of 255, in the channel that differs most, from which two colours are seen to differ."""

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)

_NAMES: dict[str, Colour] = {
    "white": WHITE,
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
    "black": (0, 0, 0),
}
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]+)(%?))?\s*\)")
_CLEAR = 0.1


def colour(text: str) -> Colour | None:
    """The colour that a page names; None for one that is not known here, or not plain."""
    text = text.strip().lower()
    if text.startswith("#") or re.fullmatch("[0-9a-f]{6}", text):
        return _hexadecimal(text.lstrip("#"))
    if found := _RGB.fullmatch(text):
        red, green, blue = (min(int(one), 255) for one in found.groups()[:3])
        return red, green, blue
    return _NAMES.get(text)


def is_clear(text: str) -> bool:
    """A colour that lets everything through."""
    text = text.strip().lower()
    found = _RGB.fullmatch(text)
    return text == "transparent" or bool(found and found[4] and _share(found[4], found[5]) < _CLEAR)


def near(one: Colour, other: Colour) -> bool:
    """Nobody tells them apart."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < NEAR


def _hexadecimal(digits: str) -> Colour | None:
    if len(digits) in (3, 4):
        digits = "".join(2 * one for one in digits)
    try:
        red, green, blue = bytes.fromhex(digits[:6])
    except ValueError:
        return None
    return red, green, blue


def _share(number: str, percent: str) -> float:
    try:
        return float(number) / (100 if percent else 1)
    except ValueError:
        return 1.0
