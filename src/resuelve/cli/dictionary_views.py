"""The dictionary, its versions and what they changed, as people and programs read it."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.cli.surroundings import harmless, terminal
from resuelve.domain.errors import DictionaryError
from resuelve.domain.message import message
from resuelve.knowledge.difference import ChangeKind, RowChange
from resuelve.knowledge.draft import texts_of
from resuelve.knowledge.edits import fingerprint
from resuelve.knowledge.version_log import Version, VersionKind
from resuelve.settings import Settings
from resuelve.texts import say, translated

_SHOWN = 50
_NAMED = 4
_SIGNS = {ChangeKind.ADDED: ("+", "green"), ChangeKind.REMOVED: ("-", "red"), ChangeKind.CHANGED: ("~", "cyan")}


def show_history(settings: Settings, *, problem: str, limit: int, as_json: bool) -> None:
    """The versions, newest first."""
    found = [one for one in wiring.dictionary(settings).history() if not problem or problem in one.problems]
    shown = found[::-1][:limit]
    if as_json:
        return print_json([version_json(one) for one in shown])
    language = settings.language
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("number", "at", "who", "what", "why"):
        table.add_column(Text(say(f"dictionary.column.{name}", language)), overflow="fold")
    for one in shown:
        what = Text(what_changed(one, language), style="yellow" if one.reverts else "")
        table.add_row(
            str(one.number), f"{one.at:%Y-%m-%d %H:%M}", Text(_who(one, language)), what, Text(one.why, style="dim")
        )
    console = terminal()
    console.print(table)
    if len(shown) < len(found):
        console.print(
            say("dictionary.history.more", language, count=len(found) - len(shown), all=len(found)), markup=False
        )
    return None


def show_problem(settings: Settings, problem: str, *, as_json: bool) -> None:
    """A problem as it stands in the file.

    Raises:
        DictionaryError: there is none of that id.
    """
    known = wiring.catalogue(settings).problems.get(problem)
    if known is None:
        remedy = "its id stands in ID PROBLEMA, and in every report"
        raise DictionaryError(
            message("there is no problem {problem}", problem=problem), where=settings.workspace.name, remedy=remedy
        )
    console, language = terminal(errors=as_json), settings.language
    try:
        versions = [one for one in wiring.dictionary(settings).history() if problem in one.problems]
    except DictionaryError as error:  # the problem can be shown all the same
        console.print(translated(error, language), style="yellow", markup=False)
        versions = []
    texts = texts_of(known)
    if as_json:
        return print_json(
            {
                **texts,
                "examples": known.examples,
                "lines": known.lines,
                "fingerprint": fingerprint(known),
                "versions": [version_json(one) for one in versions],
            }
        )
    for name, text in texts.items():
        if text and name != "DESCRIPCION":
            console.print(Text.assemble((f"{name}: ", "bold"), text), soft_wrap=True)
    for example in known.examples:
        console.print(Text.assemble(("DESCRIPCION: ", "bold"), example), soft_wrap=True)
    lines = ", ".join(map(str, known.lines))
    console.print(say("dictionary.show.lines", language, lines=lines), style="dim", markup=False)
    for one in versions:
        line = say(
            "dictionary.show.version",
            language,
            number=one.number,
            at=f"{one.at:%Y-%m-%d %H:%M}",
            who=_who(one, language),
            why=one.why or what_changed(one, language),
        )
        console.print(line, style="dim", markup=False)
    return None


def show_difference(settings: Settings, number: int, *, as_json: bool) -> None:
    """What a version changed; with 0, the newest one."""
    book = wiring.dictionary(settings)
    history = book.history()
    rows = book.difference(number or len(history))
    version = history[(number or len(history)) - 1]
    if as_json:
        return print_json({"version": version_json(version), "rows": [row_json(row) for row in rows]})
    console, language = terminal(), settings.language
    head = say(
        "dictionary.diff.head",
        language,
        number=version.number,
        at=f"{version.at:%Y-%m-%d %H:%M}",
        who=_who(version, language),
        what=what_changed(version, language),
    )
    console.print(head, style="bold", markup=False)
    if version.why:
        console.print(version.why, markup=False)
    if version.kind is not VersionKind.FOUND:
        console.print(changes_text(rows, language), soft_wrap=True)
    return None


def tell_noticed(console: Console, version: Version | None, language: str) -> None:
    """Say what somebody saved with another program; nothing when nobody did."""
    if version is None:
        return
    what = _rows_changed(version, language)
    text = say("dictionary.noticed", language, number=version.number, what=what, at=f"{version.at:%Y-%m-%d %H:%M}")
    console.print(text, style="yellow", markup=False)
    if version.reverts:
        numbers = ", ".join(map(str, version.reverts))
        text = say("dictionary.noticed.reverts", language, numbers=numbers, number=version.number)
        console.print(text, style="red", markup=False)


def what_changed(version: Version, language: str) -> str:
    """A version in a few words."""
    rows = _rows_changed(version, language)
    match version.kind:
        case VersionKind.FOUND:
            return say("dictionary.found", language)
        case VersionKind.UNDO:
            return say("dictionary.undone", language, number=version.undoes, what=rows)
        case VersionKind.OUTSIDE if version.reverts:
            return say("dictionary.reverts", language, numbers=", ".join(map(str, version.reverts)), what=rows)
        case _:
            return rows


def _rows_changed(version: Version, language: str) -> str:
    counts = Counter(one.kind for one in version.changes)
    rows = ", ".join(
        say(f"dictionary.rows.{kind}", language, count=counts[kind]) for kind in ChangeKind if counts[kind]
    )
    names = ", ".join(version.problems[:_NAMED]) + (" …" if len(version.problems) > _NAMED else "")
    rows = rows or say("dictionary.rows.none", language)
    return f"{rows} ({names})" if names else rows


def changes_text(rows: Sequence[RowChange], language: str) -> Text:
    """What was and what is, column by column; words that differ stand out."""
    text = Text()
    shown = Counter(map(_seen, rows))  # all rows of a problem often get the same text: that is told once
    for (kind, problem, columns), count in list(shown.items())[:_SHOWN]:
        sign, colour = _SIGNS[kind]
        times = f" ×{count}" if count > 1 else ""
        text.append(f"{sign} {problem or '?'}{times}\n", style=f"bold {colour}")
        for name, before, after in columns:
            _column(text, name, before, after)
    if len(shown) > _SHOWN:
        text.append(say("dictionary.diff.more", language, count=len(shown) - _SHOWN) + "\n")
    text.rstrip()
    return text


def version_json(version: Version) -> dict[str, Any]:
    """A version for other programs."""
    return {
        "number": version.number,
        "at": version.at.isoformat(),
        "who": version.who,
        "why": version.why,
        "kind": str(version.kind),
        "problems": version.problems,
        "rows": len(version.changes),
        "undoes": version.undoes,
        "reverts": version.reverts,
    }


def row_json(row: RowChange) -> dict[str, Any]:
    """A changed row for other programs."""
    return {"change": str(row.kind), "problem": row.problem, "before": dict(row.before), "after": dict(row.after)}


def print_json(content: Sequence[Any] | Mapping[str, Any]) -> None:
    """Write to standard output."""
    print(harmless(json.dumps(content, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs


def _who(version: Version, language: str) -> str:
    return "—" if version.kind is VersionKind.FOUND else version.who or say("dictionary.nobody", language)


def _seen(row: RowChange) -> tuple[ChangeKind, str, tuple[tuple[str, str, str], ...]]:
    """What is shown of a row."""
    columns = tuple((name, row.before.get(name, ""), row.after.get(name, "")) for name in row.columns)
    return row.kind, row.problem, columns


def _column(text: Text, name: str, before: str, after: str) -> None:
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", one) for one in (before, after))
    common = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks() if before and after else []
    for sign, colour, words, at in (("-", "red", old, 0), ("+", "green", new, 1)):
        if not words:
            continue
        kept = {block[at] + step for block in common for step in range(block.size)}
        text.append(f"  {sign} {name}: ", style=colour)
        for place, word in enumerate(words):
            text.append(word.replace("\n", "\n      "), style=colour if place in kept or not kept else f"bold {colour}")
        text.append("\n")
