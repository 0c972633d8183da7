"""Fine-tuning a model that says what a picture shows: any vision encoder-decoder, with LoRA or whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message
from resuelve.telemetry.logs import log
from resuelve.training import checkpoint, learning
from resuelve.training.captions import Caption, Captions, split
from resuelve.training.pictures import opened
from resuelve.training.recipe import Recipe, Report, Sample, Tuned, check_installed, silent

if TYPE_CHECKING:
    from PIL.Image import Image

ROLE = "image-to-text-finetuned"
KIND = "vision-encoder-decoder"
_SAMPLES = 4
_RESERVED = 2
"""Places of the decoder that some models keep for themselves."""


@dataclass(frozen=True, slots=True)
class Captioner:
    """A model with what turns pictures into its input, and its output into text."""

    model: Any
    processor: Any
    words: Any
    longest: int

    def caption(self, picture: Image) -> str:
        """What the model says of a picture; the same every time."""
        import torch

        pixels = self.processor(images=picture, return_tensors="pt").pixel_values.to(self.model.device)
        with torch.no_grad():
            tokens = self.model.generate(
                pixel_values=pixels,
                max_new_tokens=self.longest,
                num_beams=1,
                do_sample=False,
                decoder_start_token_id=self.model.config.decoder_start_token_id,
                pad_token_id=self.model.config.pad_token_id,
                eos_token_id=_end(self.words),
            )
        return " ".join(str(self.words.decode(tokens[0], skip_special_tokens=True)).split())


def fine_tune(captions: Captions, recipe: Recipe, into: Path, report: Report = silent) -> Tuned:
    """Learn, and leave the model's files in a folder: an adapter or all weights, as safetensors.

    Raises:
        TrainingError: too few pictures, no such model, one of another kind, or it cannot be learned from.
        OSError: the folder cannot be written.
    """
    check_installed()
    learnt, held = split(captions.kept, recipe.held_out)
    folder = checkpoint.located(recipe.model)
    captioner = loaded(folder, recipe.longest)
    model = learning.prepared(captioner.model, recipe)
    shown = [(one, opened(one.path.read_bytes())) for one in held[:_SAMPLES]]
    before = [captioner.caption(picture) for _, picture in shown]

    def batch_of(some: Sequence[Caption]) -> learning.Batch:
        return _batch(captioner, some)

    course = learning.learn(model, learnt, held, batch_of, recipe, report)
    after = [captioner.caption(picture) for _, picture in shown]
    samples = [Sample(o.name, o.text, b, a) for (o, _), b, a in zip(shown, before, after, strict=True)]
    facts = {
        "role": ROLE,
        "recipe": asdict(recipe) | {"rate": recipe.step},
        "learned_from": len(learnt),
        "held_out": len(held),
        "dataset": captions.digest,
        "longest": recipe.longest,
    }
    _save(captioner, model, recipe, folder, into, facts)
    log.info("training.ended", role=ROLE, examples=len(learnt), held_out=len(held), learned=True)
    return Tuned(course.before, course.epochs, course.best, tuple(samples), facts)


def loaded(base: Path, longest: int, *, adapter: Path | None = None) -> Captioner:
    """A model from its folder, or with the adapter of a fine-tune around it.

    Args:
        adapter: the folder with the adapter, and with the tokenizer and processor that it was learned with.

    Raises:
        TrainingError: it is no such model, or it cannot be loaded.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if checkpoint.kind_of(base) != KIND:
        raise TrainingError(
            message("it is no model of the kind {kind}", kind=KIND),
            where=str(base),
            remedy="take one that was made for describing pictures, as a ViT with GPT-2, TrOCR or Donut",
        )
    with checkpoint.reading(str(base)), learning.quiet():
        from peft import PeftModel
        from transformers import AutoImageProcessor, AutoTokenizer, VisionEncoderDecoderModel

        ours = {"local_files_only": True, "trust_remote_code": False}
        model: Any = VisionEncoderDecoderModel.from_pretrained(base, use_safetensors=True, **ours)
        words = AutoTokenizer.from_pretrained(adapter or base, **ours)
        processor = AutoImageProcessor.from_pretrained(adapter or base, **ours)
        if adapter:
            model = PeftModel.from_pretrained(model, adapter)
    _complete(model, words, base)
    places = getattr(model.config.decoder, "max_position_embeddings", None) or longest
    return Captioner(model.eval(), processor, words, min(longest, places - _RESERVED))


def opened_version(files: Path) -> Captioner:
    """The model that `fine_tune` left in a folder.

    Raises:
        TrainingError: it is of another version, its files are damaged, or the model that it goes with is not here.
    """
    said = checkpoint.about(files)
    adapter = None if said["whole"] else files / checkpoint.ADAPTER
    return loaded(checkpoint.base_of(files), int(said["longest"]), adapter=adapter)


def _complete(model: Any, words: Any, base: Path) -> None:
    """Tokens that old configurations leave out, from the tokenizer."""
    end = _end(words)
    if words.pad_token is None and end is not None:
        words.pad_token = words.convert_ids_to_tokens(end)
    start = next((i for i in (words.bos_token_id, words.cls_token_id, end) if i is not None), None)
    config = model.config
    if config.decoder_start_token_id is None:
        config.decoder_start_token_id = getattr(config.decoder, "decoder_start_token_id", None) or start
    if config.pad_token_id is None:
        config.pad_token_id = words.pad_token_id
    if end is None or config.decoder_start_token_id is None or config.pad_token_id is None:
        raise TrainingError("its tokenizer says neither where a text begins nor where it ends", where=str(base))


def _end(words: Any) -> int | None:
    """The token that ends a text: GPT-2 and BERT name it differently."""
    end = words.eos_token_id if words.eos_token_id is not None else words.sep_token_id
    return end if isinstance(end, int) else None


def _batch(captioner: Captioner, some: Sequence[Caption]) -> learning.Batch:
    import torch

    pictures = [opened(one.path.read_bytes()) for one in some]
    pixels = captioner.processor(images=pictures, return_tensors="pt").pixel_values
    words = captioner.words
    labels = [[*words.encode(o.text, add_special_tokens=False)[: captioner.longest - 1], _end(words)] for o in some]
    longest = max(map(len, labels))
    padded = [line + [learning.IGNORED] * (longest - len(line)) for line in labels]
    return {"pixel_values": pixels, "labels": torch.tensor(padded)}


def _save(captioner: Captioner, model: Any, recipe: Recipe, folder: Path, into: Path, facts: dict[str, Any]) -> None:
    learning.save(model, (captioner.words, captioner.processor), recipe, into)
    checkpoint.describe_files(into, facts, model=recipe.model, folder=folder, whole=recipe.whole)
