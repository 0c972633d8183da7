"""Codes with marks, and what is asked where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from resuelve.cli import approving
from resuelve.cli.approvals import _marks
from resuelve.domain.errors import NotWaiting
from resuelve.settings import Settings


def test_a_mark_goes_with_its_code() -> None:
    assert _marks(["INC1=A-1", "INC2", "INC1=A-1"], "") == {"INC1": "A-1", "INC2": ""}
    assert _marks(["INC1"], "A-1") == {"INC1": "A-1"}
    with pytest.raises(typer.Exit):
        _marks(["INC1", "INC2"], "A-1")


class Service:
    def one(self, code: str) -> Any:
        if code == "INC9":
            raise NotWaiting("nothing waits there", where=code)
        return SimpleNamespace(mark=f"A-{code}", agent="x" if code == "INC8" else "")


@pytest.mark.parametrize("agrees", [True, False])
def test_what_was_not_seen_is_shown_and_asked_about(monkeypatch: pytest.MonkeyPatch, agrees: bool) -> None:
    seen: list[str] = []

    @contextmanager
    def opened(*_: object) -> Iterator[Service]:
        yield Service()

    monkeypatch.setattr(approving, "approvals", opened)
    monkeypatch.setattr(approving, "print_proposal", lambda _console, found, *_: seen.append(found.mark))
    monkeypatch.setattr(typer, "confirm", lambda _: agrees)
    marks = {"INC1": "A-SEEN", "INC2": "", "INC8": "", "INC9": ""}
    found = approving._looked_at(Settings(), marks)
    assert seen == ["A-INC2", "A-INC8"]
    assert found == {"INC1": "A-SEEN", **({"INC2": "A-INC2"} if agrees else {})}
