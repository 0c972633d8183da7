"""A language model may take away what scores and rules would do, and nothing that it says can add to it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Candidate, Critique, Doubt, Verdict
from resuelve.domain.errors import ModelUnavailable
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.models.scripted import Answers, ScriptedChat
from resuelve.readers import Document
from resuelve.resolution.attachments import Attached
from resuelve.resolution.case import Case
from resuelve.resolution.critique import critique
from resuelve.resolution.prompts.schemas import NONE, Reformulation, Review
from resuelve.resolution.read import Reading, read
from resuelve.resolution.reformulate import Query
from resuelve.resolution.rerank import Ranked
from resuelve.resolution.retrieve import Retrieved
from resuelve.resolution.score import shipped
from resuelve.resolution.second_opinion import Asked, second_opinion
from resuelve.resolution.trace import Trace
from resuelve.resolution.votes import ABSOLUTE, VOTES, Votes, against, cast, speaker_of
from resuelve.resolution.words import Lexicon

CLOSE = Prescription(ResolutionKind.CLOSE)
TO_X = Prescription(ResolutionKind.REASSIGN, queue="GR_X")
EXAMPLES = {
    "A": "El recibo de enero sale en blanco al descargarlo",
    "B": "No puede adjuntar la factura del dentista",
    "C": "El certificado digital no firma el contrato",
}
RESTATED = Reformulation(problema="El recibo no se ve al bajarlo", otro_asunto="")
FINE = {"veredicto": "APROBADO", "puntuacion": 100, "motivo": "encaja", "tipo_problema": "NINGUNO", "enfoque": ""}
VERDICTS = ("APROBADO", "RECHAZADO", "YA_INTENTADO")
KINDS = ("NINGUNO", "NO_ENCAJA", "ENCAJE_DEBIL", "AMBIGUO", "CONTRADICTORIO", "VARIOS_ASUNTOS", "YA_INTENTADO")


def ranked(code: str, relevance: float, prescription: Prescription = CLOSE) -> Ranked:
    row = KnownError(code, "Web", (EXAMPLES[code],), "Error", f"Use el menú {code} mañana", prescription)
    return Ranked(Candidate(row, row.description, 0.9, 3.0, 0.5), relevance, 0.9, 0.9, 0, 0, relevance)


BARE = Incident("INC1", description=EXAMPLES["A"], requester="ana")


def asked(prescription: Prescription = CLOSE, votes: Votes = ABSOLUTE, incident: Incident = BARE) -> Asked:
    rows = (ranked("A", 6.0, prescription), ranked("B", 1.0, prescription))
    reading = read(incident, label="[SPAI] ")
    case = Case(reading, Retrieved((), 0.1, 0.1), rows, rows[0], Lexicon(EXAMPLES.values()), 65.0)
    case = replace(case, scoring=replace(shipped(), votes=votes))
    ours = critique(case)
    assert ours.verdict is Verdict.APPROVED
    return Asked(case, ours, (), rows)


def heard(chat: ScriptedChat, given: Asked | None = None, aside: Candidate | None = None) -> tuple[Critique, Trace]:
    trace = Trace(itertools.count().__next__)

    def search(reading: Reading, queries: Sequence[Query]) -> tuple[Retrieved, tuple[Ranked, ...]]:
        assert reading.text
        assert queries
        return Retrieved((), 0.1, 0.1, aside), (ranked("C", 9.0), ranked("A", 8.0))

    return second_opinion(given or asked(), chat, search=search, trace=trace), trace


def says(choice: str, review: Answers = FINE, restated: Answers = RESTATED) -> ScriptedChat:
    chosen = {"eleccion": choice, "motivo": "por eso"}
    return ScriptedChat({"reformulate": restated, "decide": chosen, "critique": review})


def test_a_model_that_agrees_changes_nothing_but_the_reason() -> None:
    chat = says("A")
    verdict, trace = heard(chat)
    assert (verdict.verdict, verdict.score, verdict.reason) == (Verdict.APPROVED, asked().ours.score, "encaja")
    assert [call.role for call in chat.calls] == ["decide", "reformulate", "critique"]
    assert [step.stage for step in trace.steps] == ["decide", "reformulate", "critique"]
    assert trace.steps[0].input["offered"] == ["A", "B"]
    # The review looks at what only the model's words have found, once, beside the other rows.
    review = chat.calls[-1].user
    assert [review.count(EXAMPLES[code]) for code in "ABC"] == [2, 1, 1]  # A is the ticket and the proposal


def test_another_choice_is_a_veto_that_names_both() -> None:
    chat = says("B")
    verdict, _ = heard(chat)
    assert (verdict.verdict, verdict.doubt, verdict.avoid) == (Verdict.REJECTED, Doubt.MODEL_DISAGREES, ("A",))
    assert verdict.score < 65
    assert verdict.features == {**asked().ours.features, "vote_choice": -1.0}
    assert "B y no A: por eso" in verdict.reason
    assert len(chat.calls) == 1


def test_another_row_that_leads_to_the_same_is_no_disagreement() -> None:
    assert heard(says("B"), asked(TO_X))[0].verdict is Verdict.APPROVED


def test_none_of_them_is_a_veto() -> None:
    chat = says(NONE)
    verdict, _ = heard(chat)
    assert (verdict.verdict, verdict.doubt, verdict.reason) == (Verdict.REJECTED, Doubt.NO_MATCH, "por eso")
    assert len(chat.calls) == 1


def test_a_second_matter_that_only_the_model_saw_is_a_veto_without_a_review() -> None:
    chat = says("A")
    verdict, _ = heard(chat, aside=Candidate(ranked("B", 5.0).problem, EXAMPLES["B"], 0.9, 1.0, 1.0))
    assert (verdict.verdict, verdict.doubt) == (Verdict.REJECTED, Doubt.SEVERAL_PROBLEMS)
    assert [call.role for call in chat.calls] == ["decide", "reformulate"]


def test_a_restatement_is_not_needed() -> None:
    chat = says("A", restated="No sé.")
    verdict, _ = heard(chat)
    assert verdict.verdict is Verdict.APPROVED
    assert cast(verdict.features) == {"vote_choice": 1.0, "vote_review": 1.0}  # no usable answer is no vote
    refused, _ = heard(says("A", {**FINE, "veredicto": "RECHAZADO"}, restated="No sé."))
    assert cast(refused.features) == {"vote_choice": 1.0, "vote_review": -1.0}
    assert EXAMPLES["C"] not in chat.calls[-1].user


@pytest.mark.parametrize("chat", [says("Z"), says("A", review="Me parece bien")])
def test_no_usable_answer_is_a_veto(chat: ScriptedChat) -> None:
    verdict, _ = heard(chat)
    assert (verdict.verdict, verdict.doubt) == (Verdict.REJECTED, Doubt.MODEL_FAILED)
    assert verdict.score < 65


@pytest.mark.parametrize("role", ["reformulate", "decide", "critique"])
def test_a_model_out_of_reach_is_no_answer(role: str) -> None:
    answers: dict[str, Answers] = {"reformulate": RESTATED, "decide": {"eleccion": "A", "motivo": ""}, "critique": FINE}
    with pytest.raises(ModelUnavailable):
        heard(ScriptedChat({**answers, role: ModelUnavailable("down")}))


@given(
    st.sampled_from(["A", "B", "C", NONE]),
    st.builds(
        Review,
        veredicto=st.sampled_from(VERDICTS),
        puntuacion=st.integers(0, 100),
        motivo=st.text(max_size=20),
        tipo_problema=st.sampled_from(KINDS),
        enfoque=st.text(max_size=20),
    ),
    st.builds(Reformulation, problema=st.sampled_from([*EXAMPLES.values(), ""]), otro_asunto=st.text(max_size=30)),
)
def test_whatever_it_says_it_only_takes_away(choice: str, review: Review, restated: Reformulation) -> None:
    chat = says(choice, review, restated)
    verdict, _ = heard(chat)
    assert verdict.score <= asked().ours.score
    assert len(chat.calls) <= 3
    if verdict.verdict is Verdict.APPROVED:
        assert (choice, review.veredicto) == ("A", "APROBADO")
        assert verdict.score == min(asked().ours.score, review.puntuacion)
    else:
        assert verdict.avoid == ("A",)


def taught(**weights: float) -> Votes:
    return Votes(speaker_of(says("A").name), 65.0, weights)


def test_votes_are_features_of_the_verdict() -> None:
    assert cast(heard(says("A"))[0].features) == {"vote_choice": 1.0, "vote_matter": 1.0, "vote_review": 1.0}
    assert cast(heard(says(NONE))[0].features) == {"vote_choice": -1.0}
    aside = Candidate(ranked("B", 5.0).problem, EXAMPLES["B"], 0.9, 1.0, 1.0)
    assert cast(heard(says("A"), aside=aside)[0].features) == {"vote_choice": 1.0, "vote_matter": -1.0}
    for review in ({**FINE, "veredicto": "RECHAZADO"}, {**FINE, "puntuacion": 40}):
        verdict = heard(says("A", review))[0]
        assert cast(verdict.features) == {"vote_choice": 1.0, "vote_matter": 1.0, "vote_review": -1.0}
    assert cast(heard(says("Z"))[0].features) == {}  # no usable answer is no vote


def test_where_no_answer_could_change_anything_none_is_asked_for() -> None:
    given = asked(votes=taught(vote_choice=0.0, vote_matter=0.0, vote_review=0.0))
    chat = says(NONE)
    verdict, trace = heard(chat, given)
    assert verdict == given.ours
    assert chat.calls == []
    (step,) = trace.steps
    assert (step.stage, step.output) == ("decide", {"asked": False})
    assert step.input["certain_from"] == 65.0


def test_a_no_that_is_worth_little_takes_some_of_the_score_and_ends_the_questions() -> None:
    given = asked(votes=taught(vote_choice=-0.5))
    chat = says(NONE)
    verdict, _ = heard(chat, given)
    assert (verdict.verdict, verdict.doubt, verdict.avoid) == (Verdict.APPROVED, Doubt.NONE, ())
    assert 65 <= verdict.score < given.ours.score
    assert verdict.features["vote_choice"] == -1.0
    assert "por eso" in verdict.reason
    assert len(chat.calls) == 1


def test_another_no_another_model_and_no_usable_answer_take_all() -> None:
    for votes in (taught(vote_review=0.0), Votes("another model", 65.0, {"vote_choice": 0.0})):
        verdict, _ = heard(says(NONE), asked(votes=votes))
        assert (verdict.verdict, verdict.doubt) == (Verdict.REJECTED, Doubt.NO_MATCH)
    verdict, _ = heard(says("Z"), asked(votes=taught(vote_choice=0.0, vote_review=0.0)))
    assert (verdict.verdict, verdict.doubt) == (Verdict.REJECTED, Doubt.MODEL_FAILED)


@given(
    st.sampled_from(["A", "B", "C", NONE, "Z"]),
    st.sampled_from(VERDICTS),
    st.integers(0, 100),
    st.dictionaries(st.sampled_from(VOTES), st.floats(-5, 5)),
)
def test_whatever_was_learned_of_it_it_only_takes_away(
    choice: str, verdict: str, points: int, weights: dict[str, float]
) -> None:
    given = asked(votes=taught(**weights))
    found, _ = heard(says(choice, {**FINE, "veredicto": verdict, "puntuacion": points}), given)
    assert found.score <= given.ours.score
    no = against(found.features)
    if found.verdict is Verdict.APPROVED and found.score >= 65 and no:
        assert verdict != "YA_INTENTADO" or no != "vote_review"
        assert found.score == given.case.scoring.votes.after_no(given.ours.score, no)


SURE = {"vote_choice": 0.0, "vote_matter": 0.0, "vote_review": 0.0}


def rated(given: Asked, score: float) -> Asked:
    """The same, as a score of so much would have it."""
    return replace(given, ours=replace(given.ours, score=score))


@pytest.mark.parametrize(("weight", "spared"), [(-0.1, True), (-1.0, False)])
def test_a_no_after_which_too_little_is_left_is_a_veto(weight: float, spared: bool) -> None:
    given = rated(asked(votes=taught(vote_choice=weight)), 70.0)
    verdict, _ = heard(says(NONE), given)
    assert (verdict.verdict is Verdict.APPROVED) == spared
    assert (verdict.score >= 65) == spared


def test_a_no_to_the_review_is_not_excused_by_what_was_learned_of_the_choice() -> None:
    chat = says("A", {**FINE, "veredicto": "RECHAZADO", "puntuacion": 0})
    verdict, _ = heard(chat, asked(votes=taught(vote_choice=5.0, vote_matter=5.0)))
    assert verdict.verdict is Verdict.REJECTED
    assert len(chat.calls) == 3


@pytest.mark.parametrize("threshold", [60.0, 66.0, 90.0])
def test_what_was_learned_for_another_threshold_is_not_used(threshold: float) -> None:
    given = asked(votes=taught(**SURE))
    chat = says(NONE)
    verdict, _ = heard(chat, replace(given, case=replace(given.case, threshold=threshold)))
    assert verdict.verdict is Verdict.REJECTED
    assert len(chat.calls) == 1


def test_that_it_was_tried_already_is_never_outvoted() -> None:
    given = asked(votes=taught(vote_review=5.0))
    for tried, expected in (("RECHAZADO", Verdict.APPROVED), ("YA_INTENTADO", Verdict.ALREADY_TRIED)):
        assert heard(says("A", {**FINE, "veredicto": tried}), given)[0].verdict is expected


def entry(author: str, detail: str = "Sigue igual") -> HistoryEntry:
    return HistoryEntry(author=author, detail=detail)


@pytest.mark.parametrize(
    "incident",
    [
        replace(BARE, history=(entry("luis"),)),
        replace(BARE, history=(entry("ana"), entry(""))),
        replace(BARE, history=(entry("ana", "[SPAI] ¿Qué recibo?"),)),
        replace(BARE, requester="", history=(entry(""),)),
    ],
)
def test_of_a_ticket_on_which_somebody_worked_the_past_tells_nothing(incident: Incident) -> None:
    never_replayed(asked(votes=taught(**SURE)), incident=incident)


def test_nor_of_one_with_attachments() -> None:
    attached = (Attached("incident", "a.pdf", Document("a.pdf", "pdf")),)
    never_replayed(asked(votes=taught(**SURE)), attached=attached)
    never_replayed(asked(votes=taught(**SURE)), carried=True)


def never_replayed(given: Asked, incident: Incident = BARE, attached: Any = (), *, carried: bool = False) -> None:
    reading = replace(read(incident, label="[SPAI] "), attached=attached)
    given = replace(given, case=replace(given.case, reading=reading, carried=carried))
    chat = says(NONE)
    verdict, _ = heard(chat, given)
    assert (verdict.verdict, verdict.doubt) == (Verdict.REJECTED, Doubt.NO_MATCH)
    assert len(chat.calls) == 1


def test_what_the_requester_added_is_replayed_too() -> None:
    given = asked(votes=taught(**SURE), incident=replace(BARE, history=(entry("ANA", EXAMPLES["A"]),)))
    chat = says(NONE)
    assert heard(chat, given)[0] == given.ours
    assert chat.calls == []
