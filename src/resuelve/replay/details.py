"""Where the figures come from: what is confused with what, each tag by itself, the most confident mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from resuelve.replay.predict import Prediction

_CONFUSIONS, _MISTAKES, _TEXT = 30, 20, 200


@dataclass(frozen=True, slots=True)
class Confusion:
    """Cases of one problem for which another was the first choice.

    Attributes:
        expected: the ids that would have been right; empty where a person had to get the ticket.
        chosen: empty where nothing at all was found.
        answered: how many of them would have been answered automatically.
    """

    expected: tuple[str, ...]
    chosen: str
    cases: int
    answered: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong first choice that the product was sure of."""

    case: str
    text: str
    expected: tuple[str, ...]
    chosen: str
    confidence: float
    answered: bool


@dataclass(frozen=True, slots=True)
class Tagged:
    """The cases that bear a tag.

    Attributes:
        known: those that have an answer; right: those of them whose first choice is right.
        answered: cases that would be answered automatically; rightly: the right ones of them.
    """

    tag: str
    cases: int
    known: int
    right: int
    answered: int
    rightly: int


def confusions(predictions: Sequence[Prediction], answered: Sequence[bool], *, known: bool) -> tuple[Confusion, ...]:
    """The most frequent wrong first choices, the worst first.

    Args:
        answered: which of the predictions would be acted on.
        known: among the cases that have an answer, or among those that have none. Of the latter only what would be
            answered counts: some row is always the first.
    """
    pairs: Counter[tuple[tuple[str, ...], str]] = Counter()
    acted: Counter[tuple[tuple[str, ...], str]] = Counter()
    for one, acts in zip(predictions, answered, strict=True):
        if one.right or bool(one.case.expected) is not known or not (known or acts):
            continue
        pair = tuple(sorted(one.case.expected)), one.choice
        pairs[pair] += 1
        acted[pair] += acts
    worst = sorted(pairs, key=lambda pair: (-pairs[pair], -acted[pair], pair))[:_CONFUSIONS]
    return tuple(Confusion(*pair, pairs[pair], acted[pair]) for pair in worst)


def mistakes(predictions: Sequence[Prediction], answered: Sequence[bool]) -> tuple[Mistake, ...]:
    """The wrong first choices with the most confidence: those that a better score would have to tell apart."""
    wrong = [(one, acts) for one, acts in zip(predictions, answered, strict=True) if one.choice and not one.right]
    wrong.sort(key=lambda pair: (-pair[1], -pair[0].confidence, pair[0].case.id))
    return tuple(
        Mistake(one.case.id, _text(one), tuple(sorted(one.case.expected)), one.choice, one.confidence, acts)
        for one, acts in wrong[:_MISTAKES]
    )


def by_tag(predictions: Sequence[Prediction], answered: Sequence[bool]) -> tuple[Tagged, ...]:
    """Each tag by itself, the most frequent first; a case with several tags counts for each of them."""
    pairs = list(zip(predictions, answered, strict=True))
    tags = Counter(tag for one in predictions for tag in one.case.tags)
    found = []
    for tag, cases in sorted(tags.items(), key=lambda item: (-item[1], item[0])):
        these = [(one, acts) for one, acts in pairs if tag in one.case.tags]
        known = [one for one, _ in these if one.case.expected]
        acted = [one for one, acts in these if acts]
        right = sum(one.right for one in known)
        found.append(Tagged(tag, cases, len(known), right, len(acted), sum(one.right for one in acted)))
    return tuple(found)


def _text(one: Prediction) -> str:
    incident = one.case.incident
    text = " ".join(f"{incident.title} {incident.description}".split())
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"
