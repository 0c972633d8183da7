"""Several processes on one workspace at once: nothing is done twice, and looking does not disturb."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.acceptance.product import ACTING, Desk, demo_incidents, eventually

NewDesk = Callable[..., Desk]


def assert_each_changed_once(desk: Desk) -> None:
    desk.nothing_twice()
    assert {change["incident"] for change in desk.ledger()} == set(ACTING)
    told = [entry for report in desk.reports() for entry in report["incidents"] if entry["changed"]]
    assert sorted(entry["incident"] for entry in told) == sorted(ACTING)


def test_two_runs_at_once(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING))
    runs = [desk.start("run") for _ in range(2)]
    assert [(ended.status, ended.error) for ended in (run.wait() for run in runs)] == [(0, "")] * 2
    assert_each_changed_once(desk)


def test_two_runs_at_once_that_decide_by_other_rules(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING))
    runs = [desk.start("run", CRITIC_APPROVAL_THRESHOLD=threshold) for threshold in ("60", "61", "62")]
    assert [(ended.status, ended.error) for ended in (run.wait() for run in runs)] == [(0, "")] * 3
    assert_each_changed_once(desk)


def test_others_look_while_one_runs(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING))
    # With one worker: several could be stopped in the middle of writing to the journal.
    stop = {"place": "apply", "when": "before", "call": 2, "signal": int(signal.SIGSTOP)}
    run = desk.start("run", interrupts=[stop], RESUELVE_WORKERS="1")
    run.until_stopped()
    done = len(desk.ledger())
    doctor, explain = desk.start("doctor"), desk.start("explain", ACTING[-1], "--json")
    assert doctor.wait().status == 0
    assert json.loads(explain.wait().out)["incident"]["code"] == ACTING[-1]
    # What is in hand elsewhere is left to it; nobody else's work waits for it.
    other = desk.run("run")
    assert other.status == 0, other.error
    assert len(desk.ledger()) > done
    run.send(signal.SIGCONT)
    assert run.wait().status == 0
    assert_each_changed_once(desk)


def test_the_index_is_rebuilt_while_one_runs(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING))
    stop = {"place": "decide", "when": "after", "call": 2, "signal": int(signal.SIGSTOP)}
    run = desk.start("run", interrupts=[stop], RESUELVE_WORKERS="1")
    run.until_stopped()
    assert desk.run("index", "--force").status == 0
    run.send(signal.SIGCONT)
    assert run.wait().status == 0
    assert_each_changed_once(desk)


def test_a_run_that_is_told_to_stop_finishes_what_it_has_in_hand(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING))
    pause = {"place": "apply", "when": "after", "call": 1, "signal": int(signal.SIGSTOP)}
    run = desk.start("run", interrupts=[pause], RESUELVE_WORKERS="1")
    run.until_stopped()
    run.send(signal.SIGTERM)
    run.send(signal.SIGCONT)
    ended = run.wait()
    assert ended.status == 0, ended.error
    assert 1 <= len(desk.ledger()) < len(ACTING)
    assert len(desk.report()["incidents"]) == len(desk.ledger())
    assert desk.run("run").status == 0
    assert_each_changed_once(desk)


def test_watching_goes_on_until_told_to_end(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:2]))
    run = desk.start("run", "--watch", RESUELVE_POLL_SECONDS="0.2")
    eventually(lambda: len(desk.ledger()) == 2)
    (new,) = demo_incidents(ACTING[2])
    desk.touch(new["codIncidencia"], **{key: value for key, value in new.items() if key != "codIncidencia"})
    eventually(lambda: len(desk.ledger()) == 3)
    eventually(lambda: any(ACTING[2] == e["incident"] for r in desk.reports() for e in r["incidents"]))
    run.send(signal.SIGTERM)
    ended = run.wait()
    assert (ended.status, ended.error) == (0, "")
    told = [entry["incident"] for report in desk.reports() for entry in report["incidents"] if entry["changed"]]
    assert sorted(told) == sorted(ACTING[:3])
    assert all("broken_off" not in report for report in desk.reports())
    desk.nothing_twice()


def test_watching_says_once_that_nothing_changes(new_desk: NewDesk) -> None:
    desk = new_desk([])
    run = desk.start("run", "--watch", RESUELVE_POLL_SECONDS="0.05")
    eventually(lambda: looks(desk) >= 4)
    run.send(signal.SIGTERM)
    ended = run.wait()
    assert (ended.status, ended.error) == (0, "")
    assert ended.out.count("Incidencias: 0;") == 1


def test_watching_reports_once_what_only_a_person_can_mend(new_desk: NewDesk) -> None:
    desk = new_desk([{"codIncidencia": "ODD", "historial": "nada"}])
    run = desk.start("run", "--watch", RESUELVE_POLL_SECONDS="0.05")
    eventually(lambda: looks(desk) >= 4)
    run.send(signal.SIGTERM)
    ended = run.wait()
    assert (ended.status, ended.error) == (0, "")
    assert [report["unreadable"][0]["what"] for report in desk.reports()] == ["ODD"]


def looks(desk: Desk) -> int:
    """How often the ticket manager was asked, and the answer worked through."""
    try:
        with closing(sqlite3.connect(f"file:{desk.workspace}/.resuelve/journal.db?mode=ro", uri=True)) as journal:
            count: int = journal.execute("select count(*) from runs where finished_at is not null").fetchone()[0]
            return count
    except sqlite3.OperationalError:  # not made yet
        return 0


def test_watching_survives_a_ticket_manager_that_is_away(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:1]), RESUELVE_POLL_SECONDS="0.1", RESUELVE_HTTP_ATTEMPTS="1")
    desk.fault("500", times=2)
    run = desk.start("run", "--watch")
    eventually(lambda: len(desk.ledger()) == 1)
    run.send(signal.SIGTERM)
    ended = run.wait()
    assert ended.status == 0
    assert "500" in ended.out


def test_a_watch_in_shadow_decides_about_an_unchanged_ticket_once(new_desk: NewDesk) -> None:
    """With a language model each decision is paid for, and a watch looks every half minute."""
    desk = new_desk(demo_incidents("INC1001", "INC1004"))
    run = desk.start("run", "--watch", "--shadow", RESUELVE_POLL_SECONDS="0.05", RESUELVE_LOG_LEVEL="DEBUG")
    log = desk.workspace / "logs"
    eventually(lambda: _events(log).count("run.idle") > 3)
    desk.touch("INC1004", titulo="Otra cosa")
    eventually(lambda: _events(log).count("incident.ended") >= 3)
    run.send(signal.SIGTERM)
    assert run.wait().status == 0
    assert _events(log).count("incident.ended") == 3
    assert not list(desk.ledger())


def _events(folder: Path) -> list[str]:
    lines = [line for file in folder.glob("*.jsonl") for line in file.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line)["event"] for line in lines if line.endswith("}")]
