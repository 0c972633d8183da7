"""Where the weights of a model lie, what identifies them, and what a fine-tune leaves behind.

Weights are read from safetensors only: a pickle can run code. Code that comes with a model is never run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from resuelve.domain.errors import TrainingError
from resuelve.domain.message import message, system_said

ABOUT = "model.json"
BASE, ADAPTER = "whole", "adapter"
_FORMAT = 1
_MOST_BYTES = 1_000_000
"""Of what files say of themselves."""

_TOKENIZERS = ("tokenizer.json", "vocab.json", "vocab.txt")
_SEES = ("vision-encoder-decoder",)
"""Kinds that are no language models."""

_WHOLE = "it needs config.json, its tokenizer, and weights as safetensors"
_WANTED = ("*.json", "*.safetensors", "*.txt", "*.model")


def located(model: str, *, fetch: bool = True) -> Path:
    """The folder with a model's files: the one that is named, or what the hub of models has under that name.

    Args:
        fetch: False for what lies on this machine already.

    Raises:
        TrainingError: there is no such model, or the hub is out of reach.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if folder := _on_disk(model):
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(model, allow_patterns=list(_WANTED), local_files_only=not fetch, etag_timeout=10)
    except LocalEntryNotFoundError as error:
        raise TrainingError(
            "the model is not on this machine, and the hub of models cannot be reached",
            where=model,
            remedy="fetch it where there is a network, copy its folder here, and name the folder with --model",
        ) from error
    except (HFValidationError, HfHubHTTPError, OSError, ValueError) as error:
        raise TrainingError(
            message("the hub of models does not give it ({why})", why=type(error).__name__),
            where=model,
            remedy="check the name, or name a folder",
        ) from error
    return Path(found)


def _on_disk(model: str) -> Path | None:
    """The folder that is named; None for a name that the hub may know. Raises TrainingError."""
    try:
        folder = Path(model).expanduser()
        if (folder / "config.json").is_file():
            return folder.resolve()
        there = folder.exists()
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, or the home of nobody
        there = True
    if there or model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise TrainingError("there is no model in this folder: config.json is missing", where=model)
    return None


@contextmanager
def reading(where: str) -> Iterator[None]:
    """A place in which what the libraries say of a model's files becomes one of our errors. Raises TrainingError."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        said = " ".join(str(error).split())[:200]
        raise TrainingError(
            message("the model cannot be loaded ({why})", why=said or type(error).__name__),
            where=where,
            remedy=_WHOLE,
        ) from error


def kind_of(folder: Path) -> str:
    """The architecture that a model's configuration names, as ``vision-encoder-decoder``; empty when it names none."""
    try:
        said = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type", "")
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""
    return said if isinstance(said, str) else ""


def identity_of(folder: Path) -> str:
    """A digest of configuration and weights: the same model, wherever it lies.

    Raises:
        TrainingError: one of the files cannot be read.
    """
    whole = hashlib.sha256()
    try:
        for file in sorted([folder / "config.json", *folder.glob("*.safetensors")]):
            about_it = file.stat()
            digest = _digest(file, about_it.st_ino, about_it.st_size, about_it.st_mtime_ns)
            whole.update(f"{file.name} {digest}\n".encode())
    except OSError as error:
        raise TrainingError(message("cannot be read ({why})", why=system_said(error)), where=str(folder)) from error
    return whole.hexdigest()


@lru_cache(maxsize=64)
def _digest(file: Path, *_: int) -> str:
    """Read once for each state of the file: weights are gigabytes, and a run that keeps looking asks every round."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def describe_files(into: Path, facts: Mapping[str, Any], *, model: str, folder: Path, whole: bool) -> None:
    """Write down what the files of a fine-tune are, and which model an adapter belongs to.

    Raises:
        TrainingError: the model cannot be read.
        OSError: the folder cannot be written.
    """
    about = {
        "format": _FORMAT,
        "whole": whole,
        "model": str(folder) if Path(model).expanduser().exists() else model,
        "identity": identity_of(folder),
        **facts,
    }
    (into / ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def about(files: Path) -> Mapping[str, Any]:
    """What `describe_files` wrote. It may come from a server: `whole`, `model`, `identity` and `longest` are checked.

    Raises:
        TrainingError: it is missing, something else, or of a format that this version does not know.
    """
    where = str(files / ABOUT)
    try:
        with (files / ABOUT).open("rb") as content:
            said = json.loads(content.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise TrainingError("it does not say what it is", where=where) from error
    if not isinstance(said, dict) or "format" not in said:
        raise TrainingError("it does not say what it is", where=where)
    if type(said["format"]) is not int or said["format"] != _FORMAT:
        raise TrainingError("it was made by another version of Resuelve", where=where)
    if not (isinstance(said.get("whole"), bool) and _named(said.get("model")) and _named(said.get("identity"))):
        raise TrainingError("it does not say what it is", where=where)
    if type(said.get("longest")) is not int or said["longest"] < 1:
        raise TrainingError("it does not say what it is", where=where)
    return said


def _named(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isprintable()


def base_of(files: Path) -> Path:
    """The folder of the model that these files go with: themselves, or the one that an adapter was learned on.

    Raises:
        TrainingError: that model is not on this machine, or is another one now.
    """
    said = about(files)
    if said["whole"]:
        return files / BASE
    folder = located(said["model"], fetch=False)
    if identity_of(folder) != said["identity"]:
        raise TrainingError(
            "the adapter was learned on another model than the one that is here now",
            where=said["model"],
            remedy="bring that model back, or train again",
        )
    return folder


def check_loadable(files: Path, kind: str = "") -> None:
    """That a version could be loaded, as far as can be told without loading it: a start waits for this.

    Configuration, the head of its weights, tokenizer and, where it sees pictures, processor are looked at.

    Args:
        kind: the architecture that it must have, as `kind_of`; empty for a language model, which has many.

    Raises:
        TrainingError: something of it is missing, damaged, or of another kind; or its base is not here.
    """
    base = base_of(files)
    _check_kind(base, kind)
    folder = base if about(files)["whole"] else files / ADAPTER
    if folder != base:
        _check_json(folder, "adapter_config.json")
        _check_weights([folder / "adapter_model.safetensors"])
    _check_weights(sorted(base.glob("*.safetensors")) or [base / "model.safetensors"])
    if not any((folder / name).is_file() for name in _TOKENIZERS) and not any(folder.glob("*.model")):
        raise TrainingError(message("{name} is missing", name=_TOKENIZERS[0]), where=str(folder), remedy=_WHOLE)
    if kind:
        _check_json(folder, "preprocessor_config.json", "processor_config.json")


def _check_kind(base: Path, kind: str) -> None:
    found = kind_of(base)
    if not found or (kind and found != kind) or (not kind and found in _SEES):
        told = message("it is no model of the kind {kind}", kind=kind or "causal-lm")
        raise TrainingError(told, where=str(base), remedy=_WHOLE)


def _check_json(folder: Path, *names: str) -> None:
    """That the first of the files that is there holds an object. Raises TrainingError."""
    file = next((folder / name for name in names if (folder / name).is_file()), folder / names[0])
    with reading(str(file)):  # RecursionError is a RuntimeError
        if not isinstance(json.loads(file.read_bytes()), dict):
            raise ValueError("no object")


def _check_weights(files: Sequence[Path]) -> None:
    """That the heads of the files say which weights they hold, and that these are there. Raises TrainingError."""
    from safetensors import safe_open

    for file in files:
        with reading(str(file)), safe_open(file, framework="np") as weights:
            if not weights.keys():
                raise ValueError("no weights")
