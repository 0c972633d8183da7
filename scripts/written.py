"""Files that are written from a description: they are written anew, or compared."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(folder: Path, files: Mapping[str, str]) -> int:
    """Write the files, by their names in the folder; with ``--check`` on the command line compare them only.

    Returns:
        The status of the process: 1 when they were compared and one of them is out of date.
    """
    check = "--check" in sys.argv[1:]
    stale = [name for name, text in files.items() if not _holds(folder / name, text)]
    for name in () if check else stale:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(files[name], encoding="utf-8")
    if stale:
        print("out of date:" if check else "written:", ", ".join(stale))
    return 1 if check and stale else 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
