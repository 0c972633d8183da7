"""What all signals must do: those that nobody hears, those that are kept, and those of OpenTelemetry's SDK."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from resuelve.telemetry import SILENT, Signals
from resuelve.telemetry.memory import MemorySignals
from resuelve.telemetry.metrics import (
    ALL,
    CRITIC_SCORE,
    HANDOVERS,
    INCIDENTS,
    QUEUE_DEPTH,
    REJECTIONS,
    RETRIEVAL_SCORE,
    STAGE_SECONDS,
)
from tests.seen_signals import TRACE, InMemory, Otel, Seen, tell

SECRET = "la clave es 1234"


KINDS: dict[str, Callable[[], Seen]] = {"memory": InMemory, "otel": Otel}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def seen(request: pytest.FixtureRequest) -> Seen:
    made: Seen = request.param()
    return made


@pytest.fixture(params=[lambda: SILENT, MemorySignals, lambda: Otel().signals], ids=["silent", "memory", "otel"])
def signals(request: pytest.FixtureRequest) -> Signals:
    made: Signals = request.param()
    return made


def test_they_are_signals_and_take_everything(signals: Signals) -> None:
    assert isinstance(signals, Signals)
    with signals.span("a", {"n": 1, "t": "x", "f": 0.5, "b": True}, trace=TRACE) as span:
        span.set({"later": "yes"})
        span.failed("TicketUnavailable")
        with signals.span("b", calls=True):
            for metric in ALL:
                tell(signals, metric, 1, **dict.fromkeys(metric.labels, "x"))
    signals.put_each(QUEUE_DEPTH, {"SOPORTE": 2, "\ud800": 1})


def test_what_a_block_raises_goes_on(signals: Signals) -> None:
    for error in (ValueError(SECRET), KeyboardInterrupt(), GeneratorExit()):
        with pytest.raises(type(error)), signals.span("a"), signals.span("b"):
            raise error
    with signals.span("after"):
        pass


def test_a_span_stands_below_the_open_one(seen: Seen) -> None:
    with seen.signals.span("incident", trace=TRACE):
        with seen.signals.span("retrieve"), seen.signals.span("embed", calls=True):
            pass
        with seen.signals.span("decide"):
            pass
    told = seen.spans()
    assert [(one.name, one.above, one.calls) for one in told] == [
        ("incident", "", False),
        ("retrieve", "incident", False),
        ("embed", "retrieve", True),
        ("decide", "incident", False),
    ]
    assert {one.trace for one in told} == {TRACE}


def test_a_trace_that_is_begun_has_nothing_above_it(seen: Seen) -> None:
    other = TRACE[::-1]
    with seen.signals.span("first", trace=TRACE):
        with seen.signals.span("second", trace=other), seen.signals.span("inner"):
            pass
        with seen.signals.span("again"):
            pass
    told = {one.name: one for one in seen.spans()}
    assert told["second"].above == ""
    assert (told["second"].trace, told["inner"].trace) == (other, other)
    assert told["inner"].above == "second"
    assert (told["again"].above, told["again"].trace) == ("first", TRACE)


def test_an_id_is_for_one_trace_only(seen: Seen) -> None:
    with seen.signals.span("ours", trace=TRACE):
        pass
    with seen.signals.span("any"):
        pass
    ours, of_its_own = seen.spans()
    assert ours.trace == TRACE
    assert of_its_own.trace != TRACE


def test_attributes_come_and_the_later_one_counts(seen: Seen) -> None:
    with seen.signals.span("a", {"row": "KB-1", "score": 1.5, "n": 2}) as span:
        span.set({"row": "KB-2", "sure": True})
    assert seen.spans()[0].attributes == {"row": "KB-2", "score": 1.5, "n": 2, "sure": True}


def test_an_exception_fails_the_span_by_its_name_and_no_text_of_it_is_kept(seen: Seen) -> None:
    with pytest.raises(LookupError), seen.signals.span("incident"), seen.signals.span("decide"):
        raise LookupError(SECRET)
    with seen.signals.span("act") as span:
        span.failed("TicketRefused")
    told = {one.name: one for one in seen.spans()}
    assert {name: one.error for name, one in told.items()} == {
        "incident": "LookupError",
        "decide": "LookupError",
        "act": "TicketRefused",
    }
    assert SECRET not in repr(told)


def test_what_is_caught_inside_fails_nothing(seen: Seen) -> None:
    with seen.signals.span("decide"):
        try:
            raise ValueError
        except ValueError:
            pass
    assert seen.spans()[0].error == ""


def test_threads_do_not_mix(seen: Seen) -> None:
    def one(number: int) -> None:
        with seen.signals.span(f"incident {number}", trace=f"{number + 1:032x}"):
            for stage in ("retrieve", "decide"):
                with seen.signals.span(f"{stage} {number}"):
                    seen.signals.add(INCIDENTS, 1, {"outcome": "closed", "mode": "live"})
                    seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})

    with seen.signals.span("run"), ThreadPoolExecutor(8) as pool:
        # What was open goes along, and a trace that is begun is below nothing of it.
        list(pool.map(lambda number: copy_context().run(one, number), range(50)))
    told = seen.spans()
    assert len(told) == 151
    for span in told:
        kind, _, number = span.name.partition(" ")
        if number:
            assert span.trace == f"{int(number) + 1:032x}"
            assert span.above == ("" if kind == "incident" else f"incident {number}")
    assert seen.value(INCIDENTS, outcome="closed", mode="live") == 100
    assert seen.value(RETRIEVAL_SCORE, mode="live") == 100


def test_what_a_thread_tells_after_the_span_that_it_began_in_has_ended_is_told_at_once(seen: Seen) -> None:
    with seen.signals.span("incident", trace=TRACE):
        left_behind = copy_context()
        late = seen.signals.span("late")
        left_behind.run(late.__enter__)
    assert seen.value(RETRIEVAL_SCORE, mode="live") is None

    def later() -> None:
        seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})
        assert seen.value(RETRIEVAL_SCORE, mode="live") == 1
        with seen.signals.span("later", {"n": 1}):
            pass

    left_behind.run(later)
    left_behind.run(late.__exit__, None, None, None)
    told = {one.name: (one.above, one.trace) for one in seen.spans()}
    assert told == {"incident": ("", TRACE), "late": ("incident", TRACE), "later": ("late", TRACE)}


def test_threads_that_share_a_span(seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    def one(number: int) -> None:
        with seen.signals.span(f"part {number}") as span:
            span.set({"number": number})
            seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})

    with ThreadPoolExecutor(8) as pool:
        with seen.signals.span("incident", trace=TRACE):
            contexts = [copy_context() for _ in range(100)]
            done = [pool.submit(context.run, one, number) for number, context in enumerate(contexts)]
            done[50].result()
        for future in done:
            future.result()
    told = {one.name: one for one in seen.spans()}
    assert len(told) == 101
    assert {one.above for name, one in told.items() if name != "incident"} == {"incident"}
    assert [told[f"part {number}"].attributes for number in range(100)] == [{"number": n} for n in range(100)]
    assert seen.value(RETRIEVAL_SCORE, mode="live") == 100
    assert caplog.records == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_what_was_told_before_a_block_was_left_is_told(seen: Seen, error: type[BaseException]) -> None:
    with pytest.raises(error), seen.signals.span("incident", trace=TRACE), seen.signals.span("decide"):
        seen.signals.observe(RETRIEVAL_SCORE, 0.5, {"mode": "live"})
        raise error
    assert [one.name for one in seen.spans()] == ["incident", "decide"]
    assert seen.value(RETRIEVAL_SCORE, mode="live") == 1


def test_a_measurement_is_what_it_was_when_it_was_told(seen: Seen) -> None:
    with seen.signals.span("incident"):
        labels = {"outcome": "closed", "mode": "live"}
        seen.signals.add(INCIDENTS, 1, labels)
        labels["outcome"] = "held"
    assert seen.value(INCIDENTS, outcome="closed", mode="live") == 1


def test_counters_add_up_and_gauges_do_not(seen: Seen) -> None:
    for value in (1, 2.5):
        seen.signals.add(HANDOVERS, value, {"reason": "policy", "mode": "live"})
        seen.signals.put(QUEUE_DEPTH, value, {"queue": "SOPORTE"})
        seen.signals.observe(CRITIC_SCORE, value, {"verdict": "approved", "mode": "live"})
    assert seen.value(HANDOVERS, reason="policy", mode="live") == 3.5
    assert seen.value(QUEUE_DEPTH, queue="SOPORTE") == 2.5
    assert seen.value(CRITIC_SCORE, verdict="approved", mode="live") == 2


def test_labels_that_were_not_given_are_empty_and_others_not_shown(seen: Seen) -> None:
    seen.signals.add(INCIDENTS, 1, {"outcome": "closed", "ticket": "INC1"})
    assert seen.value(INCIDENTS, outcome="closed", mode="") == 1


def test_labels_are_few_short_and_writable(seen: Seen) -> None:
    for number in range(REJECTIONS.most + 50):
        seen.signals.add(REJECTIONS, 1, {"row": f"KB-{number}", "mode": "live"})
    seen.signals.add(REJECTIONS, 1, {"row": "KB-0", "mode": "live"})
    assert seen.value(REJECTIONS, row="KB-0", mode="live") == 2
    assert seen.value(REJECTIONS, row=f"KB-{REJECTIONS.most}", mode="live") is None
    assert seen.value(REJECTIONS, row="other", mode="live") == 50
    seen.signals.observe(STAGE_SECONDS, 1, {"stage": "x" * 1000})
    assert seen.value(STAGE_SECONDS, stage="x" * 100) == 1
    seen.signals.observe(STAGE_SECONDS, 1, {"stage": "ñ\ud800"})
    assert seen.value(STAGE_SECONDS, stage="ñ?") == 1


def test_each_of_a_gauge_and_zero_for_what_has_gone(seen: Seen) -> None:
    seen.signals.put_each(QUEUE_DEPTH, {"A": 3, "B": 1})
    assert (seen.value(QUEUE_DEPTH, queue="A"), seen.value(QUEUE_DEPTH, queue="B")) == (3, 1)
    seen.signals.put_each(QUEUE_DEPTH, {"B": 2, "C": 1})
    assert [seen.value(QUEUE_DEPTH, queue=name) for name in "ABC"] == [0, 2, 1]
    seen.signals.put_each(QUEUE_DEPTH, {})
    assert [seen.value(QUEUE_DEPTH, queue=name) for name in "ABC"] == [0, 0, 0]


def test_what_shares_a_label_is_added_up(seen: Seen) -> None:
    many = {f"Q{number:03}": 1.0 for number in range(QUEUE_DEPTH.most + 10)}
    seen.signals.put_each(QUEUE_DEPTH, many)
    assert seen.value(QUEUE_DEPTH, queue="other") == 10
    seen.signals.put_each(QUEUE_DEPTH, {"Q000": 5})
    assert seen.value(QUEUE_DEPTH, queue="other") == 0
    assert seen.value(QUEUE_DEPTH, queue="Q000") == 5
