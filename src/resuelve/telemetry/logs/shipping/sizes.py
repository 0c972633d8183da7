"""How many lines a batch may have: fewer after a server found one too large, or failed on it."""

from __future__ import annotations

from resuelve.telemetry.logs.shipping.backlog import MOST_LINES


class Sizes:
    """The size of the next batch.

    What was too large stays so; what a server failed on grows again with each batch that it takes.

    Attributes:
        now: lines.
    """

    def __init__(self) -> None:
        self.now = self._most = MOST_LINES

    def too_large(self, lines: int) -> None:
        """A batch of so many lines was too large."""
        self.now = self._most = max(1, lines // 2)

    def smaller(self, lines: int) -> None:
        """The server failed on so many lines, again and again."""
        self.now = max(1, lines // 2)

    def taken(self) -> None:
        """A batch was taken."""
        self.now = min(self.now * 2, self._most)

    def forget(self) -> None:
        """It was a single line that was too large: what is behind it may come as before."""
        self.now = self._most = MOST_LINES
