"""History of model calls in JSONL chat format, as examples to learn from."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resuelve.domain.errors import Rejected, TrainingError
from resuelve.domain.message import Message, message, system_said
from resuelve.resolution.words import fold

_RIGHT, _WRONG = "right", "wrong"
_SPEAKERS = ("system", "user", "assistant")
_WORD = re.compile(r"\w+")


class _Unfit(Exception):
    """A line that nothing can be learned from.

    Attributes:
        why: the reason, for a person to read.
    """

    def __init__(self, why: str) -> None:
        self.why = Message.of(why)
        super().__init__(str(why))


@dataclass(frozen=True, slots=True)
class Conversation:
    """One call: what the model was told and asked, and what it answered.

    Attributes:
        asked: speaker and text, without the last answer.
        group: conversations of one incident are learned from, or measured on, together.
        row: the id of the row that was right for the ticket; empty where that is not known.
    """

    asked: tuple[tuple[str, str], ...]
    answer: str
    group: str
    row: str = ""

    @property
    def messages(self) -> list[dict[str, str]]:
        """What was told and asked, as chat templates take it."""
        return [{"role": speaker, "content": text} for speaker, text in self.asked]

    @property
    def words(self) -> frozenset[str]:
        """The words of the question, without accents, case, order and numbers: two tickets that share them are one."""
        asked = next((text for speaker, text in reversed(self.asked) if speaker == "user"), "")
        return frozenset(word for word in _WORD.findall(fold(asked)) if not word.isdigit())


@dataclass(frozen=True, slots=True)
class Conversations:
    """What there is to learn from, without repetitions.

    Attributes:
        teachers: the models that answered.
        digest: of what is used; the same whatever its order.
    """

    kept: tuple[Conversation, ...]
    aside: tuple[Rejected, ...]
    teachers: tuple[str, ...]
    digest: str


def read_conversations(files: Sequence[Path], roles: Collection[str]) -> Conversations:
    """The calls of these roles. Lines of other roles are passed over; what cannot be used is set aside.

    Raises:
        TrainingError: a file cannot be read.
    """
    kept: dict[tuple[Any, ...], Conversation] = {}
    aside: list[Rejected] = []
    teachers: set[str] = set()
    for file in files:
        for number, line in _lines(file):
            try:
                said, metadata = _object(line)
                if roles and str(metadata.get("role", "")) not in roles:
                    continue
                if metadata.get("outcome") == _WRONG:
                    raise _Unfit(message("what came of it was wrong"))
                if _by_a_student(metadata):
                    raise _Unfit(message("a learned version answered, and no student teaches another"))
                one = _conversation(said, metadata)
            except _Unfit as unfit:
                where = message("{file}, line {line}", file=str(file), line=number)
                aside.append(Rejected(str(number), where, unfit.why))
                continue
            held = kept.setdefault((one.asked, one.answer), one)
            if one.row and not held.row:
                kept[one.asked, one.answer] = one
            if isinstance(model := metadata.get("model"), str) and model:
                teachers.add(model)
    lines = sorted(json.dumps([one.asked, one.answer], ensure_ascii=False) for one in kept.values())
    digest = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
    return Conversations(tuple(kept.values()), tuple(aside), tuple(sorted(teachers)), digest)


def split(some: Sequence[Conversation], held_out: float) -> tuple[list[Conversation], list[Conversation]]:
    """Those to learn from and those to measure on; the same ones every time.

    Whole incidents, and with an incident every other one that asks in the same words: the same mail sent twice, learned
    from once and measured on once, would flatter.

    Raises:
        TrainingError: they are of fewer than two incidents.
    """
    belongs = together(some)
    groups = sorted(set(belongs.values()), key=lambda group: hashlib.sha256(group.encode()).hexdigest())
    if len(groups) < 2:
        raise TrainingError(
            message("the history holds calls of {count} incidents; two are the least", count=len(groups)),
            remedy="resolve more incidents with a language model, or name another role",
        )
    apart = set(groups[: min(max(1, round(held_out * len(groups))), len(groups) - 1)])
    learnt = [one for one in some if belongs[one.group] not in apart]
    return learnt, [one for one in some if belongs[one.group] in apart]


def together(some: Sequence[Conversation]) -> dict[str, str]:
    """By group, the first (by name) of all the groups that shared words join it to."""
    first = {one.group: one.group for one in some}

    def of(group: str) -> str:
        while first[group] != group:
            first[group] = group = first[first[group]]
        return group

    seen: dict[frozenset[str], str] = {}
    for one in some:
        if words := one.words:
            one_root, other_root = sorted((of(one.group), of(seen.setdefault(words, one.group))))
            first[other_root] = one_root
    return {group: of(group) for group in first}


def _by_a_student(metadata: Mapping[str, Any]) -> bool:
    """True where a learned version answered: were each learned from the last, each could lose a little, unseen."""
    role = re.escape(str(metadata.get("role", "")))
    return bool(re.fullmatch(rf"{role}/\d+", str(metadata.get("model", ""))))


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with file.open("rb") as content:
            for number, line in enumerate(content, 1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise TrainingError(
            message("cannot be read ({why})", why=system_said(error)),
            where=str(file),
            remedy="name a file of the history in JSONL chat format",
        ) from error


def _object(line: bytes) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _Unfit(message("it is no JSON")) from error
    if not isinstance(said, dict):
        raise _Unfit(message("it is no object"))
    metadata = said.get("metadata")
    return said, metadata if isinstance(metadata, dict) else {}


def _conversation(said: Mapping[str, Any], metadata: Mapping[str, Any]) -> Conversation:
    messages = said.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _Unfit(message("it has no messages"))
    turns = []
    for one in messages:
        speaker, text = (one.get("role"), one.get("content")) if isinstance(one, dict) else (None, None)
        if speaker not in _SPEAKERS or not isinstance(text, str) or not text.strip():
            raise _Unfit(message("one of its messages has no speaker or no text"))
        turns.append((str(speaker), text))
    if turns[-1][0] != "assistant" or len(turns) == 1:
        raise _Unfit(message("its last message is no answer"))
    asked = tuple(turns[:-1])
    group = metadata.get("incident") or hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    row = metadata.get("row") if metadata.get("outcome") in (None, "", _RIGHT) else ""
    return Conversation(asked, turns[-1][1], str(group), row if isinstance(row, str) else "")
