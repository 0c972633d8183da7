"""History of model calls in JSONL chat format, as examples to learn from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resuelve.domain.errors import Rejected, TrainingError
from resuelve.domain.message import Message, message, system_said

_WRONG = "wrong"
_SPEAKERS = ("system", "user", "assistant")


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
    """

    asked: tuple[tuple[str, str], ...]
    answer: str
    group: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """What was told and asked, as chat templates take it."""
        return [{"role": speaker, "content": text} for speaker, text in self.asked]


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
                one = _conversation(said, metadata)
            except _Unfit as unfit:
                where = message("{file}, line {line}", file=str(file), line=number)
                aside.append(Rejected(str(number), where, unfit.why))
                continue
            kept.setdefault((one.asked, one.answer), one)
            if isinstance(model := metadata.get("model"), str) and model:
                teachers.add(model)
    lines = sorted(json.dumps([one.asked, one.answer], ensure_ascii=False) for one in kept.values())
    digest = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
    return Conversations(tuple(kept.values()), tuple(aside), tuple(sorted(teachers)), digest)


def split(some: Sequence[Conversation], held_out: float) -> tuple[list[Conversation], list[Conversation]]:
    """Those to learn from and those to measure on, whole incidents; the same ones every time.

    Raises:
        TrainingError: they are of fewer than two incidents.
    """
    groups = sorted({one.group for one in some}, key=lambda group: hashlib.sha256(group.encode()).hexdigest())
    if len(groups) < 2:
        raise TrainingError(
            message("the history holds calls of {count} incidents; two are the least", count=len(groups)),
            remedy="resolve more incidents with a language model, or name another role",
        )
    apart = set(groups[: min(max(1, round(held_out * len(groups))), len(groups) - 1)])
    return [one for one in some if one.group not in apart], [one for one in some if one.group in apart]


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
    return Conversation(asked, turns[-1][1], str(group))
