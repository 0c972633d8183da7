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
        summary.add(*notes_of(one))
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
    days = ("1971-01-01", "4000-01-01", "8000-01-01", "8999-12-31")
    over_time = summed([a_run(tmp_path, day, f"{day}T00:00:00+14:00", []) for day in days])["over_time"]
    assert (over_time["by"], len(over_time["periods"]), over_time["earlier"]) == ("month", MOST, 3)


@pytest.mark.parametrize("runs", [1, 5, 40])
def test_a_machine_that_had_no_time_yet_does_not_ruin_the_chart(tmp_path: Path, runs: int) -> None:
    files = [a_run(tmp_path, f"r{n}", at(24 * n), [an_entry(f"INC{n}")]) for n in range(runs)]
    usual = summed(files)["over_time"]
    found = summed([*files, a_run(tmp_path, "old", "1980-01-01T00:00:30+00:00", [an_entry("OLD")])])
    assert found["over_time"]["by"] == usual["by"]
    shown = {one["from"] for one in found["over_time"]["periods"]}
    assert shown >= {one["from"] for one in usual["periods"]}
    assert found["over_time"]["earlier"] == (0 if usual["by"] == "run" else 1)
    assert found["incidents"]["handled"] == runs + 1


@pytest.mark.parametrize("value", [1.7e308, 1e13, -1, "7", True, None, float("nan"), 10**400])
def test_a_number_that_nobody_has_counted_is_none(tmp_path: Path, value: object) -> None:
    odd = an_entry("INC1", seconds={"read": value}, decision={"usage": {"calls": value, "tokens_in": value}})
    found = summed([a_run(tmp_path, "a", at(0), [odd] * 3, totals={"incidents": value})])
    assert (found["cost"]["seconds"], found["cost"]["calls"], found["cost"]["tokens_in"]) == (0, 0, 0)


def test_costs_are_of_different_incidents(tmp_path: Path) -> None:
    files = [a_run(tmp_path, f"r{n}", at(n), [an_entry("INC1"), an_entry("INC2")]) for n in range(5)]
    files.append(a_run(tmp_path, "shadow", at(9), [an_entry("INC1"), an_entry("INC3")], mode="shadow"))
    cost = summed(files)["cost"]
    assert (cost["incidents"], cost["entries"], cost["calls"]) == (3, 12, 12)
    assert (cost["seconds_per_incident"], cost["calls_per_incident"]) == (3.0, 4.0)
    assert summed([])["cost"]["seconds_per_incident"] is None


WHOLE = {"queue": "", "incident": "", "limit": 0}
LEFT = {"set_aside": [{"incident": "INC7", "reason": "no answer"}], "unknown": [{"incident": "INC8"}]}


@pytest.mark.parametrize(
    "head",
    [
        {"scope": {**WHOLE, "incident": "INC1"}},
        {"scope": {**WHOLE, "queue": "GR_B"}},
        {"scope": WHOLE, "mode": "shadow"},
        {"scope": WHOLE, "broken_off": True},
        {"mode": "approval"},
        {"scope": "all"},
    ],
)
def test_what_is_left_is_told_by_a_run_that_looked_at_everything(tmp_path: Path, head: dict[str, Any]) -> None:
    whole = a_run(tmp_path, "whole", at(0), [an_entry("INC1")], scope=WHOLE, **LEFT)
    part = a_run(tmp_path, "part", at(1), [an_entry("INC1")], **head)
    found = summed([whole, part])
    assert found["newest"]["run"] == "part"
    assert found["now"] == {
        "run": "whole",
        "started": at(0),
        "queue": "",
        "set_aside": LEFT["set_aside"],
        "set_aside_count": 1,
        "unknown": ["INC8"],
        "unknown_count": 1,
    }
    later = a_run(tmp_path, "later", at(2), [], scope={**WHOLE, "limit": 1})
    assert summed([whole, part, later])["now"]["set_aside_count"] == 0
    alone = summed([part])["now"]
    assert (alone and alone["queue"]) == ("GR_B" if "GR_B" in str(head) else None)


def test_what_is_left_in_one_of_several_mailboxes_is_not_all(tmp_path: Path) -> None:
    files = [a_run(tmp_path, one, at(0), [], scope={**WHOLE, "queue": one}, **LEFT) for one in ("GR_A", "GR_B")]
    assert summed(files)["now"] is None


def test_sorted_keys_say_the_same(tmp_path: Path) -> None:
    heads: list[dict[str, Any]] = [
        {"mode": "shadow"},
        {"scope": WHOLE, **LEFT},
        {"scope": {**WHOLE, "incident": "INC1"}},
    ]
    for number, head in enumerate(heads):
        (tmp_path / str(number)).mkdir()
        path = a_run(tmp_path / str(number), "a", at(0), [an_entry("INC1", "closed")], **head)
        usual = summed([path])
        content = json.loads(path.read_text(encoding="utf-8"))
        incidents = content.pop("incidents")
        for order in (dict(sorted({**content, "incidents": incidents}.items())), {"incidents": incidents, **content}):
            path.write_text(json.dumps(order), encoding="utf-8")
            assert summed([path]) == usual
        first = {name: content.pop(name) for name in ("run", "started", "mode", "totals")}
        path.write_text(json.dumps({**first, "incidents": incidents, **content}), encoding="utf-8")
        assert summed([path]) == usual


def test_what_waits_since_is_as_it_was(tmp_path: Path) -> None:
    """A gap that waits for an answer is one still; nothing else is."""
    for outcome, gaps in (("waiting", 1), ("superseded", 0), ("closed", 0)):
        (tmp_path / outcome).mkdir()
        files = [
            a_run(tmp_path / outcome, "a", at(0), [an_entry("INC1")]),
            a_run(tmp_path / outcome, "b", at(1), [an_entry("INC1", outcome)]),
        ]
        assert summed(files)["gaps"]["incidents"] == gaps


def test_an_incident_stays_at_the_time_at_which_it_was_first_looked_at(tmp_path: Path) -> None:
    files = [a_run(tmp_path, f"r{n}", at(24 * n), [an_entry("INC1")]) for n in range(5)]
    assert [one["handled"] for one in summed(files)["over_time"]["periods"]] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(("weak", "none", "wants"), [(2, 1, "example"), (1, 1, "row"), (1, 2, "row")])
def test_half_of_them_decide_what_is_wanted(tmp_path: Path, weak: int, none: int, wants: str) -> None:
    doubts = ["weak_match"] * weak + ["no_match"] * none
    entries = [an_entry(f"INC{n}", decision={"doubt": doubt}) for n, doubt in enumerate(doubts)]
    assert summed([a_run(tmp_path, "a", at(0), entries)])["gaps"]["list"][0]["wants"] == wants


def test_lists_have_as_many_as_the_sentence_says(tmp_path: Path) -> None:
    entries = [
        an_entry(f"INC{n}", queue=f"Q{n}", decision={"rejections": [{"problem": f"R{n}", "critique": {}}]})
        for n in range(510)
    ]
    found = summed([a_run(tmp_path, "a", at(0), entries)])
    assert (len(found["gaps"]["list"]), found["gaps"]["groups"]) == (500, 510)
    assert (len(found["refused"]["rows"]), found["refused"]["rows_count"]) == (500, 510)
    proposals = [{"id": f"P{n}", "kind": "problem", "evidence": []} for n in range(510)]
    chosen = choose([a_maintenance(tmp_path, proposals=proposals), a_batch(tmp_path, remarks=[{}] * 510)], Period())
    assert len(maintenance_as_json(chosen.maintenance[0])["largest"]) == 500
    assert len(batch_as_json(chosen.batches[0])["remarks"]) == 500


def test_index_and_maintenance(tmp_path: Path) -> None:
    chosen = choose([a_batch(tmp_path), a_maintenance(tmp_path)], Period())
    batch, maintenance = batch_as_json(chosen.batches[0]), maintenance_as_json(chosen.maintenance[0])
    assert (batch["added"], batch["removed"], batch["kept"], batch["rejected_count"]) == (2, 1, 7, 1)
    assert (maintenance["by_kind"], maintenance["duplicates"], maintenance["contradicts"]) == ({"problem": 1}, 1, 0)
    assert maintenance["largest"][0]["incidents"] == 2
    assert maintenance["fates"] == {"problem": 2, "covered": 1, "odd": 1}


def test_what_a_person_agreed_to_was_changed_and_not_automatic(tmp_path: Path) -> None:
    entries = [an_entry("INC1", "closed"), an_entry("INC2", "closed", approved_by="ana")]
    found = summed([a_run(tmp_path, "a", at(0), entries, mode="approval")])
    assert (found["incidents"]["executed"], found["returned"]["changes"]) == (1, 2)


def test_what_a_person_agreed_to_is_changed_and_not_automatic(tmp_path: Path) -> None:
    agreed = {**an_entry("INC1", "closed", revision="1"), "approved_by": "Ana"}
    first = a_run(tmp_path, "run1", at(1), [an_entry("INC1", "handed_off", revision="1"), an_entry("INC2", "closed")])
    found = summed([first, a_run(tmp_path, "run2", at(2), [agreed], mode="approval")])
    assert found["incidents"] == {"handled": 2, "executed": 1, "automatic_rate": 0.5}
    assert found["returned"]["changes"] == 2
    assert found["outcomes"] == {"closed": 2}
