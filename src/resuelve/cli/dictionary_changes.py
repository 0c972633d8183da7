"""Carrying out a change of the dictionary: try it out, make it, show it, bring the index up to date."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

import typer
from rich.console import Console

from resuelve import wiring
from resuelve.cli.dictionary_views import changes_text, print_json, row_json, tell_noticed, version_json, what_changed
from resuelve.cli.guard import Gate
from resuelve.cli.index import update_index
from resuelve.cli.options import FAILED, INCOMPLETE
from resuelve.cli.surroundings import now, terminal
from resuelve.domain.errors import DictionaryError, ModelError, VectorIndexError
from resuelve.domain.message import message, system_said
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.difference import sheets_difference
from resuelve.knowledge.edits import (
    AddExample,
    AddProblem,
    ChangeProblem,
    DropExample,
    Edit,
    RemoveProblem,
    apply_edits,
    fingerprint,
)
from resuelve.knowledge.soundness import new_defects
from resuelve.knowledge.table import decode
from resuelve.knowledge.version_log import Version
from resuelve.knowledge.versions import Dictionary
from resuelve.settings import Settings
from resuelve.texts import say, translated


class Make(Protocol):
    """Makes edits as one version of the dictionary; raises DictionaryError."""

    def __call__(self, book: Dictionary, edits: Sequence[Edit], /, *, who: str, why: str, at: datetime) -> Version: ...


@dataclass(frozen=True)
class Change:
    """One change of the dictionary on the command line.

    Attributes:
        who: who makes it; empty: the name of the login.
        why: the reason; empty: asked for on a terminal.
        past: how many past tickets it is compared on.
        force: make it although regression tickets fail.
        index: bring the index up to date afterwards.
    """

    settings: Settings
    who: str
    why: str
    past: int
    force: bool
    index: bool
    as_json: bool

    def edit(self, edits: Sequence[Edit]) -> None:
        """Carry edits out.

        Raises:
            DictionaryError: one is refused, or the file or its versions cannot be written; nothing was changed.
            typer.Exit: the change was not allowed, or the index could not be brought up to date.
        """
        if self.carry_out(edits) is None:
            raise typer.Exit(FAILED)
        self.follow()

    def carry_out(self, edits: Sequence[Edit], *, why: str = "", make: Make = Dictionary.apply) -> Version | None:
        """Try edits out, make them and show what they changed; the index is left to `follow`.

        Args:
            why: the reason, for want of a given one.
            make: makes them, when they may be made.

        Returns:
            None when they may not be made; nothing was changed.

        Raises:
            DictionaryError: as `edit` does.
        """
        book, who, why = self._opened(why)
        before = book.sheet()
        seen = [_expecting(edit, before.catalogue()) for edit in edits]
        if not self._allowed(before.catalogue(), book.preview(seen)):
            return None
        version = make(book, seen, who=who, why=why, at=now())
        self._tell(book, version)
        return version

    def rehearse(self, edits: Sequence[Edit]) -> bool:
        """Show what edits would change, and what comes of it; nothing is changed. False when they may not be made.

        Raises:
            DictionaryError: one is refused.
        """
        before = wiring.dictionary(self.settings).sheet()
        after = apply_edits(before, edits)
        self._console.print(changes_text(sheets_difference(before, after), self.settings.language), soft_wrap=True)
        return self._allowed(before.catalogue(), after.catalogue())

    def undo(self, number: int) -> None:
        """Take a version back; raises as `edit` does."""
        book, who, why = self._opened()
        if not self._allowed(book.sheet().catalogue(), book.preview_undo(number), sound=False):
            raise typer.Exit(FAILED)
        self._tell(book, book.undo(number, who=who, why=why, at=now()))
        self.follow()

    def follow(self) -> None:
        """Bring the index up to date with what was changed. Raises typer.Exit when that failed."""
        if not self._indexed():
            raise typer.Exit(INCOMPLETE)

    def id_of(self, new: AddProblem) -> str:
        """The id that a new problem gets."""
        book = wiring.dictionary(self.settings)
        return next(iter(book.preview([new]).problems.keys() - book.sheet().catalogue().problems.keys()))

    def _opened(self, otherwise: str = "") -> tuple[Dictionary, str, str]:
        why = self.why.strip() or otherwise or self._asked()
        place = wiring.workspace(self.settings)
        place.prepare()
        book = wiring.dictionary(self.settings)
        tell_noticed(self._console, book.notice(), self.settings.language)
        return book, editor(self.who), why

    def _asked(self) -> str:
        """The reason, from the terminal."""
        question = say("dictionary.why.question", self.settings.language)
        if not sys.stdin.isatty():
            raise typer.BadParameter(say("dictionary.why.missing", self.settings.language), param_hint="--why")
        return str(typer.prompt(question, err=self.as_json))

    def _allowed(self, before: Catalogue, after: Catalogue, *, sound: bool = True) -> bool:
        """The one place that stands between a change by command and the dictionary.

        Args:
            sound: look for rows that could never be carried out; what stood there once may come back as it was.
        """
        if sound and not self.sound(before, after):
            return False
        return self._gate.allows(before, after, force=self.force)

    def sound(self, before: Catalogue, after: Catalogue) -> bool:
        """Tell of rows that could never be carried out; False when they should not be added."""
        defects = new_defects(before.problems, after.problems, wiring.agents(self.settings))
        language = self.settings.language
        for one in defects:
            why = (
                say("dictionary.no_agent", language, code=one.agent)
                if one.agent
                else say(f"cli.doubt.{one.doubt}", language)
            )
            text = say("dictionary.unsound", language, problem=one.problem, why=why)
            self._console.print(text, style="yellow", markup=False)
        if defects and not self.force:
            self._console.print(say("dictionary.unsound.refused", language), style="red", markup=False)
        return self.force or not defects

    def _tell(self, book: Dictionary, version: Version) -> None:
        rows, language = book.difference(version.number), self.settings.language
        self._console.print(changes_text(rows, language), soft_wrap=True)
        line = say("dictionary.made", language, number=version.number, what=what_changed(version, language))
        self._console.print(line, markup=False)
        if self.as_json:
            print_json({"version": version_json(version), "rows": [row_json(row) for row in rows]})

    def _indexed(self) -> bool:
        """Bring the index up to date; False when that failed."""
        language = self.settings.language
        if not self.index or wiring.store(self.settings).current() is None:
            self._console.print(say("dictionary.index.later", language), markup=False)
            return True
        try:
            update_index(self.settings, self._console)
        except (ModelError, VectorIndexError) as error:
            text = say("dictionary.index.failed", language, error=translated(error, language))
            self._console.print(text, style="yellow", markup=False)
            return False
        return True

    @cached_property
    def _gate(self) -> Gate:
        return Gate(self.settings, past=self.past, console=self._console)

    @cached_property
    def _console(self) -> Console:
        return terminal(errors=self.as_json)  # standard output is for the other program then


def text_from(file: Path) -> str:
    """A text from a file in any usual encoding; ``-`` is standard input.

    Raises:
        DictionaryError: it cannot be read or is no text.
    """
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise DictionaryError(
            message("cannot be read ({why})", why=system_said(error)),
            where=str(file),
            remedy="check the path and the permissions",
        ) from error
    return decode(data, str(file))[0]


def _expecting(edit: Edit, before: Catalogue) -> Edit:
    """The edit, to be refused when the problem is no longer what was tried out."""
    expected: Callable[[str], str] = lambda problem: (  # noqa: E731
        fingerprint(before.problems[problem]) if problem in before.problems else ""
    )
    match edit:
        case ChangeProblem() | DropExample() | RemoveProblem():
            return replace(edit, expected=expected(edit.problem))
        case AddProblem() | AddExample():
            return edit


def editor(given: str) -> str:
    """Who makes a change: as given, or the name of the login."""
    return given.strip() or _login()


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in containers
        return f"uid {os.getuid()}"
