"""Prometheus takes its configuration and its rules, and every alert fires when it is meant to and not otherwise."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.samples import DEPLOY, ROOT, RULE_TESTS, RULES, alerts, expressions, read_yaml, rules

PAGES = {"runbook": "docs/how-to/watch-it.es.md", "runbook_en": "docs/how-to/watch-it.md"}
SEVERITIES = {"critical", "warning", "info"}
ALERTS = alerts()


def _promtool(tools: Path, *arguments: str | Path) -> str:
    program, environment = [tools / "promtool", *arguments], {**os.environ, "GOGC": "400"}  # a quarter is garbage's
    done = subprocess.run(
        program, cwd=DEPLOY / "prometheus", env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_its_configuration(prometheus_tools: Path) -> None:
    assert f"{len(RULES)} rule files found" in _promtool(prometheus_tools, "check", "config", "prometheus.yaml")
    _promtool(prometheus_tools, "check", "rules", *RULES)


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_rules_do_what_their_tests_say(prometheus_tools: Path, path: Path) -> None:
    _promtool(prometheus_tools, "test", "rules", path)


def _asked(where: str) -> str:
    (text,) = [one.text for one in expressions() if one.where == where]
    return text


TOKENS = 'resuelve_model_tokens_total{job="resuelve", role="critic", model="m", direction="input"}'
COST = 'resuelve_model_cost_total{job="resuelve", role="critic", model="m"}'
BUILT = 'resuelve_index_built_timestamp_seconds{job="resuelve"}'


@pytest.mark.parametrize(
    ("where", "told", "minute", "value"),
    [
        ("resuelve-coste.json: Coste, 24 h", {TOKENS: "0+10x60"}, 60, -1),
        ("resuelve-coste.json: Coste, 24 h", {TOKENS: "0+10x60", COST: "0x60"}, 60, 0),
        ("resuelve-coste.json: Coste, 24 h", {TOKENS: "0x60"}, 60, 0),
        ("resuelve-coste.json: Coste, 24 h", {}, 60, 0),
        ("resuelve-coste.json: Coste por incidencia", {TOKENS: "0+10x60"}, 60, -1),
        ("resuelve-operacion.json: Índice nuevo", {BUILT: "100 _x9 100 _x9 200 _x9"}, 21, 200),
        ("resuelve-operacion.json: Índice nuevo", {BUILT: "100x20 200x20"}, 23, 200),
        ("resuelve-operacion.json: Índice nuevo", {BUILT: "100 _x9 100 _x9 200 _x9"}, 11, None),
        ("resuelve-operacion.json: Índice nuevo", {BUILT: "100 _x9 100 _x9 200 _x9"}, 29, None),
        ("resuelve-operacion.json: Índice nuevo", {BUILT: "100x20 200x20"}, 33, None),
        ("resuelve-operacion.json: Por decidir", {'resuelve_queue_undecided{job="resuelve"}': "7 _x9"}, 9, 7),
        ("resuelve-operacion.json: Por decidir", {'resuelve_queue_undecided{job="resuelve"}': "7 _x99"}, 60, None),
    ],
)
def test_a_panel_shows_what_is_so(
    prometheus_tools: Path, tmp_path: Path, where: str, told: dict[str, str], minute: int, value: float | None
) -> None:
    """By Prometheus itself: a price list that is missing, an index that a run of cron tells of, a gauge gone."""
    expected = [] if value is None else [{"labels": "{}", "value": value}]
    case = {"expr": _asked(where), "eval_time": f"{minute}m", "exp_samples": expected}
    series = [{"series": name, "values": values} for name, values in told.items()]
    tests = [{"interval": "1m", "input_series": series, "promql_expr_test": [case]}]
    (tmp_path / "panel.yaml").write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": tests}))
    _promtool(prometheus_tools, "test", "rules", tmp_path / "panel.yaml")


def _cases() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in RULE_TESTS]
    return [case for file in files for test in file["tests"] for case in test["promql_expr_test"]]


@pytest.mark.parametrize("fires", [True, False], ids=["fires", "does not fire"])
def test_every_alert_is_tested_both_ways(fires: bool) -> None:
    tested = {
        match[1]
        for case in _cases()
        if (match := re.search(r'alertname="(\w+)"', case["expr"])) and bool(case.get("exp_samples")) is fires
    }
    assert tested == {alert["alert"] for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_happened_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in SEVERITIES
    assert alert["alert"].startswith("Resuelve"), "resuelve:alerts:firing counts those"
    notes = alert["annotations"]
    assert notes.keys() == {"summary", "summary_en", "description", "description_en", *PAGES}
    for key, page in PAGES.items():
        assert notes[key].partition("#")[0] == page
        rows = re.findall(r"^\| `(\w+)` \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert rows.count(alert["alert"]) == 1, f"{page} does not say what to do"


def test_pages_name_only_alerts_that_exist() -> None:
    known = {alert["alert"] for alert in ALERTS}
    for page in PAGES.values():
        named = set(re.findall(r"`(Resuelve[A-Z]\w+)`", (ROOT / page).read_text(encoding="utf-8")))
        assert named == known


COUNTS = re.compile(r"increase\((resuelve_\w+_total)")


def test_every_alert_that_counts_is_tested_on_runs_of_cron() -> None:
    """What they send is 0 and a figure, and then nothing."""
    recorded = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    counting = set()
    for alert in ALERTS:
        used = [alert["expr"], *(expr for name, expr in recorded.items() if name in alert["expr"])]
        if any(COUNTS.search(expr) for expr in used):
            counting.add(alert["alert"])
    tested: dict[str, set[str]] = {"fires": set(), "not": set()}
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            if any(
                "_total" in one["series"] and re.search(r"\b0 \S+ _x", one["values"]) for one in test["input_series"]
            ):
                for case in test["promql_expr_test"]:
                    if match := re.search(r'alertname="(\w+)"', case["expr"]):
                        tested["fires" if case.get("exp_samples") else "not"].add(match[1])
    assert counting - tested["fires"] == set()
    assert counting - tested["not"] == set()


def test_targets_are_services() -> None:
    services = read_yaml("compose.yaml")["services"]
    for job in read_yaml("prometheus/prometheus.yaml")["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            host = target.partition(":")[0]
            assert host in services or host == "127.0.0.1"
    settings = services["resuelve"]["environment"]
    (ours,) = [j for j in read_yaml("prometheus/prometheus.yaml")["scrape_configs"] if j["job_name"] == "resuelve"]
    assert ours["static_configs"][0]["targets"] == [f"resuelve:{settings['RESUELVE_METRICS_PORT']}"]
