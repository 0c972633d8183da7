"""The history counted, exported and read back, and what came of each call."""

from __future__ import annotations

import csv
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import WorkspaceError
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.journal import Act, Answer, CallOutcome, ModelCall, Returned, ReturnedAs
from resuelve.journal.memory_history import MemoryHistory
from resuelve.replay.history.export import COLUMNS, conversation, export_chat, export_csv
from resuelve.replay.history.figures import figures_of
from resuelve.replay.history.learning import considered, last_words, rows_of, told_by_people, told_by_returns
from resuelve.replay.history.led_to import Known
from resuelve.replay.history.redaction import redaction
from resuelve.resolution.merits import state_of
from resuelve.resolution.report import no_formula
from resuelve.training.conversations import read_conversations

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ODD = "=1+1\r\nñ\t«\"',;\x00\ud800"


def call(number: int, role: str, given: Any, output: Any, **values: Any) -> ModelCall:
    at = NOON + timedelta(minutes=number)
    made = ModelCall(f"{number:032x}", at, "r", "INC1", "rev", role, "resuelve 1", "", given, output)
    return replace(made, **values)


def critique(number: int, state: str, verdict: str, **values: Any) -> ModelCall:
    given = {"problem": state[:2], "state": state, "features": {"gap": 1.0}, "threshold": 65.0}
    return call(number, "critique", given, {"verdict": verdict, "score": 80.0, "doubt": "none", "reason": ""}, **values)


def rerank(number: int, *states: str) -> ModelCall:
    order = [{"problem": s[:2], "state": s, "relevance": 1.0, "features": {"gap": 1.0}} for s in states]
    return call(number, "rerank", {"queries": [], "candidates": len(order)}, {"order": order})


def asked(number: int, role: str, answer: Any, **values: Any) -> ModelCall:
    given = {"system": "Be short.", "user": "<ticket>No abre</ticket>"}
    return call(number, role, given, answer, prompt="v1", model="gpt", tokens_in=9, tokens_out=3, **values)


def outcome(state: str, *, right: bool, how: str = "closed") -> CallOutcome:
    return CallOutcome("INC1", state[:2], state, right, how, NOON)


def told_of(incident: str) -> CallOutcome:
    return replace(outcome("P1\x1fa", right=False), incident=incident)


def history_of(*calls: ModelCall, outcomes: tuple[CallOutcome, ...] = ()) -> MemoryHistory:
    history = MemoryHistory()
    history.keep(calls)
    history.note_outcomes(outcomes)
    return history


CALLS = (
    call(1, "reformulate", {"texts": {"title": ODD}}, {"queries": []}),
    call(2, "embed", [ODD, ""], {"vectors": 2, "dimension": 384}),
    rerank(3, "P1\x1fa", "P2\x1fb"),
    call(4, "decide", {"offered": ["P1"], "avoid": []}, {"chosen": "P1", "reason": ODD}),
    critique(5, "P1\x1fa", "approved"),
    asked(6, "reformulate", {"problema": ODD, "otro_asunto": ""}),
    asked(7, "decide", None, error=f"down {ODD}", calls=3),
)


def rows_in(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [*csv.DictReader(lines)]


def test_csv_is_a_table_a_role_and_reads_back(tmp_path: Path) -> None:
    history = history_of(*CALLS)
    files = export_csv(history.calls(), Known.of(history), tmp_path / "historico")
    assert {one.path.name: one.calls for one in files} == {
        "critique.csv": 1,
        "decide.csv": 2,
        "embed.csv": 1,
        "reformulate.csv": 2,
        "rerank.csv": 1,
    }
    assert {file.name for file in (tmp_path / "historico").iterdir()} == {one.path.name for one in files}
    embedded, failed = rows_in(tmp_path / "historico" / "decide.csv")
    assert tuple(embedded) == COLUMNS
    assert json.loads(embedded["output"]) == {"chosen": "P1", "reason": ODD}
    assert (failed["output"], failed["tokens_in"], failed["calls"], failed["prompt"]) == ("", "9", "3", "v1")
    assert failed["error"].startswith("down =1+1\r\n")


@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_stands_in_a_cell_it_is_one_cell_and_runs_nothing(error: str, model: str) -> None:
    history = history_of(call(1, "decide", error, None, error=error, model=model))
    with TemporaryDirectory() as folder:
        (file,) = export_csv(history.calls(), Known.of(history), Path(folder))
        (row,) = rows_in(file.path)
        lines = file.path.read_bytes().replace(b"\r\n", b"\n").split(b"\n")
    for cell, was in ((row["error"], error), (row["model"], model)):
        assert cell == no_formula(was).encode("utf-8", "backslashreplace").decode()
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert json.loads(row["input"].removeprefix("'")) == error
    assert lines[0].decode() == ",".join(f'"{name}"' for name in COLUMNS)


def test_what_was_exported_before_and_is_forgotten_now_does_not_stay(tmp_path: Path) -> None:
    history = history_of(*CALLS)
    export_csv(history.calls(), Known.of(history), tmp_path)
    (tmp_path / "mine.csv").write_text("a")
    history.forget(NOON + timedelta(minutes=6))
    files = export_csv(history.calls(), Known.of(history), tmp_path)
    assert {one.path.name: one.calls for one in files}["embed.csv"] == 0
    assert rows_in(tmp_path / "embed.csv") == []
    assert (tmp_path / "mine.csv").read_text() == "a"


def test_one_role_leaves_the_files_of_others_alone(tmp_path: Path) -> None:
    history = history_of(*CALLS)
    export_csv(history.calls(), Known.of(history), tmp_path)
    files = export_csv(history.calls(role="embed"), Known.of(history), tmp_path, role="embed")
    assert [one.path.name for one in files] == ["embed.csv"]
    assert len(rows_in(tmp_path / "decide.csv")) == 2


def test_a_role_of_a_foreign_history_names_no_file_elsewhere(tmp_path: Path) -> None:
    history = history_of(call(1, "../../x", {}, {}))
    (file,) = export_csv(history.calls(), Known.of(history), tmp_path / "a" / "b")
    assert file.path == tmp_path / "a" / "b" / "other.csv"
    assert file.path.exists()


def test_with_personal_data_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    history = history_of(*CALLS)
    for private, mode in ((True, 0o600), (False, 0o644)):
        file = export_chat(history.calls(), Known.of(history), tmp_path / "c.jsonl", private=private)
        assert stat.S_IMODE(file.path.stat().st_mode) == mode


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    history = history_of(*CALLS)
    with pytest.raises(WorkspaceError):
        export_csv(history.calls(), Known.of(history), tmp_path / "file")


def test_conversations_are_what_training_reads(tmp_path: Path) -> None:
    history = history_of(*CALLS, outcomes=(outcome("P1\x1fa", right=True),))
    file = export_chat(history.calls(), Known.of(history), tmp_path / "c.jsonl")
    assert (file.calls, file.left_out) == (6, 1)
    read = read_conversations([file.path], ())
    assert (len(read.kept), read.aside, read.teachers) == (6, (), ("gpt", "resuelve 1"))
    (told,) = read_conversations([file.path], ("embed",)).kept
    assert json.loads(told.asked[-1][1]) == [ODD, ""]
    assert told.group == "INC1"
    restated = read.kept[-1]
    assert restated.asked == (("system", "Be short."), ("user", "<ticket>No abre</ticket>"))
    assert json.loads(restated.answer) == {"problema": ODD, "otro_asunto": ""}
    assert restated.row == "P1", "by which a student's words are measured"


def test_what_was_wrong_is_set_aside_by_training(tmp_path: Path) -> None:
    history = history_of(*CALLS, outcomes=(outcome("P1\x1fa", right=False, how="reopened"),))
    file = export_chat(history.calls(), Known.of(history), tmp_path / "c.jsonl")
    assert read_conversations([file.path], ()).kept == ()
    metadata = conversation(CALLS[5], Known.of(history))["metadata"]
    assert (metadata["outcome"], metadata["outcome_how"]) == ("wrong", "reopened")
    assert {"role": "reformulate", "model": "gpt", "prompt": "v1", "incident": "INC1"}.items() <= metadata.items()


@pytest.mark.parametrize(
    ("made", "right", "wrong"),
    [
        (critique(1, "P1\x1fa", "approved"), "right", "wrong"),
        (critique(1, "P1\x1fa", "rejected"), "wrong", "right"),
        (rerank(1, "P1\x1fa", "P2\x1fb"), "right", "wrong"),
        (rerank(1, "P2\x1fb", "P1\x1fa"), "", ""),
        (rerank(1), "right", "wrong"),
        (call(1, "embed", [""], {"vectors": 1, "dimension": 2}), "right", "wrong"),
        (asked(1, "reformulate", {"problema": "x"}), "right", "wrong"),
        (asked(1, "critique", {"veredicto": "APROBADO"}), "right", "wrong"),
        (asked(1, "critique", {"veredicto": "RECHAZADO"}), "wrong", "right"),
        (asked(1, "critique", None, error="down"), "right", "wrong"),
        (call(1, "embed", [""], None, revision="another"), "", ""),
        (call(1, "embed", [""], None, incident="INC2"), "", ""),
    ],
)
def test_what_came_of_a_call(made: ModelCall, right: str, wrong: str) -> None:
    for was_right, word in ((True, right), (False, wrong)):
        history = history_of(critique(9, "P1\x1fa", "approved"), outcomes=(outcome("P1\x1fa", right=was_right),))
        assert Known.of(history).word(made) == word
    assert Known.of(history_of(critique(9, "P1\x1fa", "approved"))).word(made) == ""


def test_what_is_known_of_one_incident_is_read_of_it_alone() -> None:
    other = replace(critique(8, "P1\x1fa", "approved"), incident="INC2")
    history = history_of(
        other, critique(9, "P1\x1fa", "approved"), outcomes=(outcome("P1\x1fa", right=True), told_of("INC2"))
    )
    known = Known.of(history, incident="INC1")
    assert {one for one, _ in (*known.rows, *known.approved)} == {"INC1"}
    assert known.word(asked(3, "reformulate", {})) == "right"


def test_redaction_takes_out_who_it_is_and_keeps_codes_and_figures() -> None:
    text = "Soy Obdulia Fontaner, 99999919J, obdulia@example.org. No abre el recibo."
    people = ("Obdulia Fontaner",)
    made = (
        call(1, "reformulate", {"texts": {"description": text}}, {"queries": [{"text": text, "weight": 1.0}]}),
        critique(2, "P1\x1f012345678901", "approved"),
        asked(3, "reformulate", {"problema": "obdulia no abre el recibo"}, error=text),
        rerank(4, "P1\x1f999999999999"),
    )
    history = history_of(*(replace(one, people=people) for one in made))
    row = KnownError(
        "P1", "Recibos", ("No abre el recibo",), "Error", "Use el menú", Prescription(ResolutionKind.CLOSE)
    )
    redacted = [*map(redaction(history, {"P1": row}), history.calls())]
    left = json.dumps([[one.input, one.output, one.error, one.people] for one in redacted], ensure_ascii=False)
    assert not [word for word in ("bdulia", "ontaner", "99999919J", "@example.org") if word in left]
    assert "No abre el recibo" in left
    assert [redacted[1].input, redacted[1].output] == [made[1].input, made[1].output]
    assert redacted[3].output == made[3].output
    assert redacted[2].input["system"] == "Be short."


@pytest.mark.parametrize("who", ["Monitor Error", "Test User", "Input Output", "Texts System", "Description Problema"])
def test_a_requester_with_the_name_of_a_field_renames_nothing(who: str, tmp_path: Path) -> None:
    made = (
        call(1, "reformulate", {"texts": {"description": f"Soy {who}"}}, {"queries": []}),
        rerank(2, "P1\x1fa"),
        critique(3, "P1\x1fa", "approved"),
        asked(4, "reformulate", {"problema": f"Soy {who}"}, error=f"for {who}"),
    )
    history = history_of(*(replace(one, people=(who,)) for one in made))
    redacted = [*map(redaction(history, {}), history.calls())]
    assert [sorted(one.input) for one in redacted] == [sorted(one.input) for one in made]
    assert redacted[0].input["texts"] == {"description": "Soy Fulano Mengano"}
    assert redacted[3].output == {"problema": "Soy Fulano Mengano"}
    assert redacted[3].error == "for Fulano Mengano"
    known = Known.of(history)
    assert export_chat(redacted, known, tmp_path / "c.jsonl").calls == 4
    assert sum(one.calls for one in export_csv(redacted, known, tmp_path)) == 4


def test_figures_count_each_role_and_model() -> None:
    outcomes = (outcome("P1\x1fa", right=True), outcome("P2\x1fb", right=False, how="reported"))
    found = figures_of(history_of(*CALLS, outcomes=outcomes))
    assert (found.calls, found.incidents) == (7, 1)
    assert (found.first, found.last) == (CALLS[0].at, CALLS[-1].at)
    decide = [line for line in found.lines if line.role == "decide"]
    assert [(line.model, line.calls, line.failed, line.tokens_in) for line in decide] == [
        ("gpt", 1, 1, 9),
        ("resuelve 1", 1, 0, 0),
    ]
    assert (dict(found.right), dict(found.wrong)) == ({"closed": 1}, {"reported": 1})
    empty = figures_of(history_of())
    assert (empty.calls, empty.first) == (0, None)


def test_rows_that_were_considered_are_those_judged_and_those_ordered() -> None:
    history = history_of(
        critique(1, "P1\x1fa", "rejected"),
        rerank(2, "P2\x1fb", "P3\x1fc"),
        asked(3, "critique", {"veredicto": "APROBADO"}),
        replace(rerank(4), incident="INC2"),
    )
    assert considered(history) == {"INC1": {"P1\x1fa", "P2\x1fb", "P3\x1fc"}, "INC2": frozenset()}


def test_rows_are_looked_for_in_earlier_versions_as_far_as_needed() -> None:
    def row(text: str) -> KnownError:
        return KnownError("P1", "Web", ("No abre",), "Error", text, Prescription(ResolutionKind.CLOSE))

    now, before, first = ({"P1": row(text)} for text in ("now", "before", "first"))
    read = []

    def earlier() -> Any:
        for one in (now, before, first):
            read.append(one)
            yield one

    wanted = [state_of(now["P1"]), state_of(before["P1"])]
    found = rows_of(wanted, now, earlier())
    assert found.dictionaries == (before, now)
    assert found.by_state[wanted[1]].solution == "before"
    assert (found.missing, len(read)) == (0, 2)
    assert rows_of(["P9\x1fx"], now, earlier()).missing == 1
    assert rows_of(wanted[:1], now, iter(())).dictionaries == (now,)


def test_what_came_back_speaks_louder_than_how_a_ticket_was_closed() -> None:
    act = Act("R-1", "INC1", "A", "B", "closed", "P1", "a", NOON)
    other = replace(act, incident="INC9")
    returned = [Returned(one, ReturnedAs.REOPENED, NOON) for one in (act, other)]
    back = [*told_by_returns(returned, {"INC1": frozenset({"P1\x1fa"})})]
    assert back == [outcome("P1\x1fa", right=False, how="reopened")]
    closed = [outcome("P1\x1fa", right=True), outcome("P2\x1fb", right=True)]
    assert last_words(closed, back) == [back[0], closed[1]]


def test_what_a_person_answered_speaks_louder_than_how_a_ticket_was_closed_and_lower_than_what_came_back() -> None:
    yes = Answer("INC1", "r1", "P1", "P1\x1fa", "A-1", True, "Ana", "", NOON)
    no = replace(yes, revision="r2", agreed=False)
    known = {"INC1": frozenset({"P1\x1fa"})}
    for answers in ([yes, no], [no, yes]):
        assert [*told_by_people(answers, known)] == [outcome("P1\x1fa", right=False, how="refused")]
    assert [*told_by_people([no], {"INC1": frozenset({"P2\x1fb"})})] == []
    approved = [*told_by_people([yes], known)]
    assert approved == [outcome("P1\x1fa", right=True, how="approved")]
    closed = [outcome("P1\x1fa", right=False)]
    assert last_words(closed, [], approved) == approved
    back = [outcome("P1\x1fa", right=False, how="reopened")]
    assert last_words(closed, back, approved) == back
