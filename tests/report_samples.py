"""Reports of runs as files, with as little in them as a test needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def an_entry(code: str, outcome: str = "handed_off", **fields: Any) -> dict[str, Any]:
    """An entry of a run's report; what stands in `decision` is laid over the usual."""
    acted = outcome in ("closed", "held", "reassigned")
    decision = {
        "problem": {"id": "REE001", "description": "No deja adjuntar la factura"},
        "prescribed": "cierre",
        "score": 80.0 if acted else 40.0,
        "doubt": "none" if acted else "weak_match",
        "rejections": [],
        "usage": {"calls": 1, "tokens_in": 10, "tokens_out": 2},
        **fields.pop("decision", {}),
    }
    return {
        "incident": code,
        "revision": "r1",
        "queue": "GR_SAL_REEMBOLSOS",
        "title": f"title of {code}",
        "outcome": outcome,
        "reason": "because",
        "changed": acted,
        "reference": f"R-{code}" if acted else "",
        "sent": None,
        "decision": decision,
        "seconds": {"retrieve": 0.5, "decide": 0.25},
        **fields,
    }


def a_run(folder: Path, run: str, started: str, entries: list[dict[str, Any]], **head: Any) -> Path:
    """The report of a run, in a file that is named by it."""
    path = folder / f"reporte{run}.json"
    totals = {"incidents": len(entries)}
    whole = {"run": run, "started": started, "mode": "live", **head, "totals": totals, "incidents": entries}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8", errors="backslashreplace")
    return path


def a_batch(folder: Path, **fields: Any) -> Path:
    """The report of an index."""
    path = folder / "reporte_batch_20260901_0800.json"
    whole = {"started": "2026-09-01T08:00:00+00:00", "problems": 3, "entries": 9, "added": 2, "removed": 1, "kept": 7}
    aside = [{"what": "row", "where": "line 7", "reason": "<b>no id</b>"}]
    content = {**whole, "seconds": 1.5, "rejected_rows": aside, "remarks": [], **fields}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def a_maintenance(folder: Path, **fields: Any) -> Path:
    """The report of a maintenance."""
    path = folder / "reporte_mantenimiento_globales_20260901.json"
    proposal = {
        "id": "P-1",
        "kind": "problem",
        "problem": "NEW001",
        "description": "Cobro dos veces",
        "certainty": 0.8,
        "grade": "good",
        "evidence": [{"code": "INC1"}, {"code": "INC2"}],
        "duplicates": [{"id": "REE014", "likeness": 0.9}],
        "contradicts": [],
    }
    content = {
        "made": "2026-09-01T09:00:00+00:00",
        "source": "desk",
        "incidents": 3,
        "counts": {"problem": 2, "covered": 1, "odd": 1},
        "new": ["P-1"],
        "fates": [],
        "proposals": [proposal],
        **fields,
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
