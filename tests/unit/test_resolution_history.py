"""A run keeps what its models were asked, counts what it cannot keep, and stops nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from resuelve.domain.errors import JournalError, ModelOutputInvalid, ModelUnavailable, WorkspaceError
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.journal import History
from resuelve.journal.memory_history import MemoryHistory
from resuelve.journal.sql_history import SqlHistory
from resuelve.models import Picture, Prompt, Usage, Vectors
from resuelve.models.hashing import HashEmbedder
from resuelve.models.scripted import ScriptedChat
from resuelve.resolution.calls import UNHEARD, Calls, HeardChat, overhear, overheard
from resuelve.resolution.history import RunHistory
from resuelve.texts import say

NOON = datetime(2026, 11, 26, 12, 0, 0, 123456, tzinfo=UTC)
INCIDENT = Incident("INC1", requester="Ana", history=(HistoryEntry(author="Eva"), HistoryEntry(author="Ana")))
ASKED = Prompt("reformulate", "v1", "Be short.", "It does not open.")


class Restated(BaseModel):
    problema: str


def calls(**values: object) -> Calls:
    return Calls(now=lambda: NOON, clock=iter(range(1000)).__next__, **values)  # type: ignore[arg-type]


def chat(*answers: object) -> ScriptedChat:
    return ScriptedChat({"reformulate": list(answers)}, name="m")  # type: ignore[arg-type]


def kept(made: Calls, run: str = "r1", key: str = "INC1@a@b") -> MemoryHistory:
    history = MemoryHistory()
    RunHistory(lambda: history, run).keep(INCIDENT, key, made)
    return history


def test_a_language_model_is_kept_with_what_it_cost() -> None:
    made = calls()
    HeardChat(chat("rubbish", {"problema": "No abre"}), lambda: made).complete(ASKED, Restated)
    (call,) = kept(made).calls()
    assert (call.role, call.model, call.prompt, call.run) == ("reformulate", "m", "v1", "r1")
    assert call.input == {"system": "Be short.", "user": "It does not open."}
    assert call.output == {"problema": "No abre"}
    assert (call.calls, call.tokens_in > 0, call.tokens_out > 0, call.error) == (2, True, True, "")
    assert call.at == NOON.replace(microsecond=123000)
    assert call.people == ("Ana", "Eva")
    assert (call.incident, call.revision) == (INCIDENT.code, INCIDENT.revision)


def test_a_language_model_that_fails_is_kept_with_its_error() -> None:
    made = calls()
    for answers, kind in (
        (["?", "?", "?"], ModelOutputInvalid),
        ([ModelUnavailable("down", calls=4)], ModelUnavailable),
    ):
        with pytest.raises(kind):
            HeardChat(chat(*answers), lambda: made).complete(ASKED, Restated)
    unusable, down = kept(made).calls()
    assert unusable.output is down.output is None
    assert (unusable.calls, unusable.tokens_in > 0, "3 answers" in unusable.error) == (3, True, True)
    assert (down.calls, down.error) == (4, "down")


def test_of_a_picture_is_kept_which_one_it_was() -> None:
    made = calls()
    asked = Prompt("reformulate", "v1", "s", "u", (Picture("image/png", b"secret"),))
    HeardChat(chat({"problema": "No abre"}), lambda: made).complete(asked, Restated)
    (picture,) = made.made[0].input["pictures"]
    assert (picture["media"], picture["bytes"], len(picture["sha256"])) == ("image/png", 6, 64)


def test_an_embedder_is_kept_with_its_texts_and_not_with_its_vectors() -> None:
    made, embedder = calls(), HashEmbedder(8)
    heard = made.embedder(embedder)
    assert np.array_equal(heard.embed(["a", "b"]), embedder.embed(["a", "b"]))
    assert (heard.identity, heard.dimension) == (embedder.identity, 8)
    (call,) = made.made
    assert (call.role, call.model, call.input) == ("embed", embedder.identity, ["a", "b"])
    assert call.output == {"vectors": 2, "dimension": 8}
    assert call.usage == Usage(seconds=1)


def test_an_embedder_that_fails_is_kept_with_its_error() -> None:
    class Down(HashEmbedder):
        def embed(self, texts: Sequence[str]) -> Vectors:
            raise ModelUnavailable("down", calls=2)

    made = calls()
    with pytest.raises(ModelUnavailable):
        made.embedder(Down()).embed(["a"])
    assert (made.made[0].output, made.made[0].error, made.made[0].usage.calls) == (None, "down", 2)


def test_which_learned_version_spoke_stands_in_the_call() -> None:
    made = calls(versions={"rerank": "rerank/3"})
    made.ranked((), (), None, 0.5)
    made.reformulated({"title": "PDF"}, (), 0.5)
    assert made.made[0].model == "rerank/3"
    assert made.made[1].model.startswith("resuelve")


def test_what_is_asked_deep_below_is_heard_by_the_thread_that_listens() -> None:
    made, seeing = calls(), overheard(chat({"problema": "a"}, {"problema": "b"}))
    seeing.complete(ASKED, Restated)  # nobody listens
    with made.listening():
        seeing.complete(ASKED, Restated)
        overhear("describe", "image/2", {}, "a screen", 0.1)
    overhear("describe", "image/2", {}, "another", 0.1)
    assert [(call.role, call.output) for call in made.made] == [
        ("reformulate", {"problema": "b"}),
        ("describe", "a screen"),
    ]
    assert UNHEARD.made == []


def test_a_run_that_keeps_nothing_hears_nothing() -> None:
    off = RunHistory(MemoryHistory, keeping=False)
    assert off.calls({}) is UNHEARD
    assert UNHEARD.embedder(embedder := HashEmbedder()) is embedder
    assert RunHistory().calls({}) is UNHEARD


def test_a_step_that_is_repeated_adds_nothing() -> None:
    history, made = MemoryHistory(), calls()
    for run in ("r1", "r2"):
        made = calls()
        made.embedder(HashEmbedder(8)).embed(["a"])
        made.embedder(HashEmbedder(8)).embed(["a"])  # twice in one go is two calls
        RunHistory(lambda: history, run).keep(INCIDENT, "INC1@a@b", made)
    assert [call.run for call in history.calls()] == ["r1", "r1"]
    RunHistory(lambda: history, "r3").keep(INCIDENT, "INC1@a@other knowledge", made)
    assert [call.run for call in history.calls()] == ["r1", "r1", "r3", "r3"]


def test_what_was_paid_for_is_kept_each_time() -> None:
    history = MemoryHistory()
    for run in ("r1", "r1", "r2"):
        made = calls()
        HeardChat(chat({"problema": "No abre"}), lambda made=made: made).complete(ASKED, Restated)  # type: ignore[misc]
        RunHistory(lambda: history, run).keep(INCIDENT, "INC1@a@b", made)
    assert [call.run for call in history.calls()] == ["r1", "r2"]


class Broken(MemoryHistory):
    tried = 0

    def keep(self, calls: Sequence[object]) -> None:
        Broken.tried += 1
        raise JournalError("The disk is full.", where="historico.db", remedy="make room")

    def forget(self, before: datetime) -> int:
        raise JournalError("The disk is full.")


def test_what_cannot_be_kept_stops_nothing_and_is_told() -> None:
    Broken.tried = 0
    run = RunHistory(Broken, "r1", days=1)
    for _ in range(5):
        made = calls()
        made.embedder(HashEmbedder(8)).embed(["a"])
        run.keep(INCIDENT, "key", made)
    assert (run.kept, run.lost) == (0, 5)
    assert Broken.tried == 3  # it may cost half a minute each time
    run.end(NOON)
    assert "5 calls of models are not in the history" in run.note("en")
    assert "The disk is full." in run.note("en")
    assert "El disco está lleno." in run.note("es")
    assert run.as_json()["lost"] == 5


def test_a_history_that_cannot_be_opened_stops_nothing() -> None:
    def refuse() -> History:
        raise WorkspaceError("the workspace cannot be written (no right to write)")

    made = calls()
    made.embedder(HashEmbedder(8)).embed(["a"])
    run = RunHistory(refuse)
    run.keep(INCIDENT, "key", made)
    run.close()
    assert run.lost == 1


def test_it_is_opened_when_there_is_something_to_keep_and_not_before() -> None:
    opened: list[MemoryHistory] = []

    def opening() -> History:
        opened.append(MemoryHistory())
        return opened[-1]

    run = RunHistory(opening, days=3)
    run.keep(INCIDENT, "key", calls())
    run.end(NOON)
    run.close()
    assert (opened, run.note("en"), run.as_json()) == ([], "", {})


def test_the_end_of_a_run_forgets_what_is_too_old() -> None:
    history = MemoryHistory()
    for days in (0, 9, 11):
        made = Calls(now=lambda days=days: NOON - timedelta(days=days))  # type: ignore[misc]
        made.embedder(HashEmbedder(8)).embed([str(days)])
        RunHistory(lambda: history).keep(INCIDENT, "key", made)
    ever = RunHistory(lambda: history, days=0, present=lambda: True)
    ever.end(NOON)
    assert len([*history.calls()]) == 3
    off = RunHistory(lambda: history, keeping=False, days=10, present=lambda: True)
    off.end(NOON)
    assert (off.forgotten, [call.input for call in history.calls()]) == (1, [["9"], ["0"]])
    assert off.as_json() == {"forgotten": 1}


def test_what_could_not_be_forgotten_is_told() -> None:
    run = RunHistory(Broken, days=1, present=lambda: True)
    run.end(NOON)
    assert run.note("en") == say("resolution.history_not_forgotten", "en", error="The disk is full.")


@pytest.mark.parametrize("days", [36_500, 9_999_999, 10**30])
def test_more_days_than_the_calendar_has_forget_nothing(days: int) -> None:
    history, made = MemoryHistory(), calls()
    made.embedder(HashEmbedder(8)).embed(["a"])
    run = RunHistory(lambda: history, days=days)
    run.keep(INCIDENT, "key", made)
    run.end(NOON)
    assert (run.forgotten, run.note("en")) == (0, "")


@pytest.mark.parametrize("count", [10**30, -(10**30), 2**63])
def test_a_number_that_no_database_holds_loses_the_calls_and_stops_nothing(tmp_path: Path, count: int) -> None:
    made = calls()
    made.note("decide", "m", {}, {}, usage=Usage(1, count, 1, 0.5), prompt="v1")
    run = RunHistory(lambda: SqlHistory(f"sqlite:///{tmp_path}/historico.db"))
    run.keep(INCIDENT, "key", made)
    run.close()
    assert (run.kept, run.lost) == (0, 1)
    assert "too large" in run.note("en")
