"""Runs that are killed with SIGKILL at every boundary of a stage, and at random moments."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.product import ACTING, KILLED, Desk, demo_incidents

NewDesk = Callable[..., Desk]

BOUNDARIES = {
    "before the run is noted": ("start_run", "before", 1),
    "before the first incident": ("start_run", "after", 1),
    "before decide": ("decide", "before", 2),
    "after decide is remembered": ("decide", "after", 2),
    "before the intent": ("intend", "before", 2),
    "after the intent, before the change": ("intend", "after", 2),
    "after the change, before it is settled": ("apply", "after", 2),
    "after it is settled, before it is remembered": ("settle", "after", 2),
    "after it is remembered, before it is recorded": ("act", "after", 2),
    "after it is recorded, before it is finished": ("record", "after", 2),
    "after it is finished": ("finish", "after", 2),
    "after the report, before the run is noted as ended": ("finish_run", "before", 1),
}


FOUR = ACTING[:4]


def die(place: str, when: str, call: int) -> list[dict[str, Any]]:
    return [{"place": place, "when": when, "call": call, "signal": int(signal.SIGKILL)}]


def assert_finished(desk: Desk, codes: set[str]) -> None:
    """Every incident was decided, all were changed once, and some report tells of each."""
    desk.nothing_twice()
    assert {change["incident"] for change in desk.ledger()} == codes
    for report in desk.reports():
        assert report["totals"]["incidents"] == len(report["incidents"])
        assert report["totals"]["executed"] == sum(entry["changed"] for entry in report["incidents"])
    told = [entry for report in desk.reports() for entry in report["incidents"]]
    assert {entry["incident"] for entry in told} == codes
    # Told twice at most by the run that was killed and the one that finished its work, and then the same.
    changed = {entry["incident"] for entry in told if entry["changed"]}
    assert changed == codes
    references = {(entry["incident"], entry["reference"]) for entry in told if entry["changed"]}
    assert len(references) == len(codes)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_killed_at_a_boundary_the_next_run_finishes(new_desk: NewDesk, boundary: str) -> None:
    desk = new_desk(demo_incidents(*FOUR), RESUELVE_WORKERS="1")
    killed = desk.run("run", interrupts=die(*BOUNDARIES[boundary]))
    assert killed.status == KILLED, killed.error
    before = desk.ledger()
    ended = desk.run("run")
    assert (ended.status, ended.error) == (0, "")
    assert desk.ledger()[: len(before)] == before
    assert_finished(desk, set(FOUR))
    # One incident was recorded before the process died, if it got that far: the killed run has its report.
    told = [report.get("broken_off", False) for report in desk.reports()]
    assert any(told) == (BOUNDARIES[boundary][0] != "start_run")
    assert desk.open_codes() == {change["incident"] for change in desk.ledger() if change["action"] != "resolver"}


def test_killed_twice_at_the_same_place(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*FOUR), RESUELVE_WORKERS="1")
    for _ in range(3):
        assert desk.run("run", interrupts=die("apply", "after", 1)).status == KILLED
    assert desk.run("run").status == 0
    assert_finished(desk, set(FOUR))


def test_killed_with_several_in_hand(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING), RESUELVE_WORKERS="4")
    for place in ("intend", "apply", "settle", "act", "record"):
        assert desk.run("run", interrupts=die(place, "after", 2)).status == KILLED
    assert desk.run("run").status == 0
    assert_finished(desk, set(ACTING))


def test_killed_when_the_answer_to_a_change_was_lost(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:2]), RESUELVE_WORKERS="1")
    desk.fault("drop_after_apply", method="PATCH")
    assert desk.run("run", interrupts=die("settle", "before", 1)).status == KILLED
    assert desk.run("run").status == 0
    assert_finished(desk, set(ACTING[:2]))


def test_killed_ten_times_at_random(new_desk: NewDesk) -> None:
    incidents = demo_incidents(*ACTING)
    many = [{**one, "codIncidencia": f"{one['codIncidencia']}-{n}"} for n in range(8) for one in incidents][:60]
    desk = new_desk(many)
    chance = random.Random(7)
    for _ in range(10):
        done = len(desk.ledger())
        command = desk.start("run")
        # Not before it has begun to act, or a slow machine would see ten kills of processes that are only starting.
        while len(desk.ledger()) < done + chance.randrange(4):
            time.sleep(0.002)
        time.sleep(0.03 * chance.random())
        command.send(signal.SIGKILL)
        assert command.wait().status == KILLED
    assert len(desk.ledger()) < 60
    ended = desk.run("run")
    assert (ended.status, ended.error) == (0, "")
    assert_finished(desk, {one["codIncidencia"] for one in many})
