"""`resuelve maintain …`: its commands and options. Light: what they do is imported when one is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resuelve.cli.options import PAST, AsJson, Past, Workspace, at_least_one, named, told
from resuelve.knowledge.maintenance.proposal import Grade, ProposalKind

if TYPE_CHECKING:
    from resuelve.cli.review import Review

maintain = typer.Typer(help=told("maintain.help"), invoke_without_command=True, rich_markup_mode=None)
review = typer.Typer(help=told("review.help"), invoke_without_command=True, rich_markup_mode=None)
maintain.add_typer(review, name="review")

Proposals = Annotated[list[str] | None, typer.Argument(metavar="P-…", help=told("review.proposals.help"))]
Proposal = Annotated[str, typer.Argument(metavar="P-…", help=told("review.proposal.help"))]
All = Annotated[bool, typer.Option("--all", help=told("review.all.help"))]
Grades = Annotated[list[Grade] | None, typer.Option("--grade", help=told("review.grade.help"))]
Kind = Annotated[ProposalKind | None, typer.Option("--kind", help=told("review.kind.help"))]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=TEXT", help=told("review.set.help"))]
Why = Annotated[str, typer.Option("--why", help=told("review.why.help"))]
Who = Annotated[str, typer.Option("--who", help=told("dictionary.who.help"))]
Force = Annotated[bool, typer.Option("--force", help=told("dictionary.force.help"))]
DryRun = Annotated[bool, typer.Option("--dry-run", help=told("review.dry_run.help"))]
Examples = Annotated[bool, typer.Option("--examples", help=told("review.examples.help"))]
Index = Annotated[bool, typer.Option("--index/--no-index", help=told("dictionary.index.help"))]


@dataclass(frozen=True, slots=True)
class _How:
    """The options that decisions have."""

    workspace: Path | None
    who: str
    why: str = ""
    force: bool = False
    past: int = PAST
    index: bool = True
    json: bool = False

    def ready(self) -> Review:
        """What carries decisions out in this way."""
        from resuelve.cli.dictionary_changes import Change
        from resuelve.cli.review import Review
        from resuelve.cli.surroundings import settings_for

        settings = settings_for(self.workspace)
        change = Change(settings, self.who, self.why, self.past, self.force, self.index, as_json=self.json)
        return Review(settings, change)


@maintain.callback()
def propose(
    context: typer.Context,
    source: Annotated[Path | None, typer.Option("--from", metavar="FILE", help=told("maintain.from.help"))] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d", "%d/%m/%Y"], help=told("maintain.since.help"))
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", callback=at_least_one, help=told("maintain.limit.help"))
    ] = None,
    again: Annotated[bool, typer.Option("--again", help=told("maintain.again.help"))] = False,
    workspace: Workspace = None,
) -> None:
    """Propose rows from closed incidents."""
    if context.invoked_subcommand:
        return
    from resuelve.cli.proposing import run_maintain
    from resuelve.cli.surroundings import settings_for

    first = since.date() if since else None
    run_maintain(settings_for(workspace), source=source, since=first, limit=limit or 0, again=again)


@review.callback()
def review_all(
    context: typer.Context,
    who: Who = "",
    force: Force = False,
    past: Past = PAST,
    index: Index = True,
    workspace: Workspace = None,
) -> None:
    """Decide about the open proposals one by one."""
    if context.invoked_subcommand:
        return
    from resuelve.cli.review_dialogue import Dialogue

    Dialogue(_How(workspace, who, "", force, past, index).ready()).run()


@review.command("list", help=told("review.list.help"))
def list_all(
    decided: Annotated[bool, typer.Option("--decided", help=told("review.decided.help"))] = False,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """List the proposals."""
    from resuelve.cli.proposal_views import show_list
    from resuelve.cli.surroundings import settings_for

    show_list(settings_for(workspace), decided=decided, as_json=json)


@review.command("show", help=told("review.show.help"))
def show(proposal: Proposal, workspace: Workspace = None, json: AsJson = False) -> None:
    """Show a proposal with its evidence."""
    from resuelve.cli.proposal_views import show_one
    from resuelve.cli.surroundings import settings_for

    show_one(settings_for(workspace), proposal, as_json=json)


@review.command("accept", help=told("review.accept.help"))
def accept(
    proposals: Proposals = None,
    every: All = False,
    grades: Grades = None,
    kind: Kind = None,
    fields: Set = None,
    examples: Examples = False,
    why: Why = "",
    who: Who = "",
    dry_run: DryRun = False,
    force: Force = False,
    past: Past = PAST,
    index: Index = True,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Put proposals into the dictionary."""
    ready = _How(workspace, who, why, force, past, index, json).ready()
    chosen = ready.chosen(proposals, every=every, grades=grades, kind=kind)
    if not proposals:
        chosen = ready.clear(chosen)
    ready.accept(chosen, named(fields), examples=examples, dry_run=dry_run)


@review.command("merge", help=told("review.merge.help"))
def merge(
    proposals: Annotated[list[str], typer.Argument(metavar="P-…", help=told("review.proposals.help"))],
    into: Annotated[str, typer.Option("--into", metavar="ID", help=told("review.into.help"))],
    why: Why = "",
    who: Who = "",
    dry_run: DryRun = False,
    force: Force = False,
    past: Past = PAST,
    index: Index = True,
    workspace: Workspace = None,
    json: AsJson = False,
) -> None:
    """Make proposals examples of a problem."""
    ready = _How(workspace, who, why, force, past, index, json).ready()
    ready.merge(ready.chosen(proposals), into, dry_run=dry_run)


@review.command("reject", help=told("review.reject.help"))
def reject(
    why: Annotated[str, typer.Option("--why", help=told("review.reject.why"))],
    proposals: Proposals = None,
    every: All = False,
    grades: Grades = None,
    kind: Kind = None,
    who: Who = "",
    workspace: Workspace = None,
) -> None:
    """Close proposals for good."""
    ready = _How(workspace, who).ready()
    ready.reject(ready.chosen(proposals, every=every, grades=grades, kind=kind), why)


@review.command("edit", help=told("review.edit.help"))
def edit(
    proposal: Proposal, fields: Set = None, who: Who = "", force: Force = False, workspace: Workspace = None
) -> None:
    """Write other texts into a proposal."""
    given = named(fields)
    if not given:
        raise typer.BadParameter(told("review.edit.nothing"), param_hint="--set")
    ready = _How(workspace, who, force=force).ready()
    (chosen,) = ready.chosen([proposal])
    ready.edit(chosen, given)
