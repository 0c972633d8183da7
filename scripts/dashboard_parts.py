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
