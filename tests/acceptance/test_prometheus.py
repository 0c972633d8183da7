"""A real Prometheus fetches from a real run, and finds what the report says."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from resuelve.telemetry.metrics import ALL, Kind, prometheus_labels, prometheus_name
from tests.acceptance.product import Desk, demo_incidents, eventually
from tests.deploy.samples import expressions
from tests.prometheus_server import Prometheus, fetching, free_port

NewDesk = Callable[..., Desk]

INCIDENTS = 40
OURS = {"instance", "job"}
"""Labels that Prometheus adds."""


def told(report: dict[str, Any]) -> dict[str, Any]:
    """What a report says, as the metrics do."""
    entries = report["incidents"]
    decisions = [one["decision"] for one in entries]
    handed = [d["doubt"] for e, d in zip(entries, decisions, strict=True) if e["outcome"] == "handed_off"]
    return {
        "outcomes": report["totals"]["by_outcome"],
        "actions": dict(Counter(one["outcome"] for one in entries if one["changed"])),
        "reasons": {doubt: count for doubt, count in Counter(handed).items() if doubt != "none"},
        "queues": dict(Counter(one["queue"] for one in entries)),
        "stages": Counter(stage for one in entries for stage in one["seconds"]),
        "rejections": dict(Counter(r["problem"] for d in decisions for r in d.get("rejections", ()))),
    }


def test_prometheus_finds_what_the_report_says(prometheus_tools: Path, new_desk: NewDesk, tmp_path: Path) -> None:
    port = free_port()
    desk = new_desk(demo_incidents()[:INCIDENTS])
    settings = {"RESUELVE_METRICS_PORT": str(port), "RESUELVE_POLL_SECONDS": "3600"}
    with fetching(prometheus_tools, tmp_path / "prometheus", port) as prometheus:
        run = desk.start("run", "--watch", **settings)
        try:
            eventually(lambda: bool(desk.reports()), 60)
            eventually(lambda: prometheus.by('resuelve_runs_total{mode="live"}', "result") == {"ended": 1}, 30)
            agrees_with_the_report(prometheus, desk.report())
            has_the_names_of_the_list(prometheus)
            takes_every_query(prometheus)
            answers_in_every_panel(prometheus)
            was_fetched_without_a_hitch(prometheus)
        finally:
            run.send(signal.SIGTERM)
            stopped = run.wait()
    assert (stopped.status, stopped.error) == (0, "")


def agrees_with_the_report(prometheus: Prometheus, report: dict[str, Any]) -> None:
    expected = told(report)
    assert prometheus.by('resuelve_incidents_total{mode="live"}', "outcome") == expected["outcomes"]
    assert prometheus.by('resuelve_incidents_total{mode="shadow"}', "outcome") == {}
    assert prometheus.by("resuelve_actions_total", "action") == expected["actions"]
    assert prometheus.by("resuelve_handovers_total", "reason") == expected["reasons"]
    assert prometheus.by("resuelve_rejections_total", "row") == expected["rejections"]
    assert prometheus.by("resuelve_queue_depth", "queue") == expected["queues"]
    assert prometheus.last("resuelve_incident_duration_seconds_count")[0][1] == report["totals"]["incidents"]
    stages = prometheus.by("resuelve_stage_duration_seconds_count", "stage")
    # A stage that is run again for an incident counts again; these three are run once.
    assert set(stages) == set(expected["stages"])
    assert all(stages[stage] >= count for stage, count in expected["stages"].items())
    assert all(stages[stage] == expected["stages"][stage] > 0 for stage in ("read", "identify", "act"))
    assert prometheus.last("resuelve_queue_undecided")[0][1] == 0
    assert prometheus.by("resuelve_errors_total", "system") == report["totals"]["errors_by_system"]
    assert prometheus.by("resuelve_telemetry_lost_total", "signal") == {}
    assert abs(prometheus.query("time() - last_over_time(resuelve_run_finished_timestamp_seconds[5m])")[0][1]) < 600


def has_the_names_of_the_list(prometheus: Prometheus) -> None:
    known = {
        f"{prometheus_name(metric)}{end}": set(prometheus_labels(metric)) for metric in ALL for end in ends(metric)
    }
    found = [one for one in prometheus.series('{job="resuelve"}') if one["__name__"] in known]
    for labels in found:
        name = labels.pop("__name__")
        # Prometheus leaves an empty label out.
        assert set(labels) - OURS - {"le"} <= known[name], name
        assert ("le" in labels) is name.endswith("_bucket")
    others = {one["__name__"] for one in prometheus.series('{job="resuelve"}')} - set(known)
    assert {name for name in others if not name.startswith(("scrape_", "up"))} == {"target_info"}


def takes_every_query(prometheus: Prometheus) -> None:
    """Rules and dashboards, with what a run has told: two series of which one should be are an error only then."""
    for one in expressions():
        assert isinstance(prometheus.query(one.text), list), one.where


NOT_IN_THIS_RUN = {
    "resuelve.rejections": "no critic's choice is rejected for certain",
    "resuelve.model.tokens": "the models of the process have no tokens that cost",
    "resuelve.model.cost": "no list of prices",
    "gen_ai.client.token.usage": "the models of the process have no tokens that cost",
    "resuelve.automatic.rate": "rests on the acts of days",
    "resuelve.durable.rate": "rests on the acts of days",
    "resuelve.acts.returned": "rests on the acts of days",
    "resuelve.calibration.drift": "rests on the acts of days",
    "resuelve.score.drift": "rests on the acts of days",
    "resuelve.logs.pending": "the log is not shipped",
}
"""What a short run on the demo need not tell, and why."""


def answers_in_every_panel(prometheus: Prometheus) -> None:
    """What is in the list is told under that name, so that the panels and rules that ask for it have an answer."""
    found = {one["__name__"] for one in prometheus.series('{job="resuelve"}')}
    missing = {metric.name for metric in ALL for end in ends(metric) if f"{prometheus_name(metric)}{end}" not in found}
    assert missing - NOT_IN_THIS_RUN.keys() == set()
    for metric in ALL:
        wanted = {frozenset(zip(prometheus_labels(metric), one.values(), strict=True)) for one in metric.all_labels()}
        shown = {
            frozenset((name, labels[name]) for name in prometheus_labels(metric))
            for labels in (prometheus.series(prometheus_name(metric)) if wanted else ())
        }
        assert shown == wanted, metric.name


def ends(metric: Any) -> tuple[str, ...]:
    return ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)


def was_fetched_without_a_hitch(prometheus: Prometheus) -> None:
    eventually(lambda: prometheus.query('up{job="resuelve"}')[0][1] == 1)
    eventually(lambda: [(one["health"], one["lastError"]) for one in prometheus.targets()] == [("up", "")])
    assert prometheus.query("max_over_time(scrape_samples_scraped[5m])")[0][1] > len(ALL)
    assert prometheus.problems() == []
