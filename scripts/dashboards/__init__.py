"""What the dashboards show: titles in Spanish, as their first readers speak it; descriptions in English.

The first row of each answers its question within a minute; what is below is for those who want to know why. Gauges of
runs that cron starts are sent once and gone five minutes later: hence `last_over_time`, over the half hour that may lie
between two runs. What was not told for longer is shown as what it is: no data.

`python -m scripts.dashboards` writes them into deploy/grafana/dashboards; with `--check` it writes nothing and fails
when one of them is out of date.
"""

from __future__ import annotations

import json

from scripts.dashboards.cost import COST
from scripts.dashboards.grafana import dashboard
from scripts.dashboards.knowledge import KNOWLEDGE
from scripts.dashboards.operation import OPERATION
from scripts.dashboards.quality import QUALITY

PAGES = (OPERATION, QUALITY, COST, KNOWLEDGE)


def files() -> dict[str, str]:
    """The text of every dashboard by file name."""
    return {f"{p.uid}.json": json.dumps(dashboard(p), indent=1, ensure_ascii=False) + "\n" for p in PAGES}
