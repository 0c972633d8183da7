"""Plain texts and logs: short ones whole, of long ones what surrounds the errors."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from resuelve.readers.formats import text
from resuelve.readers.formats.scope import Scope
from resuelve.readers.port import Limits, Obstacle, Passage, Unread

SCOPE = Scope(Limits(), 0, lambda name, data: iter(()), lambda _: iter(()))
CALM = [f"2026-01-01 10:{n // 60 % 60:02}:{n % 60:02} INFO petición {n} atendida" for n in range(5000)]


def read(lines: list[str], scope: Scope = SCOPE) -> tuple[list[Passage], list[Obstacle]]:
    found = list(text.read("\n".join(lines).encode(), scope))
    return [one for one in found if isinstance(one, Passage)], [one for one in found if isinstance(one, Obstacle)]


def log(**lines: str) -> list[str]:
    """A long calm log with these lines at these numbers."""
    whole = list(CALM)
    for number, line in lines.items():
        whole[int(number[1:]) - 1] = line
    return whole


def test_a_short_text_is_whole() -> None:
    assert read(["ERROR uno", "", "dos"]) == ([Passage("", "ERROR uno\n\ndos")], [])


def test_of_a_long_log_the_lines_around_the_error() -> None:
    passages, obstacles = read(log(n1200="10:20 ERROR No se pudo guardar la póliza 555001"))
    assert [one.place for one in passages] == ["l. 1198–1203"]
    assert "póliza 555001" in passages[0].text.splitlines()[2]
    assert obstacles == [Obstacle("", Unread.TOO_LONG, "l. 1–5000")]


def test_a_trace_goes_with_its_error() -> None:
    trace = [f"    at es.example.Poliza.guarda(Poliza.java:{n})" for n in range(9)]
    lines = log(n100="java.lang.IllegalStateException: sin póliza")
    lines[100:109] = trace
    passages, _ = read(lines)
    assert [one.place for one in passages] == ["l. 98–109"]
    assert passages[0].text.endswith(trace[-1])


def test_the_first_and_the_last_of_a_message_that_comes_again() -> None:
    lines = log(**{f"n{n}": f"10:00 ERROR tiempo agotado al llamar a 10.0.0.{n % 9}" for n in range(100, 4900, 50)})
    passages, _ = read(lines)
    assert [one.place for one in passages] == ["l. 98–103", "l. 4848–4853"]


def test_a_rare_message_is_not_lost_among_a_thousand_of_another() -> None:
    lines = [
        f"10:00 ERROR {chr(97 + n % 26) * 30} {chr(97 + n // 26 % 26) * 30} sin respuesta" for n in range(5000)
    ] * 2
    lines[777] = "10:00 FATAL disco lleno en el nodo"
    passages, _ = read(lines)
    assert any("disco lleno" in one.text for one in passages)
    assert sum(len(one.text) for one in passages) <= text.EXCERPT


def test_what_says_that_there_was_no_error_is_none() -> None:
    passages, _ = read(log(n2000="terminado con 0 errores", n3000="sin error", n4000="errors=0 y ERROR 7 al cerrar"))
    assert [one.place for one in passages] == ["l. 3998–4003"]


def test_a_long_text_without_errors_shows_its_ends() -> None:
    passages, obstacles = read(CALM)
    assert [one.place for one in passages] == ["l. 1–21", "l. 4980–5000"]
    assert obstacles


def test_of_an_endless_line_what_stands_around_the_error() -> None:
    passages, _ = read(["x" * 40_000 + " ERROR 5001 al emitir " + "y" * 500_000])
    assert [one.place for one in passages] == ["l. 1"]
    assert "ERROR 5001 al emitir" in passages[0].text
    assert len(passages[0].text) <= 400
    passages, _ = read(["x" * 5_000_000 + " ERROR 5001 al emitir"])
    assert "ERROR 5001 al emitir" in passages[0].text


@given(
    st.lists(st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=("Cs", "Cc"))), min_size=1),
    st.data(),
)
def test_places_are_where_the_text_stands(lines: list[str], data: st.DataObject) -> None:
    long = [*lines, *CALM[:300]]
    for _ in range(3):
        long.insert(data.draw(st.integers(0, len(long))), data.draw(st.sampled_from(["ERROR a", "Exception b", "c"])))
    passages, _ = read(long)
    for one in passages:
        found = re.fullmatch(r"l\. (\d+)(?:–(\d+))?", one.place)
        assert found
        first, last = int(found[1]), int(found[2] or found[1])
        assert one.text == "\n".join(line if len(line) <= 400 else one.text for line in long[first - 1 : last])
