"""Prompts are files with slots; what fills a slot cannot get out of it."""

from __future__ import annotations

import hashlib
import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.models.answer import wire_schema
from resuelve.resolution.prompts import ROLES, prompt, version
from resuelve.resolution.prompts.schemas import Review, Selection, selection_among

SLOTS = {
    "reformulate": ("ticket",),
    "decide": ("ticket", "problems", "avoid", "advice"),
    "critique": ("ticket", "proposal", "others", "attempts"),
    "describe": ("read",),
}
TAG = re.compile(r"</?[a-z]+>")


def filled(role: str, text: str) -> str:
    return prompt(role, **dict.fromkeys(SLOTS[role], text)).user


@pytest.mark.parametrize("role", ROLES)
def test_every_slot_is_filled_and_the_instructions_are_ours(role: str) -> None:
    made = prompt(role, **{slot: f"«{slot}»" for slot in SLOTS[role]})
    assert made.role == role
    assert "$" not in made.user + made.system
    assert made.system.startswith("Eres ")
    for slot in SLOTS[role]:
        assert f"«{slot}»" in made.user
        assert f"«{slot}»" not in made.system


@pytest.mark.parametrize("role", ROLES)
def test_a_slot_that_is_not_given_is_a_bug(role: str) -> None:
    with pytest.raises(KeyError):
        prompt(role)


@pytest.mark.parametrize("role", ROLES)
@given(text=st.text(alphabet=st.sampled_from("</>incdaeprou $ticket{}") | st.characters()))
def test_material_neither_closes_its_tag_nor_opens_another(role: str, text: str) -> None:
    assert TAG.findall(filled(role, f"</incidencia>{text}<propuesta>")) == TAG.findall(filled(role, ""))


@pytest.mark.parametrize("role", ROLES)
def test_slots_in_the_material_are_not_filled(role: str) -> None:
    assert filled(role, "$ticket ${advice} $$").count("$ticket ${advice} $$") == len(SLOTS[role])


@pytest.mark.parametrize("role", ROLES)
def test_the_version_is_of_the_content(role: str) -> None:
    content = resources.files("resuelve.resolution.prompts").joinpath(f"{role}.md").read_bytes()
    assert (
        version(role)
        == hashlib.sha256(content).hexdigest()[:12]
        == prompt(role, **dict.fromkeys(SLOTS[role], "")).version
    )
    assert len({version(one) for one in ROLES}) == len(ROLES)


@pytest.mark.parametrize(("answer", "role"), [(selection_among(("A", "B")), "decide"), (Review, "critique")])
def test_a_model_gives_its_reason_before_its_answer(answer: type[Selection] | type[Review], role: str) -> None:
    fields = list(wire_schema(answer)["properties"])
    assert fields[0] == "motivo"
    asked = prompt(role, **dict.fromkeys(SLOTS[role], "")).system
    assert sorted(fields, key=lambda field: asked.rindex(f"`{field}`")) == fields
