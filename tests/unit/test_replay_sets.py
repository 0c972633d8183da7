"""Sets are read strictly: what is not exactly a case is set aside with line and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import DictionaryError, EvaluationError
from resuelve.replay.sets import Split, read_set
from resuelve.tickets.wire import incident_from

ROWS = (
    "ID PROBLEMA,COMPONENTE,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA\n"
    "P1,Correo,No llega el correo,Espere,cierre\n"
    "P2,Red,No hay red,Reinicie,cierre\n"
)


def case(name: str = "c1", **fields: Any) -> dict[str, Any]:
    incident = {"codIncidencia": name, "descripcion": "no me llega el correo"}
    return {"id": name, "split": "test", "incident": incident, "expected": ["P1"], "tags": ["x"], **fields}


def folder(path: Path, *lines: object) -> Path:
    path.mkdir(exist_ok=True)
    (path / "kb.csv").write_text(ROWS, encoding="utf-8")
    written = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    (path / "cases.jsonl").write_bytes(b"\n".join(written))
    return path


def test_a_set(tmp_path: Path) -> None:
    calibration = case("c2", split="calibration", expected=[], source_label="other")
    found = read_set(folder(tmp_path / "mine", case(), b"", calibration), incident_from)
    assert (found.name, found.kb, found.rejected) == ("mine", "kb.csv", ())
    assert found.counts() == {"calibration": 1, "test": 1}
    (one,) = found.of(Split.TEST)
    assert (one.id, sorted(one.expected), one.tags) == ("c1", ["P1"], ("x",))
    assert one.incident.description == "no me llega el correo"
    assert found.of(Split.CALIBRATION)[0].expected == frozenset()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff{}", "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        ([], "not a JSON object"),
        (case(id=7), "id is missing"),
        (case(""), "id is missing"),
        (case(split="train"), "split is none of"),
        (case(split=["test"]), "split is none of"),
        (case(expected="P1"), "expected is no list"),
        (case(expected=None), "expected is no list"),
        (case(expected=[1]), "expected is no list"),
        (case(expected=["P9"]), "none of the expected problems: P9"),
        (case(tags="x"), "tags is no list"),
        (case(incident="text"), "incident: "),
        (case(incident={}), "incident: "),
        (case("good"), "the same id"),
    ],
)
def test_what_is_no_case_is_set_aside(tmp_path: Path, line: object, reason: str) -> None:
    found = read_set(folder(tmp_path, case("good"), line), incident_from)
    assert [one.id for one in found.cases] == ["good"]
    (aside,) = found.rejected
    assert aside.where == "cases.jsonl:2"
    assert reason in aside.reason


def test_of_several_expected_problems_those_that_the_dictionary_has_count(tmp_path: Path) -> None:
    found = read_set(folder(tmp_path, case(expected=["P9", "P2"])), incident_from)
    assert found.cases[0].expected == {"P2"}


def test_another_dictionary(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", case())
    (mine / "more.csv").write_text(ROWS + "P3,Red,Va lento,Espere,cierre\n", encoding="utf-8")
    for name in (Path("more.csv"), mine / "more.csv"):
        found = read_set(mine, incident_from, name)
        assert (found.kb, len(found.dictionary.problems)) == ("more.csv", 3)
    with pytest.raises(DictionaryError):
        read_set(mine, incident_from, Path("none.csv"))


def test_nothing_to_measure_on(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"no case of the split test \(lines set aside: 1\)"):
        read_set(folder(tmp_path / "a", b"{", case(split="calibration")), incident_from)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "kb.csv").write_text(ROWS, encoding="utf-8")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_set(tmp_path / "b", incident_from)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["test", "P1", "c9"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "split", "incident", "expected", "tags"), JSON)),
    st.binary(max_size=40),
)
def test_any_line_is_a_case_or_set_aside(tmp_path_factory: Any, entry: dict[str, Any], junk: bytes) -> None:
    made = {**case("made"), **entry}
    lines = [made, junk.replace(b"\n", b"").replace(b"\r", b"")]
    found = read_set(folder(tmp_path_factory.getbasetemp() / "any", case("good"), *lines), incident_from)
    assert 1 <= len(found.cases) <= 2
    assert len(found.cases) + len(found.rejected) in (2, 3)
