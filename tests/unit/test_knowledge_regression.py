"""Regression tickets: their file is read whatever stands in it, and each is decided as a run would."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Close, Doubt, Permission, Reassign, RunAgent
from resuelve.domain.errors import WorkspaceError
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.index import build_index
from resuelve.knowledge.regression import (
    FILE_NAME,
    RegressionFile,
    RegressionTicket,
    Result,
    check,
    result_of,
)
from resuelve.knowledge.standing import Standing, standing
from resuelve.models.hashing import HashEmbedder
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rules import Rules
from resuelve.tickets.wire import incident_from, incident_to
from resuelve.vectors.memory import MemoryStore
from resuelve.workspace import Workspace

EMBEDDER = HashEmbedder(256)


def file_in(folder: Path) -> RegressionFile:
    return RegressionFile(folder / FILE_NAME, folder / "below" / "lock", reader=incident_from, writer=incident_to)


def ticket(code: str = "INC1", problem: str = "A", *, must: bool = True, **fields: str) -> RegressionTicket:
    return RegressionTicket(problem, must, Incident(code, **fields))  # type: ignore[arg-type]


def line(**fields: Any) -> str:
    return json.dumps({"ID PROBLEMA": "A", "codIncidencia": "INC1", **fields}, ensure_ascii=False)


def test_the_file_lies_beside_the_dictionary(tmp_path: Path) -> None:
    assert Workspace(tmp_path).regression_tickets == tmp_path / FILE_NAME


def test_no_file_is_no_tickets(tmp_path: Path) -> None:
    assert file_in(tmp_path).read().tickets == ()
    assert file_in(tmp_path).remove("INC1") == 0
    assert not (tmp_path / FILE_NAME).exists()


def test_what_is_added_is_read_again(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    one = RegressionTicket("Á|1", False, Incident("INC1", title="Título\u2028 «raro»", queue="Q"), "por \n qué")
    assert not file.add(one)
    assert not file.add(ticket("INC2", "A"))
    assert not file.add(ticket("INC1", "A"))
    found = file.read()
    assert found.rejected == ()
    assert found.tickets[0] == replace(one, line=1)
    assert [(t.problem, t.incident.code) for t in found.tickets] == [("Á|1", "INC1"), ("A", "INC2"), ("A", "INC1")]


def test_one_of_the_same_problem_and_incident_is_replaced(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.add(ticket("INC1"))
    file.add(ticket("INC2"))
    assert file.add(ticket("INC1", must=False))
    assert [(t.incident.code, t.must) for t in file.read().tickets] == [("INC2", True), ("INC1", False)]


def test_other_lines_stay_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    before = b'\xef\xbb\xbf{"ID PROBLEMA":"A",  "codIncidencia": 7}\r\n\r\nnot json \xff\n' + line().encode()
    path.write_bytes(before)
    path.chmod(0o640)
    file = file_in(tmp_path)
    file.add(ticket("INC9"))
    assert path.read_bytes().startswith(before + b"\n")
    assert file.remove("INC9") == 1
    assert path.read_bytes() == before + b"\n"
    assert file.remove("INC1", "B") == 0
    assert file.remove("INC1", "A") == 1
    assert path.read_bytes() == before.removesuffix(line().encode())
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["PRUEBAS_PROBLEMAS.jsonl", "below"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not an object"),
        ("7", "not an object"),
        ('{"ID PROBLEMA": "A"}', "no codIncidencia"),
        (line(titulo=["x"]), "titulo"),
        (line(debe="quizá"), "debe"),
        (line(debe=None), "debe"),
        (line(**{"ID PROBLEMA": " "}), "ID PROBLEMA"),
        (line(**{"ID PROBLEMA": True}), "ID PROBLEMA"),
        (line(**{"ID PROBLEMA": ["A"]}), "ID PROBLEMA"),
        (line(codIncidencia="INC0"), "line 1"),
    ],
)
def test_a_bad_line_is_set_aside_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    good = [line(codIncidencia="INC0"), text, line(codIncidencia="INC2")]
    (tmp_path / FILE_NAME).write_text("\n".join(good), encoding="utf-8")
    found = file_in(tmp_path).read()
    assert [one.incident.code for one in found.tickets] == ["INC0", "INC2"]
    (rejected,) = found.rejected
    assert rejected.where == f"{FILE_NAME}:2"
    assert reason in rejected.reason


@pytest.mark.parametrize(
    ("word", "must"),
    [(True, True), ("SÍ", True), ("si", True), (1, True), (" no ", False), (0, False), ("false", False)],
)
def test_must_as_people_write_it(tmp_path: Path, word: object, must: bool) -> None:
    (tmp_path / FILE_NAME).write_text(line(debe=word, nota=7), encoding="utf-8")
    (found,) = file_in(tmp_path).read().tickets
    assert (found.must, found.note) == (must, "")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ID PROBLEMA", "debe", "nota", "codIncidencia", "titulo", "historial", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(st.one_of(st.binary(max_size=60), _JSON.map(lambda value: json.dumps(value).encode())), max_size=6))
def test_reading_never_raises(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / FILE_NAME).write_bytes(b"\n".join(lines))
    file = file_in(folder)
    found = file.read()
    file.add(ticket("NEW", "NEW"))
    again = file.read()
    assert [t.incident for t in again.tickets] == [*(t.incident for t in found.tickets), Incident("NEW")]
    assert again.rejected == found.rejected


def test_a_last_line_that_is_cut_short_is_told_in_the_same_words_when_another_follows(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'{"codIncidencia":')
    before = file_in(tmp_path).read().rejected
    file_in(tmp_path).add(ticket("NEW"))
    assert len(before) == 1
    assert file_in(tmp_path).read().rejected == before


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    def add(number: int) -> None:
        file_in(tmp_path).add(ticket(f"INC{number}"))

    threads = [threading.Thread(target=add, args=[n]) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(file_in(tmp_path).read().tickets) == 8


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(WorkspaceError, match=FILE_NAME):
        file_in(tmp_path).read()
    (tmp_path / "below").write_text("no folder", encoding="utf-8")
    with pytest.raises(WorkspaceError, match=FILE_NAME):
        file_in(tmp_path).add(ticket())


# What counts


def stands(problem: str, approved: bool) -> Standing:
    return Standing(problem, approved, None, 50.0, Doubt.NONE, "")


@pytest.mark.parametrize(
    ("must", "found", "result"),
    [
        (True, stands("A", True), Result.PASSED),
        (True, stands("A", False), Result.WEAK),
        (True, stands("B", True), Result.FAILED),
        (True, stands("B", False), Result.FAILED),
        (True, stands("", False), Result.FAILED),
        (False, stands("A", True), Result.FAILED),
        (False, stands("A", False), Result.PASSED),
        (False, stands("B", True), Result.PASSED),
        (False, stands("", False), Result.PASSED),
    ],
)
def test_result(must: bool, found: Standing, result: Result) -> None:
    assert result_of(ticket(must=must), found) is result


def row(code: str, text: str, kind: ResolutionKind = ResolutionKind.CLOSE, **prescribes: str) -> KnownError:
    return KnownError(code, "Web", (text,), "", f"Haga lo que dice {code} con calma.", Prescription(kind, **prescribes))


ROWS = (
    row("SIZE", "El archivo del reembolso supera los diez megas permitidos al adjuntarlo"),
    row("BLANK", "Pantalla en blanco tras actualizar la aplicación del móvil", ResolutionKind.REASSIGN, queue="APP"),
    row(
        "IBAN", "La cuenta bancaria no se guarda, dice que el IBAN es incorrecto", ResolutionKind.AGENT, agent_code="i"
    ),
    row("HAND", "El médico cobra por una consulta concertada gratuita", ResolutionKind.MANUAL),
    *(row(f"X{n}", text) for n, text in enumerate(("Factura duplicada", "Cita anulada ayer", "Volante caducado"))),
)


def knowledge_of(*rows: KnownError) -> Knowledge:
    store, problems = MemoryStore(), {one.id: one for one in rows}
    build_index(problems, EMBEDDER, store)
    return Knowledge.of(problems, store.open(), EMBEDDER)


KNOWLEDGE = knowledge_of(*ROWS)
RULES = Rules()


def asks(code: str, text: str) -> Incident:
    return Incident(code, title="Ayuda", description=text)


def test_standing_says_what_the_row_would_do() -> None:
    close = standing(asks("1", ROWS[0].description), KNOWLEDGE, RULES)
    assert (close.problem, close.approved, close.resolution) == ("SIZE", True, Close(ROWS[0].solution))
    moved = standing(asks("2", ROWS[1].description), KNOWLEDGE, RULES)
    assert moved.resolution == Reassign("APP", ROWS[1].solution)
    hand = standing(asks("4", ROWS[3].description), KNOWLEDGE, RULES)
    assert (hand.problem, hand.approved, hand.resolution) == ("HAND", True, None)
    none = standing(asks("5", "zzz qqq www kkk"), KNOWLEDGE, RULES)
    assert not none.approved
    assert none.reason
    nothing = standing(Incident("6"), KNOWLEDGE, RULES)
    assert (nothing.problem, nothing.score, nothing.doubt) == ("", None, Doubt.NOTHING_TO_DECIDE)


def test_an_agent_is_not_asked_and_its_row_counts() -> None:
    found = standing(asks("3", ROWS[2].description), KNOWLEDGE, RULES)
    assert (found.problem, found.approved, found.doubt, found.reason) == ("IBAN", True, Doubt.NONE, "")
    assert found.resolution == RunAgent("i")
    never = Rules(policy={"api|i": Permission.NEVER})
    assert standing(asks("3", ROWS[2].description), KNOWLEDGE, never).resolution is None


def test_check_keeps_the_order_and_tells_progress() -> None:
    tickets = [
        RegressionTicket("SIZE", True, asks("1", ROWS[0].description)),
        RegressionTicket("BLANK", False, asks("2", ROWS[1].description)),
        RegressionTicket("GONE", True, asks("3", ROWS[2].description)),
        RegressionTicket("GONE", False, asks("4", ROWS[2].description)),
    ]
    told: list[tuple[int, int]] = []
    found = check(tickets, KNOWLEDGE, RULES, workers=3, progress=lambda *count: told.append(count))
    assert [one.result for one in found] == [Result.PASSED, Result.FAILED, Result.FAILED, Result.PASSED]
    assert [one.known for one in found] == [True, True, False, False]
    assert told == [(n, 4) for n in range(5)]
    assert json.dumps([one.as_json() for one in found])


def test_below_the_threshold_a_row_is_weak() -> None:
    tickets = [RegressionTicket("SIZE", True, asks("1", ROWS[0].description))]
    (found,) = check(tickets, KNOWLEDGE, Rules(threshold=100.0))
    assert found.result is Result.WEAK
    assert found.standing.reason
