"""Small pictures as inline SVG. Colours and sizes of letters are the style sheet's; labels are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from resuelve.pages.page import clean

_ROW, _BAR, _LABEL, _WIDTH = 26, 16, 300, 760
_VALUE = 110
"""Room for the value at the end of the longest bar."""

_LETTERS = 40
"""Of a label, at the size that the style sheet gives it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled bar.

    Attributes:
        shown: the value in words, at the end of the bar.
        kind: names the colour: a class of the style sheet.
        link: the place on the same page that the label leads to; empty for none.
    """

    label: str
    value: float
    shown: str
    kind: str = "plain"
    link: str = ""


def bars(rows: Sequence[Bar], title: str) -> str:
    """Horizontal bars, one below the other, with label and value."""
    largest = max((row.value for row in rows), default=0.0) or 1.0
    pieces = []
    for number, row in enumerate(rows):
        top = number * _ROW
        length = max(1.0, (_WIDTH - _LABEL - _VALUE) * row.value / largest)
        label = f'<text class="label" x="{_LABEL - 10}" y="{top + 17}">{_cut(row.label)}</text>'
        if row.link:
            label = f'<a href="#{escape(row.link)}">{label}</a>'
        pieces.append(
            f"{label}"
            f'<rect class="{escape(row.kind)}" x="{_LABEL}" y="{top + 5}" width="{length:.1f}" height="{_BAR}" rx="2"/>'
            f'<text class="value" x="{_LABEL + length + 8:.1f}" y="{top + 17}">{escape(row.shown)}</text>'
        )
    return _svg(_WIDTH, max(1, len(rows)) * _ROW + 4, title, "".join(pieces), "bars")


def stacked(parts: Sequence[Bar], title: str) -> str:
    """One bar of several parts."""
    total = sum(part.value for part in parts) or 1.0
    pieces, position = [], 0.0
    for part in parts:
        length = _WIDTH * part.value / total
        if length:
            pieces.append(
                f'<rect class="{escape(part.kind)}" x="{position:.1f}" y="0" width="{length:.1f}" height="22">'
                f"<title>{escape(part.label)}: {escape(part.shown)}</title></rect>"
            )
        position += length
    return _svg(_WIDTH, 22, title, "".join(pieces), "stacked")


def sparkline(counts: Sequence[int], title: str) -> str:
    """How many in each period, as narrow columns on one line; the busiest period is as high as the picture."""
    width, height, step = 8, 34, 10
    largest = max(counts, default=0) or 1
    pieces = [f'<line class="axis" x1="0" y1="{height}.5" x2="{step * len(counts)}" y2="{height}.5"/>']
    for number, count in enumerate(counts):
        if count:
            tall = max(3.0, height * count / largest)
            place = f'x="{number * step + 1}" y="{height - tall:.1f}" width="{width}" height="{tall:.1f}"'
            pieces.append(f'<rect class="plain" {place} rx="1"/>')
    return _svg(step * max(1, len(counts)), height + 1, title, "".join(pieces), "sparkline")


def interval(low: float, share: float, high: float, title: str) -> str:
    """A share of 0 to 1 with the range in which the true one lies."""
    x = [round(2 + 136 * value, 1) for value in (low, share, high)]
    drawing = (
        '<rect class="track" x="2" y="6" width="136" height="6" rx="3"/>'
        f'<rect class="range" x="{x[0]}" y="6" width="{max(1.0, x[2] - x[0]):.1f}" height="6" rx="3"/>'
        f'<circle class="point" cx="{x[1]}" cy="9" r="5"/>'
    )
    return _svg(140, 18, title, drawing, "interval")


def _svg(width: float, height: float, title: str, drawing: str, kind: str) -> str:
    stretched = ' preserveAspectRatio="none"' if kind == "stacked" else ""
    return (
        f'<svg class="{kind}"{stretched} role="img" aria-label="{escape(title)}" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" xmlns="http://www.w3.org/2000/svg">{drawing}</svg>'
    )


def _cut(label: str) -> str:
    return escape(clean(label if len(label) <= _LETTERS else label[: _LETTERS - 1].rstrip() + "…"))
