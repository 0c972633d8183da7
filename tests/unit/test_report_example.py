"""The example of a report in the documents is as the product writes it, and of one time."""

from __future__ import annotations

import html
import re
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from resuelve import wiring
from resuelve.cli.surroundings import settings_for
from resuelve.domain.decision import Close
from resuelve.domain.incident import Incident
from resuelve.journal import IncidentRecord
from resuelve.texts import say
from scripts.draw_report_example import DOCS, FIRST, Clock, _told_by

PAGES = {"en": "report-demo.html", "es": "informe-demo.html"}
RATES = re.compile(r"<dd>([\d.,]+) ?% → ([\d.,]+) ?%</dd>")


@pytest.mark.parametrize("language", PAGES)
def test_what_lasted_is_not_more_than_what_was_done(language: str) -> None:
    page = html.unescape((DOCS / "examples" / PAGES[language]).read_text(encoding="utf-8"))
    (told,) = RATES.findall(page)
    automatic, durable = (float(one.replace(",", ".")) for one in told)
    assert 0 < durable <= automatic < 100
    for key in ("figure.durable", "page.lasted", "page.lasted_intro", "figure.seconds", "page.how_read_text"):
        assert say(f"report.{key}", language) in page, f"{key}: draw it again with scripts/draw_report_example.py"


def test_records_and_acts_are_of_one_time(tmp_path: Path) -> None:
    clock, settings = Clock(), settings_for(tmp_path, occupy=False)
    wiring.workspace(settings).prepare()
    clock.next_day()
    with _told_by(clock), closing(wiring.journal(settings)) as journal, closing(wiring.acts(settings)) as acts:
        journal.record(IncidentRecord("run", "INC1", "r", "closed", {}))
        wiring.breakers(settings, acts).note(
            Incident("INC1", queue="GR_WEB"), Close("Hecho."), {"id": "P", "fingerprint": "f"}, "R-1"
        )
        (recorded,), (act,) = journal.records_since(FIRST), acts.find(["R-1"])
        assert recorded.at == act.at == FIRST + timedelta(days=1)
        assert wiring.today() == clock.at.date()
