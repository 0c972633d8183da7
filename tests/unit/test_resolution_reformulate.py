"""What happened stays, who it happened to goes, and a model says it once more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import ModelOutputInvalid
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.models.scripted import ScriptedChat
from resuelve.resolution.identify import identify
from resuelve.resolution.prompts import version
from resuelve.resolution.prompts.schemas import Reformulation
from resuelve.resolution.read import LONGEST_TEXT, Reading, read
from resuelve.resolution.reformulate import Query, are_reports, depersonalised, reformulate, restate, says_as_little

FORM = """NIF: 12345678Z
Nombre y apellidos: Ana Ruiz Gómez
Nº póliza: 666000001-56447147-0
Fecha de nacimiento: 01/02/1980
E-mail y teléfono de contacto: ana@correo.es / 612345678
Pantalla en la que se produce el error: Recibos
Descripción del error: al abrir el recibo de enero la pantalla queda en blanco
Un saludo,
Ana"""


def reading(description: str, title: str = "", *comments: str) -> Reading:
    history = tuple(HistoryEntry(detail=text) for text in comments)
    return read(Incident("INC1", title=title, description=description, history=history), label="[SPAI] ")


def queries(description: str, title: str = "", *comments: str) -> tuple[Query, ...]:
    ticket = reading(description, title, *comments)
    return reformulate(ticket, identify(ticket))


def text_of(description: str, title: str = "", *comments: str, purpose: str = "problem") -> str:
    return next((query.text for query in queries(description, title, *comments) if query.purpose == purpose), "")


def test_a_form_is_reduced_to_what_happened() -> None:
    assert text_of(FORM, "Recibo en blanco") == "Recibos al abrir el recibo de enero la pantalla queda en blanco"


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Hola, buenos días. No puedo entrar en la app.\nGracias\nJuan Pérez", "No puedo entrar en la app"),
        ("Estimados señores: no llega el recibo. Un cordial saludo, Ana", "no llega el recibo"),
        ("Good morning team, the page is blank.\nKind regards,\nAnn", "team, the page is blank"),
        ("NO PUEDO DESCARGAR EL RECIBO", "no puedo descargar el recibo"),
        ("Error: no carga el PDF", "no carga el PDF"),
        ("Titular: no aparece en la ficha del cliente", "no aparece en la ficha del cliente"),
        ("Gracias por todo pero sigue sin abrir el PDF", "por todo pero sigue sin abrir el PDF"),
        ("Muchas gracias por contestar. Sigo sin acceso al portal", "por contestar. Sigo sin acceso al portal"),
        ("Póliza: MOCK_POLIZA, NIF: XXXX no abre y sale ORA-00942", "no abre y sale ORA-00942"),
        ("NIF: 12345678Z no abre", "no abre"),
        ("falló el 12/03/2025 10:30 h al firmar", "falló el al firmar"),
    ],
)
def test_courtesies_and_personal_data_go(description: str, expected: str) -> None:
    assert text_of(description) == expected


@pytest.mark.parametrize(
    "description", ["", "Hola", "Gracias", "12345678Z", "NIF: 12345678Z", "Un saludo,\nAna Ruiz", "XXXX", "?!", "a b"]
)
def test_a_ticket_that_says_nothing_has_no_query(description: str) -> None:
    assert queries(description) == ()


@pytest.mark.parametrize(
    ("title", "description", "expected"),
    [
        ("", "Hola", ["Hola"]),
        ("Hola", "no", ["Hola. no"]),
        ("", "ana@correo.es ok", ["ok"]),
        ("", "12345678Z", []),
        ("", "?!", []),
        ("", "Hola, la impresora no va", ["la impresora no va"]),
    ],
)
def test_a_courtesy_is_a_query_where_the_dictionary_has_rows_for_it(
    title: str, description: str, expected: list[str]
) -> None:
    ticket = reading(description, title)
    assert [query.text for query in reformulate(ticket, identify(ticket), terse=True)] == expected


@pytest.mark.parametrize("text", ["hola", "sí", "Muchas gracias", "buenos días"])
def test_a_dictionary_with_a_row_for_a_courtesy_says_as_little(text: str) -> None:
    assert says_as_little(["La impresora no imprime", text])


@pytest.mark.parametrize("texts", [[], ["Hola, la impresora no imprime", "Alta", "Un saludo, " * 9], ["", "?!", "12"]])
def test_other_dictionaries_do_not(texts: list[str]) -> None:
    assert not says_as_little(texts)


def test_the_title_is_a_query_of_its_own_and_not_said_twice() -> None:
    found = queries("No puedo entrar en el portal", "Acceso")
    assert [(q.purpose, q.text) for q in found] == [("problem", "No puedo entrar en el portal"), ("title", "Acceso")]
    assert text_of("Sale en blanco", "Recibo de enero") == "Recibo de enero. Sale en blanco"
    assert text_of("El acceso al portal no va", "Acceso al portal") == "El acceso al portal no va"
    assert [(q.purpose, q.text) for q in queries("", "Impresora rota")] == [("problem", "Impresora rota")]


def test_the_last_comment_that_says_something_is_a_query() -> None:
    comment = text_of("No entra", "", "ahora sale otra pantalla distinta", "ok gracias", "sigue", purpose="comment")
    assert comment == "ahora sale otra pantalla distinta"


def test_a_second_matter_is_an_aside_without_weight() -> None:
    found = queries("No funciona el pago con tarjeta. Por otro lado, quería cambiar mi dirección postal")
    assert found[-1] == Query("quería cambiar mi dirección postal", "aside", 0.0)
    for said in (
        "La primera, que no entro. La segunda, que no llega el recibo",
        "1. No entro en la app. 2. Que no llega el recibo",
    ):
        assert queries(said)[-1].purpose == "aside", said
    assert not [q for q in queries("Además no me llega ningún recibo") if q.purpose == "aside"]


def test_among_reports_title_and_description_are_one_text() -> None:
    ticket = reading("No puedo entrar en el portal", "Acceso")
    found = reformulate(ticket, identify(ticket), reports=True)
    assert [(q.purpose, q.text, q.weight) for q in found] == [
        ("problem", "Acceso. No puedo entrar en el portal", 1.0),
        ("title", "Acceso", 0.25),
    ]
    long = reading("palabra " * 5000, "Acceso")
    assert 380 < len(reformulate(long, identify(long), reports=True)[0].text) <= 400


@pytest.mark.parametrize(
    ("lengths", "are"), [([], False), ([240] * 3, False), ([241] * 3, True), ([90, 91, 2000], False)]
)
def test_a_dictionary_of_long_texts_holds_reports(lengths: list[int], *, are: bool) -> None:
    assert are_reports(["a" * length for length in lengths]) is are


def test_long_texts_are_cut_between_words() -> None:
    text = text_of("palabra " * 5000)
    assert 200 < len(text) <= 240
    assert text.endswith("palabra")


def test_a_model_says_it_in_its_words_and_names_a_second_matter() -> None:
    chat = ScriptedChat(
        {"reformulate": Reformulation(problema="El recibo sale en blanco", otro_asunto="Cambiar la cuenta")}
    )
    found, model = restate("description: No va el recibo", chat)
    assert model == "scripted"
    assert [(q.purpose, q.weight > 0, q.text) for q in found] == [
        ("model", True, "El recibo sale en blanco"),
        ("aside", False, "Cambiar la cuenta"),
    ]
    (call,) = chat.calls
    assert (call.role, call.version) == ("reformulate", version("reformulate"))
    assert "No va el recibo" in call.user


@pytest.mark.parametrize("aside", ["", "Cambiar la cuenta"])
def test_a_model_without_a_sentence_has_said_nothing(aside: str) -> None:
    assert restate("x", ScriptedChat({"reformulate": Reformulation(problema=" ", otro_asunto=aside)}))[0] == ()


def test_a_model_off_its_schema_is_an_error() -> None:
    with pytest.raises(ModelOutputInvalid):
        restate("No va el recibo", ScriptedChat({"reformulate": "El recibo no va"}))


def test_a_model_sees_kinds_instead_of_identifiers() -> None:
    ticket = reading(FORM, "Recibo ORA-00942 en blanco", "mi IBAN es ES91 2100 0418 4502 0005 1332")
    text = depersonalised(ticket, identify(ticket))
    for kind in ("[nif]", "[policy]", "[email]", "[phone]", "[iban]", "ORA-00942", "title: ", "history[0].detail: "):
        assert kind in text
    for secret in ("12345678Z", "666000001", "ana@correo.es", "612345678", "ES91"):
        assert secret not in text
    assert len(depersonalised(reading("x" * 50_000, "t", *["y" * 50_000] * 9), ())) <= 6000


prose = st.lists(
    st.sampled_from(
        ["no", "abre", "el", "recibo", "pantalla,", "error.", "hola", "gracias", "además", "\n", "Titular:"]
    ),
    max_size=12,
).map(" ".join)
SECRETS = (
    "12345678Z",
    "X1234567L",
    "ES91 2100 0418 4502 0005 1332",
    "666000001-56447147-0",
    "ana@correo.es",
    "+34 612 345 678",
    "https://a.es/12345",
    "MOCK_NIF",
    "XXXXXX",
)
mixed = st.lists(st.tuples(prose, st.sampled_from(SECRETS)), max_size=5).map(
    lambda pairs: " ".join(f"{text} {secret} " for text, secret in pairs)
)


@given(mixed, mixed, mixed)
def test_no_identifier_reaches_a_query(description: str, title: str, comment: str) -> None:
    for query in queries(description, title, comment):
        assert not [secret for secret in SECRETS if secret in query.text]
    ticket = reading(description, title, comment)
    seen = depersonalised(ticket, identify(ticket))
    assert not [secret for secret in SECRETS[:7] if secret in seen]


greeting = st.sampled_from(["", "Hola, ", "Buenos días:\n", "Hola, buenas tardes. ", "NIF: 12345678Z\n", "Hi team, "])
farewell = st.sampled_from(
    ["", "\nGracias", ". Un saludo, Ana", "\nKind regards,\nAnn\nDept. 5", " 12345678Z", "\n\nAtentamente"]
)
matter = st.lists(
    st.sampled_from("abre recibo pantalla blanca portal cliente factura firma".split()), min_size=2, max_size=9
)


@given(greeting, matter, farewell)
def test_what_a_ticket_says_is_never_lost(before: str, words: list[str], after: str) -> None:
    said = text_of(f"{before}{' '.join(words)}{after}")
    assert " ".join(words) in said


@pytest.mark.parametrize("padding", [" ", "\n", "palabra "])
def test_what_identify_does_not_look_at_reaches_nobody(padding: str) -> None:
    for short in range(-5, 25, 3):
        text = padding * ((LONGEST_TEXT - short) // len(padding)) + " mi NIF es 12345678Z y no abre"
        ticket = reading(text)
        for seen in (
            *(q.text for q in reformulate(ticket, identify(ticket))),
            depersonalised(ticket, identify(ticket)),
        ):
            assert "1234" not in seen


@pytest.mark.parametrize(
    "unit", ["\n", " ", "\n ", "T/", "T=", "T: ", "hola ", ".gracias", "NIF: a ", "1/1/1 ", "\n2. ", "N ", "Nombre y "]
)
def test_hostile_texts_are_reformulated(unit: str) -> None:
    # Each of these took minutes when an expression could start over at every character.
    for query in queries(unit * (100_000 // len(unit))):
        assert len(query.text) <= 240
