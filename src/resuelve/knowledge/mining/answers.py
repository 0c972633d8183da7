"""What the team answered: a second sign that incidents are one problem. People ask in many ways and answer in few."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from resuelve.models import Vectors
from resuelve.resolution.words import Lexicon, stems

SHARE = 0.4
"""Of the likeness of two incidents, what their answers count for; the rest is what was asked. Measured by
`benchmarks/clustering.py`."""

_DIMENSION = 1024
_TELLING = 4.0
"""An answer says enough when it is worth four words that nobody else uses (`Lexicon.telling`). «ok» and what stands on
every ticket are worth less, and count for less."""


def with_answers(asked: Vectors, answers: Sequence[str]) -> Vectors:
    """Vectors whose dot product is the weighted mean of the cosine of what was asked and the likeness of the answers.

    The likeness is that of `Lexicon.likeness`, brought into vectors by signed feature hashing (Weinberger and others,
    "Feature Hashing for Large Scale Multitask Learning", ICML 2009, section 2), lessened for answers that say little.

    Args:
        asked: unit vectors, one an incident.
        answers: empty where there is none: then only what was asked counts, less.

    Returns:
        Shape (incidents, dimension + 1024); no longer than 1.
    """
    lexicon = Lexicon(answer for answer in answers if answer)
    said = np.zeros((len(answers), _DIMENSION), dtype=np.float32)
    for row, answer in enumerate(answers):
        words = stems(answer)
        for stem in words:
            place, sign = _hashed(stem)
            said[row, place] += sign * lexicon.telling(frozenset({stem}))
        length = float(np.linalg.norm(said[row]))
        if length:
            said[row] *= min(1.0, lexicon.telling(words) / _TELLING) / length
    return np.concatenate([np.sqrt(1 - SHARE) * asked, np.sqrt(SHARE) * said], axis=1, dtype=np.float32)


@lru_cache(maxsize=50_000)
def _hashed(stem: str) -> tuple[int, float]:
    """Place and sign of a stem; the same on every machine."""
    digest = hashlib.blake2b(stem.encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "big") % _DIMENSION, 1.0 if digest[4] & 1 else -1.0
