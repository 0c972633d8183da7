"""A ticket that was told to wait for a fix, and what becomes of it when the fix does not come."""

from __future__ import annotations

import pytest

from tests.acceptance.fixtures import NewDesk
from tests.acceptance.product import demo_incidents, message

FIXES = "CORRECTIVOS_ABIERTOS.csv"
WAITS = "INC1066"
DAY = "31/12/2099"


def test_it_is_told_the_day_once_and_waits(new_desk: NewDesk) -> None:
    desk = new_desk(list(demo_incidents(WAITS)))
    assert desk.run("run").status == 0
    (change,) = desk.ledger()
    assert DAY in message(change)
    assert desk.run("index").status == 0
    assert desk.run("run").status == 0
    assert desk.ledger() == [change]
    assert desk.report()["dictionary"]["fixes"] == len(
        {line.split(",")[0] for line in (desk.workspace / FIXES).read_text(encoding="utf-8").splitlines()[1:]}
    )


@pytest.mark.parametrize("change", ["moved", "past", "gone"])
def test_it_goes_to_a_person_when_the_day_no_longer_holds(new_desk: NewDesk, change: str) -> None:
    desk = new_desk(list(demo_incidents(WAITS)))
    assert desk.run("run").status == 0
    done = desk.ledger()
    assert len(done) == 1
    path = desk.workspace / FIXES
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    days = {"moved": "30/06/2098", "past": "01/01/2020"}
    changed = (
        # another fix keeps the day: it is not the one that was promised
        line.replace(DAY, days.get(change, "")) if line.startswith("COR0412") else line
        for line in lines
        if change != "gone" or not line.startswith("COR0412")
    )
    path.write_text("".join(changed), encoding="utf-8")
    assert desk.run("index").status == 0
    assert desk.run("run").status == 0
    entry = desk.entries()[WAITS]
    assert (entry["outcome"], entry["decision"]["doubt"]) == ("handed_off", "fix_overdue")
    assert DAY in entry["reason"]
    assert desk.ledger() == done
