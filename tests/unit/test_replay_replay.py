"""Past tickets and the rows of their day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from resuelve.knowledge.version_log import Version, VersionKind
from resuelve.replay.replay import as_of_the_day, is_before_history

BEGUN = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
VERSIONS = [Version(n + 1, BEGUN + timedelta(days=n), "", "", VersionKind.EDIT) for n in range(4)]


def test_a_ticket_gets_the_version_that_was_in_force() -> None:
    opened = [BEGUN - timedelta(days=9), BEGUN, BEGUN + timedelta(days=1, hours=1), BEGUN + timedelta(days=99), None]
    found = as_of_the_day(opened, VERSIONS, lambda number: {})
    assert [(one.version, one.tickets) for one in found] == [(1, (0, 1, 4)), (2, (2,)), (4, (3,))]
    assert [is_before_history(day, VERSIONS) for day in opened] == [True, False, False, False, True]


def test_a_file_that_was_copied_with_its_date_does_not_rewrite_the_past() -> None:
    copied = [*VERSIONS[:2], Version(3, BEGUN - timedelta(days=5), "", "", VersionKind.OUTSIDE)]
    opened = [BEGUN - timedelta(days=4), BEGUN + timedelta(hours=1), BEGUN + timedelta(days=9)]
    found = as_of_the_day(opened, copied, lambda number: {})
    assert [(one.version, one.tickets) for one in found] == [(1, (0, 1)), (3, (2,))]


def test_only_versions_with_tickets_are_read() -> None:
    read: list[int] = []

    def at(number: int) -> dict[str, object]:
        read.append(number)
        return {}

    as_of_the_day([BEGUN + timedelta(days=2)], VERSIONS, at)  # type: ignore[arg-type]
    assert read == [3]


@given(st.lists(st.one_of(st.none(), st.integers(-400, 400)), min_size=1))
def test_every_ticket_stands_once_and_never_with_a_later_version(hours: list[int | None]) -> None:
    zoned = [None if one is None else BEGUN + timedelta(hours=one) for one in hours]
    found = as_of_the_day(zoned, VERSIONS, lambda number: {})
    assert sorted(place for one in found for place in one.tickets) == list(range(len(hours)))
    for one in found:
        for place in one.tickets:
            day = zoned[place]
            assert one.version == 1 or (day is not None and VERSIONS[one.version - 1].at <= day)
