"""What a row has shown on past tickets, and whether that is enough for it to act by itself.

A row is one as long as its texts are: whoever rewrites it begins anew, whoever gives it an example does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resuelve.domain.known_error import KnownError


@dataclass(frozen=True, slots=True)
class Merit:
    """Past tickets on which the row would have acted, by whether that would have been right; see `replay.witness`."""

    right: int = 0
    wrong: int = 0

    def wanted(self, needed: int) -> int:
        """How many right ones it has to show: `needed`, and as many again for each wrong one."""
        return needed * (1 + self.wrong)

    def proven(self, needed: int) -> bool:
        """True when it may act by itself."""
        return self.right >= self.wanted(needed)


Merits = Mapping[str, Merit]
"""By the state of a row (`state_of`)."""


def state_of(problem: KnownError) -> str:
    """The name of a row as it is written now; it stays when the row gets an example, and not when its texts change."""
    return state_named(problem.id, problem.fingerprint)


def state_named(problem: str, fingerprint: str) -> str:
    """The same, from its parts."""
    return f"{problem}\x1f{fingerprint}"
