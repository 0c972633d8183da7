"""The small finder of series that the other tests trust."""

from __future__ import annotations

from tests.deploy.promql import Asked, Matcher, labels, series


def test_series_of_an_expression() -> None:
    text = 'sum by (le, stage) (rate(a_bucket{mode="live", outcome!~"x|y"}[5m])) / on () group_left () max(b:c:d) > 1e6'
    assert list(series(text)) == [
        Asked("a_bucket", (Matcher("mode", "=", "live"), Matcher("outcome", "!~", "x|y"))),
        Asked("b:c:d", ()),
    ]
    assert list(labels(text)) == ["le", "stage"]


def test_functions_times_and_keywords_are_no_series() -> None:
    text = (
        'time() - max(last_over_time(up[2d] offset 1d)) > 14 * 86400 or absent(x) unless on(y) z{a="b"} and vector(0)'
    )
    assert [one.name for one in series(text)] == ["up", "x", "z"]
