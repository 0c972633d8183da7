"""One of the rows that were offered, or none; a model names letters."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from resuelve.domain.decision import Candidate, Doubt
from resuelve.domain.errors import ModelOutputInvalid, ModelUnavailable
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.models.scripted import ScriptedChat
from resuelve.resolution.decide import decide, describe, offer
from resuelve.resolution.prompts.schemas import NONE, selection_among
from resuelve.resolution.rerank import Ranked


def ranked(code: str, relevance: float = 3.0) -> Ranked:
    row = KnownError(
        code,
        "Web",
        (f"Falla {code}", f"Otra {code}"),
        "Error",
        f"Arreglo de {code}",
        Prescription(ResolutionKind.CLOSE),
    )
    return Ranked(Candidate(row, f"Otra {code}", 0.9, 1.0, 1.0), relevance, 0.5, 0.5, 0, 0, relevance)


OFFERED = tuple(ranked(code) for code in ("P-1", "P-2", "P-3"))


def test_an_offer_leaves_out_what_was_ruled_out_and_has_a_limit() -> None:
    assert offer(OFFERED, {"P-1"}, 1) == (OFFERED[1],)
    assert offer(OFFERED, (), 0) == ()
    assert len(offer([ranked(f"P-{n}") for n in range(40)], (), 99)) == 12


@pytest.mark.parametrize("language", ["es", "en"])
def test_without_a_model_the_most_relevant_row_is_chosen(language: str) -> None:
    choice = decide(OFFERED, language=language)
    assert choice.problem is OFFERED[0].problem
    assert "P-1" in choice.reason


def test_nothing_offered_nothing_chosen_nobody_asked() -> None:
    chat = ScriptedChat({})
    choice = decide((), chat=chat)
    assert (choice.problem, choice.doubt) == (None, Doubt.NO_MATCH)
    assert chat.calls == []


def test_a_model_chooses_by_letter_and_sees_no_id() -> None:
    chat = ScriptedChat({"decide": {"eleccion": "B", "motivo": "coincide"}})
    choice = decide(OFFERED, chat=chat, ticket="no abre", avoid=["P-9"], advice="mire la firma")
    assert (choice.problem, choice.reason, choice.doubt) == (OFFERED[1].problem, "coincide", Doubt.NONE)
    (call,) = chat.calls
    assert "B. [Web] Otra P-2 | Falla P-2" in call.user
    assert "<evitar>P-9</evitar>" in call.user
    assert "<consejo>mire la firma</consejo>" in call.user


def test_a_model_may_choose_none() -> None:
    choice = decide(OFFERED[:1], chat=ScriptedChat({"decide": {"eleccion": NONE, "motivo": "no encaja"}}))
    assert (choice.problem, choice.reason, choice.doubt) == (None, "no encaja", Doubt.NO_MATCH)


@pytest.mark.parametrize("answer", ["D", "b", "P-1", "A.", "", "A B", "ninguno", None, 1])
def test_what_was_not_offered_is_refused(answer: object) -> None:
    with pytest.raises(ModelOutputInvalid):
        decide(OFFERED, chat=ScriptedChat({"decide": {"eleccion": answer, "motivo": "porque sí"}}))


def test_an_answer_that_was_off_is_asked_for_again() -> None:
    chat = ScriptedChat({"decide": ["B", '{"eleccion": "B"}', {"eleccion": "C", "motivo": ""}]})
    assert decide(OFFERED, chat=chat).problem is OFFERED[2].problem
    assert len(chat.calls) == 3


def test_a_model_that_is_down_is_an_error() -> None:
    with pytest.raises(ModelUnavailable):
        decide(OFFERED, chat=ScriptedChat({"decide": ModelUnavailable("down", where="model")}))


def test_a_selection_holds_nothing_but_the_letters() -> None:
    schema = selection_among(["A", "B"])
    assert schema is selection_among(("A", "B"))
    assert schema.model_json_schema()["properties"]["eleccion"]["enum"] == ["A", "B", NONE]
    with pytest.raises(ValidationError):
        schema.model_validate({"eleccion": "A", "motivo": "", "accion": "cerrar"})


def test_a_row_as_a_model_sees_it() -> None:
    assert describe(OFFERED[0]) == "[Web] Otra P-1 | Falla P-1 → cierre"
    assert describe(OFFERED[0], solution=7) == "[Web] Otra P-1 | Falla P-1 → cierre: Arreglo"
