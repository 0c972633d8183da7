"""What maintenance leaves to read: the open proposals as rows of the dictionary, and what they stand on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from resuelve import durable
from resuelve.domain.errors import WorkspaceError
from resuelve.domain.message import message, system_said
from resuelve.knowledge.catalogue import COLUMN_NAMES, Catalogue
from resuelve.knowledge.maintenance.review import row_fields
from resuelve.knowledge.maintenance.stored import Entry, proposal_as_json
from resuelve.resolution.report import no_formula

_COLUMNS = tuple(COLUMN_NAMES.values())


def write_proposed(path: Path, entries: Sequence[Entry], dictionary: Catalogue) -> None:
    """Write ``PROBLEMAS_GLOBALES_YYYYMMDD.csv``: the rows that the open proposals would add, a row each.

    Raises:
        WorkspaceError: it cannot be written; it is as it was.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for entry in entries:
        if entry.waiting:
            fields = row_fields(entry, dictionary)
            writer.writerow([no_formula(fields[name]) for name in _COLUMNS])
    _write(path, text.getvalue())


def write_report(path: Path, head: Mapping[str, Any], entries: Sequence[Entry]) -> None:
    """Write the report of the open proposals, with everything that they stand on; another one of that day gives way.

    Raises:
        WorkspaceError: it cannot be written; it is as it was.
    """
    content = {**head, "proposals": [entry_as_json(entry) for entry in entries if entry.waiting]}
    _write(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """A proposal with what became of it, for reports and other programs."""
    return {
        **proposal_as_json(entry.proposal),
        "state": str(entry.state),
        "found": entry.found.isoformat(timespec="seconds"),
        "edits": dict(entry.edits),
        "decisions": [
            {
                "state": str(act.state),
                "who": act.who,
                "why": act.why,
                "at": act.at.isoformat(timespec="seconds"),
                "version": act.version,
                "problem": act.problem,
            }
            for act in entry.acts
        ],
        "replaced": list(entry.replaced),
    }


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        durable.replace(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise WorkspaceError(
            message("it cannot be written ({why})", why=system_said(error)),
            where=str(path),
            remedy="check space and permissions",
        ) from error
