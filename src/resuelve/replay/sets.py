"""An evaluation set: a folder with a dictionary and labelled tickets.

``cases.jsonl`` holds one case a line:

    {"id": "…", "split": "calibration" or "test", "incident": {as the ticket manager tells it},
     "expected": ["ID PROBLEMA", …], "tags": ["…", …]}

An empty ``expected`` means that nothing in the dictionary applies, and that a person must get the ticket. Other fields
are ignored. A line that is not exactly so is set aside with its reason: a label that was guessed would falsify figures.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from resuelve.domain.errors import EvaluationError, Rejected
from resuelve.domain.incident import Incident
from resuelve.domain.message import Message, message, system_said
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.catalogue import read as read_dictionary

CASES, DICTIONARY = "cases.jsonl", "kb.csv"

Reader = Callable[[object, str], Incident | Rejected]
"""From the ticket manager's form of an incident, and the place where it stands."""


class Split(StrEnum):
    """What a case is for: thresholds are set on one part, figures are measured on the other."""

    CALIBRATION = "calibration"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class LabelledCase:
    """A ticket and what it is a case of.

    Attributes:
        expected: the known problems any of which is right; empty when a person must get the ticket.
    """

    id: str
    split: Split
    incident: Incident
    expected: frozenset[str]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """A set, read.

    Attributes:
        kb: name of the dictionary's file.
        digest: of the labelled tickets and the dictionary: the same set, wherever it lies.
        rejected: lines of ``cases.jsonl`` that were set aside. Rows of the dictionary are in its own `rejected`.
    """

    name: str
    kb: str
    dictionary: Catalogue
    cases: tuple[LabelledCase, ...]
    rejected: tuple[Rejected, ...] = ()
    digest: str = ""

    def of(self, split: Split) -> tuple[LabelledCase, ...]:
        """The cases of one part, in their order."""
        return tuple(case for case in self.cases if case.split is split)

    def counts(self) -> dict[str, int]:
        """How many cases each part has."""
        counted = Counter(case.split for case in self.cases)
        return {split.value: counted[split] for split in Split}


def read_set(folder: Path, reader: Reader, kb: Path | None = None) -> EvaluationSet:
    """Read a set.

    Args:
        kb: another dictionary than the folder's ``kb.csv``; looked for where it says, then in the folder.

    Raises:
        EvaluationError: there are no cases to be read, or none to measure on.
        DictionaryError: the dictionary cannot be read.
    """
    path = _dictionary(folder, kb)
    dictionary = read_dictionary(path)
    cases: dict[str, LabelledCase] = {}
    rejected: list[Rejected] = []
    lines = _lines(folder / CASES)
    for number, raw in enumerate(lines, start=1):
        place = f"{CASES}:{number}"
        case = _case(raw, number, place, reader, dictionary.problems)
        if isinstance(case, Rejected):
            rejected.append(case)
        elif case and case.id in cases:
            rejected.append(Rejected(case.id, place, "another line has the same id"))
        elif case:
            cases[case.id] = case
    digest = hashlib.sha256(b"\n".join([dictionary.fingerprint.encode(), *lines])).hexdigest()
    found = EvaluationSet(folder.resolve().name, path.name, dictionary, tuple(cases.values()), tuple(rejected), digest)
    if not found.of(Split.TEST):
        raise EvaluationError(
            message("holds no case of the split test (lines set aside: {count})", count=len(rejected)),
            where=str(folder / CASES),
            remedy="give it labelled tickets, one a line",
        )
    return found


def _dictionary(folder: Path, kb: Path | None) -> Path:
    if kb is None:
        return folder / DICTIONARY
    return kb if kb.is_file() else folder / kb


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise EvaluationError(
            message("cannot be read ({why})", why=system_said(error)),
            where=str(path),
            remedy=message("name a folder that holds {cases} and {dictionary}", cases=CASES, dictionary=DICTIONARY),
        ) from error


def _case(
    raw: bytes, number: int, place: str, reader: Reader, problems: Collection[str]
) -> LabelledCase | Rejected | None:
    """A line's case, why there is none, or None for a blank line."""
    if not raw.strip():
        return None
    try:
        entry = json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        return Rejected(f"line {number}", place, "it is not UTF-8")
    except (ValueError, RecursionError) as error:
        return Rejected(f"line {number}", place, message("it is not JSON ({why})", why=str(error)[:200]))
    if not isinstance(entry, Mapping):
        return Rejected(f"line {number}", place, "it is not a JSON object")
    name = entry.get("id")
    if not isinstance(name, str) or not name:
        return Rejected(f"line {number}", place, "id is missing, or no text")
    if wrong := _wrong(entry, problems):
        return Rejected(name[:100], place, wrong)
    incident = reader(entry.get("incident"), place)
    if isinstance(incident, Rejected):
        return Rejected(name[:100], place, message("incident: {why}", why=incident.reason))
    tags = tuple(dict.fromkeys(entry.get("tags", ())))
    return LabelledCase(name, Split(entry["split"]), incident, frozenset(entry["expected"]) & set(problems), tags)


def _wrong(entry: Mapping[str, Any], problems: Collection[str]) -> Message | None:
    """What is wrong with a case's labels; None when nothing is."""
    if entry.get("split") not in list(Split):
        return message("split is none of {splits}", splits=", ".join(Split))
    expected = entry.get("expected")
    if not _texts(expected):
        return message("expected is no list of texts")
    if not _texts(entry.get("tags", [])):
        return message("tags is no list of texts")
    if expected and not any(problem in problems for problem in expected):
        named = ", ".join(expected)[:200]
        return message("the dictionary has none of the expected problems: {problems}", problems=named)
    return None


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
