"""Reports and the journal of a workspace, summed up: what cannot be read is told, what can be stays."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from resuelve import wiring
from resuelve.cli import reporting, returned_acts
from resuelve.cli.outputs import Outputs
from resuelve.cli.surroundings import settings_for
from resuelve.journal import Act, Answer, IncidentRecord, ReturnedAs
from resuelve.journal.sql import SqlJournal
from resuelve.journal.sql_acts import SqlActs
from resuelve.journal.sql_answers import SqlAnswers
from resuelve.mocks.world import demo_folder
from resuelve.reports.sources import Period
from resuelve.resolution.approvals import approved_acts
from resuelve.settings import Settings
from resuelve.workspace import Workspace
from tests.report_samples import a_run, an_entry

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Two tickets that were acted on five days ago, of which one came back."""
    for module in (reporting, returned_acts):
        monkeypatch.setattr(module, "now", lambda: NOW)
    place = Workspace(tmp_path / "desk")
    place.prepare()
    name = "PROBLEMAS_GLOBALES.csv"
    (place.root / name).write_bytes((demo_folder() / name).read_bytes())
    entries = [an_entry("INC1", "closed"), an_entry("INC2", "closed")]
    a_run(place.reports, "1", (NOW - 5 * DAY).isoformat(), entries)
    url = place.journal_url
    with (
        closing(SqlJournal(url, clock=lambda: NOW - 5 * DAY)) as journal,
        closing(SqlActs(url)) as acts,
        closing(SqlAnswers(url)),
    ):
        for one in entries:
            act = Act(one["reference"], one["incident"], "Q", "", "closed", "REE001", "f", NOW - 5 * DAY)
            acts.note(act)
            journal.record(IncidentRecord("1", act.incident, "r", "closed", one))
        (act,) = acts.of("INC2")
        acts.note_return(act, ReturnedAs.REOPENED, NOW - 4 * DAY)
    return place


def settings_of(place: Workspace, **settings: Any) -> Settings:
    return settings_for(place.root, occupy=False, **{"language": "en", **settings})


def figures(place: Workspace, *, whole: bool = True, **settings: Any) -> dict[str, Any]:
    out = place.root / "figures.json"
    assert reporting.run_report(settings_of(place, **settings), [], Period(), Outputs(None, out)) is whole
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def changed(place: Workspace, *statements: str) -> None:
    with closing(sqlite3.connect(place.journal_file)) as connection, connection:
        for one in statements:
            connection.execute(one)


def test_both_commands_know_the_days(place: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    durable = figures(place, durable_days=3)["durable"]
    assert (durable["lasting_days"], durable["acted"], durable["lasted"]) == (3, 2, 1)
    assert figures(place)["durable"]["acted"] == 0
    capsys.readouterr()
    returned_acts.show_returned(settings_of(place, durable_days=3))
    told = " ".join(capsys.readouterr().out.split())
    assert "1 lasted 3 days" in told
    assert re.search(r"INC2 REE001 .* 2026-11-2\d \d\d:\d\d 2026-11-2\d \d\d:\d\d", told)
    returned_acts.show_returned(settings_of(place))
    assert "lasted" not in capsys.readouterr().out


def test_what_a_person_agreed_to_is_not_automatic(place: Workspace) -> None:
    with closing(SqlAnswers(place.journal_url)) as answers:
        answer = answers.note(
            Answer("INC1", "r1", "REE001", "s", "A-1", agreed=True, who="ana", why="", at=NOW - 5 * DAY)
        )
    (agreed,) = approved_acts([answer])
    changed(place, f"UPDATE acts SET reference = '{agreed[1]}' WHERE incident = 'INC1'")  # noqa: S608 - ours
    assert figures(place, durable_days=3)["durable"]["acted"] == 1


def test_reading_leaves_an_older_journal_as_it_is(place: Workspace) -> None:
    changed(
        place,
        "ALTER TABLE acts DROP COLUMN first_returned_at",
        "DROP INDEX records_by_time",
        "UPDATE schema_versions SET version = 1 WHERE part IN ('acts', 'journal')",
    )
    found = figures(place, durable_days=3)
    assert (found["returned"]["came_back"], found["durable"]["reopened"]) == (1, 1)
    returned_acts.show_returned(settings_of(place))
    wiring.acts(settings_of(place), durable=False).close()
    with closing(sqlite3.connect(place.journal_file)) as connection:
        versions = dict(connection.execute("SELECT part, version FROM schema_versions"))
    assert (versions["acts"], versions["journal"]) == (1, 1)


def test_why_a_journal_cannot_be_read_is_told_and_the_rest_kept(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(place, "UPDATE records SET made_at = '2999'")
    found = figures(place, whole=False)
    assert found["returned"]["came_back"] == 1
    assert found["durable"] is None
    (aside,) = found["set_aside"]
    assert aside["reason"].startswith("what lasted is not known: It holds a value that cannot be read.")
    assert "It holds a value that cannot be read." in capsys.readouterr().out
    place.journal_file.write_bytes(b"no database" * 1000)
    found = figures(place, whole=False)
    assert found["returned"] == {"known": False, "changes": 2}
    assert "what came back is not known: It is not a database." in found["set_aside"][0]["reason"]
    spanish = figures(place, whole=False, language="es")["set_aside"][0]["reason"]
    assert spanish.startswith("no se sabe qué volvió: No es una base de datos.")
    assert "move" not in spanish
    assert found["incidents"]["executed"] == 2


def test_a_folder_is_refused_before_anything_is_told(place: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.BadParameter):
        reporting.run_report(settings_of(place), [], Period(), Outputs(place.root, None))
    assert capsys.readouterr().out == ""
