"""Lines of a picture come in the order in which a person reads them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from resuelve.readers.ocr import Line, certain
from resuelve.readers.reading_order import arranged


def line(text: str, left: float, top: float, *, height: float = 20, confidence: float = 1.0) -> Line:
    return Line(text, confidence, left, top, left + 10 * len(text), top + height)


def test_nothing_says_nothing() -> None:
    assert arranged([]) == ""


def test_lines_from_top_to_bottom_and_blocks_apart() -> None:
    lines = [line("segunda línea", 40, 50), line("Aceptar", 300, 140), line("primera línea", 40, 24)]
    assert arranged(lines) == "primera línea\nsegunda línea\n\nAceptar"


def test_a_label_stands_before_its_value() -> None:
    rows = [("Póliza", "HOG-1"), ("NIF", "12345678Z"), ("Causa", "Agua")]
    lines = [one for n, (a, b) in enumerate(rows) for one in (line(b, 300, 41 * n), line(a, 20, 41 * n + 2))]
    assert arranged(lines).split("\n\n") == ["Póliza  HOG-1", "NIF  12345678Z", "Causa  Agua"]


def test_a_table_is_read_row_by_row() -> None:
    lines = [line(f"{row}{column}", 150 * column, 24 * row) for column in range(4) for row in range(5)]
    assert arranged(lines).split() == [f"{row}{column}" for row in range(5) for column in range(4)]


def test_columns_that_do_not_lie_level_are_read_one_after_the_other() -> None:
    left = [line(f"izquierda {n}", 20, 40 * n) for n in range(4)]
    right = [line(f"derecha {n}", 400, 27 * n + 11) for n in range(4)]
    words = arranged([*right, *left]).split()
    assert words.index("derecha") == len(left) * 2


def test_columns_of_prose_are_columns_though_they_lie_level() -> None:
    text = "una frase que no cabe en una sola línea"
    lines = [line(f"{side} {n} {text}", 600 * at, 24 * n) for at, side in enumerate("AB") for n in range(3)]
    assert [row[0] for row in arranged(lines).split("\n") if row] == list("AAABBB")


def test_a_footer_below_two_columns_is_one_row() -> None:
    left = [line(f"entrada {n}", 20, 60 * n) for n in range(3)]
    right = [line(f"ayuda {n}", 500, 35 * n + 20) for n in range(3)]
    foot = [line("Aviso legal", 10, 800), line("Cookies", 300, 800), line("Contacto", 520, 801)]
    assert arranged([*foot, *right, *left]).endswith("\n\nAviso legal  Cookies  Contacto")


def test_pieces_of_one_line_are_one_blank_apart() -> None:
    assert arranged([line("guardar el parte", 105, 0), line("Error al", 20, 3)]) == "Error al guardar el parte"


def test_what_is_in_doubt_is_left_out() -> None:
    lines = [line("Entrar", 0, 0), line("ilegible", 0, 30, confidence=0.4), line("  ", 0, 60)]
    icons = [line("X", 0, 90), line("·", 0, 120), line("S", 0, 150, confidence=0.8)]
    assert [one.text for one in certain([*lines, *icons, line("7", 0, 180)])] == ["Entrar", "7"]


_PLACES = st.builds(
    line,
    st.text("abc", min_size=1, max_size=8),
    st.integers(0, 2000),
    st.integers(0, 2000),
    height=st.integers(1, 90),
)


@given(st.lists(_PLACES, max_size=40))
def test_no_line_is_lost_or_said_twice(lines: list[Line]) -> None:
    assert sorted(arranged(lines).split()) == sorted(one.text for one in lines)


def test_a_thousand_rows_are_arranged() -> None:
    lines = [line(f"fila{number}", 0, 24 * number) for number in range(1000)]
    assert arranged(lines).split() == [one.text for one in lines]
