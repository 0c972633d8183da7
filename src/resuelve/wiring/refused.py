"""What was fetched and refused is remembered: it is not fetched again at each start, until something else is announced.

``.refused.json`` in the folder of models holds, by digest, where the version came from and why it was refused. Whoever
removes it has everything tried again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from resuelve import durable

_FILE = ".refused.json"
_MOST = 100
"""The newest that are remembered."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What was refused in one workspace.

    Attributes:
        models: the folder of learned models.
    """

    models: Path

    @property
    def file(self) -> Path:
        """Where it stands."""
        return self.models / _FILE

    def why(self, digest: str, origin: str) -> str:
        """Why this version was refused, in the words of then; empty where it was not, or another one was announced.

        Args:
            digest: that was announced.
            origin: store, name and number of the version: what is published again has another one.
        """
        said = self._read().get(digest, {})
        return said.get("why", "") if said.get("from") == origin else ""

    def remember(self, digest: str, origin: str, why: str) -> None:
        """Note a refusal. Raises WorkspaceError."""
        found = {name: said for name, said in self._read().items() if name != digest}
        kept = [*found.items(), (digest, {"from": origin, "why": why})][-_MOST:]
        with durable.writing(self.file):
            durable.replace(self.file, f"{json.dumps(dict(kept), ensure_ascii=False, indent=1)}\n".encode())

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            said = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return {name: one for name, one in said.items() if _whole(one)} if isinstance(said, dict) else {}


def _whole(one: object) -> bool:
    return isinstance(one, dict) and all(isinstance(text, str) for text in one.values())
