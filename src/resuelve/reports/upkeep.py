"""Reports of the index and of maintenance, in short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from resuelve.reports.sources import Report
from resuelve.reports.values import LISTED, amount, counts, items, mapping, text, whole


def batch_as_json(report: Report) -> dict[str, Any]:
    """What an index was brought up to date with."""
    head = report.head
    return {
        "file": report.path.name,
        "started": report.at.isoformat(timespec="seconds"),
        **{name: whole(head.get(name)) for name in ("problems", "entries", "added", "removed", "kept")},
        "seconds": amount(head.get("seconds")),
        "rejected_rows": _aside(head.get("rejected_rows")),
        "rejected_count": len(items(head.get("rejected_rows"))),
        "remarks": _aside(head.get("remarks")),
        "remarks_count": len(items(head.get("remarks"))),
    }


def maintenance_as_json(report: Report) -> dict[str, Any]:
    """What closed incidents were proposed from: proposals by kind, fates, the largest proposals, doubles."""
    head = report.head
    proposals = [mapping(one) for one in items(head.get("proposals"))]
    largest = sorted(proposals, key=lambda one: (-_cases(one), text(one.get("id"))))
    return {
        "file": report.path.name,
        "made": report.at.isoformat(timespec="seconds"),
        "source": text(head.get("source")),
        "incidents": whole(head.get("incidents")),
        "fates": counts(head.get("counts")),
        **{name: len(items(head.get(name))) for name in ("new", "renewed", "known", "suppressed", "told")},
        "by_kind": _kinds(proposals, "kind"),
        "by_grade": _kinds(proposals, "grade"),
        "waiting": len(proposals),
        "duplicates": sum(bool(items(one.get("duplicates"))) for one in proposals),
        "contradicts": sum(bool(items(one.get("contradicts"))) for one in proposals),
        "largest": [_proposal(one) for one in largest[:LISTED]],
        "unread": _aside(head.get("unread")),
        "unread_count": len(items(head.get("unread"))),
    }


def _proposal(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": text(one.get("id"), 40),
        "kind": text(one.get("kind"), 40),
        "row": text(one.get("problem"), 100),
        "description": text(one.get("description")),
        "incidents": _cases(one),
        "certainty": min(1.0, amount(one.get("certainty"))),
        "grade": text(one.get("grade"), 40),
        **{name: _near(one.get(name)) for name in ("duplicates", "contradicts")},
    }


def _near(value: object) -> list[str]:
    return [text(mapping(one).get("id"), 100) for one in items(value)[:5]]


def _cases(one: Mapping[str, Any]) -> int:
    return len(items(one.get("evidence")))


def _kinds(proposals: list[Mapping[str, Any]], name: str) -> dict[str, int]:
    found = Counter(text(one.get(name), 40) for one in proposals)
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _aside(value: object) -> list[dict[str, str]]:
    found = [mapping(one) for one in items(value)[:LISTED]]
    return [{name: text(one.get(name)) for name in ("what", "where", "reason")} for one in found]
