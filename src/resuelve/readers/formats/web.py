"""HTML: the text that a person sees on the page. Nothing is fetched, and nothing is run."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from lxml import etree

from resuelve.readers.colours import WHITE, Colour, colour, near
from resuelve.readers.encodings import text_in
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.port import Obstacle, Passage, Unread
from resuelve.readers.styling import Declared, declared, is_hidden, matching, rules

_SILENT = frozenset(
    "script style noscript template iframe object embed applet audio video canvas datalist meta link".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section summary table tbody tfoot thead title "
    "tr ul".split()
)
_CELLS = ("td", "th")
_SILENT_INPUTS = frozenset("hidden password checkbox radio file image range color".split())
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_DATA = re.compile(r"\s*data:image/([\w.+-]{1,20})((?:;[\w=.-]{1,40})*),(.*)", re.IGNORECASE | re.DOTALL)
_LONGEST_ADDRESS = 200


@dataclass(frozen=True, slots=True)
class _State:
    """How text looks at a place of the page; the ground is None where it is not a plain colour."""

    hidden: bool = False
    silent: bool = False
    colour: Colour | None = None
    ground: Colour | None = WHITE
    verbatim: bool = False

    @property
    def unseen(self) -> bool:
        return self.hidden or (self.colour is not None and self.ground is not None and near(self.colour, self.ground))


@dataclass(slots=True)
class _Out:
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    unseen: int = 0
    pictures: list[str] = field(default_factory=list)

    def put(self, text: str, state: _State) -> None:
        if state.silent:
            return
        if state.unseen:
            self.unseen += len("".join(text.split()))
            return
        shown = text if state.verbatim else re.sub(r"\s+", " ", text)
        self.pieces.append(shown)
        self.length += len(shown.strip())


def read(data: bytes, scope: Scope) -> Found:
    """The page's text in lines, then the pictures that lie in it."""
    out = _Out()
    root, broken_off = _parsed(data)
    if root is not None:
        _walk(root, _sheet(root), out, scope.limits.characters)
    limit = scope.limits.characters
    text = _tidy("".join(out.pieces))
    if text:
        yield Passage("", text[:limit])
    if len(text) > limit or out.length > limit:
        yield Obstacle("", Unread.TOO_LONG, str(limit))
    if broken_off:
        yield Obstacle("", Unread.DAMAGED)
    if out.unseen:
        yield Obstacle("", Unread.HIDDEN, str(out.unseen))
    yield from _pictures(out.pictures, scope)


def _parsed(data: bytes) -> tuple[Any, bool]:
    """The root of the page, None when there is nothing on it; and whether the parser gave up before its end.

    It gives up where elements lie in one another some two thousand deep, and says so nowhere but in its log.
    """
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, recover=True, huge_tree=True
    )
    try:
        root = etree.fromstring(_utf8(data), parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None, False
    return root, any(one.level == etree.ErrorLevels.FATAL for one in parser.error_log)


def _utf8(data: bytes) -> bytes:
    named = _CHARSET.search(data[:2048])
    text = text_in(data, named[1].decode("ascii", "replace") if named else None)
    return text.replace("\0", "").encode("utf-8", "replace")


def _sheet(root: Any) -> Mapping[str, Declared]:
    """What the page's own styles say, by selector."""
    sheet: dict[str, dict[str, str]] = {}
    for selector, found in rules("\n".join("".join(style.itertext()) for style in root.iter("style"))):
        sheet.setdefault(selector, {}).update(found)
    return sheet


def _walk(root: Any, sheet: Mapping[str, Declared], out: _Out, most: int) -> None:
    """Through the page without recursion: pages may be nested as deep as they like."""
    states = [_State()]
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else "script"
        if event == "start":
            state = _below(states[-1], element, tag, sheet)
            states.append(state)
            _open(element, tag, state, out)
            if element.text:
                out.put(element.text, state)
        else:
            state = states.pop()
            _close(element, tag, state, out)
            if element.tail:
                out.put(element.tail, states[-1])
        if out.length > most:
            return


def _below(state: _State, element: Any, tag: str, sheet: Mapping[str, Declared]) -> _State:
    if state.silent or tag in _SILENT:
        return replace(state, silent=True)
    classes = element.get("class", "").split()
    style = {**matching(sheet, tag, classes, element.get("id", "")), **declared(element.get("style", ""))}
    own = colour(style.get("color", "") or (element.get("color", "") if tag == "font" else ""))
    ground = style.get("background-color") or style.get("background") or element.get("bgcolor", "")
    return _State(
        hidden=state.hidden or element.get("hidden") is not None or (bool(style) and is_hidden(style)),
        colour=own or state.colour,
        # A picture or a gradient is no plain colour, and text on it is taken as seen.
        ground=state.ground if ground in ("", "none", "transparent", "inherit", "initial") else colour(ground),
        verbatim=state.verbatim or tag in ("pre", "textarea"),
    )


def _open(element: Any, tag: str, state: _State, out: _Out) -> None:
    if tag in _BLOCKS:
        out.pieces.append("\n- " if tag == "li" and not state.unseen and not state.silent else "\n")
    elif tag in _CELLS:
        out.pieces.append("\t")
    elif tag == "input" and element.get("type", "text").lower() not in _SILENT_INPUTS:
        out.put(f" {element.get('value', '')} ", state)
    elif tag == "img" and not state.hidden and not state.silent:
        source = element.get("src", "")
        if source.lstrip()[:5].lower() == "data:" and not _is_dot(element):
            out.pictures.append(source)


def _close(element: Any, tag: str, state: _State, out: _Out) -> None:
    if tag in _BLOCKS:
        out.pieces.append("\n")
    elif tag == "a" and not state.unseen:
        address = element.get("href", "").strip()[:_LONGEST_ADDRESS]
        if re.match(r"https?://", address, re.IGNORECASE) and address not in "".join(out.pieces[-3:]):
            out.put(f" ({address})", state)


def _is_dot(image: Any) -> bool:
    """A picture of a pixel or two, that counts readers or keeps distance."""
    return any(image.get(name, "99").strip().removesuffix("px") in ("0", "1", "2") for name in ("width", "height"))


def _tidy(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        cells = [" ".join(cell.split(" ")).strip() for cell in line.split("\t")]
        shown = re.sub(r" {2,}", " ", " | ".join(cell for cell in cells if cell))
        if shown and shown != "-":
            lines.append(shown)
    return "\n".join(lines)


def _pictures(sources: list[str], scope: Scope) -> Found:
    """Pictures that lie in the page itself; others are never fetched."""
    distinct = list(dict.fromkeys(sources))
    for number, source in enumerate(distinct[: scope.limits.files], 1):
        found = _DATA.fullmatch(source)
        if not found:
            continue
        name = f"img{number}.{found[1].lower().split('+')[0]}"
        try:
            raw = unquote_to_bytes(found[3])
            content = base64.b64decode(raw, validate=False) if "base64" in found[2].lower() else raw
        except (binascii.Error, ValueError):
            yield Obstacle(name, Unread.DAMAGED)
            continue
        yield from scope.inner(name, content)
    if len(distinct) > scope.limits.files:
        yield Obstacle("", Unread.TOO_MANY_FILES, str(len(distinct)))
