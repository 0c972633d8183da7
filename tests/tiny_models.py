"""Models of a few thousand weights, built from a configuration, and pictures drawn by code: nothing is fetched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

TOY = {
    "rojo": (200, 30, 30),
    "verde": (30, 160, 60),
    "azul": (40, 60, 200),
    "amarillo": (220, 200, 40),
}
"""What the toy pictures show, and its colour."""

SHAPES = {"error": "cross", "aviso": "triangle"}


def draw_toy_set(folder: Path, each: int = 4) -> None:
    """`finetune/LLMImage` with drawn dialogs: a kind, a colour, and a text that says both."""
    from PIL import Image, ImageDraw

    (folder / "images").mkdir(parents=True)
    entries = []
    for kind in SHAPES:
        for colour, rgb in TOY.items():
            for number in range(each):
                picture = Image.new("RGB", (32, 32), (235 - 5 * number, 235, 240))
                pen = ImageDraw.Draw(picture)
                shift = number % 3
                if kind == "error":
                    pen.line((4 + shift, 4, 26, 27), fill=rgb, width=7)
                    pen.line((26, 4 + shift, 4, 27), fill=rgb, width=7)
                else:
                    pen.polygon([(16, 3 + shift), (29, 28), (3 + shift, 28)], fill=rgb)
                name = f"{kind}-{colour}-{number}.png"
                picture.save(folder / "images" / name)
                entries.append({"imagen": name, "texto": f"ventana de {kind} en {colour}"})
    (folder / "entradas.json").write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")


def word_tokenizer(texts: Sequence[str], folder: Path) -> int:
    """A tokenizer with one token a word, saved to the folder; returns the size of its vocabulary."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<s>", "</s>", "<unk>"]
    words = [*special, *sorted({word for text in texts for word in text.split()})]
    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    return len(words)


def tiny_captioner(folder: Path, texts: Sequence[str]) -> Path:
    """A vision encoder-decoder (ViT and GPT-2, two layers of 32) that has learned nothing yet."""
    import torch
    from transformers import GPT2Config, VisionEncoderDecoderConfig, VisionEncoderDecoderModel, ViTConfig
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    torch.manual_seed(3)
    size = word_tokenizer(texts, folder)
    eye = ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=32, patch_size=8
    )
    mouth = GPT2Config(
        vocab_size=size, n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=2, pad_token_id=0
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(eye, mouth)
    config.decoder_start_token_id, config.pad_token_id = 1, 0
    VisionEncoderDecoderModel(config=config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def tiny_speaker(folder: Path, texts: Sequence[str], places: int = 64) -> Path:
    """A language model (GPT-2, two layers of 64) that has learned nothing yet."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(3)
    marks = ["<<system>>", "<<user>>", "<<assistant>>"]
    size = word_tokenizer([*texts, *marks], folder)
    config = GPT2Config(
        vocab_size=size,
        n_positions=places,
        n_embd=64,
        n_layer=2,
        n_head=2,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder
