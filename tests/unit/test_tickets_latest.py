"""The listing at hand, when changes and listings cross."""

from __future__ import annotations

import itertools

from resuelve.tickets.latest import LatestListing


def listing_of(entries: dict[str, object]) -> LatestListing:
    ticks = itertools.count(1)
    return LatestListing(lambda: entries, lambda: float(next(ticks)))


def test_a_listing_that_was_asked_for_before_a_change_does_not_hide_it() -> None:
    listing = listing_of({"A": "old"})
    assert listing.entry("A", since=0.0) == "old"
    listing.put("A", "changed")
    listing.load({"A": "old"}, asked_at=2.5)
    assert listing.entry("A", since=0.0) == "changed"
    listing.load({"A": "newer"}, asked_at=50.0)
    assert listing.entry("A", since=0.0) == "newer"


def test_what_was_forgotten_does_not_come_back() -> None:
    listing = listing_of({"A": "asked anew"})
    listing.load({"A": "old"}, asked_at=0.5)
    listing.forget()
    listing.load({"A": "old"}, asked_at=0.6)
    assert listing.entry("A", since=0.0) == "asked anew"


def test_what_was_dropped_stays_away_and_an_empty_listing_takes_nothing() -> None:
    listing = listing_of({"A": "here"})
    listing.put("B", "nobody asked yet")
    assert listing.entry("B", since=0.0) is None
    listing.drop("A")
    assert listing.entry("A", since=0.0) is None
