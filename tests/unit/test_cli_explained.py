"""What `explain` shows of a stage is in the reader's language, but for names of features and what others wrote."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.cli.explained import label, lines, part
from resuelve.domain.decision import Doubt, Permission, Verdict
from resuelve.domain.identifier import IdentifierKind

FOUND = {
    "problem": "A",
    "critique": {
        "verdict": "rejected",
        "score": 13.1,
        "doubt": "weak_match",
        "avoid": [],
        "advice": "",
        "features": {"gap": 0.6, "echo": 0.1},
    },
}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "es",
            [
                "problema: A", "crítica:", "  veredicto: rechazado", "  puntuación: 13.1", "  duda: encaje débil",
                "  descartados: —", "  consejo: —", "  rasgos:", "    gap: 0.6 · echo: 0.1",
            ],
        ),
        (
            "en",
            [
                "problem: A", "critique:", "  verdict: rejected", "  score: 13.1", "  doubt: weak match",
                "  ruled out: —", "  advice: —", "  features:", "    gap: 0.6 · echo: 0.1",
            ],
        ),
    ],
)  # fmt: skip
def test_a_stage_in_both_languages(language: str, expected: list[str]) -> None:
    assert list(lines(FOUND, language)) == expected


@pytest.mark.parametrize(
    ("value", "below", "expected"),
    [
        ({"waiting": False, "unread": []}, "", ["espera a alguien: no", "sin leer: —"]),
        ({"text": "Hola", "question": True}, "", ["texto: Hola · pregunta: sí"]),
        ({"parts": ["title", "history[2].notes"]}, "", ["partes:", "  título", "  historial[2].notas"]),
        (["title"], "parts", ["título"]),
        ({"title": "description", "description": "b"}, "", ["título: description · descripción: b"]),
        ({"kind": "error_code", "source": "history[0].detail"}, "",
         ["clase: código de error · lugar: historial[0].detalle"]),
        ({"policy": {"cierre": "ask"}}, "", ["política:", "  cierre: lo aprueba una persona"]),
        ({"attached": [{"source": "history[2] · a.png · OCR", "text": "Error\n500"}]}, "",
         ["leído en los adjuntos:", "  lugar: historial[2] · a.png · OCR · texto: Error 500"]),
        ({"unread": [{"source": "incident · 1.pdf", "reason": "damaged", "detail": ""}]}, "",
         ["sin leer:", "  lugar: incidencia · 1.pdf · motivo: no se ha leído entero porque está dañado o incompleto"
          " · detalle: —"]),
        (["history[0] · a.png · description", "history[1] · description"], "parts",
         ["historial[0] · a.png · descripción de un modelo", "historial[1] · description"]),
        ({"chosen": None, "reason": "a\n b"}, "", ["elegido: — · motivo: a b"]),
        (["never", "title", "none of it"], "", ["never", "title", "none of it"]),
        ([], "", ["—"]),
    ],
)  # fmt: skip
def test_only_closed_vocabularies_are_put_into_words(value: Any, below: str, expected: list[str]) -> None:
    assert list(lines(value, "es", below=below)) == expected


@pytest.mark.parametrize(
    ("field", "words"),
    [("verdict", Verdict), ("doubt", Doubt), ("permission", Permission), ("kind", IdentifierKind)],
)
def test_every_word_of_a_vocabulary_is_said(field: str, words: type[StrEnum]) -> None:
    said = {next(lines({field: word.value}, "es")).partition(": ")[2]: word.value for word in words}
    assert len(said) == len(words)
    assert not {here for here, word in said.items() if here == word}


def test_names_without_a_word_stay() -> None:
    assert label("closeness", "es") == part("closeness", "es") == "closeness"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=10,
    )
)
def test_any_value_is_lines(value: Any) -> None:
    assert all("\n" not in line for line in lines(value, "es") if "\n" not in str(value))
