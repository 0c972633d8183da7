"""Fetching and reading what hangs on a ticket: whatever it is, the incident goes on and says what was not read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import (
    AttachmentTooLarge,
    ModelUnavailable,
    ReaderUnavailable,
    TicketNotFound,
    TicketRefused,
    TicketUnavailable,
)
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.models.scripted import ScriptedChat
from resuelve.readers import Document, Obstacle, Passage, Reader, Unread
from resuelve.readers.memory import MemoryReader
from resuelve.resolution.attachments import AttachmentReader, Describe, name_of, passages_of, untouched
from resuelve.resolution.calls import Calls, overheard
from resuelve.resolution.describe import Described, describe
from resuelve.resolution.read import read
from resuelve.tickets import TicketManager
from resuelve.tickets.memory import MemoryTicketManager

PNG = b"\x89PNG\r\n\x1a\n and the rest"
URL = "http://gestor.example/api/adjuntos/captura.png"
SCREEN = Document("captura.png", "png", (Passage("OCR", "Error 500 al guardar"),))


class Files(MemoryTicketManager):
    """A ticket manager of which only the attachments count."""

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        super().__init__(())
        self.fetch = fetch

    def attachment(self, url: str, *, limit: int) -> bytes:
        return self.fetch(url)[:limit]


def incident(*urls: str) -> Incident:
    return Incident("INC1", history=(HistoryEntry(), HistoryEntry(attachments=urls)))


def reader_of(
    tickets: TicketManager | None = None, reader: Reader | None = None, describe: Describe | None = None
) -> AttachmentReader:
    return AttachmentReader(
        tickets or Files(lambda _: PNG),
        reader or MemoryReader({"captura.png": SCREEN}),
        limit=1000,
        describe=describe,
        clock=lambda: 0.0,
    )


def test_what_was_read_has_its_origin() -> None:
    (one,) = reader_of()(incident(URL))
    assert (one.origin, one.name, one.document) == ("history[1]", "captura.png", SCREEN)
    reading = read(incident(URL), label="[SPAI]")
    assert reading.seen == ()
    assert one.source("OCR") == "history[1] · captura.png · OCR"


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (TicketNotFound("no such file", where="x"), ""),
        (TicketRefused("another host", where="x"), "gestor.example"),
        (TicketUnavailable("silence", where="x"), ""),
    ],
)
def test_what_cannot_be_fetched_is_told(error: Exception, detail: str) -> None:
    def fetch(url: str) -> bytes:
        raise error

    (one,) = reader_of(Files(fetch))(incident(URL))
    (obstacle,) = one.document.obstacles
    assert (obstacle.reason, obstacle.detail, one.document.passages) == (Unread.NOT_FETCHED, detail, ())


def test_what_is_too_large_is_told_with_the_limit() -> None:
    def fetch(url: str) -> bytes:
        raise AttachmentTooLarge("larger", where="x")

    (one,) = AttachmentReader(Files(fetch), MemoryReader({}), limit=25_000_000)(incident(URL))
    (obstacle,) = one.document.obstacles
    assert (obstacle.reason, obstacle.detail) == (Unread.TOO_LARGE, "25 MB")


def test_two_files_of_one_name_have_sources_of_their_own() -> None:
    attached = reader_of()(incident(URL, URL))
    sources = [source for source, _, _ in passages_of(attached)]
    assert sources == ["history[1] · captura.png · OCR", "history[1] · captura.png · OCR (2)"]


def test_the_same_bytes_with_another_ending_are_read_again() -> None:
    reader = MemoryReader({"captura.png": SCREEN})
    reader_of(reader=reader)(incident(URL, URL.replace(".png", ".csv"), URL.replace("captura.png", "otra.PNG")))
    assert reader.read_names == ["captura.png", "captura.csv"]


def test_a_reader_that_does_not_start_stops_nothing() -> None:
    class Broken(MemoryReader):
        def read(self, name: str, data: bytes) -> Document:
            raise ReaderUnavailable("no process")

    (one,) = reader_of(reader=Broken({}))(incident(URL))
    assert [obstacle.reason for obstacle in one.document.obstacles] == [Unread.CRASHED]


def test_the_same_bytes_are_read_once() -> None:
    reader = MemoryReader({"captura.png": SCREEN})
    read_by = reader_of(reader=reader)
    first, second = read_by(incident(URL, URL))
    read_by(incident(URL))
    assert first == second
    assert reader.read_names == ["captura.png"]


def test_of_very_many_attachments_the_first_are_read() -> None:
    found = reader_of()(incident(*[URL] * 25))
    assert [bool(one.document.passages) for one in found] == [True] * 20 + [False] * 5
    assert {obstacle.reason for one in found[20:] for obstacle in one.document.obstacles} == {Unread.TOO_MANY_FILES}


@pytest.mark.parametrize(
    ("reason", "reads"), [(Unread.TIME, 2), (Unread.MEMORY, 2), (Unread.CRASHED, 2), (Unread.DAMAGED, 1)]
)
def test_what_went_wrong_for_the_moment_is_tried_again(reason: Unread, reads: int) -> None:
    reader = MemoryReader({"captura.png": Document("captura.png", "png", obstacles=(Obstacle("", reason),))})
    read_by = reader_of(reader=reader)
    read_by(incident(URL))
    read_by(incident(URL))
    assert len(reader.read_names) == reads


def test_a_picture_is_described_once_a_model_answers() -> None:
    silent = iter([True, False])

    def describe(picture: bytes, media: str, ocr: str) -> Described:
        if next(silent):
            raise ModelUnavailable("silence", where="x")
        return Described("Reembolsos", "", "")

    read_by = reader_of(describe=describe)
    assert [read_by(incident(URL))[0].described for _ in range(3)] == ["", "Reembolsos", "Reembolsos"]


def test_a_machine_that_is_short_of_something_stops_nothing() -> None:
    class Short(MemoryReader):
        def read(self, name: str, data: bytes) -> Document:
            raise OSError(24, "Too many open files")

    (one,) = reader_of(reader=Short({}))(incident(URL))
    assert [obstacle.reason for obstacle in one.document.obstacles] == [Unread.CRASHED]


def test_a_ticket_does_not_take_for_ever() -> None:
    times = iter([0.0, 1.0, 1.0, 500.0])  # fetching, reading
    slow = AttachmentReader(
        Files(lambda _: PNG),
        MemoryReader({"captura.png": SCREEN}),
        limit=1000,
        seconds=100,
        clock=lambda: next(times),
    )
    first, second = slow(incident(URL, URL))
    assert first.document == SCREEN
    assert [obstacle.reason for obstacle in second.document.obstacles] == [Unread.TIME]


def test_a_model_that_sees_says_what_is_shown() -> None:
    def describe(picture: bytes, media: str, ocr: str) -> Described:
        assert (picture, media, ocr) == (PNG, "image/png", "Error 500 al guardar")
        return Described("Reembolsos", "Error 500", "")

    (one,) = reader_of(describe=describe)(incident(URL))
    assert one.described == "Reembolsos\nError 500"


def test_without_its_answer_the_picture_is_still_read() -> None:
    def describe(picture: bytes, media: str, ocr: str) -> Described:
        raise ModelUnavailable("silence", where="x")

    (one,) = reader_of(describe=describe)(incident(URL))
    assert (one.described, one.document) == ("", SCREEN)


def test_switched_off_nothing_is_fetched() -> None:
    (one,) = untouched(incident(URL))
    assert [obstacle.reason for obstacle in one.document.obstacles] == [Unread.SWITCHED_OFF]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (URL, "captura.png"),
        ("http://x/a/../../etc/passwd", "passwd"),
        ("http://x/%2e%2e%2f..%5cpantalla.png", "pantalla.png"),
        ("http://x/informe%20final.pdf?token=1", "informe final.pdf"),
        ("http://x/a%E2%80%AEgnp.exe", "agnp.exe"),
        ("http://[", "?"),
        ("", "?"),
    ],
)
def test_a_name_is_only_ever_shown(url: str, name: str) -> None:
    assert name_of(url) == name


@given(st.text(max_size=200))
def test_no_name_has_a_folder_or_what_is_not_seen(url: str) -> None:
    name = name_of(url)
    assert name and "/" not in name and "\\" not in name and "·" not in name
    assert name.isprintable()


def test_what_a_model_says_of_a_picture_is_a_call_of_the_incident() -> None:
    script = {"pantalla": "Reembolsos", "mensaje": "Error 500", "haciendo": ""}
    model = overheard(ScriptedChat({"describe": script}, name="sees"))
    read_by = reader_of(describe=lambda picture, media, ocr: describe(picture, media, model, read=ocr))
    first, second = Calls(), Calls()
    with first.listening():
        read_by(incident(URL))
    with second.listening():
        read_by(incident(URL))  # remembered: the model was not asked again
    (call,) = first.made
    assert (call.role, call.model, call.output) == ("describe", "sees", script)
    assert [one["bytes"] for one in call.input["pictures"]] == [len(PNG)]
    assert "Error 500 al guardar" in call.input["user"]
    assert second.made == []
