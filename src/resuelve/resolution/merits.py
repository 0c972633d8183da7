"""What a row has shown on past tickets, and whether that is enough for it to act by itself.

A row is one as long as its texts are: whoever rewrites it begins anew, whoever gives it an example does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resuelve.domain.known_error import KnownError


@dataclass(frozen=True, slots=True)
class Merit:
    """Past tickets on which the row would have acted, by whether that would have been right: those that were counted
    (`replay.witness`), and those about which a person said so (`ladder.earned`).
    """

    right: int = 0
    wrong: int = 0

    def wanted(self, needed: int) -> int:
        """How many right ones it has to show: `needed`, and as many again for each wrong one."""
        return needed * (1 + self.wrong)

    def proven(self, needed: int) -> bool:
        """True when it may act by itself."""
        return self.right >= self.wanted(needed)

    def __add__(self, other: Merit) -> Merit:
        return Merit(self.right + other.right, self.wrong + other.wrong)


Merits = Mapping[str, Merit]
"""By the state of a row (`state_of`)."""


def together(one: Merits, other: Merits) -> dict[str, Merit]:
    """What rows have shown in two ways."""
    return {state: one.get(state, Merit()) + other.get(state, Merit()) for state in {**one, **other}}


def proven(merits: Merits, needed: int) -> list[str]:
    """The states of the rows that have earned to act by themselves, sorted; none where nothing has to be earned."""
    return sorted(state for state, one in merits.items() if one.proven(needed)) if needed else []


def state_of(problem: KnownError) -> str:
    """The name of a row as it is written now; it stays when the row gets an example, and not when its texts change."""
    return state_named(problem.id, problem.fingerprint)


def state_named(problem: str, fingerprint: str) -> str:
    """The same, from its parts."""
    return f"{problem}\x1f{fingerprint}"
