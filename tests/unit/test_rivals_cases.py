"""Cases are drawn by a fixed rule, and every way is given the same ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.rivals.__main__ import ways
from benchmarks.rivals.cases import BUNDLED, drawn, files, prepare, query, told
from benchmarks.rivals.task import BLOCK, SET, TASK, Task, Ticket, blocks
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.replay.sets import Split

ALL = {Split.CALIBRATION: None, Split.TEST: None}


def entries(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"case-{number}", **more} for number in range(count)]


def test_what_is_drawn_depends_on_neither_order_nor_limit() -> None:
    given = entries(50, split="test")
    few = drawn(given, {Split.CALIBRATION: 0, Split.TEST: 5})
    assert few == drawn(given[::-1], {Split.CALIBRATION: 0, Split.TEST: 50})[:5]
    assert few != given[:5]


def test_each_split_has_its_limit() -> None:
    given = [*entries(20, split="test"), *({"id": f"past-{n}", "split": "calibration"} for n in range(20))]
    found = drawn(given, {Split.CALIBRATION: 3, Split.TEST: None})
    assert [one["split"] for one in found] == ["calibration"] * 3 + ["test"] * 20


def test_cases_without_a_split_are_shared_out_for_good() -> None:
    found = {one["id"]: one["split"] for one in drawn(entries(200), ALL)}
    assert 70 < list(found.values()).count("test") < 130
    assert {one["id"]: one["split"] for one in drawn(entries(100), ALL)}.items() <= found.items()


@pytest.mark.parametrize("name", BUNDLED)
def test_a_desk_of_the_repository_can_be_compared_on(name: str, tmp_path: Path) -> None:
    data = prepare(name, tmp_path, {Split.CALIBRATION: 7, Split.TEST: 9}, Task([], [], "http://x/v1", "m"))
    assert (data.counts(), data.rejected) == ({"calibration": 7, "test": 9}, ())
    task = Task.read(tmp_path / TASK)
    assert [ticket.id for ticket in task.tickets] == [case.id for case in data.cases]
    assert [row.id for row in task.rows] == list(data.dictionary.problems)
    assert (task.model, task.model_name) == ("http://x/v1", "m")
    assert len((tmp_path / SET / "cases.jsonl").read_text(encoding="utf-8").splitlines()) == 16


def test_any_other_name_is_a_folder(tmp_path: Path) -> None:
    assert files(str(tmp_path)) == (tmp_path / "kb.csv", tmp_path / "cases.jsonl")


def test_the_texts_of_a_ticket() -> None:
    history = (HistoryEntry(detail="Ya se reinició."), HistoryEntry(state="En espera"))
    incident = Incident("1", title="Impresora", description="No imprime.", history=history)
    assert query(incident) == "Impresora. No imprime."
    assert told(incident) == "Título: Impresora\nDescripción: No imprime.\nComentario: Ya se reinició."
    assert query(Incident("INC7")) == "INC7"


def test_a_block_at_a_time() -> None:
    tickets = [Ticket(str(number), "q", "t") for number in range(2 * BLOCK + 1)]
    assert [len(block) for block in blocks(tickets)] == [BLOCK, BLOCK, 1]
    assert [one for block in blocks(tickets) for one in block] == tickets


def test_which_ways_are_compared(tmp_path: Path) -> None:
    here, missing = tmp_path, tmp_path / "none"
    assert [way for way, _ in ways(model=False, haystack=here)] == ["product", "Haystack hybrid", "Haystack vectors"]
    assert [way for way, _ in ways(model=True, haystack=here)] == ["product", "Haystack generator", "reference flow"]
    assert [way for way, _ in ways(model=False, haystack=missing)] == ["product"]
    commands = dict(ways(model=True, haystack=here))
    assert commands["Haystack generator"][0] == str(here) != commands["product"][0]


def test_a_task_keeps_every_character(tmp_path: Path) -> None:
    ticket = Ticket("ñ", "«¿Sí?»\n\t", "🙂")
    Task([], [ticket]).write(tmp_path / TASK)
    assert Task.read(tmp_path / TASK).tickets == [ticket]
    assert json.loads((tmp_path / TASK).read_text(encoding="utf-8"))["model"] == ""
