"""Every change that was made through a mock service, in order; also in a file, to outlive the process."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class Ledger:
    """The changes, each with a sequence number, the time, the incident, the action and the body of the call.

    Args:
        file: JSONL file to which every change is appended before it is answered; its numbers are continued.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._entries: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._file = file
        self._sequence = 0
        if file and file.exists():
            self._sequence = sum(1 for line in file.read_text(encoding="utf-8").splitlines() if line.strip())

    def add(self, incident: str, action: str, body: dict[str, Any]) -> None:
        """Note a change that has been carried out."""
        with self._lock:
            self._sequence += 1
            entry = {
                "sequence": self._sequence,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "incident": incident,
                "action": action,
                "body": body,
            }
            self._entries.append(entry)
            if self._file:
                with self._file.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def entries(self) -> list[dict[str, Any]]:
        """The changes since the start or the last reset, oldest first."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forget the changes; the numbers go on, and the file keeps what it has."""
        with self._lock:
            self._entries.clear()
