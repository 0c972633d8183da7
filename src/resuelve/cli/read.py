"""`resuelve read`: what attachments say, read as a run reads them. Touches nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from resuelve.cli.surroundings import harmless, terminal
from resuelve.domain.errors import SettingsError
from resuelve.domain.message import message, system_said
from resuelve.readers import Document, Obstacle
from resuelve.settings import Settings
from resuelve.texts import say
from resuelve.wiring import reading

_PATTERN = frozenset("*?[")


def run_read(settings: Settings, files: Sequence[Path], *, as_json: bool) -> bool:
    """Read each file and show what it says. True when everything was read.

    Raises:
        SettingsError: what was named is no file that can be opened; nothing was read.
        ReaderUnavailable: no file can be read now.
    """
    _require_files(files)
    console, language = terminal(), settings.language
    reader = reading.reader(settings)
    documents = []
    try:
        for file in files:
            document = reader.read(file.name, _bytes(file, reading.limits(settings).bytes + 1))
            documents.append(document)
            if not as_json:
                _show(console, document, language)
    finally:
        reader.close()
    if as_json:
        found = [_as_json(file, one, language) for file, one in zip(files, documents, strict=True)]
        print(harmless(json.dumps(found, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
    return not any(document.obstacles for document in documents)


def _require_files(files: Iterable[Path]) -> None:
    for file in files:
        if file.is_dir():
            raise SettingsError("it is a folder", where=str(file), remedy="name the files in it")
        if not file.exists() and _PATTERN & set(str(file)):
            raise SettingsError("patterns are not expanded here", where=str(file), remedy="name each file")
        if not file.exists():
            raise SettingsError("there is no such file", where=str(file), remedy="check the name")
        if not file.is_file():
            raise SettingsError("it is no file with a content to read", where=str(file), remedy="name a file")


def _bytes(file: Path, most: int) -> bytes:
    """The content; no more than is needed to see that it is too much."""
    try:
        with file.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise SettingsError(
            message("it cannot be read ({why})", why=system_said(error)),
            where=str(file),
            remedy="make it readable for the user that Resuelve runs as",
        ) from error


def _show(console: Console, document: Document, language: str) -> None:
    console.rule(Text(f"{document.name} · {document.kind or say('read.unknown', language)}"), align="left")
    for passage in document.passages:
        console.print(Text(_origin(document.name, passage.place), style="dim"))
        console.print(Text(passage.text), soft_wrap=True)
    for obstacle in document.obstacles:
        line = f"✗ {_origin(document.name, obstacle.place)}: {_told(obstacle, language)}"
        console.print(Text(line, style="yellow"), soft_wrap=True)


def _origin(name: str, place: str) -> str:
    return f"{name} · {place}" if place else name


def _told(obstacle: Obstacle, language: str) -> str:
    sentence = say(f"readers.unread.{obstacle.reason.value}", language)
    return f"{sentence} ({obstacle.detail})" if obstacle.detail else sentence


def _as_json(file: Path, document: Document, language: str) -> dict[str, Any]:
    return {
        "file": str(file),
        "name": document.name,
        "kind": document.kind,
        "read": [{"origin": _origin(document.name, one.place), "text": one.text} for one in document.passages],
        "unread": [
            {
                "origin": _origin(document.name, one.place),
                "reason": one.reason.value,
                "detail": one.detail,
                "told": _told(one, language),
            }
            for one in document.obstacles
        ],
    }
