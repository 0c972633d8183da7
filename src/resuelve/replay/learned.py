"""What a team's own past has taught, as it lies on the disk between one `resuelve calibrate` and the next.

It is read strictly: a score that nobody understands must not decide anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from resuelve import durable
from resuelve.domain.errors import WorkspaceError
from resuelve.domain.message import Message, message, system_said
from resuelve.resolution.merits import Merit, Merits, proven
from resuelve.resolution.score import Scoring, scoring_from, shipped
from resuelve.resolution.votes import ABSOLUTE

_FORMAT = 1
_REMEDY = "run resuelve calibrate again, or resuelve calibrate --forget"


@dataclass(frozen=True, slots=True)
class Learned:
    """What the past has taught.

    Attributes:
        made: when, ISO 8601.
        embedder: whose features were learned from; with another one the scoring does not hold.
        tickets, outcomes, right: past tickets, how many of their outcomes are known, and how many were right.
        scoring: None where the one that comes with the product stays.
    """

    made: str
    embedder: str
    tickets: int
    outcomes: int
    right: int
    scoring: Scoring | None = None
    merits: Merits = field(default_factory=dict)

    @property
    def weighs_anew(self) -> bool:
        """True when the score itself was learned, and not only what a language model's votes take from it."""
        return self.scoring is not None and replace(self.scoring, votes=ABSOLUTE) != shipped()

    def scoring_for(self, embedder: str) -> Scoring | None:
        """What was learned, if it was with this embedder."""
        return self.scoring if embedder == self.embedder else None


def fingerprint(past: Learned | None, embedder: str, merits: Merits, needed: int) -> str:
    """Changes when a decision could come out differently (12 hex digits); empty where nothing was learned or earned.

    Args:
        embedder: the one that is used.
        merits: what the rows have shown, by the past and by people's answers; see `Rules.merits`.
        needed: see `Rules.needed`.
    """
    earned = proven(merits, needed)
    if past is None and not earned:
        return ""
    scoring = past.scoring_for(embedder) if past else None
    what = [scoring.as_json() if scoring else None, earned]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]


def write(path: Path, learned: Learned) -> None:
    """Put it in place of what was there, whole or not at all.

    Raises:
        WorkspaceError: the disk refuses.
    """
    scoring = learned.scoring.as_json() if learned.scoring else None
    content = {"format": _FORMAT, **asdict(learned), "scoring": scoring, "merits": _merits_out(learned.merits)}
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    with durable.writing(path):
        durable.replace(path, text.encode("utf-8", "backslashreplace"))


def forget(path: Path) -> None:
    """Take out what is there, if anything is.

    Raises:
        WorkspaceError: the disk refuses.
    """
    with durable.writing(path):
        path.unlink(missing_ok=True)


def read(path: Path) -> Learned | None:
    """What is there; None when nothing is.

    Raises:
        WorkspaceError: it cannot be read, or is not what `write` wrote.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return _learned(content)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _refused(path, system_said(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _refused(path, message("it is not what resuelve calibrate has written")) from error


def _refused(path: Path, why: Message) -> WorkspaceError:
    return WorkspaceError(message("cannot be read ({why})", why=why), where=str(path), remedy=_REMEDY)


def _learned(content: Mapping[str, Any]) -> Learned:
    if content["format"] != _FORMAT:
        raise ValueError(content["format"])
    scoring = content["scoring"]
    return Learned(
        made=str(content["made"]),
        embedder=str(content["embedder"]),
        **{name: _count(content[name]) for name in ("tickets", "outcomes", "right")},
        scoring=scoring_from(scoring) if scoring else None,
        merits={name: Merit(_count(right), _count(wrong)) for name, (right, wrong) in content["merits"].items()},
    )


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value


def _merits_out(merits: Merits) -> dict[str, list[int]]:
    return {name: [one.right, one.wrong] for name, one in merits.items()}
