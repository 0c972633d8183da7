"""A person says yes or no on the command line, and the rows climb and fall by it."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.acceptance.fixtures import NewDesk
from tests.acceptance.product import KILLED, LABEL, Desk, demo_incidents

ASK = json.dumps({"cierre": "ask", "reasignacion": "ask", "En espera": "ask", "api": "ask"})
CODE, OTHER = "INC1001", "INC1017"
"""Demo incidents that are reassigned or closed, each by a row of its own."""

AGENT = "INC1040"
"""One about which an agent would be asked."""

WHO = ("--who", "Ana")
LEFT, NOTHING = 3, 1
"""Exit statuses: some of it was not done; none was."""


def asked(new_desk: NewDesk, *codes: str, **settings: str) -> Desk:
    """A desk whose policy asks, after a run."""
    desk = new_desk(list(demo_incidents(*codes)), RESUELVE_POLICY=ASK, **settings)
    assert desk.run("run").status == 0
    assert desk.ledger() == []
    return desk


def waiting(desk: Desk) -> dict[str, dict[str, Any]]:
    return {one["incident"]: one for one in json.loads(desk.run("approvals", "--json").out)["waiting"]}


def marked(desk: Desk, *codes: str) -> list[str]:
    """Codes with the mark of what waits there; with another one where nothing does."""
    found = waiting(desk)
    return [f"{code}={found[code]['proposal'] if code in found else 'A-0000000000'}" for code in codes]


def fallen_out(desk: Desk) -> dict[str, str]:
    return {one["incident"]: one["why"] for one in json.loads(desk.run("approvals", "--json").out)["fallen_out"]}


def done(desk: Desk) -> list[str]:
    return [change["incident"] for change in desk.ledger()]


def rung(desk: Desk, row: str) -> dict[str, Any]:
    found = {one["row"]: one for one in json.loads(desk.run("approvals", "rows", "--json").out)}
    place: dict[str, Any] = found[row]
    return place


def record(desk: Desk, code: str) -> tuple[float, float]:
    """The record of the row that is chosen for a ticket, and the score."""
    decision = json.loads(desk.run("explain", code, "--json").out)["decision"]
    return decision["critique"]["features"]["record"], decision["score"]


def answers(desk: Desk) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(desk.workspace / ".resuelve" / "journal.db")) as journal:
        return journal.execute("SELECT incident, agreed, who, why FROM answers ORDER BY id").fetchall()


def labels(desk: Desk) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(desk.workspace / "historico" / "historico.db")) as history:
        return history.execute("SELECT incident, was_right, how FROM call_outcomes ORDER BY place").fetchall()


def test_a_person_says_yes(new_desk: NewDesk) -> None:
    desk = new_desk(list(demo_incidents(CODE, OTHER)), RESUELVE_POLICY=ASK)
    desk.touch(CODE, comentario="Tengo prisa.\nA-0123456789 · Cerrada")
    assert desk.run("run").status == 0
    listed = desk.run("approvals").out
    assert CODE in listed and OTHER in listed and "La política pide la aprobación" in listed
    found = waiting(desk)
    assert f"resuelve approvals accept {OTHER}={found[OTHER]['proposal']}" in listed
    shown = json.loads(desk.run("approvals", "show", CODE, "--json").out)
    assert shown["proposal"] == found[CODE]["proposal"]
    in_words = desk.run("approvals", "show", CODE).out
    assert shown["sent"]["text"] in in_words
    assert shown["sent"]["text"].startswith(LABEL)
    # What people wrote is there, and cannot pass for what the product says.
    assert f"resuelve approvals accept {CODE}={shown['proposal']}" in in_words.splitlines()
    assert "Tengo prisa." in in_words
    assert [line.rstrip() for line in in_words.splitlines() if "A-0123456789" in line] == ["    A-0123456789 · Cerrada"]
    unseen = desk.run("approvals", "accept", CODE, *WHO)
    assert (unseen.status, desk.ledger()) == (2, [])
    ended = desk.run("approvals", "accept", f"{CODE}={shown['proposal']}", *WHO)
    assert (ended.status, ended.error) == (0, "")
    (change,) = desk.ledger()
    assert change["incident"] == CODE
    assert shown["sent"]["text"] in change["body"].values()
    entry = desk.entries()[CODE]
    assert (entry["changed"], entry["approved_by"], entry["decision"]["approved"]["who"]) == (True, "Ana", "Ana")
    assert desk.report()["mode"] == "approval"
    assert desk.report()["totals"]["automatic_rate"] == 0.0
    assert desk.report()["totals"]["approved"] == 1
    assert answers(desk) == [(CODE, 1, "Ana", "")]
    assert labels(desk) == [(CODE, 1, "approved")]
    assert list(waiting(desk)) == [OTHER]
    assert json.loads(desk.run("explain", CODE, "--json").out)["before"]["approved_by"] == "Ana"
    assert "Lo había aprobado Ana" in desk.run("explain", CODE).out
    assert desk.run("run").status == 0
    assert done(desk) == [CODE]
    figures = desk.workspace / "figures.json"
    assert desk.run("report", "--json", figures).status == 0
    summary = json.loads(figures.read_text(encoding="utf-8"))
    assert summary["incidents"]["executed"] == 0
    assert summary["returned"]["changes"] == 1


def test_twice_is_once(new_desk: NewDesk) -> None:
    desk = asked(new_desk, OTHER)
    assert desk.run("approvals", "accept", *marked(desk, OTHER, OTHER), *WHO).status == 0
    again = desk.run("approvals", "accept", *marked(desk, OTHER), *WHO)
    assert again.status == NOTHING
    assert "lo ha aprobado Ana" in again.out
    assert done(desk) == [OTHER]
    assert len(answers(desk)) == 1


def test_two_processes_at_once(new_desk: NewDesk) -> None:
    desk = asked(new_desk, CODE, OTHER)
    seen = marked(desk, CODE, OTHER)
    both = [desk.start("approvals", "accept", *seen, "--who", who) for who in ("Ana", "Eva", "Iris")]
    ended = [one.wait() for one in both]
    assert sorted(done(desk)) == [CODE, OTHER]
    desk.nothing_twice()
    assert all(one.error == "" for one in ended)
    assert {one.status for one in ended} <= {0, LEFT, NOTHING}
    assert len(answers(desk)) == 2


def test_a_run_beside_an_approval(new_desk: NewDesk) -> None:
    desk = asked(new_desk, CODE, OTHER)
    seen = marked(desk, CODE, OTHER)
    run = desk.start("run", RESUELVE_POLICY="{}")
    yes = desk.start("approvals", "accept", *seen, *WHO)
    assert run.wait().error == ""
    assert yes.wait().error == ""
    assert sorted(done(desk)) == [CODE, OTHER]
    desk.nothing_twice()


def test_a_ticket_that_was_changed_or_is_gone_falls_out(new_desk: NewDesk) -> None:
    desk = asked(new_desk, CODE, OTHER)
    desk.touch(CODE, comentario="Ya me funciona, gracias.")
    assert "ha cambiado" in fallen_out(desk)[CODE]
    desk.touch(OTHER, estado="Cerrada")
    ended = desk.run("approvals", "accept", *marked(desk, CODE, OTHER), *WHO)
    assert ended.status == NOTHING
    assert "alguien ha cambiado la incidencia" in ended.out
    assert done(desk) == []
    assert answers(desk) == []
    assert waiting(desk) == {}


def test_another_proposal_than_the_one_that_was_seen(new_desk: NewDesk) -> None:
    desk = asked(new_desk, CODE)
    ended = desk.run("approvals", "accept", CODE, "--proposal", "A-0000000000")
    assert (ended.status, done(desk), answers(desk)) == (NOTHING, [], [])
    assert waiting(desk)[CODE]["proposal"] in ended.out
    assert desk.run("approvals", "accept", CODE, OTHER, "--proposal", "A-0").status == 2


def test_a_person_says_no(new_desk: NewDesk) -> None:
    desk = asked(new_desk, CODE, OTHER)
    # One that cannot be refused keeps no other from it.
    ended = desk.run("approvals", "refuse", "INC0000", CODE, *WHO, "--why", "[red]Es otro asunto")
    assert (ended.status, ended.error) == (LEFT, "")
    assert list(waiting(desk)) == [OTHER]
    assert "Ana" in fallen_out(desk)[CODE]
    assert labels(desk) == [(CODE, 0, "refused")]
    again = desk.run("approvals", "accept", *marked(desk, CODE), *WHO)
    assert again.status == NOTHING
    assert "[red]Es otro asunto" in again.out
    # Also when nobody would be asked any more: a no stands for as long as the ticket does, and in shadow.
    assert desk.run("run", "--shadow", RESUELVE_POLICY="{}").status == 0
    assert [desk.entries()[code]["outcome"] for code in (CODE, OTHER)] == ["handed_off", "shadowed"]
    assert desk.run("run", RESUELVE_POLICY="{}").status == 0
    assert done(desk) == [OTHER]
    assert "Ana" in desk.entries()[CODE]["reason"]
    desk.touch(CODE, comentario="Sigo sin poder entrar.")
    assert desk.run("run").status == 0
    assert CODE not in done(desk)
    assert desk.run("approvals", "refuse", CODE, "--why", " ").status == 2


def test_while_the_manager_is_down_nothing_is_lost(new_desk: NewDesk) -> None:
    desk = asked(new_desk, OTHER)
    seen = marked(desk, OTHER)
    desk.fault("503", times=99)
    ended = desk.run("approvals", "accept", *seen, *WHO, RESUELVE_HTTP_ATTEMPTS="1")
    assert ended.status == NOTHING
    assert "Traceback" not in ended.error
    assert answers(desk) == []
    desk.no_more_faults()
    desk.fault("503", times=99, method="PATCH")
    ended = desk.run("approvals", "accept", *marked(desk, OTHER), *WHO, RESUELVE_HTTP_ATTEMPTS="1")
    assert (ended.status, done(desk)) == (NOTHING, [])
    assert desk.entries()[OTHER]["outcome"] == "failed"
    assert waiting(desk)[OTHER]["approved_by"] == "Ana"
    assert "todavía no se ha podido" in desk.run("approvals").out
    desk.no_more_faults()
    assert desk.run("approvals", "refuse", OTHER, "--why", "no").status == NOTHING
    assert desk.run("approvals", "accept", *marked(desk, OTHER), "--who", "Eva").status == 0
    assert done(desk) == [OTHER]
    assert desk.entries()[OTHER]["approved_by"] == "Ana"


@pytest.mark.parametrize(
    ("place", "when", "then"),
    [
        ("intend", "before", "run"),
        ("intend", "after", "approvals"),
        ("apply", "after", "approvals"),
        ("settle", "after", "run"),
    ],
)
def test_killed_and_said_again_it_is_sent_once(new_desk: NewDesk, place: str, when: str, then: str) -> None:
    desk = asked(new_desk, OTHER)
    seen = marked(desk, OTHER)
    die = [{"place": place, "when": when, "call": 1, "signal": int(signal.SIGKILL)}]
    assert desk.run("approvals", "accept", *seen, *WHO, interrupts=die).status == KILLED
    if then == "run":
        assert desk.run("run").status == 0
    else:
        desk.run("approvals", "accept", *seen, *WHO)
        desk.run("run")
    assert done(desk) == [OTHER]
    told = [entry for report in desk.reports() for entry in report["incidents"] if entry["changed"]]
    assert told
    assert {entry["approved_by"] for entry in told} == {"Ana"}
    assert desk.run("approvals", "accept", *seen, *WHO).status == NOTHING
    assert done(desk) == [OTHER]


def test_a_killed_yes_is_not_carried_out_when_the_row_was_rewritten_meanwhile(new_desk: NewDesk) -> None:
    desk = asked(new_desk, OTHER)
    die = [{"place": "intend", "when": "before", "call": 1, "signal": int(signal.SIGKILL)}]
    assert desk.run("approvals", "accept", *marked(desk, OTHER), *WHO, interrupts=die).status == KILLED
    rewrite(desk, "Otro texto")
    assert "Ana" in fallen_out(desk)[OTHER]
    assert desk.run("index").status == 0
    assert desk.run("run").status == 0
    assert done(desk) == []
    found = waiting(desk)[OTHER]
    assert (found["approved_by"], found["text"]) == ("", "Otro texto")
    # Somebody else says yes to the new text, and is the one who is named.
    assert desk.run("approvals", "accept", *marked(desk, OTHER), "--who", "Eva").status == 0
    assert done(desk) == [OTHER]
    assert desk.entries()[OTHER]["approved_by"] == "Eva"
    assert [(one[0], one[2]) for one in answers(desk)] == [(OTHER, "Ana"), (OTHER, "Eva")]


def test_a_no_stops_what_a_killed_run_left_of_the_row(new_desk: NewDesk) -> None:
    desk = climbed(new_desk)
    more(desk, "INC9002")
    die = [{"place": "intend", "when": "before", "call": 1, "signal": int(signal.SIGKILL)}]
    assert desk.run("run", "--incident", "INC9002", interrupts=die).status == KILLED
    row = waiting(desk)["INC9001"]["row"]
    assert rung(desk, row)["rung"] == "automatic"
    assert desk.run("approvals", "refuse", "INC9001", *WHO, "--why", "no es esto").status == 0
    assert (rung(desk, row)["rung"], rung(desk, row)["missing"]) == ("approve", 1)
    assert desk.run("run").status == 0
    assert done(desk) == [OTHER]
    assert "INC9002" in waiting(desk)


def test_a_no_stops_a_run_that_is_at_it(new_desk: NewDesk) -> None:
    desk = climbed(new_desk)
    more(desk, "INC9002", "INC9003")
    stop = [{"place": "intend", "when": "before", "call": 1, "signal": int(signal.SIGSTOP)}]
    run = desk.start("run", interrupts=stop, RESUELVE_WORKERS="1")
    run.until_stopped()
    assert desk.run("approvals", "refuse", "INC9001", *WHO, "--why", "no es esto").status == 0
    run.send(signal.SIGCONT)
    assert run.wait().status == 0
    assert done(desk) == [OTHER]


def test_what_stops_everything_stops_a_yes_too(new_desk: NewDesk) -> None:
    desk = asked(new_desk, CODE, OTHER)
    slow = {"RESUELVE_MOST_PER_HOUR": "1"}
    ended = desk.run("approvals", "accept", *marked(desk, CODE, OTHER), *WHO, **slow)
    assert ended.status == LEFT
    assert done(desk) == [CODE]
    ended = desk.run("approvals", "accept", *marked(desk, OTHER), *WHO, **slow)
    assert ended.status == NOTHING
    assert "MOST_PER_HOUR" in ended.error
    assert desk.run("approvals", "accept", *marked(desk, OTHER), *WHO).status == 0
    assert done(desk) == [CODE, OTHER]


def test_a_row_that_fell_asks_and_a_person_outranks_it(new_desk: NewDesk) -> None:
    desk = new_desk(list(demo_incidents(OTHER)))
    assert desk.run("run").status == 0
    (incident,) = demo_incidents(OTHER)
    desk.touch(OTHER, estado="En curso", buzon=incident["buzon"], comentario="Sigo sin poder, no ha servido.")
    desk.touch("INC9001", **{**incident, "codIncidencia": "INC9001"})
    assert desk.run("run").status == 0
    found = waiting(desk)
    assert found["INC9001"]["doubt"] == "row_fell"
    assert rung(desk, found["INC9001"]["row"])["rung"] == "approve"
    assert desk.run("approvals", "accept", *marked(desk, "INC9001"), *WHO).status == 0
    assert done(desk) == [OTHER, "INC9001"]


def test_an_agent_is_asked_when_a_person_lets_it_and_its_answer_waits_again(new_desk: NewDesk) -> None:
    desk = asked(new_desk, AGENT)
    found = waiting(desk)[AGENT]
    assert found["action"] == "agent" and found["agent"] and found["text"] == ""
    assert "No se ha preguntado" in desk.run("approvals", "show", AGENT).out
    ended = desk.run("approvals", "accept", *marked(desk, AGENT), *WHO)
    assert (ended.status, done(desk)) == (NOTHING, [])
    # Its answer waits also where the policy would let it be carried out.
    free = {"RESUELVE_POLICY": json.dumps({"api": "ask"})}
    both = [desk.start("approvals", "ask", AGENT, *WHO, **free) for _ in range(2)]
    found_out = sorted((one.wait() for one in both), key=lambda one: one.status)
    assert [one.status for one in found_out] == [0, NOTHING]
    ended = found_out[0]
    assert ended.error == ""
    assert done(desk) == []
    asked_about = [one for report in desk.reports() for one in report["incidents"] if "asked_by" in one["decision"]]
    assert len(asked_about) == 1
    answered = waiting(desk)[AGENT]
    assert answered["agent"] == "" and answered["text"] in ended.out
    assert f"resuelve approvals accept {AGENT}={answered['proposal']}" in ended.out
    no_agents = {"RESUELVE_POLICY": json.dumps({"api": "never"})}
    assert "política" in desk.run("approvals", "show", AGENT, **no_agents).error
    assert "Ana" in answered["why"]
    assert desk.run("approvals", "ask", AGENT, *WHO).status == NOTHING
    assert desk.run("approvals", "accept", *marked(desk, AGENT), *WHO, **free).status == 0
    assert done(desk) == [AGENT]


def climbed(new_desk: NewDesk) -> Desk:
    """A desk whose row acts by itself after one yes; another ticket of it waits still."""
    desk = new_desk(list(demo_incidents(OTHER)), RESUELVE_RIGHT_BEFORE_ACTING="1")
    more(desk, "INC9001")
    assert desk.run("run").status == 0
    seen = marked(desk, OTHER)
    assert desk.run("approvals", "accept", *seen, *WHO).status == 0
    return desk


def rewrite(desk: Desk, text: str) -> None:
    """The row of what waits gets another text."""
    shown = json.loads(desk.run("approvals", "show", OTHER, "--json").out)["text"]
    file = desk.workspace / "PROBLEMAS_GLOBALES.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(shown, text), encoding="utf-8")


def more(desk: Desk, *codes: str) -> None:
    """The same matter in other tickets."""
    (incident,) = demo_incidents(OTHER)
    for code in codes:
        desk.touch(code, **{**incident, "codIncidencia": code})


def test_a_row_climbs_by_yeses_and_falls_by_a_no_or_by_what_comes_back(new_desk: NewDesk) -> None:
    desk = new_desk(list(demo_incidents(OTHER)), RESUELVE_RIGHT_BEFORE_ACTING="2")
    more(desk, "INC9001", "INC9002", "INC9003")
    assert desk.run("run").status == 0
    assert done(desk) == []
    row = waiting(desk)[OTHER]["row"]
    place = rung(desk, row)
    assert (place["rung"], place["right"], place["missing"]) == ("approve", 0, 2)
    assert "aciertos" in desk.run("approvals", "rows").out
    assert desk.run("approvals", "accept", *marked(desk, OTHER), *WHO).status == 0
    assert desk.run("run").status == 0
    assert desk.report()["mode"] == "approval", "nothing has changed, so nothing is decided anew"
    assert desk.run("approvals", "accept", *marked(desk, "INC9001"), *WHO).status == 0
    assert (rung(desk, row)["rung"], rung(desk, row)["right"]) == ("automatic", 2)
    assert not [line for line in desk.run("doctor").out.splitlines() if "ninguna fila" in line.lower()]
    assert desk.run("run").status == 0  # it has climbed, so what waited is decided anew
    assert sorted(done(desk)) == [OTHER, "INC9001", "INC9002", "INC9003"]
    desk.nothing_twice()
    # It comes back: the row falls, and stays down by its record when somebody has seen to it.
    (incident,) = demo_incidents(OTHER)
    desk.touch(OTHER, estado="En curso", buzon=incident["buzon"], comentario="Sigo sin poder, no ha servido.")
    more(desk, "INC9004")
    assert desk.run("run").status == 0
    assert desk.entries()["INC9004"]["decision"]["doubt"] == "row_fell"
    assert desk.run("returned", "seen", OTHER).status == 0
    place = rung(desk, row)
    assert (place["rung"], place["right"], place["wrong"], place["wanted"]) == ("approve", 1, 1, 4)
    assert desk.run("run").status == 0
    assert desk.entries()["INC9004"]["decision"]["doubt"] == "unproven"
    assert desk.run("history", "outcomes").status == 0
    assert {one[0]: one[1:] for one in labels(desk)}[OTHER] == (0, "reopened")


def test_what_a_row_did_by_itself_and_came_back_is_one_wrong(new_desk: NewDesk) -> None:
    desk = climbed(new_desk)
    assert desk.run("run").status == 0
    assert done(desk) == [OTHER, "INC9001"]
    (incident,) = demo_incidents(OTHER)
    desk.touch("INC9001", estado="En curso", buzon=incident["buzon"], comentario="Sigo sin poder, no ha servido.")
    assert desk.run("run").status == 0
    assert desk.run("returned", "seen", "INC9001").status == 0
    row = desk.entries()["INC9001"]["decision"]["problem"]["id"]
    place = rung(desk, row)
    assert (place["rung"], place["right"], place["wrong"]) == ("approve", 1, 1)
    more(desk, "INC9002")
    assert desk.run("run").status == 0
    assert done(desk) == [OTHER, "INC9001"]


def test_what_people_answered_about_a_row_shows_on_its_other_tickets(new_desk: NewDesk) -> None:
    desk = new_desk(list(demo_incidents(OTHER)), RESUELVE_POLICY=ASK)
    more(desk, "INC9001", "INC9002")
    assert desk.run("run").status == 0
    found, score = record(desk, "INC9002")
    assert found == 0
    assert desk.run("approvals", "accept", *marked(desk, OTHER), *WHO).status == 0
    assert record(desk, "INC9002") == (0.2, score), "it weighs nothing until that is learned"
    assert "record: 0.2" in desk.run("explain", "INC9002").out
    assert desk.run("approvals", "refuse", "INC9001", *WHO, "--why", "es otro asunto").status == 0
    assert record(desk, "INC9002") == (0, score)
    assert record(desk, "INC9001") == (0.2, score), "what was said of a ticket does not count for it"
    assert desk.run("returned", "wrong", OTHER).status == 0
    assert record(desk, "INC9002") == (-0.3333, score)
    before = len(desk.reports())
    assert desk.run("run").status == 0
    assert [report["incidents"] for report in desk.reports()[before:]] in ([], [[]]), "nobody is decided anew for it"


def test_where_nothing_has_to_be_earned_the_policy_alone_decides(new_desk: NewDesk) -> None:
    desk = asked(new_desk, OTHER)
    row = waiting(desk)[OTHER]["row"]
    assert desk.run("approvals", "accept", *marked(desk, OTHER), *WHO).status == 0
    place = rung(desk, row)
    assert (place["rung"], place["doubt"], place["right"], place["wanted"]) == ("approve", "policy", 1, 0)
    more(desk, "INC9001")
    assert desk.run("run").status == 0
    assert done(desk) == [OTHER]


def test_a_proposal_of_a_policy_or_a_row_that_is_no_more(new_desk: NewDesk) -> None:
    desk = asked(new_desk, OTHER)
    never = {"RESUELVE_POLICY": json.dumps({"cierre": "never", "reasignacion": "never", "En espera": "never"})}
    assert "política" in desk.run("approvals", "show", OTHER, **never).error
    rewrite(desk, "Otra cosa")
    assert "fila" in fallen_out(desk)[OTHER]


@pytest.mark.parametrize("words", [["show"], ["accept", "--proposal", "A-0"], ["refuse", "--why", "no"], ["ask"]])
def test_nothing_waits_there(new_desk: NewDesk, words: list[str]) -> None:
    desk = new_desk([])
    assert "Esperan a una persona: 0" in desk.run("approvals").out
    ended = desk.run("approvals", words[0], "INC0000", *words[1:])
    assert ended.status == NOTHING
    assert "INC0000" in ended.out + ended.error
    assert "Traceback" not in ended.error
