"""Pages as Grafana takes them from files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scripts.dashboards.parts import Page, Panel, Query

COLUMNS = 24
SCHEMA = 41
"""The version of Grafana's dashboard schema that the files are written in; later ones read it."""

SOURCES = {"prometheus": "prometheus", "loki": "loki", "tempo": "tempo"}
"""The uid of each data source, as provisioned, with its type."""

Json = dict[str, Any]


def dashboard(page: Page) -> Json:
    """A dashboard as Grafana takes it from a file."""
    return {
        "uid": page.uid,
        "title": page.title,
        "description": page.description,
        "tags": ["resuelve"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": page.refresh,
        "time": {"from": f"now-{page.since}", "to": "now"},
        "links": [
            {
                "type": "dashboards",
                "title": "Resuelve",
                "tags": ["resuelve"],
                "asDropdown": False,
                "includeVars": False,
                "keepTime": True,
                "targetBlank": False,
                "icon": "external link",
                "tooltip": "",
                "url": "",
            }
        ],
        "templating": {"list": [_input(*one) for one in (_SERVICE, *page.inputs)]},
        "annotations": {"list": [_annotation(*one) for one in _ANNOTATIONS]},
        "panels": list(_panels(page)),
    }


_SERVICE = ("servicio", "Servicio", "resuelve.*")
"""Each workspace may have a service name of its own; without one it is ``resuelve``."""

_ANNOTATIONS = (
    ("Ejecuciones que cambiaron incidencias", "sum(increase(resuelve_actions_total[1m])) > 0", "green", False),
    ("Ejecuciones fallidas", 'sum(increase(resuelve_runs_total{result="failed"}[1m])) > 0', "red", True),
    # Of runs of cron there is a value each half hour at least, and nothing in between.
    (
        "Índice nuevo",
        "max(last_over_time(resuelve_index_built_timestamp_seconds[5m]))"
        " > max(last_over_time(resuelve_index_built_timestamp_seconds[1d] offset 5m))",
        "blue",
        True,
    ),
)


def _annotation(name: str, expr: str, colour: str, shown: bool) -> Json:
    return {
        "name": name,
        "datasource": _source("prometheus"),
        "enable": shown,
        "hide": False,
        "iconColor": colour,
        "expr": of_service(expr),
        "titleFormat": name,
    }


def _input(name: str, label: str, value: str) -> Json:
    chosen = {"text": value, "value": value, "selected": True}
    return {"type": "textbox", "name": name, "label": label, "query": value, "current": chosen, "options": [chosen]}


def _panels(page: Page) -> Iterator[Json]:
    number, top = 0, 0
    for title, panels in page.rows:
        if title:
            number += 1
            place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
            yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
            top += 1
        left, highest = 0, 0
        for panel in panels:
            if left + panel.width > COLUMNS:
                left, top, highest = 0, top + highest, 0
            number += 1
            yield _panel(panel, number, {"x": left, "y": top, "w": panel.width, "h": panel.height})
            left, highest = left + panel.width, max(highest, panel.height)
        top += highest


def _panel(panel: Panel, number: int, place: Json) -> Json:
    source = panel.queries[0].source if panel.queries else "prometheus"
    made: Json = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "datasource": _source(source),
        "targets": [_target(query, chr(ord("A") + at), panel.kind) for at, query in enumerate(panel.queries)],
        "options": _OPTIONS[panel.kind],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
    }
    if panel.kind == "table":
        made["transformations"] = [_WITHOUT_TIME] if source == "prometheus" else []
    return made


def _source(name: str) -> Json:
    return {"type": SOURCES[name], "uid": name}


def of_service(expr: str) -> str:
    """PromQL that asks for the services of the box *Servicio* only, which are the jobs of Prometheus."""
    return _SERIES.sub(lambda found: f'{found[1]}{{job=~"$servicio"{", " if found[2] else "}"}', expr)


_SERIES = re.compile(r"\b(resuelve_\w+|resuelve:(?!alerts)[\w:]+|gen_ai_client_\w+)({)?")
"""What the product tells; an alert may be another service's."""


def _target(query: Query, ref: str, kind: str) -> Json:
    common: Json = {"refId": ref, "datasource": _source(query.source)}
    if query.source == "tempo":
        return {**common, "queryType": "traceql", "query": query.expr, "limit": 20, "tableType": "traces"}
    if query.source == "loki":
        return {**common, "expr": query.expr, "queryType": "range", "maxLines": 500}
    shape = "table" if kind == "table" else "heatmap" if query.heatmap else "time_series"
    now = kind in _OF_NOW
    return {
        **common,
        "expr": of_service(query.expr),
        "legendFormat": query.legend or "__auto",
        "instant": now,
        "range": not now,
        "format": shape,
        "editorMode": "code",
    }


def _defaults(panel: Panel) -> Json:
    defaults: Json = {
        "unit": panel.unit or "short",
        "noValue": "sin datos",
        "thresholds": {
            "mode": "absolute",
            "steps": [{"value": None, "color": "green"}, *({"value": at, "color": c} for at, c in panel.steps)],
        },
        "color": {"mode": "thresholds" if panel.kind in ("stat", "bargauge") else "palette-classic"},
    }
    if panel.words:
        shown = {
            value: {"text": text, "color": colour, "index": n} for n, (value, text, colour) in enumerate(panel.words)
        }
        defaults["mappings"] = [{"type": "value", "options": shown}]
    if panel.most is not None:
        defaults |= {"min": 0, "max": panel.most}
    elif panel.kind in ("timeseries", "bargauge"):
        defaults["min"] = 0 if panel.unit != "none" else None
        defaults = {key: value for key, value in defaults.items() if value is not None}
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "drawStyle": "bars" if panel.stacked else "line",
            "fillOpacity": 70 if panel.stacked else 10,
            "lineWidth": 1,
            "showPoints": "never",
            "spanNulls": 600_000,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if panel.steps else "off"},
        }
    return defaults


_OF_NOW = ("stat", "bargauge", "table")
_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_WITHOUT_TIME = {"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": {}}}
_OPTIONS: dict[str, Json] = {
    "stat": {
        "reduceOptions": _LAST,
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "bargauge": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "displayMode": "gradient",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "color",
        "minVizHeight": 10,
        "minVizWidth": 0,
    },
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "exponent": 0.5,
            "fill": "dark-orange",
            "reverse": False,
            "steps": 64,
        },
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
    "logs": {
        "showTime": True,
        "showLabels": False,
        "showCommonLabels": False,
        "wrapLogMessage": True,
        "prettifyLogMessage": False,
        "enableLogDetails": True,
        "dedupStrategy": "none",
        "sortOrder": "Descending",
    },
    "alertlist": {
        "viewMode": "list",
        "groupMode": "default",
        "groupBy": [],
        "maxItems": 20,
        "sortOrder": 3,
        "dashboardAlerts": False,
        "alertName": "",
        "alertInstanceLabelFilter": "",
        "datasource": "Prometheus",
        "stateFilter": {"firing": True, "pending": True, "noData": False, "normal": False, "error": True},
    },
}
