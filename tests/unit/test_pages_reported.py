"""The page of a report: what tickets say is shown and never obeyed, and there is an end to it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import OutcomeKind
from resuelve.journal import Act, Returned, ReturnedAs
from resuelve.pages.charts import Column, Point, column_chart, round_steps, share_chart
from resuelve.pages.days import day_told, moment_told, month_told
from resuelve.pages.pictures import Bar
from resuelve.pages.reported import outcome_in_words, reported_page
from resuelve.pages.times import GROUPS
from resuelve.pages.traces import trace_address
from resuelve.reports.sources import Period, choose, notes_of
from resuelve.reports.summary import Summary
from resuelve.reports.upkeep import batch_as_json, maintenance_as_json
from tests.report_samples import a_batch, a_maintenance, a_run, an_entry

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}\u202e\x00\ud800"
TRACE = "0123456789abcdef0123456789abcdef"
AT = "2026-09-01T08:00:00+00:00"


def report_of(files: list[Path], returned: list[Returned] | None = None, **more: Any) -> dict[str, Any]:
    chosen = choose(files, Period())
    summary = Summary(chosen.runs)
    for one in chosen.runs:
        summary.add(one, *notes_of(one))
    aside = [{"what": one.what, "where": one.where, "reason": str(one.reason)} for one in chosen.rejected]
    return {
        "made": AT,
        "source": HOSTILE,
        "older_runs": 0,
        **summary.as_json(returned),
        "batches": [batch_as_json(one) for one in chosen.batches],
        "maintenance": [maintenance_as_json(one) for one in chosen.maintenance],
        "set_aside": aside,
        "notes": [],
        **more,
    }


def hostile_entry(code: str, outcome: str) -> dict[str, Any]:
    refusal = {"problem": HOSTILE, "critique": {"doubt": HOSTILE, "advice": HOSTILE}}
    return an_entry(
        code,
        outcome,
        title=HOSTILE,
        queue=HOSTILE,
        reason=HOSTILE,
        sent={"text": HOSTILE, "queue": HOSTILE},
        seconds={HOSTILE: 1.0},
        decision={
            "problem": {"id": HOSTILE, "description": HOSTILE},
            "prescribed": HOSTILE,
            "rejections": [refusal],
            "failed_system": HOSTILE,
        },
    )


class Elements(HTMLParser):
    """The elements of a page, with what a browser would follow."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("language", ["es", "en"])
def test_hostile_texts_are_only_shown(tmp_path: Path, language: str) -> None:
    entries = [hostile_entry(f"INC{n}{HOSTILE}", kind) for n, kind in enumerate((*OutcomeKind, HOSTILE))]
    run = a_run(
        tmp_path,
        "a",
        AT,
        entries,
        set_aside=[{"incident": HOSTILE, "reason": HOSTILE}],
        unknown=[{"incident": HOSTILE}],
        breakers={"stopped": HOSTILE},
        model=HOSTILE,
    )
    files = [run, a_batch(tmp_path), a_maintenance(tmp_path, source=HOSTILE, counts={HOSTILE: 3})]
    came = Returned(
        Act(entries[0]["reference"], entries[0]["incident"], "Q", HOSTILE, HOSTILE, HOSTILE, "f", datetime.now(UTC)),
        ReturnedAs.REOPENED,
        datetime.now(UTC),
    )
    aside = [{"what": HOSTILE, "where": HOSTILE, "reason": HOSTILE}]
    page = reported_page(report_of(files, [came], set_aside=aside, notes=aside), language=language)
    found = Elements(page)
    assert not found.names & {"script", "img", "iframe", "object", "form", "link", "input"}
    assert set(found.links) == {"#aside"}
    assert "{{7*7}}" in found.text
    assert "\u202e" not in page
    assert "\x00" not in page
    assert "&lt;script&gt;" in page
    page.encode("utf-8", "backslashreplace")


def test_an_empty_report_is_a_page_too(tmp_path: Path) -> None:
    for files in ([a_batch(tmp_path)], [a_run(tmp_path, "a", AT, [])], [a_maintenance(tmp_path, proposals=[])]):
        assert "<h1>How Resuelve is doing</h1>" in reported_page(report_of(files), language="en")


def test_the_page_has_an_end(tmp_path: Path) -> None:
    def entries(most: int) -> list[dict[str, Any]]:
        return [an_entry(f"INC{n}", "closed", decision={"problem": {"id": f"ROW{n}"}}) for n in range(most)]

    few = len(reported_page(report_of([a_run(tmp_path, "few", AT, entries(70))]), language="en"))
    many = reported_page(report_of([a_run(tmp_path, "many", AT, entries(3000))]), language="en")
    assert len(many) < 1.1 * few
    assert "+ 2,940: more" in many


def test_a_trace_is_linked_where_there_is_one(tmp_path: Path) -> None:
    entries = [
        an_entry("INC1", "closed", trace=TRACE),
        an_entry("INC2", "closed"),
        an_entry("INC3", "closed", trace="javascript:alert(1)"),
    ]
    report = report_of([a_run(tmp_path, "a", AT, entries)])
    address = "https://traces.example/t/{trace}?a=1&b=2"
    found = Elements(reported_page(report, language="en", trace_url=address))
    assert [one for one in found.links if one != "#aside"] == [f"https://traces.example/t/{TRACE}?a=1&b=2"]
    for refused in ("", "javascript:{trace}", "file:///{trace}", "https://traces.example/"):
        assert Elements(reported_page(report, language="en", trace_url=refused)).links == []


@pytest.mark.parametrize(
    "template",
    ["", "data:text/html,{trace}", "JAVASCRIPT:{trace}", "//host/{trace}", "https:///{trace}", "https://h/\n{trace}",
     " https://h/{trace}", "https://[h/{trace}", "https://h/{0}"],
)  # fmt: skip
def test_no_other_address_is_linked(template: str) -> None:
    assert trace_address(template, TRACE) == ""


def test_an_address() -> None:
    assert trace_address("http://h:16686/trace/{trace}", TRACE) == f"http://h:16686/trace/{TRACE}"
    assert [trace_address("http://h/{trace}", one) for one in (TRACE.upper(), TRACE + "\n", "", None, 7)] == [""] * 5


def test_every_outcome_has_a_colour_and_words() -> None:
    assert {name for names in GROUPS.values() for name in names} == set(OutcomeKind)
    assert [outcome_in_words(one, "en") for one in ("closed", "later", "")] == ["closed", "later", "—"]


SHARES = st.none() | st.floats(0, 1)
TICKS = [(0.0, "0"), (1.0, "<1>")]


@given(st.lists(st.builds(Point, st.text(max_size=9), SHARES, st.text(max_size=5), st.text(max_size=9)), max_size=70))
def test_any_shares_make_a_line(points: list[Point]) -> None:
    drawn = ElementTree.fromstring(share_chart([*points], "<t>", TICKS))  # noqa: S314 - our own
    dots = list(drawn.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(dots) == sum(one.share is not None for one in points)


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=70))
def test_any_counts_make_columns(counts: list[list[int]]) -> None:
    columns = [Column("<l>", [Bar("a", value, "<s>", "new") for value in one]) for one in counts]
    most = max((sum(one) for one in counts), default=0)
    steps = [(float(step), str(step)) for step in round_steps(most)]
    drawn = ElementTree.fromstring(column_chart(columns, "t", steps))  # noqa: S314
    parts = list(drawn.iter("{http://www.w3.org/2000/svg}rect"))
    assert len(parts) == sum(value > 0 for one in counts for value in one)
    assert all(float(one.get("y", -1)) >= 0 for one in parts)


@given(st.integers(0, 10**9))
def test_an_axis_reaches_the_largest_in_few_steps(largest: int) -> None:
    steps = round_steps(largest)
    assert steps[0] == 0
    assert steps[-1] >= largest
    assert 3 <= len(steps) <= 6
    assert len({b - a for a, b in pairwise(steps)}) == 1


def test_days_as_they_are_read() -> None:
    assert [day_told(AT, one) for one in ("es", "en")] == ["01/09/2026", "2026-09-01"]
    assert [moment_told(AT, one, year=False) for one in ("es", "en")] == ["01/09 08:00", "09-01 08:00"]
    assert [month_told("2026-09-01", one) for one in ("es", "en")] == ["09/2026", "2026-09"]
    assert [day_told(one, "es") for one in (None, "", "soon")] == ["—", "—", "soon"]
