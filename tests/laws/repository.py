"""The files of the project, as the laws read them."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "resuelve"
READMES = (ROOT / "README.md", ROOT / "README.es.md")

_HIDDEN_BUT_OURS = {".ci", ".github"}
_LEFT_BEHIND = {"__pycache__", "build", "dist", "htmlcov"}


@cache
def syntax(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def source_files() -> list[Path]:
    """Every Python file of the product."""
    return sorted(SOURCE.rglob("*.py"))


def documents() -> list[Path]:
    """The pages that people read: those at the top and those in docs/."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def project_files() -> Iterator[Path]:
    """Every file of the project; not what tools and runs leave behind."""
    for folder, names, files in os.walk(ROOT):
        at_the_top = Path(folder) == ROOT
        names[:] = sorted(name for name in names if _is_ours(name, at_the_top))
        yield from (Path(folder) / file for file in sorted(files) if file != ".env")


def _is_ours(name: str, at_the_top: bool) -> bool:
    if name.startswith("."):
        return name in _HIDDEN_BUT_OURS
    return name not in _LEFT_BEHIND and not (at_the_top and name in {"resources", "demo"})


def name_of(path: Path) -> str:
    """The path as it is written in messages: from the project's folder, with slashes."""
    return path.relative_to(ROOT).as_posix()
