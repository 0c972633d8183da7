"""Every query asks for what is really told: names, labels and values of labels."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator, Set
from pathlib import Path

import pytest
import yaml

from resuelve.journal import ReturnedAs
from resuelve.telemetry.metrics import ALL, Kind, Metric, prometheus_labels, prometheus_name
from tests.deploy.promql import Asked, labels, series
from tests.deploy.samples import (
    DASHBOARDS,
    ROOT,
    Expression,
    dashboard,
    expressions,
    read_yaml,
    rules,
    targets,
)

ADDED = {"job", "instance"}
"""What Prometheus adds to what it fetches."""

ITS_OWN = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate", "severity", "job"}}
"""Series that Prometheus makes, with their labels."""

EXPRESSIONS = tuple(expressions())


def _stages() -> Set[str]:
    """The names that the code gives to stages."""
    found: set[str] = set()
    for file in (ROOT / "src" / "resuelve" / "resolution").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "stage":
                found |= {a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return found


def _values(metric: Metric) -> dict[str, Set[str]]:
    """The values that a label can have, where they are a fixed list."""
    if metric.values:
        return {label: set(values) for label, values in zip(prometheus_labels(metric), metric.values, strict=True)}
    return FURTHER.get(metric.name, {})


FURTHER: dict[str, dict[str, Set[str]]] = {
    "resuelve.stage.duration": {"stage": _stages()},
    "resuelve.errors": {"system": {"tickets", "agents", "models", "index", "journal", "resuelve"}},
    "resuelve.breakers": {"breaker": {"everything", "hour", "rows"}},
    "resuelve.acts.returned": {"how": {one.value for one in ReturnedAs}},
    "resuelve.critic.score": {"verdict": set(next(m for m in ALL if m.name == "resuelve.verdicts").values[0])},
    "resuelve.model.calls": {"result": {"ok", "failed"}},
    "resuelve.model.tokens": {"direction": {"input", "output"}},
    "gen_ai.client.operation.duration": {"gen_ai_operation_name": {"chat", "embeddings"}},
    "gen_ai.client.token.usage": {"gen_ai_token_type": {"input", "output"}},
}
"""Fixed lists that the metric itself does not name."""


def _emitted() -> Iterator[tuple[str, Metric, Set[str]]]:
    """Every series name with its metric and labels."""
    for metric in ALL:
        name, own = prometheus_name(metric), {*prometheus_labels(metric), *ADDED}
        if metric.kind is Kind.HISTOGRAM:
            yield f"{name}_bucket", metric, own | {"le"}
            yield f"{name}_sum", metric, own
            yield f"{name}_count", metric, own
        else:
            yield name, metric, own


EMITTED = {name: (metric, own) for name, metric, own in _emitted()}
RECORDED = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
JOBS = {job["job_name"] for job in read_yaml("prometheus/prometheus.yaml")["scrape_configs"]}


def _known_labels(name: str) -> Set[str]:
    if name in ITS_OWN:
        return ITS_OWN[name]
    if name in RECORDED:
        made = {"alert"} if "label_replace" in RECORDED[name] else set()
        return {*labels(RECORDED[name]), *made} if " by " in f" {RECORDED[name]}" else set()
    return EMITTED[name][1]


def _mistakes(expression: Expression) -> Iterator[str]:
    asked = list(series(expression.text))
    if not asked:
        yield "it asks for nothing"
    for one in asked:
        if one.name not in EMITTED and one.name not in ITS_OWN and one.name not in RECORDED:
            yield f"nobody tells {one.name}"
        else:
            yield from _wrong_matchers(one)
    known = {label for one in asked for label in (_known_labels(one.name) if one.name in _ALL_NAMES else ())}
    made = set(re.findall(r'label_replace\(.*?, "(\w+)"', expression.text, re.DOTALL))
    yield from (f"no label {label}" for label in labels(expression.text) if label not in known | made)


_ALL_NAMES = {*EMITTED, *ITS_OWN, *RECORDED}


def _wrong_matchers(one: Asked) -> Iterator[str]:
    fixed: dict[str, Set[str]] = {"job": JOBS}
    if one.name in EMITTED:
        fixed |= _values(EMITTED[one.name][0])
    for label, operator, value in one.matchers:
        if label not in _known_labels(one.name):
            yield f"{one.name} has no label {label}"
        elif label in fixed:
            wanted = value.split("|") if "~" in operator else [value]
            yield from (
                f"{label} of {one.name} is never {word}"
                for word in wanted
                if not any(re.fullmatch(word, known) for known in fixed[label])
            )


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=[e.where for e in EXPRESSIONS])
def test_a_query_asks_for_what_is_told(expression: Expression) -> None:
    assert list(_mistakes(expression)) == []


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("resuelve_nothing_total", "nobody tells resuelve_nothing_total"),
        ("sum by (queue) (resuelve_runs_total)", "no label queue"),
        ('resuelve_runs_total{resullt="failed"}', "resuelve_runs_total has no label resullt"),
        ('resuelve_runs_total{result="broken"}', "result of resuelve_runs_total is never broken"),
        ('up{job=~"loki|lokki"}', "job of up is never lokki"),
        ("resuelve:errors:share30m{model='x'}".replace("'", '"'), "resuelve:errors:share30m has no label model"),
        ("1 + 1", "it asks for nothing"),
    ],
)
def test_a_wrong_query_is_found(text: str, mistake: str) -> None:
    assert list(_mistakes(Expression("here", text))) == [mistake]


def test_every_metric_is_seen_by_somebody() -> None:
    """On a dashboard or in a rule: what nobody looks at need not be measured."""
    asked = {one.name for expression in EXPRESSIONS for one in series(expression.text)}
    seen = {EMITTED[name][0].name for name in asked if name in EMITTED}
    assert [metric.name for metric in ALL if metric.name not in seen] == []


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_legends_name_labels_that_are_there(path: Path) -> None:
    for title, target in targets(dashboard(path), "prometheus"):
        wanted = set(re.findall(r"{{(\w+)}}", target["legendFormat"])) - {"le"}
        known = {*labels(target["expr"]), *(k for o in series(target["expr"]) for k in _known_labels(o.name))}
        assert wanted <= known, title


def test_promtool_takes_every_query(prometheus_tools: Path, tmp_path: Path) -> None:
    """Syntax and types, by Prometheus itself: each as a rule of its own."""
    made = [{"record": f"query:{number}", "expr": one.text} for number, one in enumerate(EXPRESSIONS)]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": made}]}))
    done = subprocess.run(
        [prometheus_tools / "promtool", "check", "rules", "queries.yaml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(EXPRESSIONS)} rules found" in done.stdout


LOG_FIELDS = {"service_name", "event"}
"""What a line has in Loki beside what every line may have: a label, and its name."""


def test_queries_to_the_log_name_fields_and_events_that_are_told() -> None:
    from resuelve.telemetry.logs.events import BY_NAME, CONTEXT

    found = 0
    for path in DASHBOARDS:
        for _, target in targets(dashboard(path), "loki"):
            found += 1
            fields = set(re.findall(r"(\w+)\s*=~?\s*\"", target["expr"]))
            assert fields <= LOG_FIELDS | set(CONTEXT), target["expr"]
            assert set(re.findall(r'event="([^"]+)"', target["expr"])) <= set(BY_NAME)
    assert found
