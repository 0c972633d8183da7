"""Where the page and the figures of `resuelve report` go, and what they must not take the place of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from html import escape
from pathlib import Path

import typer

from resuelve.cli.options import told
from resuelve.texts import say
from resuelve.workspace import Workspace

PAGE = "informe.html"
"""In the folder of reports: no report of the contract has this name, and whoever reads those reads ``*.json``."""

REPORTS = "reporte*.json"
"""In the same folder: these names are the contract's. Others lie beside them, as `resuelve mine` has left them."""

_BEGINNING = 4096


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where page and figures are written; None for the workspace, and for nowhere."""

    html: Path | None
    json: Path | None


def refuse_losses(outputs: Outputs, place: Workspace, read: Iterable[Path]) -> None:
    """See that nothing is lost by what will be written.

    Args:
        read: the files that are summed up.

    Raises:
        typer.BadParameter: an output is a folder, is read, is the other output, or is a file of the workspace that is
            neither a page nor figures of ours.
    """
    standard, kept = place.reports / PAGE, {_identity(path) for path in read}
    page = {_identity(standard), _identity(outputs.html or standard)}
    for name, out, others, ours in (
        ("--html", outputs.html, kept, _is_page),
        ("--json", outputs.json, kept | page, _are_figures),
    ):
        reason = out and (_impossible(out) or ("same_file" if _identity(out) in others else _loss(out, place, ours)))
        if reason:
            raise typer.BadParameter(told(f"report.out.{reason}"), param_hint=name)


def _identity(path: Path) -> object:
    """The same for two names of one file, be it there or not."""
    try:
        found = path.stat()
    except OSError:
        return path.resolve()
    return found.st_dev, found.st_ino


def _impossible(out: Path) -> str:
    if out.is_dir():
        return "folder"
    above = next((one for one in out.absolute().parents if one.exists()), None)
    return "no_folder" if above is not None and not above.is_dir() else ""


def _loss(out: Path, place: Workspace, ours: Callable[[str], bool]) -> str:
    path, root = out.resolve(), place.root.resolve()
    if not path.is_relative_to(root):
        return ""
    if path.parent == place.reports.resolve() and fnmatch(path.name.lower(), REPORTS):
        return "report_name"
    if path.exists():
        return "" if not path.stat().st_size or (path.is_file() and ours(_beginning(path))) else "taken"
    return "taken" if any(path.is_relative_to(one.resolve()) for one in _reserved(place)) else ""


def _reserved(place: Workspace) -> tuple[Path, ...]:
    """What has a name in the workspace, even where it is not there yet: it would be read as what it is not."""
    files = (place.dictionary, place.correctives, place.regression_tickets)
    return (*files, place.journal_file.parent, place.rejected, place.history, place.backups, place.logs)


def _beginning(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_BEGINNING).decode("utf-8", "replace")
    except OSError:
        return ""


def _is_page(beginning: str) -> bool:
    titles = (say("report.page.title", language) for language in ("en", "es"))
    return beginning.startswith("<!DOCTYPE html>") and any(
        f"<title>{escape(one)}</title>" in beginning for one in titles
    )


def _are_figures(beginning: str) -> bool:
    return beginning.startswith('{\n "made": "') and '\n "source": ' in beginning and '\n "older_runs": ' in beginning
