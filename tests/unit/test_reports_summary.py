"""Sums over runs: nothing twice, nothing lost, whatever the order of the files."""

from __future__ import annotations

import json
import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resuelve.journal import Act, Returned, ReturnedAs
from resuelve.reports.sources import Period, choose, notes_of
from resuelve.reports.summary import Summary
from resuelve.reports.time import MOST, Grain, begin, grain, stretches
from resuelve.reports.upkeep import batch_as_json, maintenance_as_json
from tests.report_samples import a_batch, a_maintenance, a_run, an_entry

START = datetime(2026, 9, 1, 8, tzinfo=UTC)
OUTCOMES = ("closed", "held", "reassigned", "handed_off", "waiting", "failed", "unknown", "superseded", "shadowed")

RUNS = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.booleans(),
        st.lists(st.tuples(st.integers(0, 12), st.sampled_from(OUTCOMES)), max_size=8, unique_by=lambda one: one[0]),
    ),
    max_size=6,
)


def summed(files: list[Path], returned: list[Returned] | None = None) -> dict[str, Any]:
    chosen = choose(files, Period())
    assert not chosen.rejected
    summary = Summary(chosen.runs)
    for one in chosen.runs:
        summary.add(one, *notes_of(one))
    return summary.as_json(returned)


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).isoformat()


def written(folder: Path, runs: list[tuple[int, bool, list[tuple[int, str]]]]) -> list[Path]:
    found = []
    for number, (hours, shadow, entries) in enumerate(runs):
        told = [an_entry(f"INC{code}", outcome, revision=f"{number}") for code, outcome in entries]
        found.append(a_run(folder, f"run{number}", at(hours), told, mode="shadow" if shadow else "live"))
    return found


@settings(deadline=None, max_examples=60)
@given(RUNS, st.randoms(use_true_random=False))
def test_sums_are_sums_and_order_does_not_matter(
    runs: list[tuple[int, bool, list[tuple[int, str]]]], chance: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as name:
        files = written(Path(name), runs)
        found = summed(files)
        chance.shuffle(files)
        assert summed(files) == found
    live = [entries for _, shadow, entries in runs if not shadow]
    handled = {code for entries in live for code, _ in entries}
    executed = {code for entries in live for code, outcome in entries if outcome in ("closed", "held", "reassigned")}
    assert found["incidents"]["handled"] == len(handled) == sum(found["outcomes"].values())
    assert found["incidents"]["executed"] == len(executed)
    assert sum(one["handled"] for one in found["each_run"]) == sum(len(entries) for *_, entries in runs)
    periods = found["over_time"]["periods"]
    for name in ("handled", "executed"):
        assert sum(one[name] for one in periods) == found["incidents"][name]
    assert sum(one["runs"] for one in periods) == found["runs"]["live"] == len(live)
    rates = [one["automatic_rate"] for one in (*periods, *found["each_run"], found["incidents"])]
    assert all(rate is None or 0 <= rate <= 1 for rate in rates)
    assert found["cost"]["calls"] == found["cost"]["entries"] == sum(len(entries) for *_, entries in runs)
    assert sum(one["seconds"] for one in found["cost"]["stages"]) == pytest.approx(found["cost"]["seconds"])
    assert sum(found["resolutions"].values()) == found["returned"]["changes"]
    json.dumps(found)


def test_an_incident_of_several_runs_counts_once(tmp_path: Path) -> None:
    files = [
        a_run(tmp_path, "a", at(0), [an_entry("INC1"), an_entry("INC2")]),
        a_run(tmp_path, "b", at(24), [an_entry("INC1", "held"), an_entry("INC3", "waiting")]),
        a_run(tmp_path, "c", at(48), [an_entry("INC1", "waiting")]),
    ]
    found = summed(files)
    assert found["incidents"] == {"handled": 3, "executed": 1, "automatic_rate": 0.3333}
    assert found["outcomes"] == {"handed_off": 1, "held": 1, "waiting": 1}
    assert found["handed_over"] == {"weak_match": 1}
    assert found["gaps"]["incidents"] == 1


def test_a_shadow_run_executes_nothing(tmp_path: Path) -> None:
    entries = [an_entry("INC1", "shadowed", changed=False), an_entry("INC2", "closed"), an_entry("INC3")]
    found = summed([a_run(tmp_path, "a", at(0), entries, mode="shadow")])
    assert found["incidents"] == {"handled": 0, "executed": 0, "automatic_rate": None}
    assert found["shadow"] == {"handled": 3, "would_change": 1, "rate": 0.3333}
    assert (found["returned"]["changes"], found["over_time"]["periods"]) == (0, [])
    assert [one["incident"] for one in found["newest"]["incidents"]] == ["INC1"]


def test_what_a_broken_off_run_and_the_next_both_tell_counts_once(tmp_path: Path) -> None:
    twice = an_entry("INC1", "closed", decision={"seconds": {"retrieve": 0.1234}})
    files = [
        a_run(tmp_path, "a", at(0), [twice, an_entry("INC2")], broken_off=True),
        a_run(tmp_path, "b", at(1), [twice, an_entry("INC3")]),
    ]
    found = summed(files)
    assert (found["runs"]["broken_off"], found["incidents"]["handled"], found["incidents"]["executed"]) == (1, 3, 1)
    assert (found["returned"]["changes"], found["resolutions"]) == (1, {"cierre": 1})
    assert (found["cost"]["entries"], found["cost"]["calls"], found["cost"]["seconds"]) == (3, 3, 2.25)


def test_what_came_back(tmp_path: Path) -> None:
    entries = [an_entry("INC1", "closed"), an_entry("INC2", "reassigned"), an_entry("INC3", "closed"), an_entry("INC4")]
    files = [a_run(tmp_path, "a", at(0), entries)]
    returned = [
        Returned(Act(f"R-{code}", code, "Q", "T", "closed", "REE001", "f", START), how, START)
        for code, how in (("INC1", ReturnedAs.REOPENED), ("INC2", ReturnedAs.REPORTED), ("INC9", ReturnedAs.REOPENED))
    ]
    came = summed(files, returned)["returned"]
    assert (came["came_back"], came["share"], came["reopened"], came["reported"]) == (2, 0.6667, 1, 1)
    assert came["of_other_runs"] == 1
    assert {one["incident"] for one in came["list"]} == {"INC1", "INC2"}
    newest = summed(files, returned)["newest"]["incidents"]
    assert [(one["incident"], one["came_back"]) for one in newest] == [
        ("INC1", "reopened"),
        ("INC2", "reported"),
        ("INC3", ""),
    ]
    assert summed(files)["returned"] == {"known": False, "changes": 3}


def test_gaps_say_what_to_write(tmp_path: Path) -> None:
    entries = [
        *(an_entry(f"INC{n}") for n in range(3)),
        *(an_entry(f"INC1{n}", queue="GR_B", decision={"doubt": "no_match"}) for n in range(2)),
        an_entry("INC20", decision={"doubt": "policy"}),
    ]
    gaps = summed([a_run(tmp_path, "a", at(0), entries)])["gaps"]
    assert (gaps["incidents"], gaps["groups"]) == (5, 2)
    assert [(one["queue"], one["incidents"], one["wants"]) for one in gaps["list"]] == [
        ("GR_SAL_REEMBOLSOS", 3, "example"),
        ("GR_B", 2, "row"),
    ]
    assert gaps["list"][0]["examples"][0] == {"incident": "INC0", "title": "title of INC0"}


def test_refusals_count_each_pair_once(tmp_path: Path) -> None:
    def refused(doubt: str) -> dict[str, Any]:
        one = {"problem": "REE001", "critique": {"doubt": doubt, "advice": "look again"}}
        return {"decision": {"rejections": [one, {**one, "problem": "REE002"}]}}

    files = [
        a_run(tmp_path, "a", at(0), [an_entry("INC1", **refused("no_match"))]),
        a_run(tmp_path, "b", at(1), [an_entry("INC1", **refused("weak_match")), an_entry("INC2")]),
    ]
    found = summed(files)["refused"]
    assert (found["incidents"], found["choices"], found["by_reason"]) == (1, 2, {"weak_match": 2})
    assert [(one["row"], one["description"]) for one in found["rows"]] == [
        ("REE001", "No deja adjuntar la factura"),
        ("REE002", ""),
    ]


def test_lists_are_bounded(tmp_path: Path) -> None:
    entries = [an_entry(f"INC{n}", "closed") for n in range(700)]
    newest = summed([a_run(tmp_path, "a", at(0), entries)])["newest"]
    assert (len(newest["incidents"]), newest["incidents_count"]) == (500, 700)


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=30, unique=True))
def test_every_moment_has_a_column_and_there_are_few(hours: list[int]) -> None:
    moments = sorted(START + timedelta(hours=one) for one in hours)
    by = grain(moments)
    begun = [begin(one, by, f"r{n}") for n, one in enumerate(moments)]
    shown = stretches(begun, by)
    assert set(begun) <= set(shown)
    assert shown == sorted(shown)
    assert len(shown) <= MOST


@pytest.mark.parametrize(
    ("days", "by"), [(0, Grain.RUN), (2, Grain.RUN), (3, Grain.DAY), (62, Grain.WEEK), (500, Grain.MONTH)]
)
def test_grain(days: int, by: Grain) -> None:
    assert grain([START, START + timedelta(days=days)]) is by


def test_a_span_of_ages_has_an_end(tmp_path: Path) -> None:
    files = [
        a_run(tmp_path, "a", "0001-01-02T00:00:00+00:00", []),
        a_run(tmp_path, "b", "9999-12-30T00:00:00+00:00", []),
    ]
    over_time = summed(files)["over_time"]
    assert (len(over_time["periods"]), over_time["earlier"]) == (MOST, 1)


def test_index_and_maintenance(tmp_path: Path) -> None:
    chosen = choose([a_batch(tmp_path), a_maintenance(tmp_path)], Period())
    batch, maintenance = batch_as_json(chosen.batches[0]), maintenance_as_json(chosen.maintenance[0])
    assert (batch["added"], batch["removed"], batch["kept"], batch["rejected_count"]) == (2, 1, 7, 1)
    assert (maintenance["by_kind"], maintenance["duplicates"], maintenance["contradicts"]) == ({"problem": 1}, 1, 0)
    assert maintenance["largest"][0]["incidents"] == 2
    assert maintenance["fates"] == {"problem": 2, "covered": 1, "odd": 1}


def test_what_a_person_agreed_to_is_changed_and_not_automatic(tmp_path: Path) -> None:
    agreed = {**an_entry("INC1", "closed", revision="1"), "approved_by": "Ana"}
    first = a_run(tmp_path, "run1", at(1), [an_entry("INC1", "handed_off", revision="1"), an_entry("INC2", "closed")])
    found = summed([first, a_run(tmp_path, "run2", at(2), [agreed], mode="approval")])
    assert found["incidents"] == {"handled": 2, "executed": 1, "automatic_rate": 0.5}
    assert found["returned"]["changes"] == 2
    assert found["outcomes"] == {"closed": 2}
