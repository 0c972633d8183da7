"""`resuelve replay` on the demo world, through the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resuelve.mocks.world import demo_folder
from tests.acceptance.product import (
    DEMO_WORLD,
    DICTIONARY,
    Desk,
    Ended,
    Product,
    build_workspace,
    desk_with,
    small_dictionary,
)

LABELS = Path(__file__).parent / "demo" / "expected_closed.jsonl"
CLOSED = "incidencias_cerradas.json"


def reports(workspace: Path) -> list[dict[str, Any]]:
    """Oldest first."""
    files = sorted(workspace.glob("reportes/repeticion_*.json"), key=lambda file: file.stat().st_mtime_ns)
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


@pytest.fixture(scope="module")
def replayed(product: Product, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Ended]]:
    with desk_with(product, indexed, tmp_path_factory.mktemp("replay"), DEMO_WORLD, RESUELVE_LANGUAGE="en") as desk:
        yield (
            desk,
            desk.run("replay", "--with", "CRITIC_APPROVAL_THRESHOLD=30", "--no-new-wrong", "--least-automatic", 1),
        )


@pytest.fixture(scope="module")
def report(replayed: tuple[Desk, Ended]) -> dict[str, Any]:
    return reports(replayed[0].workspace)[0]


@pytest.fixture(scope="module")
def small(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a part of the dictionary."""
    folder = tmp_path_factory.mktemp("small")
    return build_workspace(product, folder / "workspace", small_dictionary(folder))


@pytest.fixture
def demo(product: Product, small: Path, tmp_path: Path) -> Iterator[Desk]:
    """The demo world with its closed incidents, and a part of its dictionary."""
    with desk_with(product, small, tmp_path, DEMO_WORLD) as desk:
        yield desk


def ours(ticket: dict[str, Any]) -> bool:
    """Its row is in the part of the dictionary."""
    return str(ticket["row"]).startswith("REE")


def right_rows() -> dict[str, set[str]]:
    lines = LABELS.read_text(encoding="utf-8").splitlines()
    return {one["incident"]: set(one["problems"]) for one in map(json.loads, lines)}


def test_it_touches_nothing(replayed: tuple[Desk, Ended]) -> None:
    desk, _ = replayed
    assert desk.ledger() == []
    assert not list(desk.workspace.glob("reportes/reporte[0-9]*.json"))
    assert not list(desk.workspace.glob("rejected/*"))


def test_it_says_what_it_found_and_where(replayed: tuple[Desk, Ended], report: dict[str, Any]) -> None:
    out = replayed[1].out
    assert "50 closed incidents, opened 2026-02-03 to 2026-08-28, decided again." in out
    assert "50 were opened before the dictionary had a history" in out
    totals = report["configurations"][0]["totals"]
    line = next(line for line in out.splitlines() if line.startswith("current configuration"))
    assert re.findall(r"\d+", line)[:2] == [str(totals["tickets"]), str(totals["automatic"])]
    page, path = re.findall(r"\S+repeticion_\S+\.(?:html|json)", out)
    assert Path(page).is_file()
    assert json.loads(Path(path).read_text(encoding="utf-8")) == report


def test_every_ticket_is_in_every_sum(report: dict[str, Any]) -> None:
    for one in report["configurations"]:
        totals, tickets = one["totals"], one["tickets"]
        assert len({ticket["incident"] for ticket in tickets}) == totals["tickets"] == report["tickets"] == 50
        acted = [ticket["judgement"] for ticket in tickets if ticket["automatic"]]
        assert [acted.count(name) for name in ("right", "wrong", "untold")] == [
            totals[name] for name in ("right", "wrong", "untold")
        ]
        assert totals["automatic"] == len(acted)
        assert totals["handed_over"] == 50 - len(acted) == sum(one["not_automatic"].values())
        for group in ("by_resolution", "by_component"):
            for name in ("tickets", "automatic", "wrong", "missed"):
                assert sum(part[name] for part in one[group]) == totals[name]
        coverage = [point["coverage"] for point in one["risk_coverage"]]
        assert coverage == sorted(coverage)
        assert len(coverage) > 5


def test_the_past_is_read_as_its_labels_say(report: dict[str, Any]) -> None:
    """Of the rows that the past calls right, nine of ten are; of the tickets with a row, six of ten are told."""
    labels = right_rows()
    tickets = report["configurations"][0]["tickets"]
    told = [(row in labels[one["incident"]]) for one in tickets for row in one["right_rows"]]
    assert sum(told) >= 0.85 * len(told)
    known = [one for one in tickets if labels[one["incident"]]]
    assert sum(bool(labels[one["incident"]] & set(one["right_rows"])) for one in known) >= 0.6 * len(known)
    acted = [one for one in tickets if one["automatic"] and one["judgement"] != "untold"]
    agreed = [(one["row"] in labels[one["incident"]]) == (one["judgement"] == "right") for one in acted]
    assert sum(agreed) >= len(agreed) - 1


def test_two_configurations_side_by_side(replayed: tuple[Desk, Ended], report: dict[str, Any]) -> None:
    first, second = report["configurations"]
    assert second["name"] == "CRITIC_APPROVAL_THRESHOLD=30"
    assert (first["threshold"], second["threshold"]) == (65, 30)
    assert second["totals"]["automatic"] > first["totals"]["automatic"]
    comparison = report["comparison"]
    assert comparison["compared"] == 50
    assert sum(comparison["effects"].values()) == len(comparison["differences"]) > 0
    does = [{t["incident"]: (t["automatic"] and t["row"]) for t in one["tickets"]} for one in (first, second)]
    differing = {code for code in does[0] if does[0][code] != does[1][code]}
    assert {one["incident"] for one in comparison["differences"]} == differing
    assert all(code in replayed[1].out for code in differing)


def test_the_exit_status_tells_whether_the_limits_hold(replayed: tuple[Desk, Ended], report: dict[str, Any]) -> None:
    broken = [one["limit"] for one in report["broken"]]
    assert broken == (["no_new_wrong"] if report["comparison"]["new_wrong"] else [])
    assert replayed[1].status == (1 if broken else 0)


def test_the_page_needs_nothing_else(replayed: tuple[Desk, Ended], report: dict[str, Any]) -> None:
    (page,) = replayed[0].workspace.glob("reportes/repeticion_*.html")
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") >= 4
    assert not re.search(r"(?:src|href)=[\"'](?!#)", text)
    for one in report["comparison"]["differences"]:
        assert one["incident"] in text


def test_only_the_rows_of_the_day_are_known(demo: Desk, report: dict[str, Any]) -> None:
    """A row is taken out today: yesterday's tickets are decided with it, those of a day to come without it."""
    labels = right_rows()
    tickets = report["configurations"][0]["tickets"]
    known = next(one for one in tickets if one["automatic"] and one["row"] in labels[one["incident"]] and ours(one))
    row = known["row"]
    # Its history begins with the first look at it.
    assert demo.run("dictionary", "history").status == 0
    removed = demo.run("dictionary", "remove", row, "--why", "prueba", "--who", "Ana", "--past", 0)
    assert removed.status == 0, removed.error
    closed = json.loads((demo_folder() / CLOSED).read_text(encoding="utf-8"))
    one = next(entry for entry in closed if entry["codIncidencia"] == known["incident"])
    later = {**one, "codIncidencia": "INC9001", "apertura": "03/02/2099 10:00:00 CET"}
    export = demo.workspace / "past.json"
    export.write_text(json.dumps([one, later]), encoding="utf-8")
    assert demo.run("replay", "--from", export).status == 0
    (found,) = reports(demo.workspace)
    then, now = found["configurations"][0]["tickets"]
    assert (then["incident"], then["row"], then["automatic"]) == (known["incident"], row, True)
    assert (now["incident"], now["automatic"]) == ("INC9001", False)
    assert now["row"] != row
    assert then["version"] < now["version"]
    assert found["before_history"] == 1


def test_a_version_that_cannot_be_read_gives_way_to_the_one_before(demo: Desk) -> None:
    """Somebody saved a broken file, it was noted, and it was repaired: the past can still be decided."""
    file = demo.workspace / DICTIONARY
    whole = file.read_bytes()
    assert demo.run("dictionary", "history").status == 0
    file.write_bytes(b"nothing,of,use\n1,2,3\n")
    assert demo.run("dictionary", "history").status == 0
    closed = json.loads((demo_folder() / CLOSED).read_text(encoding="utf-8"))
    export = demo.workspace / "past.json"
    export.write_text(json.dumps([{**closed[0], "apertura": "03/02/2099 10:00:00 CET"}]), encoding="utf-8")
    broken = demo.run("replay", "--from", export)
    file.write_bytes(whole)
    assert broken.status == 0, broken.error
    (found,) = reports(demo.workspace)
    (one,) = found["configurations"][0]["tickets"]
    assert (one["version"], str(one["row"])[:3]) == (2, "REE")


def test_another_dictionary_and_an_earlier_report(demo: Desk, tmp_path: Path, report: dict[str, Any]) -> None:
    """A row less: what it did is left to a person; and the report of that can be compared with later."""
    acted = next(one for one in report["configurations"][0]["tickets"] if one["automatic"] and ours(one))
    closed = json.loads((demo_folder() / CLOSED).read_text(encoding="utf-8"))
    export = tmp_path / "past.json"
    chosen = [one for one in closed if one["codIncidencia"] == acted["incident"]] + closed[:5]
    export.write_text(json.dumps(chosen), encoding="utf-8")
    lines = (demo.workspace / DICTIONARY).read_text(encoding="utf-8-sig").splitlines(keepends=True)
    other = tmp_path / "other.csv"
    other.write_text("".join(line for line in lines if acted["row"] not in line), encoding="utf-8")
    assert demo.run("replay", "--from", export, "--dictionary", other).status == 0
    (first,) = reports(demo.workspace)
    assert first["rows"] == "now"
    differing = {one["incident"]: one for one in first["comparison"]["differences"]}
    assert differing[acted["incident"]]["after"]["row"] != acted["row"]
    (earlier,) = demo.workspace.glob("reportes/repeticion_*.json")
    assert demo.run("replay", "--rows", "now", "--from", export, "--against", earlier).status == 0
    again = reports(demo.workspace)[-1]
    assert again["configurations"][0]["name"] == f"other.csv ({earlier.name})"
    assert {one["incident"] for one in again["comparison"]["differences"]} == set(differing)


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--with", "CRITIC_APROVAL_THRESHOLD=30"), 2, "¿quería decir CRITIC_APPROVAL_THRESHOLD?"),
        (("--with", "RESUELVE_POLICY={cierre"), 2, "RESUELVE_POLICY"),
        (("--with", "CRITIC_APPROVAL_THRESHOLD"), 2, "NOMBRE=TEXTO"),
        (("--with", "RESUELVE_WORKSPACE=/tmp"), 2, "RESUELVE_WORKSPACE"),
        (("--since", "2099-01-01"), 1, "no hay incidencias pasadas"),
        (("--against", "nowhere.json"), 1, "no se puede leer"),
        (("--dictionary", "nowhere.csv"), 1, "nowhere.csv"),
        (("--no-new-wrong",), 2, "--with"),
        (("--against", "x.json", "--dictionary", "x.csv"), 2, "--against"),
    ],
)
def test_wrong_use_is_told(demo: Desk, options: tuple[str, ...], status: int, said: str) -> None:
    done = demo.run("replay", *options)
    assert (done.status, said in done.error) == (status, True), done.error
    assert reports(demo.workspace) == []
