"""How text in a Word document looks: by its own properties, its styles and what lies under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resuelve.readers.office.package import BROKEN, Package, Relation

DEFAULT, UNKNOWN = "", "?"
"""The name under which text without a style is kept; a ground that is no plain colour."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NEAR = 16
_TINY = 3
"""Half points below which nobody reads a letter."""

_DEEPEST = 20
_WHITE, _NAMED = "FFFFFF", {"black": "000000", "white": "FFFFFF", "yellow": "FFFF00"}


@dataclass(frozen=True, slots=True)
class WordLook:
    """How text looks; None where nothing was said."""

    hidden: bool | None = None
    colour: str | None = None
    size: int | None = None
    ground: str | None = None

    def over(self, below: WordLook) -> WordLook:
        """This, and what it leaves open as below."""
        return WordLook(
            self.hidden if self.hidden is not None else below.hidden,
            self.colour or below.colour,
            self.size if self.size is not None else below.size,
            self.ground or below.ground,
        )

    @property
    def unseen(self) -> bool:
        """Nobody reads text that looks like this."""
        if self.hidden or (self.size is not None and self.size < _TINY):
            return True
        # Text without a colour of its own takes one that stands out.
        return self.colour not in (None, "auto") and _near(self.colour or "", self.ground or _WHITE)


def styles_of(package: Package, relations: dict[str, Relation]) -> dict[str, WordLook]:
    """How each style looks by its identifier, with what it is based on; under `DEFAULT` how text looks without one."""
    name = next((one.target for one in relations.values() if one.kind == "styles"), "word/styles.xml")
    try:
        root = package.xml(name)
    except BROKEN:
        return {}
    own: dict[str, WordLook] = {}
    based: dict[str, str] = {}
    default = root.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr")
    base = described_look(default, {}) if default is not None else WordLook()
    for style in root.iter(f"{_W}style"):
        identifier = style.get(f"{_W}styleId", "")
        run, block = style.find(f"{_W}rPr"), style.find(f"{_W}pPr")
        look = described_look(run, {}) if run is not None else WordLook()
        if style.get(f"{_W}type") == "table":
            look = WordLook(ground=UNKNOWN if any(fill_of(one) for one in style.iter(f"{_W}shd")) else None)
        elif block is not None:
            look = look.over(WordLook(ground=ground_of(block)))
        own[identifier], based[identifier] = look, value_of(style, "basedOn")
        if style.get(f"{_W}type") == "paragraph" and style.get(f"{_W}default") in ("1", "true"):
            base = look.over(base)
    whole = {identifier: _inherited(identifier, own, based) for identifier in own}
    return {**whole, DEFAULT: base}


def _inherited(identifier: str, own: dict[str, WordLook], based: dict[str, str]) -> WordLook:
    look = WordLook()
    for _ in range(_DEEPEST):
        if identifier not in own:
            break
        look, identifier = look.over(own[identifier]), based[identifier]
    return look


def described_look(properties: Any, styles: dict[str, WordLook]) -> WordLook:
    """What the properties of a run say of its look."""
    vanish, size = properties.find(f"{_W}vanish"), properties.find(f"{_W}sz")
    marked = properties.find(f"{_W}highlight")
    ground = ground_of(properties)
    if marked is not None and marked.get(f"{_W}val") not in (None, "none"):
        ground = _NAMED.get(marked.get(f"{_W}val"), UNKNOWN)
    look = WordLook(
        hidden=None if vanish is None else vanish.get(f"{_W}val", "1") not in ("0", "false", "off"),
        colour=value_of(properties, "color") or None,
        size=None if size is None else number_of(size.get(f"{_W}val")),
        ground=ground,
    )
    return look.over(styles.get(value_of(properties, "rStyle"), WordLook()))


def ground_of(properties: Any) -> str | None:
    """The colour that properties lay under text; None when they say nothing of it."""
    shade = properties.find(f"{_W}shd")
    return None if shade is None else fill_of(shade)


def fill_of(shade: Any) -> str | None:
    """The colour of a shade, six hexadecimal digits; None for one that is left to the program."""
    colour = shade.get(f"{_W}color" if shade.get(f"{_W}val") == "solid" else f"{_W}fill")
    return None if colour in (None, "auto", "") else str(colour)


def value_of(around: Any, name: str) -> str:
    """The value of the property of this name; empty when there is none."""
    found = around.find(f"{_W}{name}")
    return "" if found is None else str(found.get(f"{_W}val", ""))


def number_of(text: str | None) -> int:
    """A whole number; 0 for what is none, and for one too large to be meant."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else 0


def _near(one: str, other: str) -> bool:
    """Two colours that a person takes for one; none is near to what is no colour."""
    try:
        pairs = list(zip(bytes.fromhex(one), bytes.fromhex(other), strict=True))
    except ValueError:
        return False
    return bool(pairs) and max(abs(a - b) for a, b in pairs) < _NEAR
