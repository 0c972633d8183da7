"""What a row leads to, and what an agent's answer may do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resuelve.agents.memory import MemoryAgent
from resuelve.domain.decision import AgentAnswer, Close, HandOff, Hold, Reassign, Resolution, RunAgent
from resuelve.domain.errors import AgentUnavailable
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.readers import Document, Passage
from resuelve.resolution.attachments import Attached
from resuelve.resolution.consult import consult, prescribed
from resuelve.resolution.identify import identify
from resuelve.resolution.read import read


def answer_of(*answers: AgentAnswer, description: str = "póliza 1234567", sent: str = "") -> AgentAnswer:
    history = (HistoryEntry(detail=f"[SPAI] {sent}"),) if sent else ()
    reading = read(Incident("INC1", description=description, history=history), label="[SPAI] ")
    agent = MemoryAgent({"1234567": answers[0]} if answers else {})
    found = consult("fx", reading, identify(reading), {"fx": lambda: agent})
    (request,) = agent.requests
    assert (request.code, request.incident, request.language) == ("fx", "INC1", reading.language)
    return found


@pytest.mark.parametrize(
    ("prescription", "expected"),
    [
        (Prescription(ResolutionKind.CLOSE), Close("Borre las cookies")),
        (Prescription(ResolutionKind.HOLD), Hold("Borre las cookies")),
        (Prescription(ResolutionKind.REASSIGN, queue="Q"), Reassign("Q", "Borre las cookies")),
        (Prescription(ResolutionKind.AGENT, agent_code="fx"), RunAgent("fx")),
    ],
)
def test_a_row_leads_to_its_own_text(prescription: Prescription, expected: Resolution) -> None:
    row = KnownError("A", "Web", ("No abre",), "Error", "Borre las cookies", prescription)
    assert prescribed(row) == expected


def test_a_reassignment_without_a_text_says_what_it_is_about() -> None:
    row = KnownError("A", "Web", ("No abre",), "", "", Prescription(ResolutionKind.REASSIGN, queue="Q"))
    assert prescribed(row) == Reassign("Q", "No abre")


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_manual_row_is_a_persons(language: str) -> None:
    found = prescribed(KnownError("A", "", ("x",), "", "x", Prescription(ResolutionKind.MANUAL)), language)
    assert isinstance(found, HandOff)
    assert "A" in found.reason


@pytest.mark.parametrize("answer", [Close("Hecho"), Hold("¿Cuál?"), Reassign("Q", "Mírenlo"), HandOff("No sé")])
def test_an_agents_answer_is_passed_on(answer: AgentAnswer) -> None:
    assert answer_of(answer) == answer
    assert answer_of(answer, sent="Otra cosa bien distinta") == answer


def test_without_an_agent_a_person_gets_it() -> None:
    found = consult("zz", read(Incident("INC1"), label="x"), (), {})
    assert isinstance(found, HandOff)
    assert "zz" in found.reason


def test_what_was_said_before_is_not_said_again() -> None:
    found = answer_of(Hold("¿Cuál es el número?"), sent="¿Cuál es el número? (ref. R-1)")
    assert isinstance(found, HandOff)
    assert "fx" in found.reason
    assert isinstance(answer_of(description="no abre", sent=answer_of(description="no abre").text), HandOff)  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["Estimado MOCK_NOMBRE, ya está", "Su póliza XXXX está activa"])
def test_a_placeholder_does_not_reach_a_ticket(text: str) -> None:
    found = answer_of(Close(text))
    assert isinstance(found, HandOff)
    assert "fx" in found.reason


def test_an_agent_that_is_down_is_an_error() -> None:
    agent = MemoryAgent({"1234567": AgentUnavailable("down", where="sistema")})
    reading = read(Incident("INC1", description="póliza 1234567"), label="[SPAI] ")
    with pytest.raises(AgentUnavailable):
        consult("fx", reading, identify(reading), {"fx": lambda: agent})


def asked_with(description: str, place: str, text: str, answer: AgentAnswer) -> tuple[AgentAnswer, list[str]]:
    """What comes of a ticket with a file, and the numbers that the agent was told."""
    document = Document("a.png", "png", (Passage(place, text),))
    ticket = read(Incident("INC1", description=description), label="[SPAI] ")
    reading = replace(ticket, attached=(Attached("history[0]", "a.png", document),))
    agent = MemoryAgent(dict.fromkeys(("1234567", "7654321"), answer))
    found = consult("fx", reading, identify(reading), {"fx": lambda: agent})
    return found, [one.value for request in agent.requests for one in request.identifiers]


def test_what_was_typed_goes_before_what_a_file_shows() -> None:
    shown = "Póliza: 7654321\nNIF: 99999970H"
    assert asked_with("póliza 1234567", "OCR", shown, Close("x"))[1] == ["1234567", "99999970H"]
    assert asked_with("mi NIE es X1234567L", "OCR", shown, Close("x"))[1] == ["X1234567L", "7654321"]
    assert asked_with("mirad la captura", "OCR", shown, Close("x"))[1] == ["7654321", "99999970H"]


@pytest.mark.parametrize("place", ["OCR", "p. 3 · OCR"])
def test_a_number_that_may_have_been_misread_is_told_to_nobody(place: str) -> None:
    ask = Close("x")
    found, told = asked_with("mirad la captura", place, "NIF: 99999970A", ask)
    assert told == []
    assert isinstance(found, HandOff)
    assert "NIF" in found.reason
    assert asked_with("mirad la captura", "p. 3", "NIF: 99999970A", ask)[1] == ["99999970A"]
    found, told = asked_with("mirad la captura", place, "NIF: 99999970H", ask)
    assert told == ["99999970H"]
    assert isinstance(found, Hold)


def test_of_two_persons_the_one_that_could_be_read_is_not_taken_for_the_only_one() -> None:
    shown = "Tomador NIF: 99999970A\nAsegurado NIF: 99999971L\nPóliza: 7654321"
    found, told = asked_with("mirad la captura", "OCR", shown, Close("x"))
    assert isinstance(found, HandOff)
    assert told == []
    assert asked_with("mi NIF es 99999970H", "OCR", shown, Close("x"))[1] == ["99999970H", "7654321"]
