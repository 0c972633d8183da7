"""See the package."""

from __future__ import annotations

import sys

from scripts.dashboards import files
from scripts.written import ROOT, main

if __name__ == "__main__":
    sys.exit(main(ROOT / "deploy" / "grafana" / "dashboards", files()))
