"""Pages and pictures: escaped, harmless, with numbers as the language writes them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.pages.doubts import doubt_in_words
from resuelve.pages.numbers import duration, number, percent
from resuelve.pages.page import clean
from resuelve.pages.pictures import Bar, bars, interval, sparkline, stacked
from resuelve.pages.plots import Axes, Dot, curve_plot, reliability_plot
from resuelve.tickets.port import Listing


@given(st.lists(st.tuples(st.text(max_size=80), st.floats(0, 1e9)), max_size=6))
def test_any_label_makes_a_picture(rows: list[tuple[str, float]]) -> None:
    found = [Bar(label, value, "x", link="p1") for label, value in rows]
    for picture in (bars(found, "t"), stacked([Bar("a", value, "x") for _, value in rows], "t")):
        ElementTree.fromstring(picture)  # noqa: S314 - our own


def test_the_longest_bar_is_that_of_the_largest_value() -> None:
    drawn = ElementTree.fromstring(bars([Bar("a", 1, "1"), Bar("b", 4, "4")], "t"))  # noqa: S314
    widths = [float(rect.get("width", 0)) for rect in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[1] == pytest.approx(4 * widths[0], rel=0.01)


def test_a_sparkline_has_a_column_for_each_period_in_which_there_was_something() -> None:
    drawn = ElementTree.fromstring(sparkline([0, 3, 0, 6], "t"))  # noqa: S314
    heights = [float(rect.get("height", 0)) for rect in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert heights == [17.0, 34.0]
    ElementTree.fromstring(sparkline([], "t"))  # noqa: S314
    ElementTree.fromstring(interval(0.0, 0.5, 1.0, "t"))  # noqa: S314


AXES = Axes("<t>", "<x>", "<y>", ["0 %", "25 %", "50 %", "75 %", "100 %"])
SHARE = st.floats(0, 1)


@given(st.lists(st.builds(Dot, SHARE, SHARE, SHARE, SHARE, SHARE, st.text(max_size=20)), max_size=5))
def test_any_dots_make_a_plot(dots: list[Dot]) -> None:
    drawn = ElementTree.fromstring(reliability_plot(dots, AXES))  # noqa: S314 - our own
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}circle"))) == len(dots)


@given(st.lists(st.tuples(SHARE, SHARE), max_size=20), SHARE)
def test_any_points_make_a_curve(points: list[tuple[float, float]], target: float) -> None:
    ElementTree.fromstring(curve_plot(points, AXES, target=target))  # noqa: S314


def test_more_is_further_right_and_higher() -> None:
    drawn = ElementTree.fromstring(curve_plot([(0.1, 0.2), (0.9, 0.8)], AXES, target=0.5))  # noqa: S314
    (line,) = drawn.iter("{http://www.w3.org/2000/svg}polyline")
    (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in line.get("points", "").split())
    assert x1 < x2
    assert y1 > y2


def test_numbers() -> None:
    assert [number(value, "es", 1) for value in (1234.56, 12345.6, 0.04)] == ["1234,6", "12.345,6", "0,0"]
    assert number(1234.56, "en", 1) == "1,234.6"
    assert [duration(hours, "en") for hours in (0.25, 9.94, 41, 80, 300)] == ["0.2 h", "9.9 h", "41 h", "3.3 d", "12 d"]
    assert (percent(0.463, "es"), percent(0.463, "en")) == ("46 %", "46%")


def test_what_a_browser_would_obey_is_not_shown() -> None:
    assert clean("a\x00b\u202ec\nd") == "a\ufffdb\ufffdc\nd"


def test_a_doubt_that_is_none_of_ours_stands_as_it_is() -> None:
    assert doubt_in_words("weak_match", "en") == "weak match"
    assert [doubt_in_words(name, "es") for name in ("none", "x.y", "")] == ["none", "x.y", "—"]


def test_an_export_sets_aside_what_is_no_incident(tmp_path: object) -> None:
    from pathlib import Path

    from resuelve.tickets.export import read_export

    file = Path(str(tmp_path)) / "export.json"
    file.write_bytes(b'\xef\xbb\xbf[{"codIncidencia": "INC1", "titulo": "No va"}, 3]')
    found = read_export(file)
    assert isinstance(found, Listing)
    assert [one.code for one in found.incidents] == ["INC1"]
    assert len(found.rejected) == 1
