"""What lies in deploy/, read as it is, and the queries that stand in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
RULES = sorted((DEPLOY / "prometheus" / "rules").glob("*.yaml"))
RULE_TESTS = sorted((DEPLOY / "prometheus" / "tests").glob("*.yaml"))


class Expression(NamedTuple):
    """PromQL, and where it stands."""

    where: str
    text: str


@cache
def read_yaml(name: str) -> Any:
    """A file below deploy/."""
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


@cache
def dashboard(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def rules() -> Iterator[dict[str, Any]]:
    """Every rule of Prometheus, recorded ones and alerts."""
    for path in RULES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def targets(page: Any, source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The queries of a dashboard to a data source, with the titles of their panels."""
    for panel in page["panels"]:
        for target in panel.get("targets", ()):
            if target["datasource"]["uid"] == source:
                yield panel["title"], target


def expressions() -> Iterator[Expression]:
    """Every PromQL expression of rules, dashboards and Grafana's own rule; Grafana's variables hold a time."""
    for rule in rules():
        yield Expression(rule.get("alert") or rule["record"], rule["expr"])
    for path in DASHBOARDS:
        page = dashboard(path)
        for title, target in targets(page, "prometheus"):
            yield Expression(f"{path.name}: {title}", _filled(target["expr"]))
        for one in page["annotations"]["list"]:
            yield Expression(f"{path.name}: {one['name']}", _filled(one["expr"]))
    for group in read_yaml("grafana/provisioning/alerting/resuelve.yaml")["groups"]:
        for rule in group["rules"]:
            for query in rule["data"]:
                if query["datasourceUid"] == "prometheus":
                    yield Expression(rule["title"], query["model"]["expr"])


def _filled(text: str) -> str:
    return text.replace("$__rate_interval", "5m").replace("$servicio", "resuelve.*").replace("$modo", ".*")
