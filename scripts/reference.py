"""Writes the pages of docs/reference that say what the code says, so that they cannot go stale.

`python -m scripts.reference` writes them; with `--check` it writes nothing and fails when one of them is out of date.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from typer.main import get_command

from scripts.written import ROOT, main

NOTICE = "<!-- Written by `make reference` from the code: change it there. -->"


def pages() -> dict[str, str]:
    """The text of every page by file name."""
    return {
        "settings.md": settings_page(),
        "commands.md": commands_page(),
        "metrics.md": metrics_page(),
        "log-events.md": events_page(),
    }


def settings_page() -> str:
    """Every setting: its name in the environment, what it may be, its default, what it does."""
    from resuelve.settings import Settings

    rows = [_setting(field) for field in Settings.model_fields.values()]
    return _page(
        "Settings",
        "Settings are environment variables. A file `.env` in the current folder is read too; the environment wins "
        "over it, and an option of the command line over both.",
        _table(("Setting", "Values", "Default", "What it does"), rows),
    )


def commands_page() -> str:
    """Every command with its arguments and options."""
    os.environ["RESUELVE_LANGUAGE"] = "en"
    from resuelve.cli import app

    group: Any = get_command(app)
    blocks = ["`resuelve` and `python -m resuelve` are the same. `resuelve COMMAND --help` says what stands here."]
    if common := list(_parameters(group)):
        blocks += ["## resuelve", _table(("Option", "Default", "What it does"), common)]
    for name, command in _commands(group, "resuelve"):
        blocks += [f"## {name}", (command.help or "").strip()]
        if rows := list(_parameters(command)):
            blocks.append(_table(("Argument or option", "Default", "What it does"), rows))
    return _page("Commands", *blocks)


def metrics_page() -> str:
    """Every metric: its names, its kind, its labels, what it means."""
    from resuelve.telemetry.metrics import ALL, Metric, prometheus_labels, prometheus_name

    def row(metric: Metric) -> tuple[str, ...]:
        kept = metric.values or ((),) * len(metric.labels)
        labels = [
            f"{_code(label)}: {' · '.join(map(_code, values))}" if values else _code(label)
            for label, values in zip(prometheus_labels(metric), kept, strict=True)
        ]
        names = _code(metric.name), _code(prometheus_name(metric))
        return *names, metric.kind.value, metric.unit, "; ".join(labels), metric.description

    return _page(
        "Metrics",
        "What a run tells those who watch ([how to](../how-to/watch-it.md)): by OTLP under the first name, to "
        "Prometheus under the second. Series of a histogram end in `_bucket`, `_sum` and `_count`. Counters begin with "
        "the process; those whose labels have fixed values begin with 0. Where no values stand behind a label, they "
        "are the team's own (mailboxes, rows, models) or kinds of errors.",
        _table(("OpenTelemetry", "Prometheus", "Kind", "Unit", "Labels", "Meaning"), [row(metric) for metric in ALL]),
    )


def events_page() -> str:
    """Every event of the log, and what its fields mean."""
    from resuelve.telemetry.logs.events import ALL, CONTEXT, FIELDS

    events = [(_code(one.name), one.level.value, one.meaning, " ".join(map(_code, one.fields))) for one in ALL]
    return _page(
        "Events of the log",
        "Each line has `time` (UTC), `level` and `event`, then what is known of these, then the fields of its event.",
        _table(("Field", "What it tells"), [(_code(name), meaning) for name, meaning in CONTEXT.items()]),
        "## Events",
        _table(("Event", "Level", "What has happened", "Fields"), events),
        "## Fields",
        _table(("Field", "What it tells"), [(_code(name), meaning) for name, meaning in FIELDS.items()]),
    )


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        below = hasattr(command, "commands")
        if not below or command.invoke_without_command:
            yield f"{prefix} {name}", command
        if below:
            yield from _commands(command, f"{prefix} {name}")


def _parameters(command: Any) -> Iterator[tuple[str, str, str]]:
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or parameter.name in ("help", "install_completion", "show_completion"):
            continue
        is_argument = parameter.param_type_name == "argument"
        names = [parameter.name.upper()] if is_argument else [*parameter.opts, *parameter.secondary_opts]
        default = "required" if parameter.required else _code(_written(parameter.default))
        yield ", ".join(f"`{name}`" for name in names), default, (getattr(parameter, "help", None) or "").strip()


def _setting(field: FieldInfo) -> tuple[str, str, str, str]:
    alias = field.validation_alias
    name = str(alias.choices[0] if isinstance(alias, AliasChoices) else alias)
    default = _written(field.get_default(call_default_factory=True))
    return _code(name), _values(field), _code(default), field.description or ""


def _values(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if get_origin(kind) is Literal:
        return " · ".join(_code(str(value)) for value in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " · ".join(_code(str(member.value)) for member in kind)
    names: dict[Any, str] = {int: "number", float: "number", bool: "`true` · `false`", Path: "folder"}
    return names.get(kind, {tuple: "list", dict: "JSON"}.get(get_origin(kind), "text")) + _limits(field)


def _limits(field: FieldInfo) -> str:
    words = {Ge: "from {0.ge}", Gt: "above {0.gt}", Le: "to {0.le}", Lt: "below {0.lt}"}
    parts = [words[type(limit)].format(limit) for limit in field.metadata if type(limit) in words]
    return " " + " ".join(parts) if parts else ""


def _written(value: Any) -> str:
    """A default as it would be written in the environment; empty when there is none."""
    if value is None or value is False or value == {} or isinstance(value, SecretStr) or callable(value):
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (list, tuple)):
        return ",".join(str(part) for part in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.as_posix() if isinstance(value, Path) else str(value)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _page(title: str, *blocks: str) -> str:
    return "\n\n".join([f"# {title}", NOTICE, *(block for block in blocks if block)]) + "\n"


if __name__ == "__main__":
    sys.exit(main(ROOT / "docs" / "reference", pages()))
