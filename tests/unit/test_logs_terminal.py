"""The log on the error output, and what libraries say."""

from __future__ import annotations

import io
import json
import logging
import warnings
from typing import Any

import pytest

from resuelve.telemetry.logs import log
from resuelve.telemetry.logs.begin import Sink, begun
from resuelve.telemetry.logs.libraries import Few, _Handler, heard
from resuelve.telemetry.logs.line import Scrubbing
from resuelve.telemetry.logs.terminal import on_error_output


class _Broken:
    def __str__(self) -> str:
        raise RuntimeError


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_it_is_json() -> None:
    stream = io.StringIO()
    with begun([Sink("INFO", on_error_output(stream))], Scrubbing()):
        log.info("some.event", row="7")
        log.debug("some.event")
    assert json.loads(stream.getvalue())["row"] == "7"


@pytest.mark.parametrize("colours", [True, False])
def test_on_a_terminal_nothing_of_others_is_obeyed(colours: bool) -> None:
    stream = _Terminal()
    with begun([Sink("INFO", on_error_output(stream, colours=colours))], Scrubbing()):
        log.error("some.event", message="\x1b[2Jgone\u202e\x07\r", error={"what": "a\x1bb", "l": ["\x1bc"]})
    shown = stream.getvalue()
    assert "some.event" in shown
    assert "error" in shown
    assert "gone" in shown
    assert ("\x1b[" in shown) == colours
    assert not any(sign in shown for sign in ("\x1b[2J", "\x1bb", "\x1bc", "\u202e", "\x07", "\r"))
    assert shown.count("\n") == 1


def test_a_stream_that_takes_nothing_stops_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    terminal = _Terminal()
    write = on_error_output(terminal)
    terminal.close()
    with pytest.raises(ValueError, match="closed"):
        stream.write("x")
    write({"time": "2026-01-01T00:00:00.000000Z", "level": "INFO", "event": "e"}, b"")


def _heard(most: int = 5) -> tuple[list[dict[str, Any]], Any]:
    lines: list[dict[str, Any]] = []
    return lines, begun([Sink("DEBUG", lambda _, data: lines.append(json.loads(data)))], Scrubbing())


def test_what_libraries_log_is_a_line_without_what_they_filled_in() -> None:
    lines, logging_begun = _heard()
    library = logging.getLogger("some.library")
    with logging_begun, heard():
        library.info("not this")
        library.warning("retry of %s", "Obdulia")
        try:
            raise KeyError("Obdulia")
        except KeyError:
            library.exception("failed")
        library.warning("cannot read field of María García López")
    library.warning("nor this, which comes later")
    assert [(line["event"], line["level"], line["logger"], line.get("message")) for line in lines] == [
        ("library.warned", "WARNING", "some.library", "retry of %s"),
        ("library.failed", "ERROR", "some.library", None),
        ("library.warned", "WARNING", "some.library", None),
    ]
    assert lines[1]["error"]["kind"] == "KeyError"
    assert lines[2]["place"].startswith("unit/test_logs_terminal.py:")
    assert "Obdulia" not in json.dumps(lines)
    assert "Mar" not in json.dumps(lines)


def test_what_cannot_be_told_stops_no_library() -> None:
    def write(*_: object) -> None:
        raise ZeroDivisionError

    def take(*_: object) -> None:
        pass

    handler = _Handler(Few())
    for to, said in ((write, "once"), (take, _Broken())):
        with begun([Sink("DEBUG", to)], Scrubbing()):
            handler.emit(logging.makeLogRecord({"msg": said, "args": ("slot",), "levelno": logging.WARNING}))


def test_of_one_kind_a_few_a_minute_are_written_and_the_others_counted() -> None:
    at = [0.0]
    lines, logging_begun = _heard()
    library = logging.getLogger("some.library")
    with logging_begun, heard(Few(2, lambda: at[0])):
        for number in range(10):
            library.warning("kind %d", number)
        library.warning("another %s", "kind")
        at[0] = 61.0
        library.warning("kind %d", 11)
    assert [(line["message"], line.get("left_out")) for line in lines] == [
        ("kind %d", None),
        ("kind %d", None),
        ("another %s", None),
        ("kind %d", 8),
    ]


def test_warnings_are_lines_and_are_shown_as_before() -> None:
    lines, logging_begun = _heard()
    with warnings.catch_warnings(record=True) as caught, logging_begun, heard():
        warnings.simplefilter("always")
        warnings.warn("old Obdulia", FutureWarning, stacklevel=1)
    assert [str(one.message) for one in caught] == ["old Obdulia"]
    assert "Obdulia" not in json.dumps(lines)
    assert (lines[0]["event"], lines[0]["logger"]) == ("library.warned", "FutureWarning")
    assert lines[0]["place"].startswith("unit/test_logs_terminal.py:")


def test_what_writing_a_line_makes_a_library_say_is_no_line() -> None:
    lines: list[str] = []

    def write(line: Any, _: bytes) -> None:
        lines.append(line["logger"])
        logging.getLogger("deeper").warning("again")

    with begun([Sink("DEBUG", write)], Scrubbing()), heard():
        logging.getLogger("some.library").warning("once")
    assert lines == ["some.library"]
