"""What was done by itself and came back stops its row, and everything when it is too much."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.acceptance.fixtures import NewDesk
from tests.acceptance.product import ACTING, Desk, demo_incidents

STOPPED = 3
"""The exit status while something waits for a person."""

HELD, PAUSED, FELL = "held", "paused", "row_fell"
FINAL = ("INC1001", "INC1003", "INC1017")
"""Demo incidents that are reassigned or closed, each by a row of its own."""


def once_more(code: str, new: str) -> dict[str, Any]:
    """The same matter in another ticket."""
    (incident,) = demo_incidents(code)
    return {**incident, "codIncidencia": new}


def bring_back(desk: Desk, code: str) -> None:
    """A person opens a closed ticket again, or sends it back to the mailbox that it came from."""
    (incident,) = demo_incidents(code)
    desk.touch(code, estado="En curso", buzon=incident["buzon"], comentario="Sigo sin poder, no ha servido.")


def done(desk: Desk) -> list[str]:
    return [change["incident"] for change in desk.ledger()]


def test_a_row_falls_and_may_act_again(new_desk: NewDesk) -> None:
    code = FINAL[0]
    desk = new_desk(list(demo_incidents(code)))
    assert desk.run("run").status == 0
    assert "No ha vuelto nada" in desk.run("returned").out
    bring_back(desk, code)
    desk.touch("INC9001", **once_more(code, "INC9001"))
    ended = desk.run("run")
    assert "ya no actúa sola" in ended.out
    entry = desk.entries()["INC9001"]
    assert (entry["outcome"], entry["decision"]["doubt"], entry["decision"]["permission"]) == (
        "handed_off",
        FELL,
        "ask",
    )
    assert entry["decision"]["proposed_text"]
    assert code in entry["reason"]
    assert list(desk.report()["breakers"]["fallen"].values()) == [code]
    assert done(desk) == [code]
    doctor = desk.run("doctor")
    assert doctor.status == 0
    assert any(line.startswith("!") and code in line for line in doctor.out.splitlines())
    (shown,) = json.loads(desk.run("returned", "--json").out)
    assert (shown["incident"], shown["how"], shown["row"]) == (code, "reopened", "fallen")
    assert code in desk.run("returned").out
    assert desk.run("returned", "seen", code).status == 0
    assert desk.run("run").status == 0
    assert done(desk) == [code, "INC9001"]


def test_too_much_that_came_back_stops_everything(new_desk: NewDesk) -> None:
    desk = new_desk(list(demo_incidents(*FINAL)))
    assert desk.run("run").status == 0
    before = done(desk)
    assert sorted(before) == sorted(FINAL)
    for code in FINAL:
        bring_back(desk, code)
    other = next(code for code in ACTING if code not in FINAL)
    desk.touch(other, **demo_incidents(other)[0])
    ended = desk.run("run")
    assert ended.status == STOPPED
    assert "No se hace nada más de forma automática" in ended.out
    assert desk.report()["breakers"]["stopped"]
    assert desk.entries()[other]["outcome"] == PAUSED
    assert done(desk) == before
    assert desk.run("run", RESUELVE_MOST_RETURNED="100").status == 0
    assert done(desk) == [*before, other]
    assert "3" in desk.run("returned", "seen", "--all").out
    assert desk.run("run").status == 0
    assert desk.report()["breakers"] == {"stopped": "", "fallen": {}}


def test_no_more_in_an_hour_than_is_let_and_the_rest_waits(new_desk: NewDesk) -> None:
    desk = new_desk(list(demo_incidents(*ACTING[:3])))
    slow = {"RESUELVE_MOST_PER_HOUR": "1", "RESUELVE_WORKERS": "1"}
    assert desk.run("run", **slow).status == 0
    assert len(done(desk)) == 1
    assert desk.report()["totals"]["by_outcome"][PAUSED] == 2
    assert desk.report()["breakers"]["stopped"]
    assert any(line.startswith("!") and "MOST_PER_HOUR" in line for line in desk.run("doctor", **slow).out.splitlines())
    assert desk.run("run", **slow).status == 0
    assert desk.report()["totals"]["by_outcome"].get(PAUSED, 0) == 0, "what is still paused is no news"
    assert desk.run("run").status == 0
    desk.nothing_twice()
    assert sorted(done(desk)) == sorted(ACTING[:3])


def test_a_person_says_that_it_was_wrong(new_desk: NewDesk) -> None:
    code = "INC1018"
    desk = new_desk(list(demo_incidents(code)))
    assert desk.run("run").status == 0
    assert desk.entries()[code]["outcome"] == HELD
    assert "ya no actúa sola" in desk.run("returned", "wrong", code).out
    desk.touch("INC9001", **once_more(code, "INC9001"))
    assert desk.run("run").status == 0
    assert desk.entries()["INC9001"]["decision"]["doubt"] == FELL


def test_a_persons_word_counts_after_it_was_seen_to_and_for_what_a_run_was_about_to_do(new_desk: NewDesk) -> None:
    code = FINAL[0]
    desk = new_desk(list(demo_incidents(code)))
    assert desk.run("run").status == 0
    assert desk.run("returned", "wrong", code).status == 0
    assert desk.run("returned", "seen", code).status == 0
    assert "ya no actúa sola" in desk.run("returned", "wrong", code).out
    assert code in desk.run("returned").out
    desk.touch("INC9001", **once_more(code, "INC9001"))
    shadow = desk.run("run", "--shadow")
    assert "ya no actúa sola" in shadow.out
    assert desk.entries()["INC9001"]["decision"]["doubt"] == FELL
    assert "ya no actúa sola" in desk.run("explain", "INC9001").out
    assert done(desk) == [code]


def test_shadow_goes_on_where_a_run_would_pause(new_desk: NewDesk) -> None:
    desk = new_desk(list(demo_incidents(*FINAL)))
    assert desk.run("run", "--limit", "1").status == 0
    assert len(done(desk)) == 1
    assert desk.run("run", "--shadow", RESUELVE_MOST_PER_HOUR="1").status == 0
    assert PAUSED not in desk.report()["totals"]["by_outcome"]
    assert desk.report()["totals"]["by_outcome"]["shadowed"] == 2


def ten_days_later(desk: Desk) -> None:
    """What was done and noted so far is ten days old."""
    with closing(sqlite3.connect(desk.workspace / ".resuelve" / "journal.db")) as journal, journal:
        for table, column in (("acts", "made_at"), ("acts", "first_returned_at"), ("records", "made_at")):
            older = f"strftime('%Y-%m-%dT%H:%M:%S.000+00:00', {column}, '-10 days')"
            journal.execute(f"UPDATE {table} SET {column} = {older} WHERE {column} IS NOT NULL")  # noqa: S608


def test_what_a_person_gave_on_stops_nothing_and_did_not_last(new_desk: NewDesk) -> None:
    code = "INC1001"
    desk = new_desk(list(demo_incidents(code)))
    assert desk.run("run").status == 0
    assert desk.entries()[code]["outcome"] == "reassigned"
    assert "duradera" not in desk.run("returned").out, "nothing is old enough"
    desk.touch(code, buzon="GR_OTRO_MAS")
    assert desk.run("run").status == 0
    assert json.loads(desk.run("returned", "--json").out) == []
    ten_days_later(desk)
    told = " ".join(desk.run("returned").out.split())
    assert "No ha vuelto nada" in told
    assert "1 incidencia decidida, y se actuó en 1 (100,0 %). Se mantuvieron 7 días 0" in told
    assert "pasadas a otro buzón 1" in told


def test_a_dictionary_that_cannot_be_read_is_told_once(new_desk: NewDesk) -> None:
    desk = new_desk([])
    (desk.workspace / "PROBLEMAS_GLOBALES.csv").unlink()
    told = [line for line in desk.run("doctor").out.splitlines() if line.startswith("✗")]
    assert [line.split(":")[0] for line in told] == ["✗ Diccionario", "✗ Índice"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wrong", "INC0000"], "INC0000"),
        (["seen", "INC0000"], "INC0000"),
        (["seen"], "--all"),
        (["seen", "INC1", "--all"], "--all"),
    ],
)
def test_what_cannot_be_told(new_desk: NewDesk, arguments: list[str], said: str) -> None:
    ended = new_desk([]).run("returned", *arguments)
    assert ended.status != 0
    assert said in ended.error
    assert "Traceback" not in ended.error
