"""`resuelve dictionary …`: its commands and options. Light: what they do is imported when one is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resuelve.cli.options import PAST, AsJson, Past, Workspace, at_least_one, told

if TYPE_CHECKING:
    from resuelve.cli.dictionary_changes import Change
    from resuelve.knowledge.edits import Edit

dictionary = typer.Typer(help=told("dictionary.help"), no_args_is_help=True, rich_markup_mode=None)

Problem = Annotated[str, typer.Argument(help=told("dictionary.problem.help"))]
Component = Annotated[str | None, typer.Option("--component", help=told("dictionary.component.help"))]
Description = Annotated[str | None, typer.Option("--description", help=told("dictionary.description.help"))]
Kind = Annotated[str | None, typer.Option("--kind", help=told("dictionary.kind.help"))]
Solution = Annotated[str | None, typer.Option("--solution", help=told("dictionary.solution.help"))]
SolutionFile = Annotated[
    Path | None, typer.Option("--solution-file", allow_dash=True, help=told("dictionary.solution_file.help"))
]
Date = Annotated[str | None, typer.Option("--date", help=told("dictionary.date.help"))]
Resolution = Annotated[str | None, typer.Option("--resolution", help=told("dictionary.resolution.help"))]
Queue = Annotated[str | None, typer.Option("--queue", help=told("dictionary.queue.help"))]
Column = Annotated[
    list[str] | None, typer.Option("--column", metavar="NAME=TEXT", help=told("dictionary.column_option.help"))
]
Why = Annotated[str, typer.Option("--why", help=told("dictionary.why.help"))]
Who = Annotated[str, typer.Option("--who", help=told("dictionary.who.help"))]
Force = Annotated[bool, typer.Option("--force", help=told("dictionary.force.help"))]
Index = Annotated[bool, typer.Option("--index/--no-index", help=told("dictionary.index.help"))]
Number = Annotated[int, typer.Argument(min=1, help=told("dictionary.number.help"))]


@dataclass(frozen=True, slots=True)
class _How:
    """The options that every change has."""

    workspace: Path | None
    why: str
    who: str
    force: bool
    past: int
    index: bool
    json: bool

    def ready(self) -> Change:
        """What carries a change out in this way."""
        from resuelve.cli.dictionary_changes import Change
        from resuelve.cli.surroundings import settings_for

        settings = settings_for(self.workspace)
        return Change(settings, self.who, self.why, self.past, self.force, self.index, as_json=self.json)

    def carry_out(self, *edits: Edit) -> None:
        self.ready().edit(edits)


@dictionary.command("history", help=told("dictionary.history.help"))
def history(
    problem: Annotated[str, typer.Option("--problem", help=told("dictionary.history.problem"))] = "",
    limit: Annotated[int, typer.Option("--limit", callback=at_least_one, help=told("dictionary.history.limit"))] = 20,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """List the versions."""
    from resuelve.cli.dictionary_views import show_history
    from resuelve.cli.surroundings import settings_for

    show_history(settings_for(workspace), problem=problem, limit=limit, as_json=json)


@dictionary.command("show", help=told("dictionary.show.help"))
def show(problem: Problem, workspace: Workspace = None, json: AsJson = False) -> None:
    """Show a problem."""
    from resuelve.cli.dictionary_views import show_problem
    from resuelve.cli.surroundings import settings_for

    show_problem(settings_for(workspace), problem, as_json=json)


@dictionary.command("diff", help=told("dictionary.diff.help"))
def diff(
    number: Annotated[int, typer.Argument(min=0, help=told("dictionary.diff.number"))] = 0,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Show what a version changed."""
    from resuelve.cli.dictionary_views import show_difference
    from resuelve.cli.surroundings import settings_for

    show_difference(settings_for(workspace), number, as_json=json)


@dictionary.command("set", help=told("dictionary.set.help"))
def set_fields(
    problem: Problem,
    component: Component = None,
    description: Description = None,
    kind: Kind = None,
    solution: Solution = None,
    solution_file: SolutionFile = None,
    date: Date = None,
    resolution: Resolution = None,
    queue: Queue = None,
    column: Column = None,
    why: Why = "",
    who: Who = "",
    force: Force = False,
    past: Past = PAST,
    index: Index = True,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Change what stands in the columns of a problem."""
    from resuelve.knowledge.edits import ChangeProblem

    fields = _fields(component, description, kind, _text(solution, solution_file), date, resolution, queue, column)
    if not fields:
        raise typer.BadParameter(told("dictionary.set.nothing"))
    _How(workspace, why, who, force, past, index, json).carry_out(ChangeProblem(problem, fields))


@dictionary.command("add", help=told("dictionary.add.help"))
def add(
    description: Annotated[str, typer.Option("--description", help=told("dictionary.description.help"))],
    resolution: Annotated[str, typer.Option("--resolution", help=told("dictionary.resolution.help"))],
    problem: Annotated[str | None, typer.Option("--id", help=told("dictionary.add.id"))] = None,
    component: Component = None,
    kind: Kind = None,
    solution: Solution = None,
    solution_file: SolutionFile = None,
    date: Date = None,
    queue: Queue = None,
    column: Column = None,
    example: Annotated[list[str] | None, typer.Option("--example", help=told("dictionary.add.example"))] = None,
    why: Why = "",
    who: Who = "",
    force: Force = False,
    past: Past = PAST,
    index: Index = True,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Add a problem."""
    from resuelve.knowledge.edits import AddExample, AddProblem

    fields = _fields(component, description, kind, _text(solution, solution_file), date, resolution, queue, column)
    change = _How(workspace, why, who, force, past, index, json).ready()
    new = AddProblem(fields | ({"ID PROBLEMA": problem} if problem else {}))
    name = change.id_of(new) if example else ""
    change.edit([new, *(AddExample(name, text) for text in example or ())])


@dictionary.command("example", help=told("dictionary.example.help"))
def example(
    problem: Problem,
    text: Annotated[str, typer.Argument(help=told("dictionary.example.text"))],
    drop: Annotated[bool, typer.Option("--drop", help=told("dictionary.example.drop"))] = False,
    why: Why = "",
    who: Who = "",
    force: Force = False,
    past: Past = PAST,
    index: Index = True,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Add or drop a description of a problem."""
    from resuelve.knowledge.edits import AddExample, DropExample

    edit = DropExample(problem, text) if drop else AddExample(problem, text)
    _How(workspace, why, who, force, past, index, json).carry_out(edit)


@dictionary.command("remove", help=told("dictionary.remove.help"))
def remove(
    problem: Problem,
    why: Why = "",
    who: Who = "",
    force: Force = False,
    past: Past = PAST,
    index: Index = True,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Remove a problem with all its rows."""
    from resuelve.knowledge.edits import RemoveProblem

    _How(workspace, why, who, force, past, index, json).carry_out(RemoveProblem(problem))


@dictionary.command("undo", help=told("dictionary.undo.help"))
def undo(
    number: Number,
    why: Why = "",
    who: Who = "",
    force: Force = False,
    past: Past = PAST,
    index: Index = True,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Take a version back."""
    _How(workspace, why, who, force, past, index, json).ready().undo(number)


def _text(given: str | None, file: Path | None) -> str | None:
    """A long text: given, or from a file, or from standard input."""
    if file is None:
        return given
    if given is not None:
        raise typer.BadParameter(told("dictionary.solution_file.both"))
    from resuelve.cli.dictionary_changes import text_from

    return text_from(file)


def _fields(
    component: str | None,
    description: str | None,
    kind: str | None,
    solution: str | None,
    date: str | None,
    resolution: str | None,
    queue: str | None,
    columns: list[str] | None,
) -> dict[str, str]:
    """The columns that were given, by the names of the contract."""
    given: Mapping[str, str | None] = {
        "COMPONENTE": component,
        "DESCRIPCION": description,
        "TIPO INCIDENCIA": kind,
        "SOLUCIÓN": solution,
        "FECHA DE RESOLUCIÓN": date,
        "RESOLUCION AUTOMÁTICA": resolution,
        "BUZON REASIGNACION": queue,
    }
    fields = {name: text for name, text in given.items() if text is not None}
    for one in columns or ():
        name, equals, text = one.partition("=")
        if not equals:
            raise typer.BadParameter(told("dictionary.column_option.wrong"))
        fields[name] = text
    return fields
