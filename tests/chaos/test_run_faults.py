"""A ticket manager and a business system on their bad days; people who work on the same tickets."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.product import ACTING, Desk, demo_incidents, message

NewDesk = Callable[..., Desk]

LIST = "/api/incidencias"
ASKS_THE_SYSTEM = "INC2040"
TWO = ACTING[:2]
INCOMPLETE = 3


def assert_all_changed_once(desk: Desk, codes: tuple[str, ...] = TWO) -> None:
    desk.nothing_twice()
    assert {change["incident"] for change in desk.ledger()} == set(codes)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "500", "path": LIST, "times": 2},
        {"kind": "429", "path": LIST, "retry_after": 0, "times": 2},
        {"kind": "drop", "path": LIST, "method": "GET"},
        {"kind": "slow", "path": LIST, "seconds": 0.2, "times": 4},
        {"kind": "timeout", "path": LIST, "method": "GET"},
        {"kind": "429", "method": "PATCH", "retry_after": 1},
        {"kind": "drop_after_apply", "method": "PATCH", "times": 2},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('method', '')}".strip(),
)
def test_what_passes_is_waited_for(new_desk: NewDesk, fault: dict[str, Any]) -> None:
    desk = new_desk(demo_incidents(*TWO), RESUELVE_HTTP_TIMEOUT="1")
    desk.fault(**fault)
    ended = desk.run("run")
    assert (ended.status, ended.error) == (0, "")
    assert_all_changed_once(desk)
    assert {entry["outcome"] for entry in desk.entries().values()} == {"reassigned"}


@pytest.mark.parametrize("kind", ["500", "not_json", "timeout", "403", "404"])
def test_no_list_no_run(new_desk: NewDesk, kind: str) -> None:
    desk = new_desk(demo_incidents(*TWO), RESUELVE_HTTP_TIMEOUT="0.2", RESUELVE_HTTP_ATTEMPTS="2")
    desk.fault(kind, path=LIST, times=99)
    ended = desk.run("run")
    assert ended.status == 1
    assert ended.error.startswith("resuelve: GET ")
    assert LIST in ended.error
    assert "Traceback" not in ended.error
    assert len(ended.error.splitlines()) == 1
    desk.no_more_faults()
    assert desk.run("run").status == 0
    assert_all_changed_once(desk)


@pytest.mark.parametrize("kind", ["conflict", "400", "500", "404"])
def test_a_change_that_fails_is_tried_again_by_the_next_run(new_desk: NewDesk, kind: str) -> None:
    desk = new_desk(demo_incidents(*TWO))
    desk.fault(kind, method="PATCH", path=f"{LIST}/{TWO[0]}", times=1)
    ended = desk.run("run")
    assert ended.status == INCOMPLETE, ended.error
    assert_all_changed_once(desk, TWO[1:])
    assert desk.entries()[TWO[0]]["outcome"] == "failed"
    assert desk.report()["totals"]["errors_by_system"] == {"tickets": 1}
    assert desk.run("run").status == 0
    assert_all_changed_once(desk)


def test_a_change_of_which_nobody_knows_is_not_sent_again(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(TWO[0]), RESUELVE_HTTP_TIMEOUT="0.3", RESUELVE_HTTP_ATTEMPTS="1")
    desk.fault("timeout", method="PATCH")
    desk.run("run")
    assert desk.ledger() == []
    assert desk.entries()[TWO[0]]["outcome"] == "unknown"
    reference = desk.entries()[TWO[0]]["reference"]
    told = f"{TWO[0]} ({reference})"
    for command in (["run"], ["run", "--incident", TWO[0]], ["doctor"], ["run"]):
        ended = desk.run(*command)
        assert ended.status == 0
        assert told in ended.out.replace("\n", " "), command
    assert desk.report()["unknown"] == [{"incident": TWO[0], "reference": reference}]
    assert desk.ledger() == []
    # Somebody looks, and does something about it: nothing is left to tell.
    desk.touch(TWO[0], comentario="Hecho a mano.")
    assert told not in desk.run("run").out
    assert told not in desk.run("doctor").out
    assert desk.report()["unknown"] == []


def test_the_business_system_is_down(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(ASKS_THE_SYSTEM, *TWO), RESUELVE_HTTP_ATTEMPTS="1", RESUELVE_MAX_FAILURES="2")
    desk.fault("500", path="/api/poliza", times=99)
    for attempt in (1, 2):
        assert desk.run("run").status == INCOMPLETE
        assert desk.entries()[ASKS_THE_SYSTEM]["outcome"] == "failed"
        assert f"intento {attempt}" in desk.entries()[ASKS_THE_SYSTEM]["reason"]
        assert desk.report()["totals"]["errors_by_system"] == {"agents": 1}
        assert_all_changed_once(desk)
    ended = desk.run("run")
    assert ended.status == INCOMPLETE
    assert ASKS_THE_SYSTEM in ended.out
    (aside,) = desk.report()["set_aside"]
    assert aside["incident"] == ASKS_THE_SYSTEM
    assert "500" in aside["reason"]
    assert ASKS_THE_SYSTEM not in desk.entries()
    # Somebody changes it: it is looked at again.
    desk.no_more_faults()
    desk.touch(ASKS_THE_SYSTEM, prioridad="1 - Crítica", titulo="Póliza de hogar en provisión, sigue igual")
    assert desk.run("run").status == 0
    assert_all_changed_once(desk, (ASKS_THE_SYSTEM, *TWO))


def test_a_failed_incident_is_resolved_when_the_system_is_back(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(ASKS_THE_SYSTEM), RESUELVE_HTTP_ATTEMPTS="1")
    desk.fault("not_json", path="/api/comprobacionPoliza", times=1)
    assert desk.run("run").status == INCOMPLETE
    assert desk.ledger() == []
    assert desk.run("run").status == 0
    assert_all_changed_once(desk, (ASKS_THE_SYSTEM,))
    assert desk.report()["set_aside"] == []


@pytest.mark.parametrize("touch", [{"comentario": "Ya lo miro yo."}, {"estado": "Cerrada"}, {"buzon": "GR_OTRO"}])
def test_a_person_who_touches_a_ticket_meanwhile_wins(new_desk: NewDesk, touch: dict[str, str]) -> None:
    desk = new_desk(demo_incidents(*TWO), RESUELVE_WORKERS="1", RESUELVE_FRESH_SECONDS="0")
    stop = {"place": "intend", "when": "after", "call": 1, "signal": int(signal.SIGSTOP)}
    run = desk.start("run", interrupts=[stop])
    run.until_stopped()
    desk.touch(TWO[0], **touch)
    run.send(signal.SIGCONT)
    ended = run.wait()
    assert (ended.status, ended.error) == (0, "")
    assert_all_changed_once(desk, TWO[1:])
    assert desk.entries()[TWO[0]]["outcome"] == "superseded"


def test_texts_of_the_ticket_manager_do_not_reach_the_terminal_as_commands(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*TWO))
    ended = desk.run("run")
    assert "\x1b" not in ended.out
    assert all("\x1b" not in message(change) for change in desk.ledger())
