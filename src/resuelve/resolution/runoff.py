"""A run-off between the two rows that a ticket is nearest to: what their examples say together.

Nearness asks each row by itself. Where two rows have examples, these also show what tells the one from the other: a
kernel ridge regression (Rifkin and Lippert, "Notes on Regularized Least Squares", MIT-CSAIL-TR-2007-025, section 2) is
solved over the examples of the two, +1 for one row's and -1 for the other's, when a ticket asks for it (local learning:
Bottou and Vapnik, "Local Learning Algorithms", Neural Computation 4, 1992). Nothing is trained, stored or kept in step.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_WIDTH = 1.0
"""Of the kernel exp(width · (cosine - 1)): so wide that a ticket far from both still hears all examples."""

_RIDGE = 0.1
"""How little single examples are trusted. Found like the width on calibration splits, where .05 to .3 do as well."""

_HEARD = 50
"""Examples of a row that are heard, those nearest to the ticket: a system of 100 is solved in .2 ms."""

_Matrix = npt.NDArray[np.float64]


def runoff(point: _Matrix, ours: _Matrix, theirs: _Matrix) -> float:
    """What the examples of both say for the first row: about 1 for a ticket like its own, about -1 for the other's.

    Each row counts the same, however many examples it has. The figure is multiplied by the share of the examples that
    are more than one a row: with one each they say no more than nearness does, and the figure is 0.

    Args:
        point: the ticket, a unit vector of the metric's space; shape (dimension,).
        ours, theirs: the examples of either row, likewise; shape (examples, dimension).
    """
    ours, theirs = _heard(point, ours), _heard(point, theirs)
    rows, whole = np.concatenate([ours, theirs]), len(ours) + len(theirs)
    if whole <= 2:
        return 0.0
    sides = np.repeat([1.0, -1.0], [len(ours), len(theirs)])
    trust = np.repeat([len(ours), len(theirs)], [len(ours), len(theirs)]) * 2 / whole
    weights = np.linalg.solve(_likeness(rows @ rows.T) + np.diag(_RIDGE * trust), sides)
    return float(_likeness(rows @ point) @ weights) * (1 - 2 / whole)


def _likeness(cosines: _Matrix) -> _Matrix:
    likeness: _Matrix = np.exp(_WIDTH * (cosines - 1))
    return likeness


def _heard(point: _Matrix, rows: _Matrix) -> _Matrix:
    if len(rows) <= _HEARD:
        return rows
    return rows[np.argsort(-(rows @ point), kind="stable")[:_HEARD]]
