"""Every event that is logged is in the list with its level and its fields, and every one of the list is logged."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from resuelve.telemetry.logs.events import ALL, CONTEXT, FIELDS, Level
from resuelve.telemetry.logs.line import SAFE
from tests.laws.repository import name_of, source_files, syntax

LEVELS = {"debug": Level.DEBUG, "info": Level.INFO, "warning": Level.WARNING, "error": Level.ERROR}
LISTED = {event.name: event for event in ALL}


@dataclass(frozen=True)
class Call:
    where: str
    level: Level
    event: ast.expr
    fields: frozenset[str]

    @property
    def name(self) -> str:
        return str(self.event.value) if isinstance(self.event, ast.Constant) else ""


def _calls() -> Iterator[Call]:
    for file in source_files():
        if name_of(file) == "src/resuelve/telemetry/logs/log.py":
            continue
        for node in ast.walk(syntax(file)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "log":
                fields = frozenset(one.arg for one in node.keywords if one.arg)
                yield Call(f"{name_of(file)}:{node.lineno}", LEVELS[node.func.attr], node.args[0], fields)


def test_events_are_named_by_a_literal_of_the_list() -> None:
    assert {call.where: ast.unparse(call.event) for call in _calls() if call.name not in LISTED} == {}


def test_every_event_of_the_list_is_logged() -> None:
    assert sorted(set(LISTED) - {call.name for call in _calls()}) == []


def test_events_have_the_level_and_the_fields_of_the_list() -> None:
    wrong = []
    for call in _calls():
        event = LISTED[call.name]
        if call.level is not event.level:
            wrong.append(f"{call.where}: {call.name} is {event.level}")
        if strange := call.fields - set(event.fields) - set(CONTEXT):
            wrong.append(f"{call.where}: {call.name} has no {sorted(strange)}")
    assert wrong == []


def test_the_list_is_sound() -> None:
    assert len(LISTED) == len(ALL)
    assert {field for event in ALL for field in event.fields} == set(FIELDS), "fields that are missing, or in no event"
    assert list(FIELDS) == sorted(FIELDS)
    assert all(event.meaning.endswith(".") and "." in event.name for event in ALL)
    assert set(FIELDS) >= SAFE, "what is not scrubbed is a field of the list"
