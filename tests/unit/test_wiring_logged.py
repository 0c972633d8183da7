"""The log of a command, by the settings."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from resuelve.domain.errors import TicketUnavailable
from resuelve.settings import Settings, load
from resuelve.telemetry import SILENT, Signals
from resuelve.telemetry.logs import bound, log
from resuelve.telemetry.logs.counts import Counts
from resuelve.telemetry.logs.shipping.thread import Shipping
from resuelve.telemetry.memory import MemorySignals
from resuelve.wiring import logged as wired
from resuelve.wiring.logged import answers, logged, secrets_of
from tests.otlp_receiver import PATH, Say, receiving


def _settings(workspace: Path, **more: Any) -> Settings:
    return load(workspace=workspace, language="en", **more)


def _lines(workspace: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for file in (workspace / "logs").glob("*.jsonl") for line in file.read_bytes().splitlines()
    ]


@pytest.mark.parametrize(
    ("ends", "last"),
    [
        (None, {"event": "command.ended", "exit": "done"}),
        (KeyboardInterrupt(), {"event": "command.ended", "exit": "stopped"}),
        (TicketUnavailable("no answer"), {"event": "command.failed", "level": "ERROR"}),
        (ValueError("Obdulia"), {"event": "command.failed", "level": "ERROR"}),
    ],
    ids=repr,
)
def test_a_command_tells_how_it_ended(tmp_path: Path, ends: BaseException | None, last: dict[str, str]) -> None:
    try:
        with logged(_settings(tmp_path), "run", pytest.fail):
            if ends:
                raise ends
    except (KeyboardInterrupt, TicketUnavailable, ValueError) as error:
        assert error is ends
    first, ended = _lines(tmp_path)
    assert (first["event"], first["command"]) == ("command.started", "run")
    assert last.items() <= ended.items()
    assert "Obdulia" not in json.dumps(ended)
    assert log.silent


def test_secrets_and_where_things_lie_are_hidden(tmp_path: Path) -> None:
    settings = _settings(
        tmp_path,
        openai_api_key="sk-one-key",
        otlp_headers="Authorization=Bearer%20two%2Dkeys,X=three-keys",
        ticket_manager_url="http://desk:four%2Fkeys@host/",
    )
    with logged(settings, "run", pytest.fail):
        text = f"sk-one-key two-keys three-keys four/keys four%2Fkeys {tmp_path}/x http://a:b@c/?d=e"
        log.warning("library.warned", message=text, logger=text)
        log.warning("library.warned", message="NIF 12345678Z")
    with_text, scrubbed = (line for line in _lines(tmp_path) if line["event"] == "library.warned")
    assert with_text["message"] == "[secret] [secret] [secret] [secret] [secret] WORKSPACE/x http://c/"
    assert with_text["logger"] == with_text["message"]
    assert scrubbed["message"] == "NIF [nif]"
    assert {"sk-one-key", "two-keys", "Bearer two-keys", "three-keys", "four/keys"} <= set(secrets_of(settings))


def test_a_word_of_ours_is_no_secret(tmp_path: Path) -> None:
    settings = _settings(tmp_path, otlp_headers="X-Scope-OrgID=incident,X-Who=team,Authorization=closed,X-Api-Key=s3cr")
    with logged(settings, "run", pytest.fail):
        log.info("incident.ended", outcome="closed", action="team closed s3cr")
    (line,) = (line for line in _lines(tmp_path) if line["event"].endswith(".ended") and "outcome" in line)
    assert (line["event"], line["outcome"], line["action"]) == ("incident.ended", "closed", "team [secret] [secret]")
    assert "team" not in set(secrets_of(settings))


def test_without_the_extra_it_is_told_once_and_lines_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wired, "installed", lambda: False)
    notes: list[str] = []
    with receiving() as receiver:
        with logged(_settings(tmp_path, otlp_logs=receiver.url + PATH), "run", notes.append):
            log.error("run.failed")
        assert receiver.asked == 0
    assert [note for note in notes if "make telemetry" in note] == notes
    assert len(notes) == 1
    assert len(_lines(tmp_path)) == 3


def test_what_waits_is_counted_without_the_extra(tmp_path: Path) -> None:
    """In a process of its own, in which nothing has imported what is not there."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "resuelve-20260131.jsonl").write_text("{}\n")
    program = """
import sys
from pathlib import Path
sys.modules |= dict.fromkeys(("google", "google.protobuf", "opentelemetry", "opentelemetry.proto"))
from resuelve.cli.doctor import _log
from resuelve.settings import load
print(_log(load(workspace=Path(sys.argv[1]), language="en", otlp_logs="http://127.0.0.1:9/v1/logs")))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ended.stderr == ""
    assert "make telemetry" in ended.stdout
    assert "1 KB" in ended.stdout


def test_an_address_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wired, "logs_to", lambda _: "http://127.0.0.1:abc/x")
    assert answers(_settings(tmp_path)) == "InvalidURL"


def test_a_web_page_is_no_receiver(tmp_path: Path) -> None:
    with receiving() as receiver:
        settings = _settings(tmp_path, otlp_logs=receiver.url + PATH)
        receiver.always = Say(400, body=b"<html>", kind="text/html")
        assert answers(settings) == "400"
        receiver.always = Say(400)  # Loki, of what is empty
        assert answers(settings) == ""


def test_what_was_refused_is_told_at_the_end(tmp_path: Path) -> None:
    notes: list[str] = []
    with receiving() as receiver:
        receiver.always = Say(400)
        with logged(_settings(tmp_path, otlp_logs=receiver.url + PATH), "run", notes.append):
            pass
    assert len(notes) == 1
    assert "has refused" in notes[0]


@pytest.mark.parametrize(("signals", "seconds"), [(SILENT, 1.8), (MemorySignals(), 0.4)])
def test_the_end_is_short_only_where_others_were_sent_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signals: Signals, seconds: float
) -> None:
    given: list[float] = []

    def close(_: Shipping, timeout: float) -> int:
        given.append(timeout)
        return 0

    monkeypatch.setattr(Shipping, "close", close)
    monkeypatch.setattr(wired, "counts", counts := Counts())
    with (
        logged(_settings(tmp_path, otlp_logs="http://127.0.0.1:9/"), "run", lambda _: None),
        counts.counting(signals),
    ):
        pass
    assert given == [seconds]


def test_what_is_said_of_the_surroundings_is_shipped_but_the_instance_is_the_log_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=claims,service.instance.id=worker-2,nothing")
    with receiving() as receiver, logged(_settings(tmp_path, otlp_logs=receiver.url + PATH), "run", lambda _: None):
        pass
    about = receiver.resources[-1]
    assert about["team"] == "claims"
    assert about["deployment.environment.name"] == "EMBEBIDO"
    assert about["service.instance.id"] != "worker-2"


def test_a_burst_arrives_whole(tmp_path: Path) -> None:
    def work(who: int) -> None:
        for number in range(5_000):
            with bound(incident=f"INC{who}"):
                log.warning("call.repeated", attempts=number)

    with receiving() as receiver:
        with logged(_settings(tmp_path, otlp_logs=receiver.url + PATH), "run", lambda _: None):
            threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            receiver.wait_for(20_000, seconds=120)
        assert receiver.problems == []
        assert receiver.lines == _lines(tmp_path)[: len(receiver.lines)]
        for who in range(4):
            told = [line["attempts"] for line in receiver.lines if line.get("incident") == f"INC{who}"]
            assert told == list(range(5_000))


def test_that_it_cannot_be_written_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    with logged(_settings(tmp_path), "run", notes.append):
        for number in range(6):
            with monkeypatch.context() as patch:
                if number % 2:
                    patch.setattr("os.write", lambda *_: 0)  # takes nothing
                log.warning("history.lost", count=1)
    assert len(notes) == 1
    assert [line["lines"] for line in _lines(tmp_path) if line["event"] == "log.gap"] == [1, 1, 1]


def test_a_workspace_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with receiving() as receiver:
        settings = _settings(tmp_path / "nowhere", otlp_logs=receiver.url + PATH)
        with logged(settings, "run", pytest.fail):
            log.info("run.started")
    assert list(tmp_path.iterdir()) == []


def test_the_day_s_files_are_kept_as_long_as_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "resuelve-20200101.jsonl").write_text("{}\n")
    with logged(_settings(tmp_path, log_days=0), "run", pytest.fail):
        pass
    assert (tmp_path / "logs" / "resuelve-20200101.jsonl").exists()
    (tmp_path / "logs" / "resuelve-20251231.jsonl").write_text('{"event": "e"}\n')
    with logged(_settings(tmp_path, otlp_logs="http://nowhere.invalid/"), "run", lambda _: None):
        pass
    assert not (tmp_path / "logs" / "resuelve-20200101.jsonl").exists()
    assert [(line["file"], line["lines"]) for line in _lines(tmp_path) if line["event"] == "log.lost"] == [
        ("resuelve-20200101.jsonl", 1)
    ]
