"""What the past has taught, on the disk: read as it was written, or refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resuelve.domain.errors import WorkspaceError
from resuelve.replay.learned import Learned, fingerprint, read, write
from resuelve.resolution.merits import Merit
from resuelve.resolution.score import Scoring, Weights, shipped
from resuelve.resolution.votes import CHOICE, Votes

SCORING = Scoring(Weights(-1.5, {"gap": 0.5, "dense": 2.0}), Weights(-2.0, {"gap": 1.0}))
LEARNED = Learned("2026-03-01T10:00:00+01:00", "e5", 90, 60, 40, SCORING, {"A\x1fabc": Merit(3, 1)})


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    assert read(file) is None
    for one in (LEARNED, replace(LEARNED, scoring=None, merits={})):
        write(file, one)
        assert read(file) == one


def test_it_holds_for_its_embedder_alone() -> None:
    assert LEARNED.scoring_for("e5") == SCORING
    assert LEARNED.scoring_for("other") is None


def test_what_decides_changes_the_fingerprint_and_nothing_else_does() -> None:
    def of(one: Learned, embedder: str = "e5", needed: int = 2) -> str:
        return fingerprint(one, embedder, one.merits if one.embedder == embedder else {}, needed)

    more = replace(LEARNED, merits={"A\x1fabc": Merit(4, 1)})
    assert of(replace(LEARNED, made="later", tickets=91, merits={"A\x1fabc": Merit(2, 1)})) == of(LEARNED)
    assert of(more) != of(LEARNED)
    assert of(more, needed=0) == of(LEARNED, needed=0)
    assert of(LEARNED, "other") == of(replace(LEARNED, scoring=None, merits={}))
    other = Scoring(Weights(-1.4, {"gap": 0.5}), SCORING.no_words)
    assert len({of(LEARNED), of(replace(LEARNED, scoring=None)), of(replace(LEARNED, scoring=other))}) == 3


def changed(**parts: Any) -> str:
    content = {
        "format": 1,
        "made": "x",
        "embedder": "e5",
        "tickets": 1,
        "outcomes": 1,
        "right": 1,
        "scoring": {
            "words": {"intercept": 0.0, "by_feature": {"gap": 1.0}},
            "no_words": {"intercept": 0.0, "by_feature": {"gap": 1.0}},
        },
        "merits": {},
    }
    return json.dumps({**content, **parts})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "null",
        changed(format=2),
        changed(tickets=-1),
        changed(right=True),
        changed(merits={"A": [1]}),
        changed(merits={"A": [1, -1]}),
        changed(scoring={"words": {"intercept": 0.0, "by_feature": {"gap": 1.0}}}),
        changed(
            scoring={"words": {"intercept": "1", "by_feature": {}}, "no_words": {"intercept": 0, "by_feature": {}}}
        ),
        changed(scoring="much"),
        changed().replace("1.0", "NaN"),
        changed().replace('"gap"', '"unheard"'),
        "[" * 5000,
    ],
)
def test_what_is_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError, match="resuelve calibrate") as raised:
        read(file)
    assert str(file) in str(raised.value)


def test_what_was_written_by_hand_and_is_right_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(changed(), encoding="utf-8")
    found = read(file)
    assert found
    assert found.scoring
    assert found.scoring.words.by_feature == {"gap": 1.0}


def test_votes_alone_are_no_other_score() -> None:
    votes = Votes("m 1", 65.0, {CHOICE: -1.0})
    only = Learned("now", "e5", 3, 2, 1, replace(shipped(), votes=votes))
    assert not only.weighs_anew
    assert not Learned("now", "e5", 3, 2, 1).weighs_anew
    assert Learned("now", "e5", 3, 2, 1, replace(SCORING, votes=votes)).weighs_anew
    # Decisions made before are made anew when what a no is worth changes.
    dearer = replace(only, scoring=replace(shipped(), votes=replace(votes, weights={CHOICE: -2.0})))
    assert fingerprint(only, "e5", {}, 0) != fingerprint(dearer, "e5", {}, 0)


def test_votes_are_kept_and_read(tmp_path: Path) -> None:
    learned = Learned("now", "e5", 3, 2, 1, replace(SCORING, votes=Votes("m 1", 65.0, {CHOICE: -1.0})))
    write(tmp_path / "calibration.json", learned)
    assert read(tmp_path / "calibration.json") == learned
