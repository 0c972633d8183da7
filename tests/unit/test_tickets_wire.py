"""Reading the manager's JSON: every value gives an incident or a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import Rejected
from resuelve.domain.incident import Incident
from resuelve.tickets import wire

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30)
JSON = st.recursive(SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=8), v, max_size=4))
FIELDS = "codIncidencia buzon titulo solicitante estado apertura prioridad descripcion historial adjuntos otra".split()
ENTRY_FIELDS = (
    "Fecha Autor CodigoResolucion NotasResolucion buzonComentario buzonAsignado estado detalle adjuntos".split()
)
ENTRIES = st.dictionaries(st.sampled_from(ENTRY_FIELDS), JSON)
INCIDENTS = st.dictionaries(st.sampled_from(FIELDS), JSON | st.lists(ENTRIES | JSON, max_size=3))
TEXTS = st.none() | st.text(max_size=20)
DATES = st.none() | st.just("02/01/2025 08:00:00 CEST") | st.just("3/1/2025 9:05 CET") | st.just("ayer")
SOUND_ENTRIES = st.fixed_dictionaries(
    {}, optional={f: DATES if f == "Fecha" else TEXTS for f in ENTRY_FIELDS if f != "adjuntos"}
)


def read(entry: object) -> Incident:
    incident = wire.incident_from(entry, "GET http://gestor, entry 1")
    assert isinstance(incident, Incident), incident
    return incident


def refused(entry: object) -> Rejected:
    rejected = wire.incident_from(entry, "GET http://gestor, entry 1")
    assert isinstance(rejected, Rejected)
    return rejected


@given(JSON | INCIDENTS)
def test_any_json_gives_an_incident_or_a_reason(value: object) -> None:
    result = wire.incident_from(value, "somewhere, entry 1")
    if isinstance(result, Rejected):
        assert result.what
        assert result.reason
    else:
        json.dumps(wire.incident_to(result)).encode()
        assert len(result.revision) == 16
        result.description.encode("utf-8")


@given(st.lists(JSON | INCIDENTS, max_size=6))
def test_nothing_of_a_listing_is_lost(entries: list[object]) -> None:
    listing = wire.listing_from(entries, "somewhere")
    assert len(listing.incidents) + len(listing.rejected) == len(entries)
    assert len({i.code for i in listing.incidents}) == len(listing.incidents)


@given(st.lists(SOUND_ENTRIES, max_size=4), TEXTS, TEXTS)
def test_what_is_written_is_read_back(history: list[dict[str, Any]], title: str | None, text: str | None) -> None:
    entry = {"codIncidencia": "INC1", "titulo": title, "descripcion": text, "historial": history}
    incident = read(entry | {"apertura": "01/01/2025 10:00 CET"})
    assert read(json.loads(json.dumps(wire.incident_to(incident)))) == incident


def test_the_contract_s_example() -> None:
    incident = read(
        {
            "codIncidencia": "INC0007",
            "buzon": "GR_SAL_COMP_AUTORIZACIONES",
            "titulo": "Un título",
            "solicitante": "Ana",
            "estado": "En curso",
            "apertura": "01/01/2025 10:00:00 CEST",
            "prioridad": "3 - Media",
            "descripcion": "Algo",
            "campoNuevo": {"se": "ignora"},
            "historial": [
                {
                    "Fecha": "02/01/2025 08:00:00 CEST",
                    "Autor": "Eva",
                    "CodigoResolucion": None,
                    "NotasResolucion": None,
                    "buzonComentario": "A",
                    "buzonAsignado": "B",
                    "estado": "En espera",
                    "detalle": "Un detalle",
                    "adjuntos": ["http://localhost:3000/api/adjuntos/imagen001.png"],
                }
            ],
        }
    )
    assert incident.opened == datetime(2025, 1, 1, 8, 0, tzinfo=UTC)
    (entry,) = incident.history
    assert (entry.author, entry.queue_from, entry.queue_to, entry.detail) == ("Eva", "A", "B", "Un detalle")
    assert (entry.resolution_code, entry.resolution_notes) == ("", "")
    assert incident.all_attachments() == (("history[0]", "http://localhost:3000/api/adjuntos/imagen001.png"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01/01/2025 10:00:00 CEST", datetime(2025, 1, 1, 8, tzinfo=UTC)),
        ("1/7/2025 10:00 CET", datetime(2025, 7, 1, 9, tzinfo=UTC)),
        ("01/01/2025 10:00:00 UTC", datetime(2025, 1, 1, 10, tzinfo=UTC)),
        ("01/01/2025 10:00:00 WET", datetime(2025, 1, 1, 10, tzinfo=UTC)),
        ("01/01/2025 10:00:00 west", datetime(2025, 1, 1, 9, tzinfo=UTC)),
        ("01/01/2025 10:00:00 +02:00", datetime(2025, 1, 1, 8, tzinfo=UTC)),
    ],
)
def test_dates_with_a_zone(text: str, expected: datetime) -> None:
    assert wire.date_from(text) == expected


@pytest.mark.parametrize("text", ["01/01/2025 10:00:00 XYZT", "01/01/2025 10:00", "01/01/2025 10:00 +99:00"])
def test_dates_of_an_unknown_zone_are_naive(text: str) -> None:
    date = wire.date_from(text)
    assert date is not None
    assert date.utcoffset() is None
    assert date.replace(tzinfo=UTC) == datetime(2025, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "ayer",
        "2025-01-01",
        "31/02/2025 10:00 CET",
        "01/13/2025",
        "01/01/2025 25:00",
        5,
        None,
        [],
        "1/1/0001",
        "٠١/٠١/٢٠٢٥",
    ],
)
def test_unreadable_dates_are_none(value: object) -> None:
    assert wire.date_from(value) is None


@pytest.mark.parametrize("entry", [{}, {"historial": None}, {"historial": ""}, {"historial": []}])
def test_without_a_history_it_is_empty(entry: dict[str, object]) -> None:
    assert read({"codIncidencia": "INC1", **entry}).history == ()


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (7, "historial is a number, not a list"),
        (False, "historial is true or false, not a list"),
        ("Ya se contestó", "historial is a text, not a list"),
        ({}, "historial is an object, not a list"),
        ({"0": {"detalle": "uno"}}, "historial is an object, not a list"),
        (["uno"], "historial[0] is a text, not an object"),
        ([{"detalle": "uno"}, None], "historial[1] is nothing, not an object"),
        ([[]], "historial[0] is a list, not an object"),
        ([{"fecha": "01/01/2026", "texto": "uno"}], "historial[0] has none of the fields"),
    ],
)
def test_a_history_that_cannot_be_read_is_never_taken_as_empty(history: object, reason: str) -> None:
    assert reason in refused({"codIncidencia": "INC1", "historial": history}).reason


def test_history_that_comes_newest_first_is_turned_round() -> None:
    dates = ["03/01/2025 08:00 CET", "02/01/2025 08:00 CET", "01/01/2025 08:00 CET"]
    history = [{"Fecha": date, "detalle": date[:2]} for date in dates]
    assert [e.detail for e in read({"codIncidencia": "A", "historial": history}).history] == ["01", "02", "03"]
    history[1]["Fecha"] = "?"
    assert [e.detail for e in read({"codIncidencia": "A", "historial": history}).history] == ["03", "02", "01"]


def test_a_ticket_of_ten_megabytes_is_cut_visibly() -> None:
    big = "á" * 5_000_000
    incident = read({"codIncidencia": "A", "descripcion": big, "titulo": big, "historial": [{"detalle": big}]})
    for text in (incident.description, incident.history[0].detail):
        assert len(text) == wire.TEXT_LIMIT
        assert text.endswith(wire.TRUNCATED)
    assert len(incident.title) == wire.SHORT_LIMIT


def test_of_an_endless_history_the_newest_entries_stay() -> None:
    history = [{"detalle": str(n)} for n in range(wire.HISTORY_LIMIT + 5)]
    entries = read({"codIncidencia": "A", "historial": history}).history
    assert entries[0].detail.startswith(wire.TRUNCATED)
    assert entries[1].detail == "5"
    assert entries[-1].detail == str(wire.HISTORY_LIMIT + 4)


def test_scalars_are_coerced_and_broken_characters_replaced() -> None:
    incident = read({"codIncidencia": 17, "titulo": 3.5, "estado": True, "descripcion": "a\x00b\ud800c\x1b[2J\n\tñ"})
    assert (incident.code, incident.title, incident.state) == ("17", "3.5", "True")
    assert incident.description == "a�b�c�[2J\n\tñ"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "nothing, not an object"),
        ([], "a list, not an object"),
        ("INC1", "a text, not an object"),
        ({}, "no codIncidencia"),
        ({"codIncidencia": True}, "codIncidencia is true or false"),
        ({"codIncidencia": ["INC1"]}, "codIncidencia is a list"),
        ({"codIncidencia": " "}, "codIncidencia is empty"),
        ({"codIncidencia": "A" * 101}, "longer than 100"),
        ({"codIncidencia": "INC\n1"}, "control characters"),
        ({"codIncidencia": "INC\u202e1"}, "control characters"),
        ({"codIncidencia": ".."}, "path"),
        ({"codIncidencia": 10**5000}, "thousands of digits"),
        ({"codIncidencia": "INC1", "descripcion": {"a": 1}}, "descripcion is an object, not a text"),
        ({"codIncidencia": "INC1", "historial": [{"detalle": [1]}]}, "historial[0].detalle is a list"),
        ({"codIncidencia": "INC1", "historial": [{}, 7]}, "historial[1] is a number"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_reason(entry: object, reason: str) -> None:
    rejected = refused(entry)
    assert reason in rejected.reason
    assert rejected.what in ("INC1", "entry 1")
    assert rejected.where == "GET http://gestor, entry 1"


def test_an_incident_listed_twice_is_taken_once() -> None:
    listing = wire.listing_from([{"codIncidencia": "A", "titulo": "1"}, {"codIncidencia": "A"}], "here")
    assert [i.title for i in listing.incidents] == ["1"]
    assert listing.rejected[0].what == "A"


def test_attachments_of_any_shape() -> None:
    entry = {
        "codIncidencia": "A",
        "adjuntos": ["http://a/1.png", {"url": "x"}, None, 3],
        "historial": [{"adjuntos": "u"}],
    }
    incident = read(entry)
    assert incident.attachments[0] == "http://a/1.png"
    assert "url" in incident.attachments[1]
    assert incident.history[0].attachments == ("u",)


def test_dates_are_written_with_a_zone() -> None:
    assert wire.date_to(datetime(2025, 1, 1, 10, tzinfo=UTC)) == "01/01/2025 10:00:00 UTC"
    assert wire.date_to(wire.date_from("01/01/2025 10:00 CEST")) == "01/01/2025 10:00:00 CEST"
    plus = wire.date_from("01/01/2025 10:00 +05:30")
    assert plus is not None
    assert plus.utcoffset() == timedelta(hours=5, minutes=30)
    assert wire.date_to(plus) == "01/01/2025 10:00:00 +0530"
    assert wire.date_to(None) is None
