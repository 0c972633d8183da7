"""History in JSONL chat format, as examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import TrainingError
from resuelve.training.conversations import Conversation, read_conversations, split, together


def call(asked: str, answer: str, incident: str = "", role: str = "reformulate") -> dict[str, Any]:
    messages = [("system", "Resume."), ("user", asked), ("assistant", answer)]
    return {
        "messages": [{"role": speaker, "content": text} for speaker, text in messages],
        "metadata": {"role": role, "model": "grande", "incident": incident},
    }


def write(path: Path, *lines: Any) -> Path:
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines), encoding="utf-8")
    return path


def test_calls_of_the_role_are_read_once(tmp_path: Path) -> None:
    one = call("no entra", "No puede entrar.", "INC1")
    found = read_conversations(
        [write(tmp_path / "h.jsonl", one, "", one, call("x", "y", role="decide"))], ["reformulate"]
    )
    (kept,) = found.kept
    assert (kept.asked, kept.answer, kept.group) == (
        (("system", "Resume."), ("user", "no entra")),
        "No puede entrar.",
        "INC1",
    )
    assert found.teachers == ("grande",)
    assert found.aside == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("3", "it is no object"),
        ({**call("x", "y"), "metadata": {"role": "reformulate", "outcome": "wrong"}}, "what came of it was wrong"),
        (
            {**call("x", "y"), "metadata": {"role": "reformulate", "model": "reformulate/3"}},
            "no student teaches another",
        ),
        ({"metadata": {"role": "reformulate"}}, "it has no messages"),
        (call("x", " "), "one of its messages has no speaker or no text"),
        ({"messages": [{"role": "tool", "content": "x"}], "metadata": {"role": "reformulate"}}, "no speaker"),
        ({"messages": [{"role": "user", "content": "x"}], "metadata": {"role": "reformulate"}}, "is no answer"),
        ({"messages": [{"role": "assistant", "content": "x"}], "metadata": {"role": "reformulate"}}, "is no answer"),
    ],
)
def test_what_is_no_call_is_set_aside(tmp_path: Path, line: Any, reason: str) -> None:
    found = read_conversations([write(tmp_path / "h.jsonl", call("a", "b", "I1"), line)], ["reformulate"])
    assert len(found.kept) == 1
    assert [reason in str(one.reason) and str(one.where).endswith("line 2") for one in found.aside] == [True]


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none\.jsonl"):
        read_conversations([tmp_path / "none.jsonl"], [])


def test_an_incident_is_never_on_both_sides(tmp_path: Path) -> None:
    lines = [call(f"{n} {k}", "z", f"INC{n}") for n in range(10) for k in range(3)]
    kept = read_conversations([write(tmp_path / "h.jsonl", *lines)], ["reformulate"]).kept
    learnt, held = split(kept, 0.2)
    assert (len(learnt), len(held)) == (24, 6)
    assert not {one.group for one in learnt} & {one.group for one in held}
    with pytest.raises(TrainingError, match="two are the least"):
        split(kept[:3], 0.2)


def test_the_right_row_is_kept_where_it_is_known(tmp_path: Path) -> None:
    def outcome(asked: str, **metadata: Any) -> dict[str, Any]:
        one = call(asked, "y", asked)
        return {**one, "metadata": {**one["metadata"], **metadata}}

    lines = [
        outcome("a", row="R1"),
        outcome("b", row="R2", outcome="right"),
        outcome("c", row="R3", outcome="unknown"),
        outcome("d", row=4),
        outcome("e", row="R5", outcome="wrong"),
        outcome("f"),
        outcome("f", row="R6"),
    ]
    kept = read_conversations([write(tmp_path / "h.jsonl", *lines)], ["reformulate"]).kept
    assert {one.group: one.row for one in kept} == {"a": "R1", "b": "R2", "c": "", "d": "", "f": "R6"}


def test_the_same_words_are_never_on_both_sides(tmp_path: Path) -> None:
    words = "uno dos tres cuatro cinco seis siete ocho nueve diez once doce".split()
    lines = [call(f"No abre la pantalla {word}", "z", f"INC{n}") for n, word in enumerate(words)]
    lines += [call(f"{word.upper()} pantalla: ¡NO ABRE! la, {n}", "z", f"ALT{n}") for n, word in enumerate(words)]
    kept = read_conversations([write(tmp_path / "h.jsonl", *lines)], ["reformulate"]).kept
    learnt, held = split(kept, 0.25)
    assert (len(learnt), len(held)) == (18, 6)
    assert not {one.words for one in learnt} & {one.words for one in held}
    assert set(together(kept).values()) == {f"ALT{n}" for n in range(12)}


def test_shared_words_join_incidents_over_others(tmp_path: Path) -> None:
    lines = [
        call("no abre", "z", "A"),
        call("abre no", "z", "B"),
        call("no cierra", "z", "B"),
        call("cierra no", "z", "C"),
    ]
    lines += [call("otra cosa", "z", "D")]
    kept = read_conversations([write(tmp_path / "h.jsonl", *lines)], ["reformulate"]).kept
    assert together(kept) == {"A": "A", "B": "A", "C": "A", "D": "D"}


@given(
    st.lists(st.tuples(st.sampled_from("ABCDEFGH"), st.sampled_from(["no va", "va no", "más", "mas 3", "3", "x y"])))
)
def test_split_keeps_apart_whatever_belongs_together(some: list[tuple[str, str]]) -> None:
    kept = [Conversation((("user", text),), str(n), group) for n, (group, text) in enumerate(some)]
    if len(set(together(kept).values())) < 2:
        return
    learnt, held = split(kept, 0.3)
    assert learnt
    assert held
    assert not {one.group for one in learnt} & {one.group for one in held}
    assert not {one.words for one in learnt if one.words} & {one.words for one in held}


@given(st.lists(st.text(max_size=30) | st.binary(max_size=30).map(lambda b: b.decode("latin-1")), max_size=5))
def test_any_text_is_survived(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    file = tmp_path_factory.mktemp("history") / "h.jsonl"
    file.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    assert read_conversations([file], ["reformulate"]).kept == ()
