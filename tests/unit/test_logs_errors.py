"""What the log tells of errors, addresses and secrets."""

from __future__ import annotations

import re

import pytest

from resuelve.domain.errors import TicketRefused, TicketUnavailable
from resuelve.domain.message import Message, message
from resuelve.knowledge.scrub import scrubbed
from resuelve.telemetry.logs.addresses import bare
from resuelve.telemetry.logs.errors import short, told
from resuelve.telemetry.logs.secrets import HIDDEN, hiding


def test_of_ours_the_sentence_without_what_others_wrote() -> None:
    said = message(": {words}", words="Obdulia Pérez no puede entrar")
    what = message("refused with {status}{said}", status=409, said=said)
    error = TicketRefused(what, where="PUT http://desk/incidentes/INC1001", remedy=message("wait {days} days", days=3))
    assert told(error, str) == {
        "kind": "TicketRefused",
        "what": "refused with 409: …",
        "where": "PUT http://desk/…",
        "remedy": "wait 3 days",
    }


def test_of_a_library_the_kind_only() -> None:
    what = message("no answer ({why})", why="ConnectError: [Errno 111] Connection refused by Obdulia")
    try:
        try:
            raise ConnectionError("Obdulia")
        except ConnectionError as cause:
            raise TicketUnavailable(what, where="a place that Obdulia wrote") from cause
    except TicketUnavailable as error:
        assert told(error, str) == {
            "kind": "TicketUnavailable",
            "what": "no answer (ConnectError…)",
            "where": "…",
            "because": "ConnectionError",
        }


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        (message("off the schema: {problems}", problems="García López: Extra inputs are not permitted"), "…"),
        (message("off the schema: {problems}", problems="Obdulia: Extra inputs"), "…"),
        (message("refused: {said}", said="Obdulia"), "…"),
        (message("cannot read {path}", path="/home/juan.perez"), "…"),
        (message("no answer ({why})", why="ReadTimeout"), "(ReadTimeout)"),
        (message("no row {id}", id="KB-1"), "KB-1"),
        (message("row {id}", id="Pérez"), "…"),
        (message("after {seconds} s", seconds="2.5"), "after 2.5 s"),
        (message("at {where}", where="http://desk/juan.perez"), "http://desk/…"),
    ],
)
def test_only_slots_of_ours_are_filled(what: Message, shown: str) -> None:
    said = told(TicketRefused(what), str)["what"]
    assert shown in said
    assert not {"García", "Obdulia", "Extra", "perez", "Pérez"} & set(re.split(r"[^\w]", said))


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("INC1001", "INC1001"),
        ("settings", "settings"),
        ("RESUELVE_LOG_DAYS", "RESUELVE_LOG_DAYS"),
        ("Obdulia", "…"),
        ("/tickets/juan.perez", "…"),
        ("https://desk/juan.perez", "https://desk/…"),
        ("GET https://desk:1/juan.perez", "GET https://desk:1/…"),
    ],
)
def test_a_place_of_an_error_names_nobody(where: str, shown: str) -> None:
    assert told(TicketRefused("no", where=where), str)["where"] == shown


def test_of_any_other_where_it_arose_and_no_word_of_it() -> None:
    def inner() -> None:
        raise ValueError("Obdulia")

    with pytest.raises(ValueError, match="Obdulia") as caught:
        inner()
    fields = told(caught.value, str)
    assert fields["kind"] == "ValueError"
    assert fields["place"].startswith("unit/test_logs_errors.py:")
    assert " inner < " in fields["place"]
    assert "Obdulia" not in str(fields)


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("/somewhere/lib/site-packages/httpx2/client.py", "httpx2/client.py"),
        ("/home-of/juan/src/resuelve/cli/run.py", "resuelve/cli/run.py"),
        ("/usr/lib/python3/json/decoder.py", "json/decoder.py"),
    ],
)
def test_a_place_tells_nothing_of_the_machine(file: str, shown: str) -> None:
    assert short(file) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:pass@host:1/path", "http://host:1/…"),
        ("see https://host/a?token=abc#x and http://b", "see https://host/… and http://b"),
        ("http://user:p?ss@host/a", "http://host/…"),
        ("http://user:p/ss#@host/a", "http://host/…"),
        ("http://desk/incidentes/INC1001", "http://desk/…"),
        ("http://desk:3000", "http://desk:3000"),
        ("http://desk/people/juan.perez", "http://desk/…"),
        ("postgresql+x://u:p@h/db", "postgresql+x://h/…"),
        ("no address: a//b@c", "no address: a//b@c"),
    ],
)
def test_addresses_are_bare(text: str, shown: str) -> None:
    assert bare(text) == shown


def test_secrets_are_hidden_in_each_of_their_forms() -> None:
    hide = hiding(["s3cr et/key", "", "abc", " padded-one \n"])
    assert hide("a s3cr et/key b") == f"a {HIDDEN} b"
    assert hide("a s3cr%20et%2Fkey b") == f"a {HIDDEN} b"
    assert hide("padded-one") == HIDDEN
    assert hide("abc") == "abc"
    assert hiding([])("http://u:p@h?x=1") == "http://h"


@pytest.mark.parametrize(
    "personal",
    [
        "12345678Z",
        "X1234567L",
        "B12345674",
        "ES91 2100 0418 4502 0005 1332",
        "persona@example.com",
        "persona arroba example.com",
        "612 345 678",
        "+34 612 345 678",
        "póliza 99887766",
        "MAD-2024-000123",
        "4111111111111111",
        "28/12345678/40",
        "1234 BCD",
    ],
)
def test_identifiers_are_taken_out(personal: str) -> None:
    shown = scrubbed(f"could not read «{personal}» of a ticket")
    assert personal not in shown
    assert "could not read" in shown


@pytest.mark.parametrize("text", ["answered 503", "HTTP 404 at http://127.0.0.1:3000/x", "ERR-5012", "", "a b c"])
def test_what_says_nothing_of_anybody_stays(text: str) -> None:
    assert scrubbed(text) == text
