"""A line is one line of JSON, whatever is in it, and holds no secret."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.telemetry.logs import bound, log
from resuelve.telemetry.logs.begin import Sink, begun
from resuelve.telemetry.logs.line import LONGEST, Scrubbing, composed, encoded
from resuelve.telemetry.logs.secrets import hiding
from resuelve.telemetry.logs.values import CUT

AT = 1_795_000_000.123456
SECRET = "tiger-92-key"


class _Colour(Enum):
    RED = "red"


class _Talking:
    def __str__(self) -> str:
        return "Obdulia"

    __repr__ = __str__


@contextmanager
def _logging(level: str = "DEBUG", clean: Scrubbing | None = None) -> Iterator[list[dict[str, Any]]]:
    lines: list[dict[str, Any]] = []
    with begun([Sink(level, lambda _, data: lines.append(json.loads(data)))], clean or Scrubbing(), now=lambda: AT):
        yield lines


def _line(**fields: object) -> dict[str, Any]:
    with _logging() as lines:
        log.info("some.event", **fields)
    return lines[0]


def test_nobody_hears_before_a_log_has_begun(capfd: pytest.CaptureFixture[str]) -> None:
    assert log.silent
    with bound(run="r"):
        log.error("some.event", error=ValueError("x"))
    assert capfd.readouterr() == ("", "")


def test_a_line_has_its_order_and_leaves_out_what_is_empty() -> None:
    with _logging() as lines, bound(trace="0" * 31 + "1", incident="INC1", run="r", stage=""):
        log.warning("some.event", zeta=1, alpha=None)
    assert list(lines[0]) == ["time", "level", "event", "run", "incident", "worker", "trace", "zeta", "alpha"]
    assert lines[0]["time"] == "2026-11-18T11:06:40.123456Z"
    assert lines[0]["level"] == "WARNING"
    assert lines[0]["worker"].endswith("/MainThread")


def test_what_is_bound_ends_with_its_block_and_is_not_seen_by_other_threads() -> None:
    with _logging() as lines:

        def other(code: str) -> None:
            with bound(incident=code):
                log.info("inner")
            log.info("outer")

        with bound(run="mine"):
            threads = [threading.Thread(target=other, args=(f"INC{n}",)) for n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            log.info("here")
        log.info("after")
    inner = {line["incident"] for line in lines if line["event"] == "inner"}
    assert inner == {"INC0", "INC1", "INC2", "INC3"}
    assert not [line for line in lines if line["event"] == "outer" and "incident" in line]
    assert [line.get("run") for line in lines if line["event"] in ("here", "after")] == ["mine", None]


def test_below_its_level_nothing_is_done() -> None:
    with _logging("WARNING") as lines:
        log.info("some.event")
        log.debug("some.event")
        log.warning("some.event")
    assert [line["level"] for line in lines] == ["WARNING"]


def test_each_sink_has_its_level() -> None:
    few: list[str] = []
    every: list[str] = []
    sinks = [
        Sink("ERROR", lambda line, _: few.append(line["event"])),
        Sink("DEBUG", lambda line, _: every.append(line["event"])),
    ]
    with begun(sinks, Scrubbing()):
        log.debug("a")
        log.error("b")
    assert (few, every) == (["b"], ["a", "b"])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (b"bytes", "<bytes>"),
        (_Talking(), "<_Talking>"),
        (_Colour.RED, "red"),
        (date(2026, 1, 2), "2026-01-02"),
        (Path("a/b"), "a/b"),
        (10**30, "large"),
        (True, True),
        ("half \ud800 a sign", "half \ufffd a sign"),
        ("two\nlines\u2028three\x9b", "two\nlines\ufffdthree\ufffd"),
        ((1, {2}), [1, [2]]),
        ({1: 2, "a": _Talking()}, {"<int>": 2, "a": "<_Talking>"}),
        ([[[[["deep"]]]]], [[[["…"]]]]),
    ],
    ids=str,
)
def test_what_is_no_plain_value_is_shown_by_its_kind(value: object, shown: object) -> None:
    assert _line(value=value)["value"] == shown


def test_what_holds_itself_ends() -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    assert _line(value=circle)["value"] == {"self": {"self": {"self": {"self": "…"}}}}


def test_what_is_long_is_cut_with_a_mark() -> None:
    line = _line(value="x" * 5000, many=list(range(1000)))
    assert line["value"] == "x" * (2000 - len(CUT)) + CUT
    assert len(line["many"]) == 51
    assert line["many"][-1] == CUT


def test_a_line_that_is_too_long_keeps_its_head() -> None:
    fields = {f"field{n}": ["ñ" * 1500] * 40 for n in range(60)}
    with _logging() as lines, bound(run="r", incident="INC1"):
        log.info("some.event", **fields)
    assert lines[0]["cut"] is True
    assert (lines[0]["run"], lines[0]["incident"], lines[0]["event"]) == ("r", "INC1", "some.event")


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.characters(categories=["Cs"]),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text() | st.integers(), inner, max_size=8),
    max_leaves=30,
)
around = st.text(max_size=30)
planted = st.builds(lambda a, b: f"{a}{SECRET}{b}", around, around)


@given(
    st.dictionaries(st.text(min_size=1, max_size=300), json_like | st.text(min_size=1000, max_size=9_000), max_size=12)
)
def test_whatever_is_told_is_one_line_of_json(fields: Mapping[str, object]) -> None:
    data = encoded(composed("INFO", {**fields, "event": "some.event"}, AT, Scrubbing()))
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    assert len(data) <= LONGEST
    line = json.loads(data.decode("utf-8"))
    assert line["event"] == "some.event"
    assert json.dumps(line, allow_nan=False)


@given(planted, planted, planted, st.sampled_from(["run", "incident", "stage", "row", "message", "place", "event"]))
def test_no_planted_secret_is_in_a_line(text: str, inner: str, name: str, field: str) -> None:
    fields = {field: text, "deep": {name: [inner]}, name.replace("\ud800", "x"): 1, "error": ValueError(text)}
    data = encoded(composed("INFO", {"event": "some.event", **fields}, AT, Scrubbing(hide=hiding([SECRET]))))
    assert SECRET not in data.decode()
    assert SECRET in encoded(composed("INFO", {"event": "e", **fields}, AT, Scrubbing())).decode()


def test_only_what_is_not_ours_is_scrubbed() -> None:
    clean = Scrubbing(scrub=lambda text: text.replace("7", "*"))
    with _logging(clean=clean) as lines, bound(incident="INC7"):
        log.info("some.event", row="7.1", message="room 7", error="7")
    assert {name: lines[0][name] for name in ("incident", "row", "message", "error")} == {
        "incident": "INC7",
        "row": "7.1",
        "message": "room *",
        "error": "*",
    }
