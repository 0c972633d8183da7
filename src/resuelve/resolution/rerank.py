"""Stage 5, rerank: order what was found by how well it fits the whole ticket, and drop what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from resuelve.domain.decision import Candidate
from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.resolution.metric import Metric
from resuelve.resolution.order import Order
from resuelve.resolution.read import Reading
from resuelve.resolution.reformulate import Query
from resuelve.resolution.retrieve import Retrieved
from resuelve.resolution.words import Lexicon, stems

_NAMED = 0.3
_QUEUE = 0.5
_FLOOR = 1.0
"""In standard deviations above the dictionary at large; a right row lies at 2 to 6."""

_RUNOFF = 12.0
"""Standard deviations that a clear run-off (1) outweighs."""

BY_HAND = Order({"relevance": 1.0, "runoff": _RUNOFF / 2})
"""What `rerank` does, as a learned order would do it: the same row comes first. Of the two most relevant each has the
run-off with its sign, so half of it does for the difference."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its relevance.

    Attributes:
        closeness: see `Metric.closeness`.
        coverage: share of the example's telling words that the ticket has, 0 to 1.
        echo: the best likeness (0 to 1) of the example to one single sentence of the ticket.
        named: 1 when the ticket names the row's component, or -1 when it names only others, else 0.
        queue: 1 when the mailbox is the component's.
        relevance: what the order goes by, but for the run-off; a learned order goes by more (`Ranked.places`).
        agreement: share of the ticket's wordings, by weight, to which no other candidate is nearer.
        runoff: of the two most relevant, what their examples together say for this one against the other; see
            `Metric.runoff`. 0 for all others.
        typical: see `Metric.typical`.
    """

    candidate: Candidate
    closeness: float
    coverage: float
    echo: float
    named: int
    queue: int
    relevance: float
    agreement: float = 1.0
    runoff: float = 0.0
    typical: float = 0.0

    @property
    def problem(self) -> KnownError:
        """The known error."""
        return self.candidate.problem

    @property
    def places(self) -> dict[str, float]:
        """What a learned order weighs, by the names of `order.PLACES`."""
        return {
            "relevance": self.relevance,
            "closeness": self.closeness,
            "coverage": self.coverage,
            "echo": self.echo,
            "component": float(self.named),
            "mailbox": float(self.queue),
            "agreement": self.agreement,
            "runoff": self.runoff,
            "typical": self.typical,
            "dense": self.candidate.dense,
        }


def rerank(
    reading: Reading,
    queries: Sequence[Query],
    found: Retrieved,
    *,
    metric: Metric,
    lexicon: Lexicon,
    components: Sequence[str],
) -> tuple[Ranked, ...]:
    """The candidates worth a thought, most relevant first; of the two most relevant the one that wins the run-off.

    A mailbox says where the incident was filed, the text says what it is about: the mailbox counts only where the text
    names no component.
    """
    if not found.candidates:
        return ()
    text = " ".join(query.text for query in queries if query.weight)
    sentences = _sentences(queries)
    said = {component for component in components if _names(text, component)}
    ids = [candidate.problem.id for candidate in found.candidates]
    near = metric.closeness(found.query, ids)
    typical = metric.typical(found.query, ids)
    agreement = _agreement(found, near, metric)
    ranked = []
    for candidate in found.candidates:
        component = candidate.problem.component
        named = 1 if component in said else (-1 if said else 0)
        queue = int(not said and _shares_word(reading.incident.queue, component))
        closeness = near[candidate.problem.id]
        ranked.append(
            Ranked(
                candidate=candidate,
                closeness=closeness,
                coverage=lexicon.coverage(candidate.example, text),
                echo=max((lexicon.likeness(candidate.example, sentence) for sentence in sentences), default=0.0),
                named=named,
                queue=queue,
                relevance=closeness + _NAMED * max(named, 0) + _QUEUE * queue,
                agreement=agreement.get(candidate.problem.id, 0.0),
                typical=typical[candidate.problem.id],
            )
        )
    kept = [one for one in ranked if one.closeness >= _FLOOR]
    return _run_off(sorted(kept, key=lambda one: (-one.relevance, one.problem.id)), found, metric)


def reordered(ranked: tuple[Ranked, ...], order: Order | None) -> tuple[Ranked, ...]:
    """The same candidates by a learned order, where there is one; equal ones stay as they are."""
    return tuple(sorted(ranked, key=lambda one: -order.score(one.places))) if order else ranked


def _run_off(ranked: Sequence[Ranked], found: Retrieved, metric: Metric) -> tuple[Ranked, ...]:
    if len(ranked) < 2:
        return tuple(ranked)
    first, second, *others = ranked
    says = metric.runoff(found.query, first.problem.id, second.problem.id)
    first, second = replace(first, runoff=says), replace(second, runoff=-says)
    if first.relevance + _RUNOFF * says < second.relevance:
        first, second = second, first
    return (first, second, *others)


def _agreement(found: Retrieved, near: Mapping[str, float], metric: Metric) -> dict[str, float]:
    """For the candidates to which any wording of the ticket is nearest, the share of the wordings."""
    if len(found.each) < 2:
        return {max(near, key=lambda problem: near[problem]): 1.0}
    shares: dict[str, float] = {}
    whole = sum(weight for weight, _ in found.each)
    for weight, vector in found.each:
        each = metric.closeness(vector, near)
        best = max(each, key=lambda problem: each[problem])
        shares[best] = shares.get(best, 0.0) + weight / whole
    return shares


def consequence(problem: KnownError) -> tuple[str, ...]:
    """What choosing a row leads to; rows with the same consequence do not compete with each other."""
    prescription = problem.prescription
    match prescription.kind:
        case ResolutionKind.AGENT:
            return ("agent", prescription.agent_code)
        case ResolutionKind.REASSIGN:
            return ("reassign", prescription.queue)
        case ResolutionKind.MANUAL:
            return ("manual",)
        case ResolutionKind.CLOSE | ResolutionKind.HOLD:
            return (str(prescription.kind), problem.solution or problem.id)


def _sentences(queries: Sequence[Query]) -> tuple[str, ...]:
    texts = [query.text for query in queries if query.weight]
    pieces = [piece for text in texts for piece in text.replace("?", ".").replace("!", ".").split(". ")]
    return tuple(dict.fromkeys(piece for piece in [*texts, *pieces] if len(piece.split()) > 1))


def _names(text: str, component: str) -> bool:
    wanted = stems(component)
    return bool(wanted) and len(wanted & stems(text)) * 2 >= len(wanted)


def _shares_word(queue: str, component: str) -> bool:
    return bool(stems(queue.replace("_", " ")) & stems(component))
