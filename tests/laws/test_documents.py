"""Both readmes have the same shape, links lead somewhere, decisions are numbered and dated."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.laws.repository import READMES, ROOT, documents, name_of

LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
DECISIONS = sorted(path for path in (ROOT / "docs" / "adr").glob("*.md") if path.name != "README.md")


def _prose(page: Path) -> str:
    """The page without its fenced blocks and code spans."""
    text = re.sub(r"^\s*(```|~~~).*?^\s*\1", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", lambda m: m[0].replace("[", " ").replace("]", " "), text)


def _headings(page: Path) -> list[tuple[int, str]]:
    return [(len(marks), title.strip()) for marks, title in re.findall(r"^(#+) (.+)$", _prose(page), re.MULTILINE)]


def _anchors(page: Path) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for _, title in _headings(page)}


def test_both_readmes_have_the_same_headings() -> None:
    english, spanish = ([level for level, _ in _headings(page)] for page in READMES)
    assert english == spanish


@pytest.mark.parametrize("page", documents(), ids=name_of)
def test_relative_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in LINK.findall(_prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in _anchors(file)):
            dead.append(target)
    assert not dead


def test_decisions_are_numbered_without_gaps() -> None:
    assert [path.name[:5] for path in DECISIONS] == [f"{n:04}-" for n in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_title_status_and_date(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    number = int(page.name[:4])
    assert re.match(rf"# (ADR )?0*{number}\b", text), "the title begins with the number"
    assert re.search(r"^\W*status\W+(proposed|accepted|rejected|superseded)\b", text, re.IGNORECASE | re.MULTILINE)
    written = re.search(r"^\W*date\W+(\d{4}-\d\d-\d\d)\b", text, re.IGNORECASE | re.MULTILINE)
    assert written
    date.fromisoformat(written[1])
