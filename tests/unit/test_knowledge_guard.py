"""A change of the dictionary is tried out on regression tickets and past tickets before it is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from resuelve.domain.decision import Close, Doubt, Reassign
from resuelve.domain.errors import IndexMismatch, IndexMissing
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.guard import Guard, Judgement
from resuelve.knowledge.impact import Change, PastTicket, change_between, impact, past_tickets, tried_out
from resuelve.knowledge.index import build_index
from resuelve.knowledge.regression import RegressionTicket
from resuelve.knowledge.standing import Standing
from resuelve.models.hashing import HashEmbedder
from resuelve.models.port import Vectors
from resuelve.models.scripted import ScriptedChat
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rules import Rules
from resuelve.vectors import VectorStore
from resuelve.vectors.edge import EdgeStore
from resuelve.vectors.memory import MemoryStore

Problems = dict[str, KnownError]
RULES = Rules()


class CountingEmbedder(HashEmbedder):
    def __init__(self) -> None:
        super().__init__(256)
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return super().embed(texts)


def row(code: str, *texts: str, kind: ResolutionKind = ResolutionKind.CLOSE, queue: str = "") -> KnownError:
    return KnownError(code, "Web", texts, "", f"Haga lo que dice {code} con calma.", Prescription(kind, queue=queue))


def named(*rows: KnownError) -> Problems:
    return {one.id: one for one in rows}


SIZE = row("SIZE", "El archivo del reembolso supera los diez megas permitidos al adjuntarlo")
BLANK = row("BLANK", "Pantalla en blanco tras actualizar la aplicación", kind=ResolutionKind.REASSIGN, queue="APP")
SCREEN = row("SCREEN", "La impresora de la oficina atasca todas las hojas", kind=ResolutionKind.REASSIGN, queue="HW")
OTHERS = tuple(row(f"X{n}", text) for n, text in enumerate(("Factura duplicada", "Cita anulada", "Volante caducado")))
NOW = named(SIZE, BLANK, *OTHERS)


def asks(code: str, text: str, **fields: object) -> Incident:
    return replace(Incident(code, title="Ayuda", description=text), **fields)  # type: ignore[arg-type]


PAST = tuple(PastTicket(asks(one.id, one.description)) for one in (SIZE, BLANK, SCREEN))
TESTS = (
    RegressionTicket("SIZE", True, PAST[0].incident),
    RegressionTicket("SIZE", False, PAST[1].incident),
    RegressionTicket("SCREEN", True, PAST[2].incident),
)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> VectorStore:
    return EdgeStore(tmp_path / "index") if getattr(request, "param", "") == "edge" else MemoryStore()


BOTH_STORES = pytest.mark.parametrize("store", ["memory", "edge"], indirect=True)


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def judge(store: VectorStore, embedder: CountingEmbedder) -> Callable[..., Judgement]:
    """Judges a change of `NOW`, whose index is in force."""
    build_index(NOW, embedder, store)

    def judged(after: Problems, before: Problems = NOW, **how: object) -> Judgement:
        parts: dict[str, object] = {"tickets": TESTS, "past": PAST, **how}
        return Guard(embedder, store, RULES, **parts).judge(before, after)  # type: ignore[arg-type]

    return judged


def codes(some: object) -> list[str]:
    return [one.ticket.incident.code for one in some]  # type: ignore[attr-defined]


def test_nothing_changes(judge: Callable[..., Judgement]) -> None:
    found = judge(NOW)
    assert not found.refused
    assert (found.differences, found.broken, found.weakened, found.mended) == ((), (), (), ())
    assert codes(found.still_failing) == ["SCREEN"]
    assert found.compared == 3


def test_a_row_that_is_taken_away(judge: Callable[..., Judgement]) -> None:
    found = judge(named(BLANK, *OTHERS))
    assert found.refused
    assert codes(found.broken) == ["SIZE"]
    assert not found.broken[0].known
    assert codes(found.by_change(Change.LOST)) == ["SIZE"]
    (lost,) = found.differences
    assert lost.before.resolution == Close(SIZE.solution)
    assert lost.after.resolution is None


@BOTH_STORES
def test_a_row_that_is_added(judge: Callable[..., Judgement]) -> None:
    found = judge({**NOW, "SCREEN": SCREEN})
    assert not found.refused
    assert codes(found.mended) == ["SCREEN"]
    assert codes(found.by_change(Change.GAINED)) == ["SCREEN"]


def test_an_example_that_grabs_another_rows_tickets(judge: Callable[..., Judgement]) -> None:
    greedy = replace(SIZE, examples=(*SIZE.examples, "La pantalla se queda en blanco tras actualizar la aplicación"))
    poorer = replace(BLANK, examples=("El ratón no responde",))
    found = judge({**NOW, "SIZE": greedy, "BLANK": poorer})
    assert codes(found.broken) == ["BLANK"]
    assert codes(found.by_change(Change.CHANGED)) == ["BLANK"]


def test_another_solution_changes_what_is_done_without_a_new_index(judge: Callable[..., Judgement]) -> None:
    found = judge({**NOW, "SIZE": replace(SIZE, solution="Divida el archivo en dos partes.")})
    assert not found.refused
    (one,) = found.differences
    assert (one.change, one.before.problem, one.after.problem) == (Change.CHANGED, "SIZE", "SIZE")
    unusable = judge({**NOW, "SIZE": replace(SIZE, solution="Llame a MOCK_NOMBRE.")})
    assert codes(unusable.weakened) == ["SIZE"]
    assert not unusable.refused


def test_one_that_failed_before_refuses_nothing(judge: Callable[..., Judgement]) -> None:
    tests = (RegressionTicket("GONE", True, PAST[0].incident),)
    found = judge(named(SIZE, *OTHERS), tickets=tests)
    assert not found.refused
    assert codes(found.still_failing) == ["SIZE"]


@BOTH_STORES
def test_the_index_in_force_stays(
    judge: Callable[..., Judgement], store: VectorStore, embedder: CountingEmbedder
) -> None:
    before = store.current()
    embedder.texts.clear()
    judge({**NOW, "SCREEN": SCREEN})
    assert store.current() == before
    assert SCREEN.description in embedder.texts, "the row that is new"
    assert not [text for text in embedder.texts if text in ("Factura duplicada", "Cita anulada")]


@BOTH_STORES
def test_a_dictionary_that_was_edited_by_hand_and_not_indexed(judge: Callable[..., Judgement]) -> None:
    edited = {**NOW, "SCREEN": SCREEN}
    found = judge(named(BLANK, SCREEN, *OTHERS), before=edited)
    assert codes(found.broken) == ["SIZE"]
    assert codes(found.differences) == ["SIZE"]
    assert found.still_failing == ()


def test_without_anything_to_judge_by_nothing_is_done(store: VectorStore, embedder: CountingEmbedder) -> None:
    assert Guard(embedder, store, RULES, (), ()).judge(NOW, {}) == Judgement()
    assert embedder.texts == []


@BOTH_STORES
def test_a_trial_needs_an_index_to_begin_with(store: VectorStore, embedder: CountingEmbedder) -> None:
    with pytest.raises(IndexMissing, match="resuelve index"):
        Guard(embedder, store, RULES, TESTS, ()).judge(NOW, NOW)
    build_index(NOW, HashEmbedder(32), store)
    with pytest.raises(IndexMismatch, match="resuelve index"):
        Guard(embedder, store, RULES, (), PAST).judge(NOW, NOW)
    assert embedder.texts == []


def test_a_model_is_asked_about_regression_tickets_only(judge: Callable[..., Judgement]) -> None:
    chat = ScriptedChat({})
    found = judge(NOW, tickets=(), chat=chat)
    assert (found.compared, chat.calls) == (3, [])


def test_progress_counts_everything_once(store: VectorStore, embedder: CountingEmbedder) -> None:
    build_index(NOW, embedder, store)
    told: list[tuple[int, int]] = []
    guard = Guard(embedder, store, RULES, TESTS, PAST, workers=3)
    guard.judge(NOW, NOW, progress=lambda *count: told.append(count))
    assert {total for _, total in told} == {9}
    assert sorted({done for done, _ in told}) == list(range(10))
    assert told == sorted(told)


def test_json_names_everything(judge: Callable[..., Judgement]) -> None:
    content = json.loads(json.dumps(judge(named(BLANK, SCREEN, *OTHERS)).as_json()))
    assert content["refused"] is True
    assert (content["regression_tickets"], content["past_tickets"]) == (3, 3)
    assert content["broken"][0]["incident"] == "SIZE"
    assert content["lost"][0]["before"] | {"score": 0, "reason": ""} == {
        "problem": "SIZE",
        "approved": True,
        "resolution": "Close",
        "queue": "",
        "score": 0,
        "doubt": "none",
        "reason": "",
    }
    assert (content["gained"][0]["incident"], content["gained"][0]["after"]["queue"]) == ("SCREEN", "HW")
    assert content["changed"] == []


def test_impact_by_itself(store: VectorStore, embedder: CountingEmbedder) -> None:
    build_index(NOW, embedder, store)
    index = store.open()
    before = Knowledge.of(NOW, index, embedder)
    with tried_out({**NOW, "SCREEN": SCREEN}, embedder, store) as after:
        assert impact(before, before, PAST, RULES) == ()
        (gained,) = impact(before, after, PAST, RULES, workers=2)
        (lost,) = impact(after, before, PAST, RULES)
    index.close()
    assert (gained.change, lost.change) == (Change.GAINED, Change.LOST)
    assert (gained.before, gained.after) == (lost.after, lost.before)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (None, None, None),
        (Close("a"), Close("a"), None),
        (None, Close("a"), Change.GAINED),
        (Close("a"), None, Change.LOST),
        (Close("a"), Close("b"), Change.CHANGED),
        (Reassign("Q", "a"), Reassign("R", "a"), Change.CHANGED),
    ],
)
def test_change(before: Close | Reassign | None, after: Close | Reassign | None, change: Change | None) -> None:
    def stands(resolution: Close | Reassign | None, problem: str) -> Standing:
        return Standing(problem, resolution is not None, resolution, 50.0, Doubt.NONE, "")

    assert change_between(stands(before, "A"), stands(after, "B")) is change


def test_past_tickets_are_the_newest_as_they_were_asked() -> None:
    answered = (HistoryEntry(author="Equipo", resolution_notes="Hecho.", state="Resuelta"),)
    days = {code: datetime(2026, 1, day, tzinfo=UTC) for day, code in enumerate("ABC", start=1)}
    silent = (HistoryEntry(author="Equipo", state="Resuelta"),)
    closed = [asks("A", "a", opened=days["A"], history=silent), asks("B", "b", opened=days["B"], history=answered)]
    still_open = [
        asks("C", "c", opened=days["C"].replace(tzinfo=None), history=(HistoryEntry(author="Ana", detail="Más."),)),
        asks("D", "d", opened=None, history=(HistoryEntry(resolution_notes="[SPAI] Así."),)),
        asks("B", "b"),
    ]
    found = past_tickets(closed, still_open, label="[SPAI] ", most=10)
    assert [one.incident.code for one in found] == ["C", "B", "A", "D"]
    assert [len(one.incident.history) for one in found] == [1, 0, 0, 0]
    assert [one.done.label if one.done else None for one in found] == [None, "cierre", None, None]
    assert [one.incident.code for one in past_tickets(closed, still_open, label="[SPAI] ", most=2)] == ["C", "B"]
    assert past_tickets(closed, still_open, label="[SPAI] ", most=0) == ()
