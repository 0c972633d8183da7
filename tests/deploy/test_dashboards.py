"""Dashboards are written by their description, understood by Grafana, and answer their question first."""

from __future__ import annotations

import copy
import itertools
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from scripts.dashboards import files
from scripts.dashboards.grafana import COLUMNS, of_service
from tests.deploy.samples import DASHBOARDS, DEPLOY, ROOT, alerts, dashboard, read_yaml, rules, targets
from tests.deploy.schema import mistakes

BUILT_IN = {"alertlist", "bargauge", "heatmap", "logs", "row", "stat", "table", "timeseries"}
"""Panels that come with Grafana; others would have to be installed."""

page_of = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def test_the_files_are_what_the_description_says() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in DASHBOARDS} == files(), "run: make dashboards"


def test_the_command_compares_them() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.dashboards", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")


@page_of
def test_grafana_understands_it(path: Path) -> None:
    assert mistakes(dashboard(path)) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda panel: panel["fieldConfig"]["defaults"].update(unitt="s"), "unitt is no field"),
        (lambda panel: panel["options"].update(colorMode="rainbow"), "'rainbow'"),
        (lambda panel: panel["gridPos"].update(w="wide"), "'wide'"),
        (lambda panel: panel["targets"][0].update(legend="x"), "legend is no field"),
    ],
)
def test_what_grafana_would_not_understand_is_found(change: Any, told: str) -> None:
    page = copy.deepcopy(dashboard(DASHBOARDS[0]))
    change(next(panel for panel in page["panels"] if panel["type"] == "stat"))
    assert [one for one in mistakes(page) if told in one], mistakes(page)


@page_of
def test_panels_have_their_place_and_their_source(path: Path) -> None:
    page = dashboard(path)
    panels, sources = page["panels"], {one["uid"]: one["type"] for one in _sources()}
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["type"] for panel in panels} <= BUILT_IN
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= COLUMNS
        for target in panel.get("targets", ()):
            assert target["datasource"]["type"] == sources[target["datasource"]["uid"]]
        refs = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(refs)) == len(refs)
        assert panel["title"]
        assert panel["type"] == "row" or panel["description"]
        assert panel["type"] in ("row", "alertlist") or panel["targets"]
    assert [(a["title"], b["title"]) for a, b in combinations(panels, 2) if _overlap(a["gridPos"], b["gridPos"])] == []


@page_of
def test_the_question_is_answered_in_the_first_row(path: Path) -> None:
    page = dashboard(path)
    first = page["panels"][:6]
    assert [panel["type"] for panel in first] == ["stat"] * 6
    assert {panel["gridPos"]["y"] for panel in first} == {0}
    assert "?" in page["title"]


@page_of
def test_variables_that_are_used_are_there(path: Path) -> None:
    page = dashboard(path)
    used = set(re.findall(r"\$(?!__)(\w+)", str(page["panels"])))
    assert used == {variable["name"] for variable in page["templating"]["list"]}


@page_of
def test_what_is_now_is_asked_for_now(path: Path) -> None:
    """A stat whose value is gone says so, and shows none of yesterday's; an age is one at any time."""
    for panel in dashboard(path)["panels"]:
        if panel["type"] not in ("stat", "bargauge"):
            continue
        assert panel["fieldConfig"]["defaults"]["noValue"] == "sin datos"
        for target in panel["targets"]:
            assert target["instant"]
            assert not target["range"]
            if not target["expr"].startswith("time() - "):
                assert set(re.findall(r"last_over_time\([^\[]*\[(\w+)\]", target["expr"])) <= {"30m"}, panel["title"]


def test_the_row_of_an_incident_asks_for_that_incident() -> None:
    (page,) = [dashboard(path) for path in DASHBOARDS if path.stem == "resuelve-operacion"]
    titles = [panel["title"] for panel in page["panels"]]
    start = titles.index("Por qué hizo eso con esta incidencia") + 1
    row = list(itertools.takewhile(lambda panel: panel["type"] != "row", page["panels"][start:]))
    asked = [(one["datasource"]["uid"], one.get("expr") or one["query"]) for panel in row for one in panel["targets"]]
    assert {source for source, _ in asked} == {"loki", "tempo"}
    for _, text in asked:
        assert sorted(re.findall(r"\$\w+", text)) == ["$ejecucion", "$incidencia", "$servicio"]
    (traces,) = [text for source, text in asked if source == "tempo"]
    told = (ROOT / "src" / "resuelve" / "resolution" / "pipeline.py").read_text(encoding="utf-8")
    for attribute in re.findall(r"span\.([\w.]+)", traces):
        assert f'"{attribute}"' in told, "the first span of an incident has it"


@pytest.mark.parametrize(
    ("expr", "asked"),
    [
        ("sum(resuelve_runs_total)", 'sum(resuelve_runs_total{job=~"$servicio"})'),
        ('max(resuelve_breakers{breaker="rows"}[1h])', 'max(resuelve_breakers{job=~"$servicio", breaker="rows"}[1h])'),
        ("resuelve:handovers:share1d", 'resuelve:handovers:share1d{job=~"$servicio"}'),
        ("sum by (gen_ai_token_type) (up)", "sum by (gen_ai_token_type) (up)"),
        ("sum(resuelve:alerts:firing)", "sum(resuelve:alerts:firing)"),
    ],
)
def test_a_query_asks_for_the_chosen_service(expr: str, asked: str) -> None:
    assert of_service(expr) == asked


@page_of
def test_every_query_asks_for_the_chosen_service(path: Path) -> None:
    page = dashboard(path)
    assert page["templating"]["list"][0]["name"] == "servicio"
    for title, target in targets(page, "prometheus"):
        assert "$servicio" in target["expr"] or "resuelve:alerts:firing" in target["expr"], title


def test_pages_are_told_apart_and_found_from_each_other() -> None:
    pages = [dashboard(path) for path in DASHBOARDS]
    assert len({page["uid"] for page in pages}) == len(pages) == 4
    assert all(link["tags"] == page["tags"] for page in pages for link in page["links"])
    home = read_yaml("compose.yaml")["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(home).name in {path.name for path in DASHBOARDS}


def test_data_sources_name_each_other() -> None:
    """From a line to its trace, and from a step to what the log said."""
    sources = {one["uid"]: one for one in _sources()}
    assert sources.keys() == {"prometheus", "loki", "tempo"}
    assert {field["datasourceUid"] for field in sources["loki"]["jsonData"]["derivedFields"]} == {"tempo"}
    assert sources["tempo"]["jsonData"]["tracesToLogsV2"]["datasourceUid"] == "loki"
    services = read_yaml("compose.yaml")["services"]
    assert {re.match(r"http://(\w+):\d+$", one["url"])[1] for one in sources.values()} <= services.keys()  # type: ignore[index]


def test_grafanas_own_rule_tells_of_prometheus_ones() -> None:
    """One place for rules: Grafana has a single one, which asks which of Prometheus's fire."""
    from grafana_foundation_sdk.models.alerting import Rule

    ((group,),) = [read_yaml("grafana/provisioning/alerting/resuelve.yaml")["groups"]]
    (rule,) = group["rules"]
    query, condition = rule["data"]
    assert query["model"]["expr"] == "resuelve:alerts:firing"
    assert rule["condition"] == condition["refId"] == condition["model"]["refId"]
    assert condition["model"]["expression"] == query["refId"] == query["model"]["refId"]
    read = Rule.from_json({**rule, "orgID": group["orgId"], "folderUID": group["folder"], "ruleGroup": group["name"]})
    assert read.uid == "resuelve-prometheus"


def test_grafanas_own_rule_shows_what_it_has() -> None:
    ((group,),) = [read_yaml("grafana/provisioning/alerting/resuelve.yaml")["groups"]]
    (rule,) = group["rules"]
    notes = rule["annotations"]
    assert "$" not in str(notes), "Grafana takes it for a variable of the environment"
    (recorded,) = [one["expr"] for one in rules() if one.get("record") == "resuelve:alerts:firing"]
    (by,) = re.findall(r"count by \(([^)]*)\)", recorded)
    shown = set(re.findall(r"\{\{ \.Labels\.(\w+) \}\}", str(notes)))
    assert shown == {label.strip() for label in by.split(",")}
    assert shown.isdisjoint(rule["labels"])
    assert notes["runbook"] in {alert["annotations"]["runbook"] for alert in alerts()}
    (page,) = [dashboard(path) for path in DASHBOARDS if path.stem == notes["__dashboardUid__"]]
    (panel,) = [panel for panel in page["panels"] if panel["type"] == "alertlist"]
    assert notes["__panelId__"] == str(panel["id"])


def test_dashboards_lie_where_grafana_looks() -> None:
    (provider,) = read_yaml("grafana/provisioning/dashboards/dashboards.yaml")["providers"]
    mounts = [one.split(":") for one in read_yaml("compose.yaml")["services"]["grafana"]["volumes"]]
    (ours,) = [source for source, target, *_ in mounts if target == provider["options"]["path"]]
    assert (DEPLOY / ours).resolve() == DASHBOARDS[0].parent


def _sources() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_yaml("grafana/provisioning/datasources/datasources.yaml")["datasources"]
    return found


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))
    )
