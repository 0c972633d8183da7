"""Which rows want care."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.decision import Doubt
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.knowledge.mining.asked import Asked, Fit
from resuelve.knowledge.mining.rows import alike, care
from resuelve.knowledge.past import Lesson
from resuelve.resolution.words import Lexicon

CLOSE, MANUAL = Prescription(ResolutionKind.CLOSE), Prescription(ResolutionKind.MANUAL)
BILLS = Prescription(ResolutionKind.REASSIGN, queue="COBROS")


def row(name: str, *examples: str, solution: str = "Haga esto y aquello.", to: Prescription = CLOSE) -> KnownError:
    return KnownError(name, "", examples, "", solution, to)


def lexicon_of(*rows: KnownError) -> tuple[dict[str, KnownError], Lexicon]:
    return {one.id: one for one in rows}, Lexicon(example for one in rows for example in one.examples)


def asked(problem: str, score: float = 90, fit: Fit = Fit.KNOWN, *, otherwise: bool = False) -> Asked:
    return Asked("INC", "t", "t", "t", fit, problem, score, otherwise)


def lesson(*, reopened: bool = False) -> Lesson:
    incident = Incident("INC")
    return Lesson(incident, incident, "", "", CLOSE, None, None, reopened, False)


ROWS = (
    row("A", "La tarjeta física pedida hace quince días no ha llegado", "Plástico perdido en correos"),
    row("B", "La tarjeta física pedida hace quince días que no llega", to=BILLS),
    row("C", "La tarjeta física, pedida hace quince días, aún no ha llegado"),
    row("D", "Factura repetida en el banco", solution="Se cierra por strikes"),
    row("E", "Recibo de la comunidad", solution="Su número es XXXX"),
    row("F", "Otro asunto distinto", solution="", to=MANUAL),
)


def test_contradictions_and_duplicates() -> None:
    problems, lexicon = lexicon_of(*ROWS)
    found = care(problems, lexicon, [], [])
    assert {(pair.row, pair.other) for pair in found.contradictions} == {("A", "B"), ("B", "C")}
    assert {(pair.row, pair.other) for pair in found.duplicates} == {("A", "C")}
    (pair,) = found.duplicates
    assert (pair.example, pair.other_example) == (ROWS[0].examples[0], ROWS[2].examples[0])
    assert next(p for p in found.contradictions if p.row == "A").other_leads == "reasignacion → COBROS"


def test_rows_without_a_usable_text() -> None:
    found = care(*lexicon_of(*ROWS), [], [])
    assert [(one.row, one.doubt) for one in found.unusable] == [
        ("D", Doubt.NO_USABLE_SOLUTION),
        ("E", Doubt.PLACEHOLDER_TEXT),
    ]


def test_unused_reopened_and_otherwise() -> None:
    past = [
        *([asked("A")] * 3),
        asked("B", 40, Fit.UNSURE),
        asked("D", 10, Fit.NEW),
        asked("E", 80, Fit.UNSURE, otherwise=True),
        asked("F", 30, Fit.NEW, otherwise=True),
    ]
    lessons = [lesson(reopened=True), *(lesson() for _ in past[1:])]
    found = care(*lexicon_of(*ROWS), past, lessons)
    assert [one.row for one in found.unused] == ["C", "D", "F"]
    (again,) = found.reopened
    assert (again.row, again.incidents, again.reopened) == ("A", 3, 1)
    assert again.low < again.share < again.high
    assert [(one.row, one.incidents) for one in found.otherwise] == [("E", 1)]


WORDS = st.sampled_from("tarjeta recibo factura banco clave correo perito cita poliza portal error lento".split())


@given(st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), min_size=2, max_size=14))
def test_no_pair_is_missed(texts: list[str]) -> None:
    rows = [row(f"R{n:02}", text) for n, text in enumerate(texts)]
    problems, lexicon = lexicon_of(*rows)
    wanted = {(a.id, b.id) for a, b in combinations(rows, 2) if lexicon.nearly_same(a.description, b.description)}
    assert {(pair.row, pair.other) for pair in alike(problems, lexicon)} == wanted
