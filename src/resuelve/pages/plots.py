"""Plots of two shares, both 0 to 1, as inline SVG. Colours and sizes of letters are the style sheet's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from resuelve.pages.page import clean

_SIDE, _LEFT, _TOP, _BELOW, _RIGHT = 320, 56, 10, 52, 16
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Axes:
    """What a plot shows.

    Attributes:
        across, up: what the axes are.
        ticks: the shares at the ticks 0, 25, 50, 75 and 100 % as the language writes them.
    """

    title: str
    across: str
    up: str
    ticks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Dot:
    """A share that was promised, and the one that came, with its interval.

    Attributes:
        weight: share of all cases, 0 to 1: the area of the dot.
        shown: what a pointer on it tells.
    """

    x: float
    y: float
    low: float
    high: float
    weight: float
    shown: str


def reliability_plot(dots: Sequence[Dot], axes: Axes) -> str:
    """What was promised against what came; on the diagonal they are the same."""
    pieces = [f'<line class="guide" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>']
    for dot in dots:
        radius = 3 + 9 * max(0.0, min(1.0, dot.weight)) ** 0.5
        pieces.append(
            f'<line class="whisker" x1="{_x(dot.x)}" y1="{_y(dot.low)}" x2="{_x(dot.x)}" y2="{_y(dot.high)}"/>'
            f'<circle class="plain" cx="{_x(dot.x)}" cy="{_y(dot.y)}" r="{radius:.1f}">'
            f"<title>{escape(clean(dot.shown))}</title></circle>"
        )
    return _plot(pieces, axes, "reliability")


def curve_plot(points: Sequence[tuple[float, float]], axes: Axes, *, target: float) -> str:
    """A line through points, from left to right, and a level that is aimed at."""
    pieces = [f'<line class="guide" x1="{_x(0)}" y1="{_y(target)}" x2="{_x(1)}" y2="{_y(target)}"/>']
    if points:
        path = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
        pieces.append(f'<polyline class="trend" points="{path}"/>')
    return _plot(pieces, axes, "curve")


def _plot(pieces: Sequence[str], axes: Axes, kind: str) -> str:
    width, height = _LEFT + _SIDE + _RIGHT, _TOP + _SIDE + _BELOW
    frame = [
        f'<line class="axis" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(0)}"/>',
        f'<line class="axis" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(0)}" y2="{_y(1)}"/>',
    ]
    for tick, label in zip(_TICKS, axes.ticks, strict=True):
        frame.append(f'<text class="tick" x="{_x(tick)}" y="{_y(0) + 18}">{escape(label)}</text>')
        frame.append(f'<text class="label" x="{_LEFT - 8}" y="{_y(tick) + 4}">{escape(label)}</text>')
    middle = _LEFT + _SIDE / 2
    frame.append(f'<text class="tick" x="{middle:g}" y="{height - 10}">{escape(axes.across)}</text>')
    frame.append(
        f'<text class="tick" x="12" y="{_TOP + _SIDE / 2:g}" transform="rotate(-90 12 {_TOP + _SIDE / 2:g})">'
        f"{escape(axes.up)}</text>"
    )
    return (
        f'<svg class="{kind}" role="img" aria-label="{escape(axes.title)}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" xmlns="http://www.w3.org/2000/svg">{"".join([*frame, *pieces])}</svg>'
    )


def _x(share: float) -> float:
    return round(_LEFT + _SIDE * max(0.0, min(1.0, share)), 1)


def _y(share: float) -> float:
    return round(_TOP + _SIDE * (1 - max(0.0, min(1.0, share))), 1)
