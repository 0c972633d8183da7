"""What errors say is English where it is raised, and has its Spanish in ``texts/es/errors.json``.

Followed are the sentences given to errors, to `Rejected` and to `message`, also through names, tables and the
parameters of functions that hand them on.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from string import Formatter

from resuelve.texts import sentences_of_errors, slots_of
from tests.laws.repository import SOURCE, name_of, source_files, syntax

FILE = SOURCE / "texts" / "es" / "errors.json"
ADVICE = 'give a literal, or message("… {slot} …", slot=value): an f-string or foreign text has no Spanish'
FOREIGN_TEXT = {"message", "of", "system_said", "say", "translated"}
"""What makes a message, or is in the reader's language already."""

Where = tuple[Path, ast.FunctionDef | None]
Sinks = dict[str, set[tuple[int | None, str]]]


def test_every_error_has_its_spanish() -> None:
    sentences, problems, _ = _found()
    assert not problems, f"{sorted(problems)}: {ADVICE}"
    assert sorted(sentences - set(sentences_of_errors("es"))) == [], f"not in {name_of(FILE)}"


def test_no_sentence_is_left_over() -> None:
    sentences, _, places = _found()
    assert sorted(set(sentences_of_errors("es")) - sentences - places) == []


def test_slots_are_plain_names_and_the_same_in_both_languages() -> None:
    pairs = json.loads(FILE.read_text(encoding="utf-8"), object_pairs_hook=list)
    assert len(pairs) == len(dict(pairs)), "a sentence stands twice"
    for english, spanish in pairs:
        assert slots_of(english) == slots_of(spanish), english
        assert spanish.strip("; ") != "" and spanish[-1:] != " ", english
        for sentence in (english, spanish):
            parts = Formatter().parse(sentence)
            assert all(not spec and not conversion for _, _, spec, conversion in parts), sentence


def test_messages_get_the_slots_of_their_templates() -> None:
    wrong = []
    for (file, _), call in _calls():
        if _name(call) == "message" and isinstance(call.args[0], ast.Constant):
            given = {one.arg for one in call.keywords}
            if given != slots_of(str(call.args[0].value)):
                wrong.append(f"{name_of(file)}:{call.lineno}")
    assert not wrong


@cache
def _found() -> tuple[set[str], set[str], set[str]]:
    """The sentences, what is none, and the words that stand for a place."""
    sinks: Sinks = {name: {(0, "what"), (None, "remedy")} for name in _error_classes()}
    sinks |= {"Rejected": {(2, "reason")}, "message": {(0, "template")}}
    size = 0
    sentences: set[str] = set()
    problems: set[str] = set()
    while size != (size := sum(map(len, sinks.values()))):  # until no further function is found to hand sentences on
        for where, call in _calls():
            own = sinks.get(f"{name_of(where[0])} {_name(call)}", set()) | sinks.get(_name(call), set())
            for argument in _given(call, frozenset(own)):
                for found in _sentences(argument, where, sinks):
                    if isinstance(found, str):
                        sentences.add(found)
                    else:
                        problems.add(f"{name_of(where[0])}:{found.lineno} {ast.unparse(found)}")
    places = {
        one.value.value
        for _, call in _calls()
        for one in call.keywords
        if one.arg == "where" and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
    }
    return sentences - {""}, problems, places


def _sentences(node: ast.expr, where: Where, sinks: Sinks) -> Iterator[str | ast.expr]:
    """The sentences that an expression may be; the expression itself where that cannot be told."""
    file = where[0]
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Constant(value=None):
            pass
        case ast.IfExp(body=body, orelse=other):
            yield from _all((body, other), where, sinks)
        case ast.BoolOp(values=values):
            yield from _all(values, where, sinks)
        case ast.Attribute(attr="what" | "remedy" | "reason" | "why"):
            pass  # of an error or a `Rejected`, which was looked at where it was made
        case ast.Subscript(value=ast.Name(id=table)):
            yield from _table(table, file, where, sinks)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=table), attr="get"), args=[_, default]):
            yield from _table(table, file, where, sinks)
            yield from _sentences(default, where, sinks)
        case ast.Call() if _name(node) in FOREIGN_TEXT or _name(node) in _makers():
            pass
        case ast.Name(id=name):
            yield from _named(name, node, where, sinks)
        case _:
            yield node


def _named(name: str, node: ast.expr, where: Where, sinks: Sinks) -> Iterator[str | ast.expr]:
    file, function = where
    if function is not None:
        parameters = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        keywords = [one.arg for one in function.args.kwonlyargs]
        if name in parameters or name in keywords:
            methods = parameters[:1] in (["self"], ["cls"])
            place = parameters.index(name) - methods if name in parameters else None
            known_as = f"{name_of(file)} {function.name}" if function.name.startswith("_") else function.name
            sinks.setdefault(known_as, set()).add((place, name))
            return
        if values := list(_assigned(name, function)):
            yield from _all(values, where, sinks)
            return
    values = _constants(file).get(name) or [
        value for other in source_files() for value in _constants(other).get(name, [])
    ]
    yield from _all(values, where, sinks) if values else [node]


def _all(nodes: Iterable[ast.expr], where: Where, sinks: Sinks) -> Iterator[str | ast.expr]:
    for node in nodes:
        yield from _sentences(node, where, sinks)


def _table(name: str, file: Path, where: Where, sinks: Sinks) -> Iterator[str | ast.expr]:
    for value in _constants(file)[name]:
        assert isinstance(value, ast.Dict), name
        yield from _all(value.values, where, sinks)


def _assigned(name: str, function: ast.FunctionDef) -> Iterator[ast.expr]:
    """What a local name is set to; of a loop over a constant table, its column."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                yield value
            case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                yield value
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                yield from (v for t, v in zip(targets, values, strict=True) if ast.unparse(t) == name)
            case ast.For(target=ast.Tuple(elts=targets), iter=ast.Name(id=table)):
                for at, one in enumerate(targets):
                    if ast.unparse(one) == name:
                        yield from _column(table, at)
            case _:
                pass


def _column(table: str, at: int) -> Iterator[ast.expr]:
    for file in source_files():
        for value in _constants(file).get(table, []):
            assert isinstance(value, ast.Tuple), table
            yield from (row.elts[at] for row in value.elts if isinstance(row, ast.Tuple))


@cache
def _constants(file: Path) -> dict[str, list[ast.expr]]:
    return {
        node.targets[0].id: [node.value]
        for node in syntax(file).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


@cache
def _makers() -> frozenset[str]:
    """Functions that return messages: the type checker sees to it that they do."""
    return frozenset(
        node.name
        for file in source_files()
        for node in ast.walk(syntax(file))
        if isinstance(node, ast.FunctionDef) and node.returns and "Message" in ast.unparse(node.returns)
    )


@cache
def _error_classes() -> frozenset[str]:
    found = {"ResuelveError"}
    classes = [node for file in source_files() for node in ast.walk(syntax(file)) if isinstance(node, ast.ClassDef)]
    for _ in classes:
        found |= {one.name for one in classes if any(isinstance(b, ast.Name) and b.id in found for b in one.bases)}
    return frozenset(found)


@cache
def _calls() -> tuple[tuple[Where, ast.Call], ...]:
    """Every call, with the file and the innermost function around it; the error tree itself is left out."""
    found: list[tuple[Where, ast.Call]] = []

    def visit(node: ast.AST, where: Where) -> None:
        if isinstance(node, ast.Call):
            found.append((where, node))
        inside = (where[0], node) if isinstance(node, ast.FunctionDef) else where
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    for file in source_files():
        if file.parent.name != "domain" or file.name == "message.py":
            visit(syntax(file), (file, None))
    return tuple(found)


def _given(call: ast.Call, places: frozenset[tuple[int | None, str]]) -> Iterator[ast.expr]:
    for at, name in places:
        if at is not None and at < len(call.args):
            yield call.args[at]
        yield from (one.value for one in call.keywords if one.arg == name)


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(value=ast.Name(id="log")):
            return ""  # events of the log have names, and no sentences
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
