"""The reference pages say what the code says."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.laws.repository import ROOT, documents, name_of

NOT_SETTINGS: set[str] = set()
"""Names with the product's prefix that a page may mention although they are no settings."""


def test_reference_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.reference", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run: make reference"


def test_every_setting_is_documented() -> None:
    from resuelve.settings import Settings

    assert [n for n, f in Settings.model_fields.items() if not f.description] == []


def test_pages_name_only_settings_that_exist() -> None:
    reference = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `(\w+)`", reference, re.MULTILINE)) | NOT_SETTINGS
    strangers = {
        f"{name_of(page)}: {name}"
        for page in documents()
        for name in re.findall(r"\bRESUELVE_[A-Z_]+\b", page.read_text(encoding="utf-8"))
        if name not in known
    }
    assert not strangers
