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
from resuelve.pages.answers import Line, cost_told, right_told, working_told
from resuelve.pages.charts import Column, Point, column_chart, round_steps, share_chart
from resuelve.pages.counted import counted
from resuelve.pages.days import day_told, moment_told, month_told
from resuelve.pages.pictures import Bar
from resuelve.pages.reported import outcome_in_words, reported_page, summary_told
from resuelve.pages.systems import SYSTEMS, system_in_words
from resuelve.pages.times import GROUPS
from resuelve.pages.traces import trace_address
from resuelve.reports.sources import Period as Days
from resuelve.reports.sources import choose, notes_of
from resuelve.reports.summary import Summary
from resuelve.reports.upkeep import batch_as_json, maintenance_as_json
from resuelve.resolution import observed
from resuelve.resolution.drift import Calibration, InputDrift
from resuelve.resolution.track_record import Period, Tally, TrackRecord
from resuelve.texts import catalogue
from tests.report_samples import a_batch, a_maintenance, a_run, an_entry

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}\u202e\x00\ud800"
TRACE = "0123456789abcdef0123456789abcdef"
AT = "2026-09-01T08:00:00+00:00"


def report_of(files: list[Path], returned: list[Returned] | None = None, **more: Any) -> dict[str, Any]:
    chosen = choose(files, Days())
    summary = Summary(chosen.runs)
    for one in chosen.runs:
        summary.add(*notes_of(one))
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


SINCE, UNTIL = datetime(2026, 10, 20, 12, tzinfo=UTC), datetime(2026, 11, 19, 12, tzinfo=UTC)


def a_record(decided: int = 117, **more: Any) -> dict[str, Any]:
    judged = Period(SINCE, UNTIL, decided, Tally(25, 1, 0, 2) if decided else Tally(), 0, 0)
    young = Period(UNTIL, UNTIL, 9, Tally(4, 1), 0, 0)
    rows = {"REE007": Tally(3, 1, 0, 2), "<b>": Tally(22)} if decided else {}
    kinds = {"reassigned": Tally(10, 0, 0, 2), "closed": Tally(15, 1)} if decided else {}
    told = {"calibration": Calibration(3), "input_drift": InputDrift(3, 3), **more}
    return TrackRecord(30, 7, judged, young, rows, kinds, **told).as_json()


def told(files: list[Path], language: str, **more: Any) -> dict[str, Line]:
    """The lines of the answers by name."""
    report = report_of(files, [], **more)
    return {one.name: one for lines in (working_told, right_told, cost_told) for one in lines(report, language)}


def test_the_durable_rate_stands_with_its_own_window(tmp_path: Path) -> None:
    files = [a_run(tmp_path, "a", AT, [an_entry("INC1", "closed")])]
    line = told(files, "es", durable=a_record())["Tasa automática → duradera"]
    assert line.value == "21,4 % → 18,8 %"
    assert line.note.startswith("de 117 incidencias decididas del 20/10/2026 al 19/11/2026: ")
    assert "12,8 %–26,8 %" in line.note
    none = told(files, "en", durable=a_record(0))["Automatic rate → durable"]
    assert (none.value, none.note.split(",")[0]) == ("—", "nothing was decided from 2026-10-20 to 2026-11-19")
    assert "Automatic rate → durable" not in told(files, "en", durable=None)


@pytest.mark.parametrize("language", ["es", "en"])
def test_what_lasted_has_a_section(tmp_path: Path, language: str) -> None:
    files = [a_run(tmp_path, "a", AT, [an_entry("INC1", "closed")])]
    worse: dict[str, Any] = {
        "calibration": Calibration(40, 0.9, 0.75, 0.15, 0.05, 0.25),
        "input_drift": InputDrift(80, 60, 0.5, 0.2),
    }
    page = reported_page(report_of(files, [], durable=a_record(**worse)), language=language)
    shown = " ".join(Elements(page).text.split())
    heading = {"es": "Qué duró", "en": "What lasted"}[language]
    assert f"<h2>{heading}</h2>" in page
    assert page.index("REE007") < page.index("&lt;b&gt;")
    for said in {
        "en": (
            "25 incidents acted on: 22 lasted, reopened 1, reported by a person 0, given on to another mailbox 2.",
            "4 incidents acted on: 3 not back so far, reopened 1",
            "15.0 points less came than promised (95 % interval 5.0 to 25.0)",
            "stability index 0.50, by chance at most 0.20",
        ),
        "es": ("en 4 incidencias se actuó: no han vuelto hasta ahora 3", "15,0 puntos menos", "índice de estabilidad"),
    }[language]:
        assert said in shown
    assert page.count("<p><strong>") == 2
    better: dict[str, Any] = {
        "calibration": Calibration(40, 0.9, 0.85, 0.05, -0.1, 0.2),
        "input_drift": InputDrift(80, 60, 0.1, 0.2),
    }
    page = reported_page(report_of(files, [], durable=a_record(**better)), language=language)
    assert page.count("<p><strong>") == 0
    assert "5,0" in page or "5.0" in page
    assert heading not in reported_page(report_of(files, []), language=language)


def test_rows_that_lasted_have_an_end(tmp_path: Path) -> None:
    record = a_record()
    assert (record["rows"], len(record["by_row"])) == (2, 2)
    record = {**record, "rows": 700, "by_row": record["by_row"] * 250}
    page = reported_page(report_of([a_run(tmp_path, "a", AT, [])], [], durable=record), language="en")
    assert page.count("REE007") == 10
    assert "+ 680: more" in page


def test_what_is_young_has_not_lasted() -> None:
    assert a_record()["young"]["not_back"] == 3
    assert "lasted" not in a_record()["young"]


def test_in_a_shadow_only_workspace_nothing_has_been_done_yet(tmp_path: Path) -> None:
    report = report_of([a_run(tmp_path, "a", AT, [an_entry("INC1", "shadowed", changed=False)], mode="shadow")], [])
    assert "nothing has been done yet" in summary_told(report, "en")
    assert "todavía no se ha hecho nada" in summary_told(report, "es")
    assert right_told(report, "en")[0].note == "in shadow only: nothing has been done yet"
    live = report_of([a_run(tmp_path, "b", AT, [an_entry("INC1")])], [])
    assert "nothing has been done" not in summary_told(live, "en") + right_told(live, "en")[0].note


def test_what_is_left_is_no_false_zero(tmp_path: Path) -> None:
    part = told([a_run(tmp_path, "a", AT, [an_entry("INC1")])], "en")
    assert {part[name].value for name in ("Set aside after failures", "Unknown whether changed")} == {"—"}
    scope = {"queue": "GR_B", "incident": "", "limit": 0}
    whole = told([a_run(tmp_path, "a", AT, [an_entry("INC1")], scope=scope, unknown=[{"incident": "X"}])], "en")
    line = whole["Unknown whether changed"]
    assert (line.value, line.note, line.bad) == ("1", "as of 2026-09-01 08:00, in mailbox GR_B", True)
    assert whole["Set aside after failures"].value == "0"


def test_systems_are_told_in_words(tmp_path: Path) -> None:
    entries = [
        an_entry(f"INC{n}", "failed", decision={"failed_system": name}) for n, name in enumerate(sorted(SYSTEMS))
    ]
    names = set()
    for language in ("es", "en"):
        words = {system_in_words(name, language) for name in SYSTEMS}
        assert len(words) == len(SYSTEMS)
        names |= words
    assert "gestor de incidencias" in names
    lines = told([a_run(tmp_path, "a", AT, entries)], "es")
    assert lines["Intentos fallidos, por sistema"].note == "agentes: 1 · índice: 1 · diario: 1"
    assert [system_in_words(one, "es") for one in ("other", "")] == ["other", "—"]
    named = {name for _, name in observed._SYSTEMS} | {"resuelve"}
    assert named == SYSTEMS


def test_one_is_not_many(tmp_path: Path) -> None:
    files = [a_run(tmp_path, "a", AT, [an_entry("INC1", "closed")])]
    assert summary_told(report_of(files), "es").startswith("1 ejecución del 01/09/2026 al 01/09/2026: 1 incidencia; ")
    assert summary_told(report_of(files), "en").startswith("1 run from 2026-09-01 to 2026-09-01: 1 incident, 1 acted")
    assert [counted("runs", one, "es") for one in (0, 1, 2)] == ["0 ejecuciones", "1 ejecución", "2 ejecuciones"]
    several = [key.removeprefix("report.count.") for key in catalogue("es") if key.startswith("report.count.")]
    assert {key.removeprefix("report.one.") for key in catalogue("es") if key.startswith("report.one.")} == {*several}
