"""What was tried or told before the ticket was written: then the same answer once more helps nobody.

Our own earlier messages are known by their label (`read`). What colleagues told by telephone, and what the requester
has tried, only the ticket's words show.
"""

from __future__ import annotations

import re

from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.resolution.read import Reading
from resuelve.resolution.words import fold, stems

_TELL = r"(?:dij|dich|contest|respond|respuest|explic|escrib|escrit|indic|ped|promet|recomend)"
_TOLD = re.compile(
    rf"\b(?:me|nos) (?:ya )?(?:habeis|habiais) {_TELL}\w*"
    rf"|\b(?:me|nos) {_TELL}\w*steis\b"
    r"|\bse (?:me|nos) (?:dijo|indico|explico|contesto|respondio)\b"
    r"|\byou(?:r \w+)? (?:already )?(?:told|said|asked|replied|answered|walked)\b"
    r"|\byour colleagues? (?:say|said|told)\b"
)
"""The desk has answered before. «La tarjeta que me disteis» and «la web me responde que…» are something else."""

_IN_VAIN = re.compile(
    r"\b(?:lo mismo|igual|tampoco|nada|ni asi|ni por esas|otra vez|de nuevo|de siempre|siguen?|antes de que me lo)"
    r"|\b(?:still|again|same|no luck|no use|neither)\b"
)
_DONE_BEFORE = 2
"""Words of its own that a solution and a ticket must share to speak of the same remedy."""


def told_before(reading: Reading) -> str:
    """The words that tell of an earlier answer of the desk; empty when there are none."""
    return next((match.group() for part in reading.parts if (match := _TOLD.search(fold(part.text)))), "")


def tried_in_vain(problem: KnownError, reading: Reading) -> bool:
    """True when the ticket speaks of the row's own remedy, and says that things are as they were.

    Only for remedies: who waits for another team, or is asked for something, has tried nothing.
    """
    if problem.prescription.kind not in (ResolutionKind.CLOSE, ResolutionKind.AGENT):
        return False
    asked = frozenset().union(*(stems(example) for example in problem.examples))
    shared = (stems(problem.solution) - asked) & stems(reading.text)
    return len(shared) >= _DONE_BEFORE and _IN_VAIN.search(fold(reading.text)) is not None
