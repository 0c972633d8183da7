"""What lasted of what was done by itself, as sentences."""

from __future__ import annotations

from collections.abc import Iterator

from resuelve.pages.counted import counted
from resuelve.pages.days import day_told
from resuelve.pages.numbers import number, percent
from resuelve.resolution.track_record import Period, TrackRecord
from resuelve.texts import say


def lasted_in_words(found: TrackRecord, language: str) -> Iterator[str]:
    """How much lasted, what the critic had promised, whether its scores shifted; nothing of what nobody knows."""
    if (interval := found.durable_interval) is not None:
        low, high = interval
        yield say(
            "breakers.lasted",
            language,
            **_counts(found.judged, language),
            days=number(found.lasting, language),
            rate=percent(found.judged.automatic_rate, language, 1),
            durable=percent(found.durable_rate, language, 1),
            low=percent(low, language, 1),
            high=percent(high, language, 1),
        )
    calibration, drift = found.calibration, found.input_drift
    if calibration.drift is not None:
        promised, lasted = percent(calibration.promised, language, 1), percent(calibration.lasted, language, 1)
        slots = {"promised": promised, "lasted": lasted, "cases": number(calibration.cases, language)}
        yield say("breakers.promised", language, **slots)
    if drift.index is not None and drift.by_chance is not None and drift.index > drift.by_chance:
        index, chance = number(drift.index, language, 2), number(drift.by_chance, language, 2)
        yield say("breakers.shifted", language, days=number(found.lasting, language), index=index, chance=chance)


def _counts(period: Period, language: str) -> dict[str, str]:
    tally = period.tally
    counts = {
        "acted": tally.acted,
        "lasted": tally.lasted,
        "reopened": tally.reopened,
        "reported": tally.reported,
        "moved": tally.moved,
    }
    decided = {"decided": counted("decided", period.decided, language)}
    days = {
        name: day_told(day.astimezone().isoformat(), language)
        for name, day in (("since", period.since), ("until", period.until))
    }
    return {name: number(value, language) for name, value in counts.items()} | days | decided
