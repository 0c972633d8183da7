"""Incidents from a file: what a ticket manager has exported, as a JSON array in the shape of its answers."""

from __future__ import annotations

import json
from pathlib import Path

from resuelve.domain.errors import TicketUnavailable
from resuelve.domain.message import message, system_said
from resuelve.tickets.port import Listing
from resuelve.tickets.wire import listing_from


def read_export(path: Path) -> Listing:
    """The incidents of the file; entries that cannot be read are set aside with their reason.

    Raises:
        TicketUnavailable: the file is missing, or holds no JSON array.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig", errors="replace"))
    except OSError as error:
        raise TicketUnavailable(
            message("cannot be read ({why})", why=system_said(error)),
            where=str(path),
            remedy="check the path and the permissions",
        ) from error
    except (ValueError, RecursionError) as error:
        raise TicketUnavailable("is not JSON", where=str(path), remedy="export the incidents anew") from error
    if not isinstance(entries, list):
        raise TicketUnavailable(
            "holds no JSON array", where=str(path), remedy="put the incidents into one array: [ {…}, {…} ]"
        )
    return listing_from(entries, path.name)
