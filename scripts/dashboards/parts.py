"""What a dashboard is made of."""

from __future__ import annotations

from dataclasses import dataclass

Steps = tuple[tuple[float, str], ...]
"""From which value on which colour; below the first it is green."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel: PromQL, LogQL or TraceQL, by its source."""

    expr: str
    legend: str = ""
    source: str = "prometheus"
    heatmap: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel. A stat, a bargauge and a table show what is now: they ask for one moment.

    Attributes:
        kind: the panel plugin: stat, timeseries, bargauge, heatmap, table, logs, alertlist.
        unit: as Grafana names it; empty for plain numbers.
        words: what is shown in place of a value.
        stacked: series lie upon each other, as bars.
        most: the end of the scale, where it is known.
    """

    title: str
    description: str
    queries: tuple[Query, ...] = ()
    kind: str = "timeseries"
    unit: str = ""
    width: int = 12
    height: int = 8
    steps: Steps = ()
    words: tuple[tuple[str, str, str], ...] = ()
    stacked: bool = False
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A dashboard: a first row without a title that answers its question, then titled rows of detail.

    Attributes:
        since: how far back it looks at first, such as ``24h``.
        inputs: text boxes beside that of the service, by name, with what they are called and what stands in them at
            first.
    """

    uid: str
    title: str
    description: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    since: str = "24h"
    inputs: tuple[tuple[str, str, str], ...] = ()
    refresh: str = "1m"


RED_FROM_ONE: Steps = ((1, "red"),)
WARN_FROM_ONE: Steps = ((1, "orange"),)
DECIDED = 'mode!="approval", outcome!~"waiting|superseded|failed|paused"'
BY_MODE = ("modo", "Modo", ".*")
"""A box: what was merely proposed in shadow beside what was done."""
SHORT_RUNS = (
    " Runs of cron: a bar shows up to twice as much, since Prometheus stretches what it saw within seconds over the"
    " window; the figures of a day do not."
)


def stat(
    title: str,
    description: str,
    expr: str,
    *,
    unit: str = "",
    steps: Steps = (),
    words: tuple[tuple[str, str, str], ...] = (),
    width: int = 4,
) -> Panel:
    """One figure of now."""
    return Panel(title, description, (Query(expr),), "stat", unit, width, 4, steps, words)


def newest(metric: str, within: str = "30m") -> str:
    """The last value that somebody has told."""
    return f"max(last_over_time({metric}[{within}]))"


def many(metric: str, by: str, within: str = "$__rate_interval") -> str:
    """How many within a time, by a label."""
    return f"sum by ({by}) (increase({metric}[{within}]))"


def in_mode(metric: str, more: str = "") -> str:
    """The series of the modes that the box *Modo* asks for, and of further matchers."""
    return f'{metric}{{mode=~"$modo"{more and f", {more}"}}}'


def quantile(share: float, by: str, metric: str) -> str:
    """That below which this share of an hour's values lies, by labels."""
    return f"histogram_quantile({share}, sum by ({by}) (rate({metric}_bucket[1h])))"
