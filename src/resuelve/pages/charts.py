"""Charts over time as inline SVG: a share as a line, counts as columns of several parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from resuelve.pages.page import clean
from resuelve.pages.pictures import Bar

_WIDTH, _HEIGHT = 760, 250
_LEFT, _RIGHT, _TOP, _BELOW = 58, 16, 12, 34
_ACROSS, _UP = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BELOW
_MOST_LABELS = 7
_WIDEST_COLUMN = 46
_NAMED_DOTS = 12
"""With fewer points than this each has its value beside it; with more a pointer tells."""


@dataclass(frozen=True, slots=True)
class Point:
    """A share at one time.

    Attributes:
        label: the time, below the axis.
        share: 0 to 1; None where there is none.
        value: the share in words, beside the dot.
        shown: what a pointer on it tells.
    """

    label: str
    share: float | None
    value: str
    shown: str


@dataclass(frozen=True, slots=True)
class Column:
    """Parts of a count at one time; the first stands at the bottom.

    Attributes:
        parts: each with its `Bar.kind`, the class of the style sheet.
    """

    label: str
    parts: Sequence[Bar]


def share_chart(points: Sequence[Point], title: str, ticks: Sequence[tuple[float, str]]) -> str:
    """A line with a dot for each time; it leaps over times that have no share.

    Args:
        ticks: shares at which there is a line across, with their words; the last is the top.
    """
    top = ticks[-1][0]
    pieces = [_across(_up(share / top), words) for share, words in ticks]
    pieces += _times([one.label for one in points])
    places = [
        (_middle(number, len(points)), _up(one.share / top), one)
        for number, one in enumerate(points)
        if one.share is not None
    ]
    if len(places) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
        pieces.append(f'<polyline class="trend" points="{path}"/>')
    for x, y, one in places:
        pieces.append(
            f'<circle class="plain" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{escape(clean(one.shown))}</title></circle>'
        )
        if len(places) <= _NAMED_DOTS:
            place = y - 9 if y > _TOP + 22 else y + 19
            pieces.append(f'<text class="tick" x="{x:.1f}" y="{place:.1f}">{escape(clean(one.value))}</text>')
    return _chart(pieces, title)


def column_chart(columns: Sequence[Column], title: str, ticks: Sequence[tuple[float, str]]) -> str:
    """A column for each time; what each part is, a legend and a pointer tell.

    Args:
        ticks: counts at which there is a line across, with their words; the last is the top.
    """
    top = ticks[-1][0]
    pieces = [_across(_up(count / top), words) for count, words in ticks]
    pieces += _times([one.label for one in columns])
    width = min(_WIDEST_COLUMN, 0.72 * _ACROSS / max(1, len(columns)))
    for number, column in enumerate(columns):
        bottom, x = float(_TOP + _UP), _middle(number, len(columns)) - width / 2
        for part in column.parts:
            tall = _UP * part.value / top
            bottom -= tall
            if tall:
                pieces.append(
                    f'<rect class="{escape(part.kind)}" x="{x:.1f}" y="{bottom:.1f}" width="{width:.1f}" '
                    f'height="{tall:.1f}"><title>{escape(clean(part.shown))}</title></rect>'
                )
    return _chart(pieces, title)


def round_steps(largest: float) -> list[int]:
    """Three to six whole numbers from 0 to the largest or a little more, in steps that people count in."""
    step, place = 1, 0
    while largest > 5 * step:
        step = (1, 2, 5)[(place + 1) % 3] * 10 ** ((place + 1) // 3)
        place += 1
    return [step * number for number in range(max(2, -int(-largest // step)) + 1)]


def _times(labels: Sequence[str]) -> list[str]:
    """Labels below the axis, so many as have room; the last always."""
    apart = max(1, -(-len(labels) // _MOST_LABELS))
    return [
        f'<text class="tick" x="{_middle(number, len(labels)):.1f}" y="{_HEIGHT - 10}">{escape(clean(label))}</text>'
        for number, label in enumerate(labels)
        if (len(labels) - 1 - number) % apart == 0
    ]


def _across(y: float, words: str) -> str:
    return (
        f'<line class="axis" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>'
        f'<text class="label soft" x="{_LEFT - 8}" y="{y + 4:.1f}">{escape(clean(words))}</text>'
    )


def _middle(number: int, count: int) -> float:
    return _LEFT + _ACROSS * (number + 0.5) / max(1, count)


def _up(share: float) -> float:
    return _TOP + _UP * (1 - max(0.0, min(1.0, share)))


def _chart(pieces: Sequence[str], title: str) -> str:
    return (
        f'<svg class="chart" role="img" aria-label="{escape(clean(title))}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" xmlns="http://www.w3.org/2000/svg">{"".join(pieces)}</svg>'
    )
