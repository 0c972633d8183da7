"""The ticket manager over HTTP when things go wrong, and what it asks how often."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from resuelve.domain.decision import Close, Hold, Reassign
from resuelve.domain.errors import AttachmentTooLarge, SettingsError, TicketNotFound, TicketRefused, TicketUnavailable
from resuelve.domain.incident import Incident
from resuelve.http import calls
from resuelve.mocks.serve import Running, start
from resuelve.mocks.world import World
from resuelve.tickets import gestor
from resuelve.tickets.gestor import GestorClient
from tests.mock_control import control

BASE = "http://gestor.test"
INCIDENT = {"codIncidencia": "INC1", "buzon": "GR_A", "estado": "En curso", "historial": []}
Handler = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "sleep", lambda seconds: None)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(world=World((INCIDENT, {**INCIDENT, "codIncidencia": "INC2"}), (), {})) as services:
        yield services


@pytest.fixture
def mock(running: Running) -> Running:
    control(running.gestor_url, "reset")
    return running


@pytest.fixture
def client(mock: Running) -> Iterator[GestorClient]:
    client = GestorClient(mock.gestor_url, timeout=5.0, attempts=3)
    yield client
    client.close()


def patient_for(kind: str, mock: Running) -> GestorClient:
    """A client that gives up soon only where nothing will come."""
    return GestorClient(mock.gestor_url, timeout=0.4 if kind == "timeout" else 5.0, attempts=2)


def fault(running: Running, kind: str, method: str, times: int = 1, **fields: Any) -> None:
    body = {"path": "/api/incidencias", "method": method, "kind": kind, "times": times, "retry_after": 0, **fields}
    control(running.gestor_url, "faults", body)


class Script:
    """Answers from a list, the last one for ever, and remembers what was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Asked:
    """Remembers what a handler was asked."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.urls: list[httpx2.URL] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.urls.append(request.url)
        return self.handler(request)

    @property
    def paths(self) -> list[str]:
        return [url.path for url in self.urls]


def scripted(handler: Handler, **options: Any) -> GestorClient:
    return GestorClient(BASE, transport=httpx2.MockTransport(handler), **options)


def listing(*entries: object) -> httpx2.Response:
    return httpx2.Response(200, json=list(entries))


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["429", "500", "503", "drop", "timeout"])
def test_reading_is_tried_again(mock: Running, kind: str) -> None:
    fault(mock, kind, "GET")
    assert len(patient_for(kind, mock).open_incidents().incidents) == 2
    assert mock.faults.waiting() == []


@pytest.mark.parametrize("kind", ["429", "500", "drop", "timeout", "404", "not_json"])
def test_reading_gives_up_and_says_where(mock: Running, kind: str) -> None:
    fault(mock, kind, "GET", times=2)
    with pytest.raises(TicketUnavailable) as caught:
        patient_for(kind, mock).open_incidents()
    assert caught.value.where == f"GET {mock.gestor_url}/api/incidencias"
    assert caught.value.remedy
    assert not caught.value.outcome_unknown


def test_a_manager_that_is_not_there() -> None:
    client = GestorClient("http://127.0.0.1:1", timeout=0.3, attempts=2)
    with pytest.raises(TicketUnavailable, match="ConnectError"):
        client.open_incidents()
    with pytest.raises(TicketUnavailable) as caught:
        client.apply("INC1", Hold("a"))
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b"null",
        b'[{"codIncidencia": "INC1"}',
        b"[" * 100_000,
        b"\xff\xfe\xfd",
        b"[1" + b"0" * 5_000 + b"]",
    ],
)
def test_an_answer_that_is_not_a_list_is_not_used(body: bytes) -> None:
    script = Script(httpx2.Response(200, content=body))
    with pytest.raises(TicketUnavailable):
        scripted(script).open_incidents()
    assert len(script.requests) == 1


def test_entries_that_cannot_be_read_are_set_aside() -> None:
    found = scripted(Script(listing(INCIDENT, {"buzon": "GR_A"}, 7))).open_incidents()
    assert [i.code for i in found.incidents] == ["INC1"]
    assert [r.reason for r in found.rejected] == ["no codIncidencia", "a number, not an object"]
    assert found.rejected[0].where == f"GET {BASE}/api/incidencias, entry 2"


def test_other_mailboxes_are_left_alone_by_a_manager_that_ignores_the_parameter() -> None:
    script = Script(listing(INCIDENT, {**INCIDENT, "codIncidencia": "INC2", "buzon": "GR_B"}))
    assert [i.code for i in scripted(script).open_incidents("GR_B").incidents] == ["INC2"]
    assert script.requests[0].url.params["buzon"] == "GR_B"


def test_an_answer_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gestor, "RESPONSE_LIMIT", 1_000)
    with pytest.raises(TicketUnavailable, match="larger"):
        scripted(Script(listing(*[INCIDENT] * 100))).open_incidents()


def test_the_whole_call_has_a_deadline() -> None:
    class Drip(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                time.sleep(0.02)
                yield b"["

    script = Script(httpx2.Response(200, stream=Drip()))
    with pytest.raises(TicketUnavailable, match="too slowly"):
        scripted(script, deadline=0.1).open_incidents()
    assert len(script.requests) == 1


def test_no_attempt_is_made_after_the_deadline() -> None:
    script = Script(httpx2.Response(429, headers={"Retry-After": "9"}))
    with pytest.raises(TicketUnavailable, match="429"):
        scripted(script, deadline=5.0).open_incidents()
    assert len(script.requests) == 1


def test_other_statuses_are_not_tried_again() -> None:
    script = Script(httpx2.Response(403, json={"error": "sin permiso\n\x1b[31m"}))
    with pytest.raises(TicketUnavailable, match=r"answered 403: sin permiso \[31m"):
        scripted(script).open_incidents()
    assert len(script.requests) == 1


@pytest.mark.parametrize("address", ["", "gestor", "ftp://gestor", "http://", "http://[", "//x"])
def test_a_base_address_must_be_one(address: str) -> None:
    with pytest.raises(SettingsError, match="MOCK_GESTOR_URL"):
        GestorClient(address)


def test_a_base_address_may_have_a_path_and_its_password_is_not_shown() -> None:
    script = Script(httpx2.Response(404))
    client = GestorClient("http://ana:secreta@gestor.test/itsm/", transport=httpx2.MockTransport(script))
    with pytest.raises(TicketUnavailable) as caught:
        client.open_incidents()
    assert script.requests[0].url.path == "/itsm/api/incidencias"
    assert "secreta" not in str(caught.value)


# --- changing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (Close("[SPAI] Hecho ñ"), {"action": "resolver", "notasResolucion": "[SPAI] Hecho ñ"}),
        (Hold("¿?"), {"action": "en_espera", "detalle": "¿?"}),
        (Reassign("GR_B", "Suyo"), {"action": "reasignar", "buzonDestino": "GR_B", "detalle": "Suyo"}),
    ],
)
def test_the_body_of_a_change(action: Close | Hold | Reassign, body: dict[str, str]) -> None:
    script = Script(httpx2.Response(200, json=INCIDENT))
    scripted(script).apply("INC1", action)
    (request,) = script.requests
    assert (request.method, request.url.path) == ("PATCH", "/api/incidencias/INC1")
    assert json.loads(request.content) == body


@pytest.mark.parametrize("kind", ["timeout", "500", "503", "drop", "drop_after_apply", "not_json"])
def test_a_change_that_may_have_arrived_is_sent_once(mock: Running, kind: str) -> None:
    client = patient_for(kind, mock)
    fault(mock, kind, "PATCH")
    with pytest.raises(TicketUnavailable) as caught:
        client.apply("INC1", Hold("hola"))
    assert caught.value.outcome_unknown
    done = [entry["incident"] for entry in mock.ledger.entries()]
    assert done == (["INC1"] if kind == "drop_after_apply" else [])
    seen = client.current("INC1", max_age=3600)
    assert seen is not None
    assert len(seen.history) == len(done)


def test_a_change_refused_for_haste_is_sent_again(mock: Running, client: GestorClient) -> None:
    fault(mock, "429", "PATCH", times=2)
    assert client.apply("INC1", Hold("hola")).state == "En espera"
    assert len(mock.ledger.entries()) == 1


def test_haste_without_end(mock: Running, client: GestorClient) -> None:
    fault(mock, "429", "PATCH", times=3)
    with pytest.raises(TicketUnavailable) as caught:
        client.apply("INC1", Hold("hola"))
    assert not caught.value.outcome_unknown
    assert mock.ledger.entries() == []


@pytest.mark.parametrize("kind", ["conflict", "400", "403"])
def test_a_refused_change(mock: Running, client: GestorClient, kind: str) -> None:
    fault(mock, kind, "PATCH")
    with pytest.raises(TicketRefused, match=r"refused with 4\d\d: \w+"):
        client.apply("INC1", Hold("hola"))
    assert mock.ledger.entries() == []


def test_a_slow_answer_is_waited_for(mock: Running, client: GestorClient) -> None:
    fault(mock, "slow", "PATCH", seconds=0.05)
    assert client.apply("INC1", Hold("hola")).state == "En espera"


def test_what_never_left_is_sent_again() -> None:
    script = Script(httpx2.ConnectError("refused"), httpx2.ConnectTimeout("slow"), httpx2.Response(200, json=INCIDENT))
    scripted(script).apply("INC1", Hold("hola"))
    assert len(script.requests) == 3


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ReadTimeout(""),
        httpx2.WriteTimeout(""),
        httpx2.ReadError(""),
        httpx2.WriteError(""),
        httpx2.RemoteProtocolError(""),
    ],
)
def test_what_may_have_left_is_not_sent_again(error: httpx2.TransportError) -> None:
    script = Script(error)
    with pytest.raises(TicketUnavailable) as caught:
        scripted(script).apply("INC1", Hold("hola"))
    assert caught.value.outcome_unknown
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, json={**INCIDENT, "codIncidencia": "INC2"}),
        httpx2.Response(200, json=[INCIDENT]),
        httpx2.Response(204),
        httpx2.Response(302, headers={"Location": "http://otro.test/"}),
    ],
)
def test_a_change_that_is_not_confirmed_is_unknown(answer: httpx2.Response) -> None:
    script = Script(answer)
    with pytest.raises(TicketUnavailable) as caught:
        scripted(script).apply("INC1", Hold("hola"))
    assert caught.value.outcome_unknown
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("answer", "answered"),
    [
        (httpx2.Response(500), True),
        (httpx2.Response(503), True),
        (httpx2.Response(502), False),  # a gateway's word; the manager behind it may be at work
        (httpx2.Response(504), False),
        (httpx2.Response(200, content=b"<html>"), True),
        (httpx2.Response(200, json={**INCIDENT, "codIncidencia": "INC2"}), True),
        (httpx2.Response(200, json={**INCIDENT, "descripcion": {}}), True),
        (httpx2.Response(302, headers={"Location": "http://otro.test/"}), True),
        (httpx2.ReadTimeout(""), False),
        (httpx2.ReadError(""), False),
        (httpx2.RemoteProtocolError(""), False),
    ],
)
def test_a_manager_that_answered_is_no_longer_at_work(answer: httpx2.Response | Exception, answered: bool) -> None:
    with pytest.raises(TicketUnavailable) as caught:
        scripted(Script(answer)).apply("INC1", Hold("hola"))
    assert caught.value.outcome_unknown
    assert caught.value.answered is answered


def test_nothing_is_printed_when_a_call_is_tried_again(capfd: pytest.CaptureFixture[str]) -> None:
    scripted(Script(httpx2.Response(503), httpx2.ReadError(""), listing(INCIDENT))).open_incidents()
    assert capfd.readouterr() == ("", "")


def test_a_code_is_encoded_and_one_that_is_not_fit_is_never_sent() -> None:
    script = Script(httpx2.Response(404))
    client = scripted(script)
    with pytest.raises(TicketNotFound):
        client.apply("../x?y#z/ñ", Hold("a"))
    assert script.requests[0].url.raw_path == b"/api/incidencias/..%2Fx%3Fy%23z%2F%C3%B1"
    for code in ("..", "", "a\nb", "A" * 101):
        with pytest.raises(TicketRefused):
            client.apply(code, Hold("a"))
    assert len(script.requests) == 1


# --- the listing at hand ---------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def manager(request: httpx2.Request) -> httpx2.Response:
    if request.method == "PATCH":
        return httpx2.Response(200, json=INCIDENT)
    closed = {**INCIDENT, "codIncidencia": "INC7"}
    return listing(closed) if request.url.path.endswith("cerradas") else listing(INCIDENT)


def test_a_listing_at_hand_is_used_while_it_is_young_enough() -> None:
    clock, asked = Clock(), Asked(manager)
    client = scripted(asked, clock=clock)
    client.open_incidents()
    clock.now += 4.0
    assert client.current("INC1", max_age=5.0) is not None
    assert asked.paths == ["/api/incidencias"]
    clock.now += 2.0
    assert client.current("INC1", max_age=5.0) is not None
    assert len(asked.paths) == 2
    client.current("INC1")
    client.current("INC1")
    assert len(asked.paths) == 4


def test_the_closed_are_asked_for_only_when_needed() -> None:
    clock, asked = Clock(), Asked(manager)
    client = scripted(asked, clock=clock)
    assert client.current("INC7", max_age=5.0) is not None
    assert client.current("INC8", max_age=5.0) is None
    assert asked.paths == ["/api/incidencias", "/api/incidencias/cerradas"]


class Ticks:
    """A clock that goes on with every look, and knows when every thread of a test waits for its answer."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.looks: dict[int, int] = {}

    def __call__(self) -> float:
        with self.lock:
            self.looks[threading.get_ident()] = self.looks.get(threading.get_ident(), 0) + 1
            return float(sum(self.looks.values()))

    def all_wait(self, threads: int) -> bool:
        # `current` looks once, and once more just before it waits for the listing.
        with self.lock:
            return len(self.looks) == threads and min(self.looks.values()) >= 2


def look_at_once(answer: Handler) -> tuple[list[object], list[httpx2.URL]]:
    """What eight threads get that all ask before the manager answers the first, and what the manager was asked."""
    gate, ticks, results = threading.Event(), Ticks(), list[object]()

    def slow(request: httpx2.Request) -> httpx2.Response:
        gate.wait(10)
        return answer(request)

    asked = Asked(slow)
    client = scripted(asked, attempts=1, clock=ticks)

    def look() -> None:
        try:
            results.append(client.current("INC1"))
        except TicketUnavailable as error:
            results.append(error)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    while not ticks.all_wait(8):
        time.sleep(0.001)
    gate.set()
    for thread in threads:
        thread.join(10)
    return results, asked.urls


def test_one_thread_asks_and_the_others_wait_for_its_answer() -> None:
    results, asked = look_at_once(manager)
    assert len(results) == 8
    assert all(isinstance(result, Incident) for result in results)
    # The first answer is too old for those that called after it was asked for; one of them asks for all.
    assert len(asked) <= 2


def test_threads_that_wait_share_a_failure() -> None:
    results, asked = look_at_once(lambda _: httpx2.Response(500))
    assert len(results) == 8
    assert all(isinstance(result, TicketUnavailable) for result in results)
    assert len(asked) == 1


def test_a_listed_incident_that_cannot_be_read_is_not_taken_for_missing() -> None:
    with pytest.raises(TicketUnavailable, match="descripcion is an object"):
        scripted(Script(listing({**INCIDENT, "descripcion": {}}))).current("INC1")


# --- attachments -----------------------------------------------------------------------------------------------------


def attachments(request: httpx2.Request) -> httpx2.Response:
    match request.url.path:
        case "/api/adjuntos/a.png":
            return httpx2.Response(200, content=b"1234")
        case "/api/adjuntos/moved.png":
            return httpx2.Response(302, headers={"Location": "a.png"})
        case "/api/adjuntos/elsewhere.png":
            return httpx2.Response(302, headers={"Location": "http://otro.test/a.png"})
        case "/api/adjuntos/loop.png":
            return httpx2.Response(302, headers={"Location": "loop.png"})
        case _:
            return httpx2.Response(404)


@pytest.mark.parametrize(
    "address",
    [
        f"{BASE}/api/adjuntos/a.png",
        f"{BASE}:80/api/adjuntos/a.png",
        "/api/adjuntos/a.png",
        f"{BASE}/api/adjuntos/moved.png",
    ],
)
def test_the_manager_s_own_attachments_are_fetched(address: str) -> None:
    assert scripted(attachments).attachment(address, limit=4) == b"1234"


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:3000/api/adjuntos/a.png",
        f"{BASE}:8080/api/adjuntos/a.png",
        "https://gestor.test/api/adjuntos/a.png",
        "http://gestor.test@otro.test/a.png",
        "http://ana:clave@gestor.test/api/adjuntos/a.png",
        "//otro.test/a.png",
        "file:///a.png",
        "data:text/plain,a",
        f"{BASE}/api/adjuntos/elsewhere.png",
        f"{BASE}/api/adjuntos/loop.png",
        "http://[",
    ],
)
def test_other_attachments_are_not_fetched(address: str) -> None:
    asked = Asked(attachments)
    with pytest.raises(TicketRefused):
        scripted(asked).attachment(address, limit=100)
    assert {url.host for url in asked.urls} <= {"gestor.test"}


@pytest.mark.parametrize("allowed", ["Adjuntos.test", "adjuntos.test:443"])
def test_attachments_of_allowed_hosts_are_fetched(allowed: str) -> None:
    client = scripted(attachments, allowed_attachment_hosts=[allowed])
    assert client.attachment("https://adjuntos.test/api/adjuntos/a.png", limit=4) == b"1234"


def test_the_manager_s_account_is_for_the_manager_alone() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("moved.png"):
            return httpx2.Response(302, headers={"Location": "https://otro.test/a.png"})
        return httpx2.Response(200, content=request.headers.get("Authorization", "none").encode())

    client = GestorClient(
        "http://ana:clave@gestor.test", allowed_attachment_hosts=["otro.test"], transport=httpx2.MockTransport(answer)
    )
    assert client.attachment("http://gestor.test/a.png", limit=99).startswith(b"Basic ")
    assert client.attachment("https://otro.test/a.png", limit=99) == b"none"
    assert client.attachment("http://gestor.test/moved.png", limit=99) == b"none"


@pytest.mark.parametrize(
    "address", [f"{BASE}/api/incidencias/cerradas", "/api/incidencias?buzon=OTRO", "\ud800", "http://[", "/a\ud800.png"]
)
def test_tickets_and_nonsense_are_no_attachments(address: str) -> None:
    asked = Asked(attachments)
    with pytest.raises(TicketRefused):
        scripted(asked).attachment(address, limit=100)
    assert list(asked.urls) == []


def test_attachments_that_are_too_large_or_missing() -> None:
    client = scripted(attachments)
    with pytest.raises(AttachmentTooLarge, match="larger than 3 bytes"):
        client.attachment(f"{BASE}/api/adjuntos/a.png", limit=3)
    with pytest.raises(TicketNotFound):
        client.attachment(f"{BASE}/api/adjuntos/b.png", limit=3)
