"""Fine-tuning a small language model on what a larger one answered: a role of the product, with LoRA."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from resuelve.domain.errors import TrainingError
from resuelve.telemetry.logs import log
from resuelve.training import checkpoint, learning
from resuelve.training.conversations import Conversation, Conversations, split
from resuelve.training.recipe import Recipe, Report, Sample, Tuned, check_installed, silent

_SAMPLES = 4
_MEASURED = 40
"""Held-out conversations that the model answers itself; the loss is taken of all."""

ROLE = "reformulate"
"""The role that a language model can be learned for."""

MARKS = {"system": "<<system>>", "user": "<<user>>", "assistant": "<<assistant>>"}
"""For a tokenizer that has no chat template of its own."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A language model with its tokenizer."""

    model: Any
    words: Any
    longest: int

    def encoded(self, one: Conversation) -> tuple[list[int], list[int]]:
        """The tokens of what was asked, and of the answer with its end. Of a long question the beginning is cut."""
        answer = [*self.words.encode(one.answer, add_special_tokens=False), self.words.eos_token_id]
        answer = answer[: self.longest // 2]
        return self.words.encode(self._asked(one), add_special_tokens=False)[len(answer) - self.longest :], answer

    def answer(self, one: Conversation) -> str:
        """What the model says; the same every time."""
        asked, wanted = self.encoded(one)
        return self._spoken(asked, min(2 * len(wanted) + 8, self.longest - len(asked)))[0]

    def said(self, asked: Sequence[tuple[str, str]], room: int) -> tuple[str, int, int] | None:
        """What the model says to what nobody has answered yet, and the tokens of question and answer.

        None where the question leaves no room: a ticket without its beginning, or an order without its ticket, is
        another question.
        """
        tokens = self.words.encode(self._asked(Conversation(tuple(asked), "", "")), add_special_tokens=False)
        room = min(room, self.longest // 2)
        if len(tokens) > self.longest - room:
            return None
        text, count = self._spoken(tokens, room)
        return text, len(tokens), count

    def _spoken(self, asked: list[int], room: int) -> tuple[str, int]:
        import torch

        given = torch.tensor([asked]).to(self.model.device)
        with torch.no_grad():
            said = self.model.generate(
                input_ids=given,
                attention_mask=torch.ones_like(given),
                max_new_tokens=room,
                do_sample=False,
                num_beams=1,
                pad_token_id=self.words.pad_token_id,
                eos_token_id=self.words.eos_token_id,
            )
        answer = said[0][len(asked) :]
        return str(self.words.decode(answer, skip_special_tokens=True)).strip(), len(answer)

    def _asked(self, one: Conversation) -> str:
        if getattr(self.words, "chat_template", None):
            return str(self.words.apply_chat_template(one.messages, tokenize=False, add_generation_prompt=True))
        return "\n".join(f"{MARKS[speaker]} {text}" for speaker, text in one.asked) + f"\n{MARKS['assistant']} "


def fine_tune(
    history: Conversations,
    recipe: Recipe,
    into: Path,
    report: Report = silent,
    *,
    role: str,
    merged: Path | None = None,
) -> Tuned:
    """Learn, and leave an adapter (or all weights) in a folder.

    Args:
        merged: a folder for the whole model with the adapter worked in, for a model server.

    Raises:
        TrainingError: too little history, no such model, or it cannot be learned from.
        OSError: a folder cannot be written.
    """
    check_installed()
    learnt, held = split(history.kept, recipe.held_out)
    folder = checkpoint.located(recipe.model)
    speaker = loaded(folder, recipe.longest)
    model = learning.prepared(speaker.model, recipe)
    measured = held[:_MEASURED]
    before = [speaker.answer(one) for one in measured]

    def batch_of(some: Sequence[Conversation]) -> learning.Batch:
        return _batch(speaker, some)

    course = learning.learn(model, learnt, held, batch_of, recipe, report)
    after = [speaker.answer(one) for one in measured]
    facts = {
        "role": role,
        "recipe": asdict(recipe) | {"rate": recipe.step},
        "learned_from": len(learnt),
        "held_out": len(held),
        "dataset": history.digest,
        "longest": recipe.longest,
        "teachers": list(history.teachers),
        "agreement_before": agreement(measured, before),
        "agreement_after": agreement(measured, after),
        "usable_before": usable(measured, before),
        "usable_after": usable(measured, after),
    }
    learning.save(model, (speaker.words,), recipe, into)
    checkpoint.describe_files(into, facts, model=recipe.model, folder=folder, whole=recipe.whole)
    log.info("training.ended", role=role, examples=len(learnt), held_out=len(held), learned=True)
    if merged:
        _merge(model, speaker.words, recipe, merged)
    samples = [Sample(one.group, one.answer, b, a) for one, b, a in zip(measured, before, after, strict=True)][
        :_SAMPLES
    ]
    return Tuned(course.before, course.epochs, course.best, tuple(samples), facts)


def loaded(base: Path, longest: int, *, adapter: Path | None = None) -> Speaker:
    """A model from its folder, or with the adapter of a fine-tune around it.

    Raises:
        TrainingError: it is no language model, or it cannot be loaded.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with checkpoint.reading(str(base)), learning.quiet():
        from peft import PeftModel
        from transformers import AutoModelForCausalLM, AutoTokenizer

        ours = {"local_files_only": True, "trust_remote_code": False}
        model: Any = AutoModelForCausalLM.from_pretrained(base, use_safetensors=True, **ours)
        words = AutoTokenizer.from_pretrained(adapter or base, **ours)
        if adapter:
            model = PeftModel.from_pretrained(model, adapter)
    if words.eos_token_id is None:
        raise TrainingError("its tokenizer does not say where a text ends", where=str(base))
    if words.pad_token_id is None:
        words.pad_token = words.eos_token
    places = getattr(model.config, "max_position_embeddings", None) or longest
    return Speaker(model.eval(), words, min(longest, places))


def opened_version(files: Path) -> Speaker:
    """The model that `fine_tune` left in a folder. Raises TrainingError, as `image.opened_version` does."""
    said = checkpoint.about(files)
    adapter = None if said["whole"] else files / checkpoint.ADAPTER
    return loaded(checkpoint.base_of(files), int(said["longest"]), adapter=adapter)


def agreement(wanted: Sequence[Conversation], said: Sequence[str]) -> float:
    """Mean overlap of words (F1) between what was wanted and what was said, 0 to 1."""
    scores = []
    for one, text in zip(wanted, said, strict=True):
        ours, theirs = one.answer.lower().split(), text.lower().split()
        common = sum(min(ours.count(word), theirs.count(word)) for word in set(ours))
        scores.append(2 * common / max(1, len(ours) + len(theirs)))
    return sum(scores) / max(1, len(scores))


def usable(wanted: Sequence[Conversation], said: Sequence[str]) -> float:
    """Share of answers in the shape that the history has: JSON with the same fields, or a text where it holds texts."""
    fit = [_shape(text) == _shape(one.answer) for one, text in zip(wanted, said, strict=True)]
    return sum(fit) / max(1, len(fit))


def _shape(text: str) -> object:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return bool(text.strip())
    return sorted(said) if isinstance(said, dict) else type(said).__name__


def _batch(speaker: Speaker, some: Sequence[Conversation]) -> learning.Batch:
    """Padded on the right; a loss is taken of the answers only."""
    import torch

    pairs = [speaker.encoded(one) for one in some]
    longest = max(len(asked) + len(answer) for asked, answer in pairs)
    rows, labels, masks = [], [], []
    for asked, answer in pairs:
        rest = longest - len(asked) - len(answer)
        rows.append([*asked, *answer, *[speaker.words.pad_token_id] * rest])
        labels.append([*[learning.IGNORED] * len(asked), *answer, *[learning.IGNORED] * rest])
        masks.append([1] * (longest - rest) + [0] * rest)
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(masks),
        "labels": torch.tensor(labels),
    }


def _merge(model: Any, words: Any, recipe: Recipe, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with learning.quiet():
        whole = model if recipe.whole else model.merge_and_unload()
        whole.save_pretrained(folder)
        words.save_pretrained(folder)
