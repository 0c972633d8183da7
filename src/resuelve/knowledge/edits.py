"""What can be done to the dictionary, addressed by problem, and how it is done to a sheet.

A change is refused when the file could not be read back as it was meant, so that nothing becomes unusable by a
command: the rules are those of `catalogue`. A problem whose id was derived from its content gets that id written into
ID PROBLEMA with its first change, and so stays the same problem for everything that refers to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from resuelve.domain.known_error import KnownError
from resuelve.domain.message import message
from resuelve.knowledge.draft import Draft, Row, clean_text, shared_texts
from resuelve.knowledge.sheet import Sheet


@dataclass(frozen=True, slots=True)
class AddProblem:
    """A new problem; `fields` by column name. Without ID PROBLEMA the id is derived from the content."""

    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChangeProblem:
    """Other contents for the columns in `fields`, in all rows of the problem; DESCRIPCION is its first example.

    Attributes:
        expected: the `fingerprint` of the problem as the editor saw it; empty: whatever it is.
    """

    problem: str
    fields: Mapping[str, str]
    expected: str = ""


@dataclass(frozen=True, slots=True)
class AddExample:
    """One more description of a problem: a row with the same id."""

    problem: str
    example: str


@dataclass(frozen=True, slots=True)
class DropExample:
    """A description less; the last one cannot go."""

    problem: str
    example: str
    expected: str = ""


@dataclass(frozen=True, slots=True)
class RemoveProblem:
    """All rows of a problem."""

    problem: str
    expected: str = ""


Edit = AddProblem | ChangeProblem | AddExample | DropExample | RemoveProblem


def fingerprint(problem: KnownError) -> str:
    """Changes when anything of the problem changes but its place in the file (16 hex digits)."""
    content = repr(replace(problem, lines=()))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def apply_edits(sheet: Sheet, edits: Sequence[Edit]) -> Sheet:
    """The sheet after these edits, in their order; all of them or none.

    Raises:
        EditConflict: a problem is no longer what the editor saw.
        DictionaryError: an edit names what does not exist, changes nothing, or would make a row unusable.
    """
    draft = Draft(sheet)
    for edit in edits:
        match edit:
            case AddProblem():
                _add(draft, edit)
            case ChangeProblem():
                _change(draft, edit)
            case AddExample():
                _add_example(draft, edit)
            case DropExample():
                _drop_example(draft, edit)
            case RemoveProblem():
                _remove(draft, edit)
    return draft.finished()


def _add(draft: Draft, edit: AddProblem) -> None:
    texts = draft.texts(edit.fields)
    for name, text in texts.items():
        draft.refuse_formula(name, text)
    draft.require_new_example(texts.get("DESCRIPCION", ""))
    wanted = texts.get("ID PROBLEMA", "")
    if wanted and draft.rows_of(wanted):
        draft.refuse(
            message("there is already a problem {problem}", problem=wanted), "choose another id, or change that one"
        )
    row = draft.new_row(texts)
    known = draft.usable(row)
    if not wanted and draft.rows_of(known.id):
        draft.refuse(
            message("that very problem stands there already, as {problem}", problem=known.id), "change that one"
        )
    if not wanted and draft.place("ID PROBLEMA") is not None:
        draft.write(row, "ID PROBLEMA", known.id)
    draft.insert(row, behind=None)


def _change(draft: Draft, edit: ChangeProblem) -> None:
    before = _expected(draft, edit.problem, edit.expected)
    texts = draft.texts(edit.fields)
    if texts.get("ID PROBLEMA", before.id) != before.id:
        draft.refuse("an id stays for ever, because others refer to it", "remove the problem and add it anew")
    rows = draft.pinned(before.id)
    for name, text in texts.items():
        for row in _concerned(draft, rows, before, name):
            if draft.text_of(row, name) != text:
                draft.refuse_formula(name, text)
                draft.write(row, name, text)
    if "DESCRIPCION" in texts and texts["DESCRIPCION"] != before.description:
        draft.require_new_example(texts["DESCRIPCION"])
    draft.reread(before.id)
    draft.problem(before.id)


def _concerned(draft: Draft, rows: Sequence[Row], before: KnownError, name: str) -> Sequence[Row]:
    """The rows of a problem into which a new text of this column belongs."""
    match name:
        case "DESCRIPCION":
            return [row for row in rows if draft.text_of(row, name) == before.description]
        case "SOLUCIÓN":
            # Examples may leave the solution to another row; that habit is kept.
            filled = [row for row in rows if draft.text_of(row, name)]
            return filled or rows[:1]
        case _:
            return rows


def _add_example(draft: Draft, edit: AddExample) -> None:
    before = draft.problem(edit.problem)
    text = clean_text(edit.example)
    draft.refuse_formula("DESCRIPCION", text)
    draft.require_new_example(text)
    rows = draft.pinned(before.id)
    texts = draft.contract_texts(rows[0]) | {"DESCRIPCION": text, "ID PROBLEMA": before.id}
    if any(not draft.text_of(row, "SOLUCIÓN") for row in rows):
        texts["SOLUCIÓN"] = ""
    row = draft.new_row(texts)
    draft.usable(row)
    draft.insert(row, behind=rows[-1])
    draft.problem(before.id)


def _drop_example(draft: Draft, edit: DropExample) -> None:
    before = _expected(draft, edit.problem, edit.expected)
    text = clean_text(edit.example)
    if text not in before.examples:
        draft.refuse(
            message("{problem} has no example «{text}»", problem=before.id, text=text[:60]),
            message("look at its examples: show {problem}", problem=before.id),
        )
    if len(before.examples) == 1:
        draft.refuse("the only description of a problem cannot be dropped", "change it, or remove the problem")
    rows = draft.pinned(before.id)
    for row in rows:
        if draft.text_of(row, "DESCRIPCION") == text:
            draft.drop(row)
    first = draft.rows_of(before.id)[0]
    for name, value in shared_texts(before).items():
        # What only the dropped row said is still true of the problem.
        if value and draft.text_of(first, name) != value:
            draft.write(first, name, value)
    draft.reread(before.id)
    draft.problem(before.id)


def _remove(draft: Draft, edit: RemoveProblem) -> None:
    if edit.expected or not draft.rows_of(edit.problem):
        _expected(draft, edit.problem, edit.expected)
    for row in draft.rows_of(edit.problem):  # rows that were set aside for contradicting the others go too
        draft.drop(row)


def _expected(draft: Draft, problem: str, expected: str) -> KnownError:
    known = draft.problem(problem, gone=bool(expected))
    if expected and fingerprint(known) != expected:
        draft.conflict(known)
    return known
