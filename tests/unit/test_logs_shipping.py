"""The files of the log are the queue: nothing is lost, and nothing comes twice unless somebody dies in between."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from resuelve.telemetry.logs.begin import Sink, begun
from resuelve.telemetry.logs.counts import Counts
from resuelve.telemetry.logs.line import Scrubbing
from resuelve.telemetry.logs.shipping.backlog import MOST_BYTES, MOST_LINES, Backlog
from resuelve.telemetry.logs.shipping.delivery import Deliver, Outcome, Verdict
from resuelve.telemetry.logs.shipping.encode import Origin, request
from resuelve.telemetry.logs.shipping.places import NAME, Places
from resuelve.telemetry.logs.shipping.shipper import IDLE_SECONDS, Shipper
from resuelve.telemetry.memory import MemorySignals
from resuelve.telemetry.metrics import LOGS_PENDING, LOGS_SHIPPED, LOST
from tests.otlp_receiver import Receiver

ORIGIN = Origin("resuelve", "1", "i")
FIRST, SECOND = "resuelve-20260130.jsonl", "resuelve-20260131.jsonl"


class Server:
    """Takes what is delivered, as it is told."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.receiver = Receiver()
        self.bodies: list[str] = []
        self.asked: list[int] = []

    def __call__(self, data: bytes) -> Outcome:
        headers = {
            "content-type": "application/x-protobuf",
            "content-encoding": "gzip",
            "content-length": str(len(data)),
        }
        taken = self.receiver.take("/v1/logs", headers, data)
        assert self.receiver.problems == []
        assert taken is not None
        bodies = [one.body.string_value for one in taken.resource_logs[0].scope_logs[0].log_records]
        self.asked.append(len(bodies))
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome(Verdict.TAKEN)
        if outcome.verdict is Verdict.TAKEN:
            self.bodies += bodies
        return outcome


class Desk:
    """A folder of logs with its shipper."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signals = MemorySignals()
        self.at = 0.0
        self._open = ExitStack()
        self.told: list[dict[str, Any]] = []

    def write(self, name: str, *numbers: int, end: str = "\n") -> None:
        with (self.folder / name).open("ab") as file:
            for number in numbers:
                file.write(f'{{"event": "e", "n": {number}}}{end}'.encode())

    def shipper(self, server: Deliver, now: Callable[[], float] = lambda: 0.0) -> Shipper:
        counts = Counts()
        self._open.enter_context(counts.counting(self.signals))
        backlog = Backlog(self.folder, Places(self.folder), now=now)
        return Shipper(backlog, server, ORIGIN, counts=counts, jitter=lambda: 1.0, clock=lambda: self.at)

    def ship(self, server: Deliver, steps: int = 1000, **more: Any) -> list[float]:
        shipper = self.shipper(server, **more)
        pauses: list[float] = []
        with begun([Sink("DEBUG", lambda _, data: self.told.append(json.loads(data)))], Scrubbing()):
            for _ in range(steps):
                pauses.append(shipper.step())
                if pauses[-1]:
                    break
        return pauses

    @property
    def events(self) -> list[str]:
        return [one["event"] for one in self.told]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def _failing(shipper: Shipper) -> bool:
    return shipper.failing


def _numbers(server: Server) -> list[int]:
    return [json.loads(body)["n"] for body in server.bodies]


def test_all_of_it_comes_once_and_in_order(desk: Desk) -> None:
    desk.write(SECOND, *range(1200, 1500))
    desk.write(FIRST, *range(1200))
    server = Server()
    assert desk.ship(server)[-1] == IDLE_SECONDS
    assert _numbers(server) == list(range(1500))
    assert server.asked == [500, 500, 200, 300]
    assert desk.signals.value(LOGS_SHIPPED, result="sent") == 1500
    assert desk.signals.value(LOGS_PENDING) == 0
    assert desk.told == []


def test_another_process_goes_on_where_the_last_ended(desk: Desk) -> None:
    server = Server()
    desk.write(FIRST, 0, 1)
    desk.ship(server)
    desk.write(FIRST, 2)
    desk.write(SECOND, 3)
    desk.ship(server)
    desk.write(FIRST, 4)  # a process that was late
    desk.ship(server)
    assert _numbers(server) == [0, 1, 2, 3, 4]


def test_an_outage_costs_nothing_and_is_told_once(desk: Desk) -> None:
    later = [Outcome(Verdict.LATER, reason="503")] * 3
    server = Server(*later)
    desk.write(FIRST, 0, 1)
    shipper = desk.shipper(server)
    with begun([Sink("DEBUG", lambda _, data: desk.told.append(json.loads(data)))], Scrubbing()):
        pauses = [shipper.step() for _ in range(3)]
        assert _failing(shipper)
        desk.write(FIRST, 2)
        shipper.step()
        assert not _failing(shipper)
    assert pauses == [1.0, 2.0, 4.0]
    assert _numbers(server) == [0, 1, 2]
    assert [(one["event"], one["level"]) for one in desk.told] == [
        ("log.waiting", "WARNING"),
        ("log.shipped_again", "INFO"),
    ]
    assert desk.told[0]["reason"] == "503"
    assert desk.signals.value(LOST, signal="logs") is None


def test_pauses_grow_to_a_minute_and_the_server_may_say_how_long(desk: Desk) -> None:
    desk.write(FIRST, 0)
    shipper = desk.shipper(
        Server(*[Outcome(Verdict.LATER)] * 9, Outcome(Verdict.LATER, wait=7), Outcome(Verdict.LATER, wait=1e9))
    )
    pauses = [shipper.step() for _ in range(9)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert shipper.step() == 7
    assert shipper.asked_to_wait
    assert shipper.step() == 300


def test_a_refused_batch_is_counted_and_does_not_block_the_rest(desk: Desk) -> None:
    desk.write(FIRST, *range(MOST_LINES + 10))
    server = Server(Outcome(Verdict.REFUSED, reason="400"))
    desk.ship(server)
    assert _numbers(server) == list(range(MOST_LINES, MOST_LINES + 10))
    assert desk.signals.value(LOGS_SHIPPED, result="refused") == MOST_LINES
    assert desk.signals.value(LOST, signal="logs") == MOST_LINES
    assert [(one["event"], one["lines"], one["reason"]) for one in desk.told] == [("log.refused", MOST_LINES, "400")]


def test_refusals_are_told_once_a_minute(desk: Desk) -> None:
    desk.write(FIRST, 0)
    shipper = desk.shipper(Server(*[Outcome(Verdict.REFUSED)] * 5))
    with begun([Sink("DEBUG", lambda _, data: desk.told.append(json.loads(data)))], Scrubbing()):
        for at in (0, 30, 59, 61, 62):
            desk.at = at
            desk.write(FIRST, 1)
            while not shipper.step():
                pass
    assert desk.events == ["log.refused"] * 2


def test_lines_that_the_server_threw_away_are_counted(desk: Desk) -> None:
    desk.write(FIRST, *range(10))
    desk.ship(Server(Outcome(Verdict.TAKEN, rejected=3)))
    assert desk.signals.value(LOGS_SHIPPED, result="sent") == 7
    assert desk.signals.value(LOGS_SHIPPED, result="refused") == 3
    assert desk.events == ["log.refused"]


class Choosy(Server):
    """Answers by what is in the batch."""

    def __init__(self, judge: Callable[[list[int]], Verdict]) -> None:
        super().__init__()
        self.judge = judge

    def __call__(self, data: bytes) -> Outcome:
        before = list(self.bodies)
        super().__call__(data)
        asked = [json.loads(body)["n"] for body in self.bodies[len(before) :]]
        verdict = self.judge(asked)
        if verdict is not Verdict.TAKEN:
            self.bodies = before
        return Outcome(verdict, reason=verdict)


def _steps(desk: Desk, server: Server, count: int) -> list[float]:
    """So many steps of one shipper; the pauses between them."""
    shipper = desk.shipper(server)
    with begun([Sink("DEBUG", lambda _, data: desk.told.append(json.loads(data)))], Scrubbing()):
        return [shipper.step() for _ in range(count)]


def test_what_is_too_large_is_halved_and_the_size_that_fits_is_kept(desk: Desk) -> None:
    desk.write(FIRST, *range(100))
    server = Choosy(lambda asked: Verdict.TOO_LARGE if len(asked) > 30 else Verdict.TAKEN)
    pauses = _steps(desk, server, 7)
    assert _numbers(server) == list(range(100))
    assert server.asked == [100, 50, 25, 25, 25, 25]
    assert all(pauses[:2])  # no storm
    assert desk.told == []


def test_a_line_that_is_alone_too_large_is_refused_when_others_pass(desk: Desk) -> None:
    desk.write(FIRST, *range(300))
    server = Choosy(lambda asked: Verdict.TOO_LARGE if {150, 151} & set(asked) else Verdict.TAKEN)
    _steps(desk, server, 60)
    assert set(_numbers(server)) == set(range(300)) - {150, 151}
    assert len(server.bodies) <= 300  # what was asked to see whether others pass may come twice
    assert desk.signals.value(LOGS_SHIPPED, result="refused") == 2
    assert desk.events.count("log.refused") == 1
    assert max(server.asked[-3:]) > 100  # and the others come as before


@pytest.mark.parametrize("verdict", [Verdict.TOO_LARGE, Verdict.FAILED])
def test_a_server_that_takes_nothing_costs_no_line(desk: Desk, verdict: Verdict) -> None:
    desk.write(FIRST, *range(600))
    away = [True]
    server = Choosy(lambda _: verdict if away[0] else Verdict.TAKEN)
    shipper = desk.shipper(server)
    pauses = [shipper.step() for _ in range(200)]
    assert all(pauses)
    assert pauses[-1] == 60
    assert _failing(shipper)
    away[0] = False
    for _ in range(700):
        if shipper.step() == IDLE_SECONDS:
            break
    assert _numbers(server) == list(range(600))
    assert desk.signals.value(LOST, signal="logs") is None


def test_a_line_on_which_a_server_always_fails_is_given_up_when_others_pass(desk: Desk) -> None:
    desk.write(FIRST, *range(20))
    desk.write(SECOND, *range(20, 30))
    server = Choosy(lambda asked: Verdict.FAILED if {7, 19} & set(asked) else Verdict.TAKEN)
    _steps(desk, server, 100)
    assert set(_numbers(server)) == set(range(30)) - {7, 19}
    assert desk.signals.value(LOST, signal="logs") == 2


def test_whoever_refuses_everything_is_asked_more_and_more_seldom(desk: Desk) -> None:
    desk.write(FIRST, *range(10 * MOST_LINES))
    server = Choosy(lambda _: Verdict.REFUSED)
    shipper = desk.shipper(server)
    assert [shipper.step() for _ in range(7)] == [0, 0, 0, 1, 2, 4, 8]
    assert shipper.refused == 7 * MOST_LINES
    assert _failing(shipper)


def test_a_file_that_is_put_in_its_place_during_a_delivery_comes_whole(desk: Desk) -> None:
    desk.write(FIRST, *range(3))

    def rotated(asked: list[int]) -> Verdict:
        if asked == [0, 1, 2]:
            (desk.folder / FIRST).rename(desk.folder / "moved")
            desk.write(FIRST, *range(10, 20))
        return Verdict.TAKEN

    server = Choosy(rotated)
    _steps(desk, server, 3)
    assert _numbers(server) == [0, 1, 2, *range(10, 20)]
    assert desk.told == []


def test_what_somebody_takes_away_before_it_is_shipped_is_counted_and_told(desk: Desk) -> None:
    desk.write(FIRST, *range(100))
    desk.write(SECOND, *range(100, 600))
    server = Server(*[Outcome(Verdict.LATER)] * 2)
    shipper = desk.shipper(server)
    with begun([Sink("DEBUG", lambda _, data: desk.told.append(json.loads(data)))], Scrubbing()):
        shipper.step()
        size = (desk.folder / FIRST).stat().st_size
        (desk.folder / FIRST).unlink()
        for _ in range(4):
            shipper.step()
        (desk.folder / SECOND).unlink()  # all of it was shipped
        shipper.step()
    lost = [(one["file"], one["bytes"]) for one in desk.told if one["event"] == "log.lost"]
    assert lost == [(FIRST, size)]
    assert (desk.signals.value(LOST, signal="logs") or 0) > 0


def test_half_a_line_is_waited_for_until_nobody_writes_there_any_more(desk: Desk) -> None:
    server = Server()
    desk.write(FIRST, 0)
    desk.write(FIRST, 1, end="")
    now = datetime.now(UTC).timestamp()
    desk.ship(server, now=lambda: now + 3600)
    assert _numbers(server) == [0]
    desk.write(SECOND, 2)
    desk.ship(server, now=lambda: now)
    assert _numbers(server) == [0, 2]  # somebody may still be writing
    desk.ship(server, now=lambda: now + 3600)
    assert _numbers(server) == [0, 2, 1]


def test_what_is_no_json_is_shipped_as_it_is(desk: Desk) -> None:
    (desk.folder / FIRST).write_bytes(b'not json\n\n[1]\n\xff\xfe\n{"event": "e", "n": 1}\n')
    server = Server()
    desk.ship(server)
    assert server.bodies == ["not json", "[1]", "\ufffd\ufffd", '{"event": "e", "n": 1}']


def test_a_file_without_ends_of_lines_does_not_stop_the_rest(desk: Desk) -> None:
    (desk.folder / FIRST).write_bytes(b"x" * (MOST_BYTES + 10) + b"\n")
    desk.write(FIRST, 1)
    server = Server()
    desk.ship(server)
    assert [len(body) for body in server.bodies[:2]] == [16 * 1024, 10]
    assert json.loads(server.bodies[2])["n"] == 1


def test_files_that_were_removed_cut_or_replaced_confuse_nobody(desk: Desk) -> None:
    server = Server()
    desk.write(FIRST, 0, 1, 2)
    desk.write(SECOND, 3)
    desk.ship(server)
    (desk.folder / FIRST).unlink()
    (desk.folder / SECOND).write_bytes(b"")  # cut
    desk.write(SECOND, 4)
    desk.ship(server)
    (desk.folder / SECOND).unlink()
    desk.write(SECOND, 5, 6)  # another of the same name
    desk.ship(server)
    assert _numbers(server) == [0, 1, 2, 3, 4, 5, 6]
    assert list(json.loads((desk.folder / NAME).read_bytes())["files"]) == [SECOND]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"files": {"a": 1}}', b'{"files": {"a": {"offset": -1, "head": ""}}}']
)
def test_a_lost_memory_sends_twice_rather_than_not_at_all(desk: Desk, damage: bytes) -> None:
    server = Server()
    desk.write(FIRST, 0)
    desk.ship(server)
    (desk.folder / NAME).write_bytes(damage)
    desk.ship(server)
    assert _numbers(server) == [0, 0]


def test_a_place_that_cannot_be_remembered_is_no_place(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write(FIRST, 0)
    server = Server()
    shipper = desk.shipper(server)

    def full(*_: object) -> None:
        raise OSError(28, "full")

    with monkeypatch.context() as patch:
        patch.setattr("resuelve.durable.replace", full)
        with pytest.raises(OSError, match="full"):
            shipper.step()
    desk.ship(server)
    assert _numbers(server) == [0, 0]


def test_the_instance_is_one_for_the_folder(desk: Desk) -> None:
    desk.write(FIRST, 0)
    desk.ship(Server())
    assert len(Places(desk.folder).instance) == 16
    assert Places(desk.folder).instance == Places(desk.folder).instance


@given(st.lists(st.sampled_from(["write", "half", "new day", "ship", "fail", "die"]), max_size=30))
def test_whatever_happens_each_line_comes(tmp_path_factory: pytest.TempPathFactory, doings: list[str]) -> None:
    desk = Desk(tmp_path_factory.mktemp("logs"))
    server, day, number, half, twice = Server(), 1, 0, False, 0
    for doing in [*doings, "write", "ship"]:
        name = f"resuelve-202601{day:02}.jsonl"
        if doing in ("write", "half"):
            if half:
                desk.write(name, end="")
                with (desk.folder / name).open("ab") as file:
                    file.write(b"\n")
            half = doing == "half"
            desk.write(name, number, end="" if half else "\n")
            number += 1
        elif doing == "new day" and not half:
            day += 1
        elif doing == "ship":
            desk.ship(server)
        elif doing == "fail":
            server.outcomes = [Outcome(Verdict.LATER)]
            desk.ship(server)
            server.outcomes = []
        elif doing == "die":  # between the answer and the note
            kept = (desk.folder / NAME).read_bytes() if (desk.folder / NAME).exists() else None
            desk.ship(server, steps=1)
            if kept is None:
                (desk.folder / NAME).unlink(missing_ok=True)
            else:
                (desk.folder / NAME).write_bytes(kept)
            twice += 1
    found = _numbers(server)
    assert sorted(set(found)) == list(range(number))
    if not twice:
        assert found == sorted(set(found))


def test_a_line_becomes_a_record() -> None:
    line = {
        "time": "2026-01-31T10:00:00.123456Z",
        "level": "WARNING",
        "event": "some.event",
        "incident": "INC1",
        "trace": "0af7651916cd43dd8448eb211c80319c",
        "count": 3,
        "share": 0.5,
        "well": True,
        "nothing": None,
        "error": {"kind": "X", "where": {"deep": 1}},
        "many": [1, "a"],
        "large": 2**70,
    }
    data, count = request([json.dumps(line).encode() + b"\n"], Origin("svc", "1.2", "abc"))
    (resource,) = ExportLogsServiceRequest.FromString(gzip.decompress(data)).resource_logs
    (record,) = resource.scope_logs[0].log_records
    found = {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in record.attributes}
    assert count == 1
    assert {one.key: one.value.string_value for one in resource.resource.attributes} == {
        "service.name": "svc",
        "service.version": "1.2",
        "service.instance.id": "abc",
    }
    assert found == {
        "event": "some.event",
        "incident": "INC1",
        "count": 3,
        "share": 0.5,
        "well": True,
        "error.kind": "X",
        "error.where": '{"deep": 1}',
        "many": '[1, "a"]',
        "large": str(2**70),
    }
    assert json.loads(record.body.string_value) == line
    assert record.trace_id.hex() == line["trace"]
    assert (record.severity_number, record.severity_text, record.event_name) == (13, "WARNING", "some.event")
    assert record.time_unix_nano == 1_769_853_600_123_456_000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
KNOWN = ("time", "level", "event", "trace", "incident", "")


@given(
    st.lists(
        st.binary(max_size=200) | st.dictionaries(st.sampled_from(KNOWN) | st.text(), json_values, max_size=6),
        max_size=8,
    )
)
def test_whatever_stands_in_a_file_is_a_sound_request(lines: list[Any]) -> None:
    raw = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines]
    Server()(request([one.replace(b"\n", b" ") + b"\n" for one in raw], ORIGIN)[0])


def test_pending_is_what_is_left(desk: Desk) -> None:
    desk.write(FIRST, 0, 1)
    size = (desk.folder / FIRST).stat().st_size
    backlog = Backlog(desk.folder, Places(desk.folder))
    assert backlog.pending() == size
    assert backlog.unshipped_lines(desk.folder / FIRST) == 2
    desk.ship(Server())
    desk.write(FIRST, 2)
    backlog = Backlog(desk.folder, Places(desk.folder))
    assert backlog.pending() == size // 2
    assert backlog.unshipped_lines(desk.folder / FIRST) == 1
