"""Every way is judged by the same measures, and its figures stand beside the product's."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.rivals.figures import Figures, as_json, fastest, figures, ratio, table
from benchmarks.rivals.task import Answer, Returned
from resuelve.domain.incident import Incident
from resuelve.knowledge.catalogue import read
from resuelve.replay.sets import EvaluationSet, LabelledCase, Split

ROWS = """ID PROBLEMA,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA
A,La impresora no imprime,Reinicie la impresora,cierre
B,La conexión wifi se corta,Reinicie el router,cierre
HAND,El importe de la nómina es incorrecto,Lo mira una persona,manual
"""
PAST = 40
NOW = {"right": "A", "wrong": "B", "kept": "", "drawn": "", "hand": "HAND"}


@pytest.fixture
def data(tmp_path: Path) -> EvaluationSet:
    file = tmp_path / "kb.csv"
    file.write_text(ROWS, encoding="utf-8")
    cases = [case(f"past-{n}", "A", Split.CALIBRATION) for n in range(PAST)]
    cases += [case(name, expected, Split.TEST) for name, expected in NOW.items()]
    return EvaluationSet("s", "kb.csv", read(file), tuple(cases))


def case(name: str, expected: str, split: Split) -> LabelledCase:
    return LabelledCase(name, split, Incident(name), frozenset([expected] if expected else []))


def returned(**more: float) -> Returned:
    """Half of the past is right, with a score over .5; the other half is wrong, below."""
    past = [Answer(f"past-{n}", "A" if n % 2 else "B", 0.6 if n % 2 else 0.4, True, True) for n in range(PAST)]
    now = [
        Answer("right", "A", 0.9, True, True, 2, 100),
        Answer("wrong", "A", 0.8, True, True, 3, 100),
        Answer("kept", "A", 0.5, True, True),
        Answer("drawn", "B", 0.7, False, False),
        Answer("hand", "HAND", 0.9, True, True),
    ]
    return Returned([*past, *now], **{"setup_s": 1.0, "clock_s": 4.5, "core_s": 9.0, "peak_mb": 200.0, **more})


def test_the_threshold_is_found_on_past_cases_for_everybody(data: EvaluationSet) -> None:
    found = figures(data, returned(), 0.95)
    assert found.at_target is not None
    assert found.at_target.threshold == pytest.approx(0.6)
    assert (found.at_target.answered.answered, found.at_target.answered.right) == (2, 1)
    assert found.at_target.handover_recall == 1.0


def test_what_a_way_does_by_itself(data: EvaluationSet) -> None:
    found = figures(data, returned(), 0.95)
    assert (found.as_it_comes.answered.answered, found.as_it_comes.answered.right) == (3, 1)
    assert found.as_it_comes.handover_recall == 0.5
    assert found.accuracy == pytest.approx(2 / 3), "the row for a person is right, and no answer"


def test_costs(data: EvaluationSet) -> None:
    found = figures(data, returned(), 0.95)
    assert (found.per_second, found.core_ms) == (10.0, 200.0)
    assert (found.calls, found.tokens) == (1.0, 40.0), "of the test cases"


def test_the_fastest_of_several_runs_counts(data: EvaluationSet) -> None:
    one = fastest([returned(clock_s=9.0, core_s=9.0), returned(clock_s=4.5, core_s=18.0, setup_s=0.5)])
    assert (one.clock_s, one.core_s, one.setup_s) == (4.5, 9.0, 0.5)
    assert one.answers == returned().answers


def test_without_past_cases_there_is_no_threshold(data: EvaluationSet) -> None:
    now = EvaluationSet(data.name, data.kb, data.dictionary, data.of(Split.TEST))
    found = figures(now, returned(), 0.95)
    assert found.at_target is None
    assert found.values()["at target: wrong"] is None
    assert found.values()["as it comes: wrong"] == 2


def test_ratios_say_nothing_of_nothing() -> None:
    assert ratio(3.0, 2.0) == 1.5
    assert (ratio(None, 2.0), ratio(3.0, None), ratio(3.0, 0.0)) == (None, None, None)


@pytest.fixture
def ways(data: EvaluationSet) -> dict[str, Figures]:
    return {
        "product": figures(data, returned(), 0.95),
        "other": figures(data, returned(clock_s=9.0, peak_mb=1400.0), 0.95),
    }


def test_the_table(ways: dict[str, Figures]) -> None:
    lines = {line[:25].strip(): line[25:].split() for line in table(ways).splitlines()}
    assert lines["incidents/s"] == ["10", "5", "(x0.50)"]
    assert lines["peak memory MB"] == ["200", "1,400", "(x7.00)"]
    assert lines["accuracy"] == ["66.7", "%", "66.7", "%", "(x1.00)"]
    assert len({len(line) for line in table(ways).splitlines()[1:]}) == 1, "columns are straight"


def test_a_figure_that_nobody_has_is_left_out(data: EvaluationSet) -> None:
    free = Returned([*returned().answers[:-5], *(Answer(n, "A", 0.1, False, False) for n in NOW)], 1, 1, 1, 1)
    shown = table({"product": figures(data, free, 0.95)})
    assert "model calls" not in shown
    assert "at target: precision" not in shown
    assert ["at", "target:", "answered", "0.0", "%"] in [line.split() for line in shown.splitlines()]


def test_json_holds_figures_and_ratios(ways: dict[str, Figures]) -> None:
    found = as_json(ways)
    assert found["ratios"]["other"]["incidents/s"] == 0.5
    assert found["ratios"]["product"]["tokens an incident"] == 1.0
    assert found["figures"]["other"]["peak memory MB"] == 1400.0


def test_what_is_returned_survives_json() -> None:
    one = returned()
    raw = {**one.__dict__, "answers": [answer.__dict__ for answer in one.answers]}
    assert Returned.of(raw) == one
